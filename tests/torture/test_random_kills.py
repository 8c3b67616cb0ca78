"""R3: killed with all its children, at any time."""

import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path

from tests.torture.cases import BROKEN, PLAIN, checked, end_group, failing
from tests.torture.commands import Commands, commands
from tests.torture.counting import Counted, counted, counting, said_by
from tests.torture.sizes import note_figure, size

# One profile is killed at so often, one time after the other.
IN_A_ROW = 25


def test_at_any_time(tmp_path):
    """R3: of many updates, each that was said is there, and none is half there."""
    seconds = _seconds_each(counted(tmp_path / "timed"))
    draw = random.Random(3)
    rows = [
        [draw.uniform(0, 1.5 * seconds) for _ in range(IN_A_ROW)]
        for _ in range(size(8, 37))
    ]
    numbers = itertools.count()

    def row_of_kills(
        delays: Sequence[float], words: Sequence[str | Path] = PLAIN
    ) -> int:
        case = counted(tmp_path / f"row-{next(numbers)}")
        reached = 0
        for delay in delays:
            reached = killed(case, words, delay, reached)
        return reached

    reached = checked(row_of_kills, rows)
    cases = sum(map(len, rows))
    assert sum(reached) > cases // 8, "it is killed before it does anything"

    single = [[draw.uniform(0, 1.5 * seconds)] for _ in range(24)]
    no_journal = [*BROKEN, "journal"]
    broken = failing(lambda delays: row_of_kills(delays, no_journal), single)
    assert broken, "without its journal it would do as well"
    note_figure(
        "R3",
        "kill -9 of the group at random times, update after update",
        cases,
        twin=f"no journal: {broken} of {len(single)} half done",
        updates_that_ended=sum(reached),
    )


def _seconds_each(case: Counted) -> float:
    child = counting(PLAIN, case.folder, 4)
    begun = time.monotonic()
    said_by(child)
    return (time.monotonic() - begun) / 4


def killed(
    case: Counted, words: Sequence[str | Path], delay: float, reached: int
) -> int:
    """Kill it after so many seconds, and see what it has come to."""
    child = counting(words, case.folder, 1000)
    time.sleep(delay)
    end_group(child)
    return case.check(said_by(child), reached)


def test_the_command_at_any_time(run_persona):
    """R3: the same of ``persona update``; a plain run then ends as it would have."""
    with commands(run_persona) as updates:
        begun = time.monotonic()
        root = updates.copy()
        updates.run(root)
        seconds = time.monotonic() - begun
        delays = [random.Random(n).uniform(0.1, 1.0) for n in range(size(10, 100))]

        def check(share: float) -> bool:
            return killed_command(updates, share * seconds)

        hit = sum(checked(check, delays))
        tries = _until_lost(updates, seconds)

    assert hit > len(delays) // 4, "it was over before it could be killed"
    twin = f"no journal: half done at kill {tries}"
    note_figure("R3", "the same of the command", hit, twin=twin)


def _until_lost(updates: Commands, seconds: float) -> int:
    """How many kills it takes, without the journal, until one costs something."""
    draw = random.Random(5)
    for tries in range(1, 61):
        delay = draw.uniform(0.3, 1.0) * seconds
        if failing(lambda d: killed_command(updates, d, "journal"), [delay]):
            return tries
    raise AssertionError("without its journal it would do as well")


def killed_command(updates: Commands, delay: float, guard: str = "") -> bool:
    """Kill it after so many seconds; whether it was still at work."""
    root = updates.copy()
    child = updates.begin(root, guard=guard)
    time.sleep(delay)
    end_group(child)
    child.communicate()
    updates.check(root)
    return child.returncode < 0
