"""R2 and R8: one system call after another fails, or is the last."""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.one_update import OLD
from tests.torture.cases import (
    BROKEN,
    PLAIN,
    Start,
    check_end,
    checked,
    failing,
    run,
    start,
)
from tests.torture.commands import Commands, commands
from tests.torture.sizes import note_figure, size
from tests.torture.syscalls import MODES, Disturbance, Point, Tracer

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="R2, R8: strace is not installed"
)

# Where the run before died, for the runs that have to recover.
CRASHES = [
    "renamed:kill:1",
    "journal-written:kill",
    "file-applied:kill:2",
    "ledger-applied:kill",
    "objects-written:kill",
    "index-written:kill",
    "branch-moved:kill",
    "index-renamed:kill",
    "committed:kill",
]


@dataclass(frozen=True)
class Sweep:
    """Runs that begin with the same, each with one system call disturbed.

    top:   what they begin with a copy of: the start, or what a crash made of it
    words: the program
    """

    tracer: Tracer = field(repr=False)
    start: Start = field(repr=False)
    top: Path
    words: Sequence[str | Path] = PLAIN

    def points(self) -> list[Point]:
        """Every system call that a run changes something with."""
        folder = self._copy()
        return self.tracer.points([*self.words, folder, "save"], folder.parent)

    def check(self, what: Disturbance) -> bool:
        """See that it costs nothing; whether the run came by the point at all."""
        folder = self._copy()
        argv = [*self.words, folder, "save"]
        notes = folder.parent.with_suffix(".notes")
        done, hit = self.tracer.disturbed(argv, what, notes)
        assert "Traceback" not in done.stderr, done.stderr
        check_end(folder, self.start, done.stdout, done.returncode)
        shutil.rmtree(folder.parent)
        return hit

    def _copy(self) -> Path:
        top = self.tracer.folder / f"case-{next(self.tracer.numbers)}"
        shutil.copytree(self.top, top, symlinks=True)
        return top / "ada"


def every(points: Sequence[Point], modes: Sequence[str]) -> list[Disturbance]:
    """Each mode at each point."""
    return [Disturbance(mode, point) for mode in modes for point in points]


def sample(cases: Sequence[Disturbance], most: int) -> list[Disturbance]:
    """So many of them; all when there are no more."""
    if len(cases) <= most:
        return [*cases]
    return random.Random(most).sample(cases, most)


def come_by(check: Callable[[Disturbance], bool], cases: Sequence[Disturbance]) -> int:
    """Check them all; how many were more than a plain run."""
    hit = sum(checked(check, cases))
    # An object may be there already, and then it is not written.
    assert hit > 0.9 * len(cases), "most of it was never come by"
    return hit


@pytest.fixture
def existing(tmp_path) -> Start:
    """A first version, that a second is to follow."""
    return start(tmp_path / "existing", OLD)


@pytest.fixture
def tracer(tmp_path) -> Tracer:
    """strace, with a folder of its own."""
    (tmp_path / "traced").mkdir()
    return Tracer(tmp_path / "traced")


def test_at_any_call(existing, tracer):
    """R2: all old or all new at the next run, and after it the undisturbed end."""
    top = existing.folder.parent
    plain = Sweep(tracer, existing, top)
    points = plain.points()
    cases = every(points, [*MODES])

    hit = come_by(plain.check, sample(cases, size(60, len(cases))))

    twins = []
    for guard, call in {"rename": "write", "journal": "rename"}.items():
        broken = Sweep(tracer, existing, top, [*BROKEN, guard])
        own = [at for at in broken.points() if not at.git and at.call == call]
        failed = failing(broken.check, every(own, ["all killed"]))
        assert failed, f"without {guard} it would do as well"
        twins.append(f"no {guard}: {failed} of {len(own)}")
    note_figure(
        "R2",
        f"{len(points)} system calls of persona and git: killed, disk full, I/O error",
        hit,
        twin=", ".join(twins),
    )


def test_at_any_call_of_a_recovery(existing, tracer):
    """R8: the same of the run that follows one that died."""
    sweeps = [
        Sweep(tracer, existing, crashed(existing, tracer.folder, where))
        for where in CRASHES
    ]
    cases = [
        (sweep, what)
        for sweep in sweeps
        for what in sample(every(sweep.points(), [*MODES]), size(7, 100))
    ]

    hit = sum(checked(lambda case: case[0].check(case[1]), cases))
    assert hit > 0.9 * len(cases), "most of it was never come by"

    sweep = sweeps[CRASHES.index("file-applied:kill:2")]
    blind = Sweep(tracer, existing, sweep.top, [*BROKEN, "cleanup"])
    some = sample(every(blind.points(), ["killed", "EIO"]), 12)
    failed = failing(blind.check, some)
    assert failed, "a recovery that forgets its journal first would do as well"
    note_figure(
        "R8",
        f"the same of the run after a crash, at {len(CRASHES)} places",
        hit,
        twin=f"journal removed first: {failed} of {len(some)}",
    )


def crashed(start: Start, where: Path, failpoint: str) -> Path:
    """The start, as a run left it that died at a failpoint."""
    folder = start.copy(where / f"crashed-{failpoint.replace(':', '-')}")
    words = [*PLAIN, folder, "save"]
    done = run(words, environ={"PERSONA_FAILPOINT": failpoint})
    assert done.returncode < 0, f"it never came by {failpoint}"
    return folder.parent


def test_the_command_at_any_call(run_persona, tracer):
    """R2: a sample of the same of ``persona update``, with its three windows."""
    with commands(run_persona) as updates:
        root = updates.copy()
        points = tracer.points(updates.words(root), root, environ=updates.environ)
        cases = sample(every(points, [*MODES]), size(6, 120))

        hit = sum(checked(lambda what: disturbed(updates, tracer, what), cases))
        failed, tried = _command_without_journal(updates, tracer)

    assert failed, "without its journal it would do as well"
    assert hit > 0.8 * len(cases), "most of it was never come by"
    note_figure(
        "R2",
        f"the same of the command, some of {len(points)} calls",
        hit,
        twin=f"no journal: {failed} of {tried}",
    )


def _command_without_journal(updates: Commands, tracer: Tracer) -> tuple[int, int]:
    """Killed between the profile and its evidence: how often it fails, of how many."""
    root, guard = updates.copy(), "journal"
    words = updates.words(root, guard)
    points = tracer.points(words, root, environ=updates.environ)
    between = [
        Disturbance("all killed", point)
        for point in points
        if point.call == "rename" and "/.evidence.jsonl." in point.what
    ]
    return (
        failing(lambda what: disturbed(updates, tracer, what, guard), between),
        len(between),
    )


def disturbed(
    updates: Commands, tracer: Tracer, what: Disturbance, guard: str = ""
) -> bool:
    """Disturb the command at a point, and see that a plain run mends all."""
    root = updates.copy()
    notes = root.with_suffix(".notes")
    words = updates.words(root, guard)
    done, hit = tracer.disturbed(words, what, notes, environ=updates.environ)
    assert "Traceback" not in done.stderr, done.stderr
    updates.check(root)
    return hit
