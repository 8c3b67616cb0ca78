"""R1: at every named place a run dies, meets a bug, or finds the disk full."""

import itertools
import random
import signal
from dataclasses import dataclass
from pathlib import Path

from persona_cli.failpoints import PLACES
from tests.nothing_lost import left_behind
from tests.one_update import on_disk
from tests.torture.cases import (
    BROKEN,
    PLAIN,
    Start,
    check_end,
    checked,
    failing,
    run,
    starts,
)
from tests.torture.commands import Commands, commands
from tests.torture.sizes import note_figure, size

IN_RECOVERY_ONLY = {"recovery-begun"}
# A journal that is there already is not written again.
IN_SAVING_ONLY = {"journal-written"}
SAVING = [place for place in PLACES if place not in IN_RECOVERY_ONLY]
RECOVERING = [place for place in PLACES if place not in IN_SAVING_ONLY]
# An update comes by there once, however many windows it has.
ONCE = {"lock-taken", "lock-released"}
# A bug, a disk that is full for good, and one that has room again at once.
ACTIONS = ["kill", "raise", "enospc", "enospc:1"]
# Places that are come by more than once: the second, third and fourth file.
AGAIN = [
    f"{place}:kill:{time}"
    for place in ("tmp-written", "renamed", "folder-synced")
    for time in (2, 3, 4)
]


@dataclass(frozen=True)
class Fault:
    """One case: what is done to which run.

    start:   ``fresh`` or ``existing``
    where:   ``place:action``
    crashed: it is done to the run after one that died with its journal written
    guard:   switched off in it; none is, unless it is a twin's
    """

    start: str
    where: str
    crashed: bool = False
    guard: str = ""


class Folders:
    """Cases, each in a folder of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path, self.starts = tmp_path, starts(tmp_path)
        self._numbers = itertools.count()

    def check(self, fault: Fault) -> None:
        """See that a fault costs nothing."""
        start = self.starts[fault.start]
        folder = start.copy(self.tmp_path / f"case-{next(self._numbers)}")
        words = [*BROKEN, fault.guard] if fault.guard else [*PLAIN]
        if fault.crashed:
            crash = {"PERSONA_FAILPOINT": "journal-written:kill"}
            run([*words, folder, "save"], environ=crash)
        words += [str(folder), "recover" if fault.crashed else "save"]
        done = run(words, environ={"PERSONA_FAILPOINT": fault.where})
        came_by(fault, done.returncode, done.stderr)
        if done.returncode == 3:
            names_the_disk(folder, start, done.stderr)
        version = check_end(folder, start, done.stdout, done.returncode)
        assert not fault.crashed or version == "new"


def came_by(fault: Fault, code: int, said: str) -> None:
    """See that the run met its fault, and ended as it says it does."""
    place, _, action = fault.where.partition(":")
    if action.startswith("kill"):
        assert code == -signal.SIGKILL, f"it never came by: {said}"
    elif action == "raise":
        assert code == 1, said
        assert "FailpointError" in said
    elif place == "lock-released":
        assert code == 1, "that is after the end, and outside of what is named"
    else:
        assert code == 3, said
        assert "no space left on" in said


def names_the_disk(folder: Path, start: Start, said: str) -> None:
    """See that who says that nothing was changed has changed nothing."""
    if "nothing was changed" in said and not (folder / ".state/journal.json").exists():
        assert on_disk(folder) == start.old
        assert left_behind(folder.parent) == []


def faults(guard: str = "") -> list[Fault]:
    """Every place, with each action, on both starts; in recovery, too."""
    actions = ACTIONS[: size(3, 4)]
    saving = [f"{place}:{action}" for place in SAVING for action in actions]
    recovering = [f"{place}:{action}" for place in RECOVERING for action in actions]
    return [
        *(Fault("fresh", where, guard=guard) for where in saving),
        *(Fault("existing", where, guard=guard) for where in saving + AGAIN),
        *(Fault("existing", where, True, guard) for where in recovering),
    ]


def test_at_any_place(tmp_path):
    """R1: all old or all new at the next run, and after it the undisturbed end."""
    folders = Folders(tmp_path)
    cases = faults()

    checked(folders.check, cases)

    kills = [Fault("existing", f"{place}:kill", guard="journal") for place in SAVING]
    broken = failing(folders.check, kills)
    assert broken > 4, "without its journal it would do as well"
    note_figure(
        "R1",
        f"{len(PLACES)} places: killed, a bug, disk full; two starts, and recovery",
        len(cases),
        twin=f"no journal: {broken} of {len(kills)} half done",
    )


def test_the_command_at_any_place(run_persona):
    """R1: the same of ``persona update``, at the first time or at a later window."""
    wheres = [
        f"{place}:{action}"
        for number, place in enumerate(SAVING)
        for action in (f"kill:{1 + number % 2}", "raise", "enospc")
        if place not in ONCE or action != "kill:2"
    ]
    cases = random.Random(1).sample(wheres, size(6, len(wheres)))
    with commands(run_persona) as updates:
        checked(lambda where: fail_and_go_on(updates, where), cases)
        torn = [f"file-applied:kill:{time}" for time in (1, 3)]
        broken = failing(lambda w: fail_and_go_on(updates, w, "journal"), torn)
    assert broken, "without its journal it would do as well"
    twin = f"no journal: {broken} of {len(torn)} half done"
    note_figure("R1", "the same of the command", len(cases), twin=twin)


def fail_and_go_on(updates: Commands, where: str, guard: str = "") -> None:
    """See that the run after one that met a failpoint ends as it would have."""
    root = updates.copy()
    done = updates.run(root, {"PERSONA_FAILPOINT": where}, guard)
    if ":kill" in where:
        assert done.returncode == -signal.SIGKILL, done.stderr
    elif ":raise" in where:
        assert done.returncode == 1, done.stderr
    elif not where.startswith("lock-released"):
        assert done.returncode == 3, done.stderr
        assert "no space left on" in done.stderr
        assert "Traceback" not in done.stderr
    updates.check(root)
