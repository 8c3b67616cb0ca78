"""R16: the same logs in any guise, undo in between: a second run changes nothing."""

import json
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tests.nothing_lost import git
from tests.torture.in_process import Here, answering, pair
from tests.torture.sizes import note_figure, size

EXAMPLES, STEPS = size(6, 100), size(4, 8)

INDEX = st.integers(0, 10_000)


class Logs(RuleBasedStateMachine):
    """Logs that come and change; after each update a second one finds nothing to do.

    first:  a root with an empty profile
    folder: for this and that
    asked:  how often the model has been asked so far
    """

    first: Path
    folder: Path
    server: object
    runs = 0
    second_runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        place = self.folder / str(self.runs)
        place.mkdir()
        self.here = Here(place / "profiles")
        shutil.copytree(self.first, self.here.root)
        self.place = place
        self.logs: dict[Path, list[bytes]] = {}
        self.made = 0
        self.told: set[bytes] = set()

    def new(self, many: int) -> list[bytes]:
        """Records that never were."""
        self.made += many
        return [pair(self.made - n) for n in range(many)]

    def name(self) -> Path:
        """A file that is not there yet."""
        return self.place / f"log-{len(list(self.place.iterdir()))}.jsonl"

    def log(self, index: int) -> Path:
        """One of those that are there."""
        return sorted(self.logs)[index % len(self.logs)]

    def put(self, path: Path, rows: list[bytes]) -> Path:
        """Write a log."""
        self.logs[path] = rows
        path.write_bytes(b"".join(rows))
        return path

    def update(self, *paths: Path) -> None:
        """Update, and again: the second finds nothing, asks nobody, commits nothing."""
        self.here("update", "me", *map(str, paths))
        self.told |= {row for path in paths for row in self.logs[path]}
        head, words = self.state()
        asked = len(self.server.requests)
        self.here("update", "me", *map(str, paths))
        type(self).second_runs += 1
        assert self.state() == (head, words), "a second run changed something"
        assert len(self.server.requests) == asked, "a second run asked the model"
        self.each_once()

    def state(self) -> tuple[str, bytes]:
        """HEAD, and the profile with its evidence."""
        me = self.here.root / "me"
        words = (me / "profile.md").read_bytes() + (me / "evidence.jsonl").read_bytes()
        return git(self.here.root, "rev-parse", "HEAD"), words

    def each_once(self) -> None:
        """Every record that was told is folded in, once."""
        ledger = self.here.root / "me/.state/folded.jsonl"
        rows = [json.loads(row) for row in ledger.read_bytes().splitlines()]
        ids = [one for row in rows for one in row["ids"]]
        assert len(ids) == len(set(ids)) == len(self.told)

    @rule(many=st.integers(1, 3))
    def a_new_log(self, many: int) -> None:
        """Something new."""
        self.update(self.put(self.name(), self.new(many)))

    @precondition(lambda self: self.logs)
    @rule(index=INDEX)
    def the_same_log(self, index: int) -> None:
        """Nothing new."""
        path = self.log(index)
        head = self.state()
        self.update(path)
        assert self.state() == head

    @precondition(lambda self: self.logs)
    @rule(index=INDEX)
    def renamed(self, index: int) -> None:
        """By another name."""
        path, other = self.log(index), self.name()
        rows = self.logs.pop(path)
        path.rename(other)
        self.logs[other] = rows
        head = self.state()
        self.update(other)
        assert self.state() == head

    @precondition(lambda self: self.logs)
    @rule(index=INDEX, many=st.integers(1, 2))
    def appended(self, index: int, many: int) -> None:
        """Longer."""
        path = self.log(index)
        self.update(self.put(path, self.logs[path] + self.new(many)))

    @precondition(lambda self: self.logs)
    @rule(index=INDEX)
    def rewritten(self, index: int) -> None:
        """The same records, spelled otherwise."""
        path = self.log(index)
        compact = {"separators": (",", ":")}
        rows = [json.dumps(json.loads(row), **compact) for row in self.logs[path]]
        path.write_text("\n\n".join(rows) + "\n")
        head = self.state()
        self.update(path)
        assert self.state() == head

    @precondition(lambda self: self.logs)
    @rule(index=INDEX, seed=INDEX)
    def in_another_order(self, index: int, seed: int) -> None:
        """Shuffled."""
        path = self.log(index)
        rows = list(self.logs[path])
        random.Random(seed).shuffle(rows)
        head = self.state()
        self.update(self.put(path, rows))
        assert self.state() == head

    @precondition(lambda self: self.logs)
    @rule(index=INDEX)
    def split_in_two(self, index: int) -> None:
        """In two files."""
        path = self.log(index)
        rows = self.logs.pop(path)
        path.unlink()
        half = len(rows) // 2
        one = self.put(self.name(), rows[:half] or rows)
        two = self.put(self.name(), rows[half:])
        head = self.state()
        self.update(one, two)
        assert self.state() == head

    @precondition(lambda self: self.logs)
    @rule(index=INDEX)
    def overlapping(self, index: int) -> None:
        """The end of one log, and more."""
        rows = self.logs[self.log(index)]
        self.update(self.put(self.name(), rows[len(rows) // 2 :] + self.new(1)))

    @precondition(lambda self: self.logs)
    @rule()
    def undone(self) -> None:
        """Taken back: what was folded in stays folded in."""
        done = self.here("undo", "me", code=None)
        assert done.exit_code == 0 or "nothing to undo" in done.output
        head = self.state()
        self.update(*sorted(self.logs))
        assert self.state() == head


@pytest.fixture
def machine(monkeypatch, tmp_path) -> type[Logs]:
    """The machine, on a root of its own."""
    with answering(monkeypatch) as server:
        first = Here(tmp_path / "first")
        first("init", "me")

        class Prepared(Logs):
            pass

        Prepared.first, Prepared.folder, Prepared.server = first.root, tmp_path, server
        yield Prepared


def explore(machine: type[Logs], examples: int, *phases: Phase) -> None:
    """Run it so many times."""
    run_machine(
        machine,
        settings=settings(
            max_examples=examples,
            phases=phases or tuple(Phase),
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_second_run_changes_nothing(machine, monkeypatch):
    """The same, overlapping, renamed, appended, rewritten, split, shuffled, undone.

    The broken twin: no window is noted, and the next run folds it in again.
    """
    explore(machine, EXAMPLES)
    runs, second_runs = machine.runs, machine.second_runs
    monkeypatch.setattr("persona_cli.update.folded_line", lambda *_, **__: b"")
    with pytest.raises(AssertionError, match=r"second run|len\("):
        explore(machine, 1, Phase.generate)
    tries = machine.runs - runs
    note_figure(
        "R16",
        "state machine over logs",
        runs,
        twin=f"nothing noted as folded in: found after {tries} more runs",
        second_runs=second_runs,
    )
