"""What is started, by whom ever: one command, with all it needs to know."""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from persona_cli.errors import UsageError
from persona_cli.known_sources import VARIABLES

# Seconds that a run waits for another one: the next is due later than that.
PATIENCE = 240

# Where programs are, for whoever starts with an empty PATH.
_PLACES = ("/usr/local/bin", "/usr/bin", "/bin")

_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_LEAST, _MOST = 300, 31 * 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """One ``persona update --all``.

    id:      of profile and root: the same for the same two, in every file
    profile: whose
    argv:    all paths absolute
    environ: variables it needs beside HOME
    """

    id: str
    profile: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]


def job_for(profile: str, root: Path, environ: Mapping[str, str]) -> Job:
    """The job of a profile.

    environ: of this process; where the programs that are followed keep their logs is
             told to the job, and nothing else of it: no key, no setting
    """
    where = os.path.realpath(root)
    mark = hashlib.sha256(os.fsencode(where)).hexdigest()[:8]
    given = {name: environ[name] for name in VARIABLES if environ.get(name)}
    return Job(
        id=f"{profile}-{mark}",
        profile=profile,
        argv=(
            *_program(),
            *("update", profile, "--all", "--root", where),
            *("--lock-timeout", str(PATIENCE)),
        ),
        environ={"PATH": _path(environ), **given},
    )


def every(text: str) -> int:
    """The seconds that ``30m``, ``1h`` or ``2d`` stand for.

    Raises: UsageError; at least 5 minutes, at most 31 days
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text.strip())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _LEAST <= seconds <= _MOST:
        raise UsageError(
            f"--every {text!r}: no time between 5m and 31d",
            remedy="Give minutes, hours or days: 30m, 1h, 1d.",
        )
    return seconds


def _program() -> list[str]:
    """The ``persona`` of this installation, by its whole path."""
    beside = Path(sys.executable).parent / "persona"
    if beside.is_file() and os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-m", "persona_cli"]


def _path(environ: Mapping[str, str]) -> str:
    """A PATH on which git is found."""
    git = shutil.which("git", path=environ.get("PATH"))
    folders = [str(Path(git).parent)] if git and Path(git).is_absolute() else []
    return os.pathsep.join(dict.fromkeys([*folders, *_PLACES]))
