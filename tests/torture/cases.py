"""What the tests of faults share: where a case begins, and how it must end."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests import one_update
from tests.nothing_lost import (
    End,
    Theirs,
    assert_nothing_lost,
    end_of,
    git,
    theirs_in,
)
from tests.one_update import COMMITTED, FRESH, NEW, OLD, next_run, on_disk, save

PLAIN = (sys.executable, one_update.__file__)
BROKEN = (sys.executable, str(Path(__file__).with_name("broken.py")))

Case = TypeVar("Case")
Result = TypeVar("Result")


def checked(check: Callable[[Case], Result], cases: Iterable[Case]) -> list[Result]:
    """Check cases side by side; a failure names its case."""

    def named(case: Case) -> Result:
        try:
            return check(case)
        except Exception as error:
            raise AssertionError(f"{case}: {error!r}") from error

    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        return [*pool.map(named, cases)]
    finally:
        pool.shutdown(cancel_futures=True)


def failing(check: Callable[[Case], object], cases: Iterable[Case]) -> int:
    """In how many cases the same check fails: for a broken twin."""

    def fails(case: Case) -> bool:
        try:
            check(case)
        except AssertionError:
            return True
        return False

    return sum(checked(fails, cases))


@dataclass(frozen=True)
class Start:
    """What each case has a copy of: a folder before the update.

    folder: the profile's, in a repository that its owner is at work in
    before: what is the owner's
    end:    of an update that nobody disturbs
    """

    folder: Path
    old: Mapping[str, bytes | None]
    before: Theirs
    end: End

    def copy(self, top: Path) -> Path:
        """The folder, once more; its repository in ``top``, which is not there yet."""
        shutil.copytree(self.folder.parent, top, symlinks=True)
        return top / self.folder.name


def start(where: Path, old: Mapping[str, bytes | None]) -> Start:
    """Make a start in a folder of the test's own."""
    folder = one_update.lived_in(where / "start", dict(old))
    before = theirs_in(folder.parent)
    shutil.copytree(folder.parent, where / "end", symlinks=True)
    save(where / "end/ada")
    return Start(folder, old, before, end_of(where / "end", "ada"))


def starts(where: Path) -> dict[str, Start]:
    """A first version, and one that follows another."""
    return {
        name: start(where / name, old)
        for name, old in {"fresh": FRESH, "existing": OLD}.items()
    }


def run(
    words: Sequence[str | Path],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    lonely: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and then end whatever it left running.

    lonely: it alone may be dead; its children are left to finish, as they would be
    """
    with subprocess.Popen(
        [*words],
        env={**os.environ, **(environ or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        if not lonely:
            child.wait(120)
            end_group(child)
        out, err = child.communicate(timeout=120)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def end_group(child: "subprocess.Popen[str]") -> None:
    """Kill a program with all its children, as a power switch would."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def acked(said: str) -> list[str]:
    """Commits that a run said it had made."""
    return re.findall(r"^committed ([0-9a-f]{40})$", said, re.MULTILINE)


def check_whole(folder: Path, start: Start) -> None:
    """What a reader may find at any time: each file is the old one or the new."""
    found = on_disk(folder)
    for name in (*COMMITTED, ".state/archive.jsonl"):
        assert found[name] in (start.old[name], NEW[name]), f"I1: {name} is torn"


def check_end(folder: Path, start: Start, said: str = "", code: int = 1) -> str:
    """I1 to I6 after the next run's recovery, and after a plain run that follows.

    said: on standard output, by the run that was disturbed
    code: it ended with; 0 promises that it is all there
    """
    check_whole(folder, start)
    if code == 0:
        assert acked(said) or "committed None" in said, "I2: 0, and nothing was said"
    next_run(folder)
    version = assert_nothing_lost(
        folder,
        before=start.before,
        old=start.old,
        new=NEW,
        acked=acked(said),
        committed=COMMITTED,
    )
    assert code != 0 or version == "new", "I2: acknowledged, and not there"
    assert next_run(folder) is None, "I6: recovered, and not settled"
    save(folder)
    assert end_of(folder.parent, "ada") == start.end, "I5: not the undisturbed end"
    assert git(folder.parent, "status", "--porcelain", "ada") == ""
    return version
