"""Making one system call of a run fail, or die in it; then the next, and so on.

strace counts calls for each process, and each system call, by itself. So persona's own
are counted by a strace that does not follow its children, and those of git by one that
a ``git`` on PATH starts around the so manieth call of git, and around no other.
"""

import itertools
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture.cases import run

# Every call that an update changes the disk with; opening, when it is to write.
WRITING = (
    *("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fchmod", "openat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
    *("mkdir", "mkdirat"),
)

MODES = {
    "killed": "signal=SIGKILL",
    "all killed": "signal=SIGKILL",
    "ENOSPC": "error=ENOSPC",
    "EIO": "error=EIO",
    "ENOSPC for good": "error=ENOSPC",
    "EIO for good": "error=EIO",
}

_WRAPPER = """#!/bin/sh
# git, counted: the call of the wanted number is disturbed.
read -r n < "$GITS_SO_FAR"
n=$((n + 1))
echo $n > "$GITS_SO_FAR"
if [ $n -eq $DISTURBED_GIT ] || { [ "$FROM_THEN_ON" ] && [ $n -gt $DISTURBED_GIT ]; }
then
    [ $n -eq $DISTURBED_GIT ] || INJECT=$FROM_THEN_ON
    strace -qq -o "$STRACE_LOG.$n" $INJECT "$REAL_GIT" "$@"
    code=$?
    if [ $code -gt 128 ]; then
        # The whole group dies with it, or it alone.
        [ "$ALL" ] && kill -9 0
        kill -9 $$
    fi
    exit $code
fi
exec "$REAL_GIT" "$@"
"""

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)")


@dataclass(frozen=True)
class Point:
    """One system call of a run.

    git:    the call of git that makes it, from 1; 0 is persona itself
    call:   its name
    counts: of each call in that process up to and with this one, as (name, number)
    what:   its beginning, for the failure's message
    """

    git: int
    call: str
    counts: tuple[tuple[str, int], ...]
    what: str

    def __repr__(self) -> str:
        number = dict(self.counts)[self.call]
        where = f"git {self.git}" if self.git else "persona"
        return f"{where}, {self.call} {number}: {self.what[:60]}"


@dataclass(frozen=True)
class Disturbance:
    """What is done at a point: one of ``MODES``."""

    mode: str
    point: Point

    @property
    def for_good(self) -> bool:
        """Whether every call fails from there on."""
        return self.mode.endswith("for good")


class Tracer:
    """Runs programs with one system call disturbed.

    folder: for its ``git``, and its notes
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        wrapper = folder / "bin/git"
        wrapper.write_text(_WRAPPER)
        wrapper.chmod(0o755)
        self.numbers = itertools.count()
        self.git = str(shutil.which("git"))

    def points(
        self,
        words: Sequence[str | Path],
        inside: Path,
        environ: Mapping[str, str] | None = None,
    ) -> list[Point]:
        """Every point of a run, which is made.

        inside: of the files that persona opens, those in this folder count
        """
        log = self.folder / f"points-{next(self.numbers)}"
        trace = f"trace={','.join(WRITING)},execve"
        done = run(
            ["strace", "-f", "-qq", "-o", log, "-e", trace, *words], environ=environ
        )
        assert done.returncode == 0, done.stderr
        return points_in(log.read_text("utf-8", "replace"), inside)

    def disturbed(
        self,
        words: Sequence[str | Path],
        what: Disturbance,
        notes: Path,
        environ: Mapping[str, str] | None = None,
    ) -> tuple[subprocess.CompletedProcess[str], bool]:
        """Run a program, and say whether it came by the point.

        notes: a folder for this run alone, which is not there yet
        """
        notes.mkdir()
        argv: list[str | Path] = [*words]
        environ = dict(environ or {})
        if what.point.git:
            (notes / "count").write_text("0\n")
            again = all_from_now_on(MODES[what.mode])
            environ |= {
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "GITS_SO_FAR": str(notes / "count"),
                "DISTURBED_GIT": str(what.point.git),
                "INJECT": " ".join(injected(what)),
                "FROM_THEN_ON": " ".join(again) if what.for_good else "",
                "ALL": "yes" if what.mode == "all killed" else "",
                "STRACE_LOG": str(notes / "strace"),
                "REAL_GIT": self.git,
            }
        else:
            argv = ["strace", "-qq", "-o", notes / "strace.0", *injected(what), *words]
        done = run(argv, environ=environ, lonely=what.mode == "killed")
        return done, any(
            mark in log.read_text("utf-8", "replace")
            for log in notes.glob("strace.*")
            for mark in ("(INJECTED)", "+++ killed by SIGKILL")
        )


def injected(what: Disturbance) -> list[str]:
    """Words for strace: what it shall trace, and where it shall step in."""
    point, how = what.point, MODES[what.mode]
    counts = dict(point.counts)
    if not what.for_good:
        rules = [f"inject={point.call}:{how}:when={counts[point.call]}"]
    else:
        first = {name: counts.get(name, 0) + (name != point.call) for name in WRITING}
        # Whatever is opened to be read opens: it is the writing that has an end.
        rules = [
            f"inject={name}:{how}:when={number}+"
            for name, number in first.items()
            if name != "openat" or point.call == "openat"
        ]
    return _words(rules)


def all_from_now_on(how: str) -> list[str]:
    """The same for a process that is disturbed from its beginning."""
    calls = ",".join(name for name in WRITING if name != "openat")
    return _words([f"inject={calls}:{how}:when=1+"])


def _words(rules: Sequence[str]) -> list[str]:
    options = [f"trace={','.join(WRITING)}", *rules]
    return [word for option in options for word in ("-e", option)]


def points_in(log: str, inside: Path) -> list[Point]:
    """The points that a strace of all processes shows."""
    gits: dict[str, int] = {}
    counts: dict[str, Counter[str]] = {}
    found = []
    for line in log.splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        pid, name, rest = match.groups()
        if name == "execve":
            gits.setdefault(pid, len(gits))  # the first is persona
            counts.setdefault(pid, Counter())
        elif pid in gits:  # not between fork and exec
            counts[pid][name] += 1
            if _changes_something(name, rest, gits[pid], inside):
                so_far = tuple(counts[pid].items())
                found.append(Point(gits[pid], name, so_far, rest[:160]))
    return found


def _changes_something(name: str, rest: str, git: int, inside: Path) -> bool:
    if name == "openat":
        writes = "O_CREAT" in rest or "O_RDWR" in rest or "O_WRONLY" in rest
        return writes and "/dev/null" not in rest and (git > 0 or str(inside) in rest)
    # What persona says is no part of what it keeps. What git says, persona reads.
    return git > 0 or not (name == "write" and rest.startswith(("1,", "2,")))
