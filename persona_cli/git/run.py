"""Running the git binary so that nothing around it can lead it astray.

Every call has the same flags and a scrubbed environment: no hook, no filter, no
signing, no network, no pager, no question, and never another repository than the
one asked for.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from persona_cli.errors import BusyError, InputError
from persona_cli.files import UNCHANGED, fault

# core.fsync has been there since.
OLDEST = (2, 36, 0)

# Seconds for one call of git. A repository of a million files needs about ten.
PATIENCE = 120.0

# The index file of a call, for the plumbing that works on one.
INDEX = "GIT_INDEX_FILE"

_CONFIG = (
    # git's own default flushes nothing that a commit writes, and a power cut within
    # half a minute leaves a repository of empty objects.
    "core.fsync=added",
    "core.fsyncMethod=fsync",
    # A repository is data: nothing in it, or its config, is run.
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "diff.external=",
    "protocol.allow=never",
    "commit.gpgsign=false",
    "tag.gpgsign=false",
    "log.showSignature=false",
    "log.follow=false",
    "gc.auto=0",
    "maintenance.auto=false",
    # What is on disk is what is committed.
    "core.autocrlf=false",
    "core.safecrlf=false",
    # What is printed can be read back.
    "core.quotePath=false",
    "color.ui=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "advice.defaultBranchName=false",
)

# What git says when a `git gc` beside it removed the empty folder that it had just made
# for an object. Nothing was written then, and the next try finds it or makes it anew.
_SWEPT = b"unable to create temporary file: No such file or directory"
_AGAIN = 3

# How git says that a disk is full; the last is of its index alone.
_FULL = ("No space left on device", "Disk quota exceeded", "Out of diskspace")

_OPTIONS = (
    "--no-pager",
    "--literal-pathspecs",
    *(part for setting in _CONFIG for part in ("-c", setting)),
)


class GitError(InputError):
    """git could not do it.

    code:   its exit status; negative when a signal ended it
    stderr: what it said
    stdout: what it printed before
    """

    def __init__(
        self, problem: str, *, remedy: str, code: int, stderr: str, stdout: str
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.code, self.stderr, self.stdout = code, stderr, stdout


def run_git(
    folder: Path,
    *args: str,
    stdin: bytes = b"",
    config: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
    passed: Sequence[int] = (),
    patience: float = PATIENCE,
) -> bytes:
    """Run git in a folder, and return what it prints.

    stdin:  given to it; empty is closed to it
    config: settings of this call, ``key=value``
    extra:  environment of this call
    passed: open files that the child keeps, and so their locks
    patience: seconds it may take
    Raises: GitError when it fails; BusyError when it does not end; InputError when
            there is no git
    """
    given = [part for setting in config for part in ("-c", setting)]
    command = [_git(folder), *_OPTIONS, *given, *args]
    scrubbed = environment(os.environ, extra or {})

    def ask() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            cwd=folder,
            env=scrubbed,
            input=stdin,
            capture_output=True,
            timeout=patience,
            pass_fds=passed,
            check=False,
        )

    try:
        done = ask()
        for _ in range(_AGAIN):
            if not done.returncode or _SWEPT not in done.stderr:
                break
            done = ask()
    except subprocess.TimeoutExpired as error:
        raise BusyError(
            f"{folder}: git {args[0]} did not end within {patience:.0f} s",
            remedy="See what git is doing there, then run it again.",
        ) from error
    except FileNotFoundError as error:
        if folder.is_dir():
            raise no_git() from error
        raise fault(error, folder) from error
    except OSError as error:
        raise fault(error, folder) from error
    if done.returncode:
        raise _failed(folder, args[0], done)
    return done.stdout


def _git(folder: Path) -> str:
    """The git that is on PATH, by its whole path.

    git runs in the profile's folder: of a PATH with a dot, or an empty part, it would
    be whatever is called git there.

    Raises: InputError when there is none
    """
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    whole = os.pathsep.join(part for part in path if Path(part).is_absolute())
    found = shutil.which("git", path=whole) if whole else None
    if found is None and folder.is_dir():
        raise no_git()
    return found or "git"


def environment(ours: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """What git sees of our environment: no ``GIT_*`` but what we set.

    An inherited ``GIT_DIR`` (persona called from a hook) would send the commit into
    the wrong repository.
    """
    return {
        **{key: value for key, value in ours.items() if not key.startswith("GIT_")},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
        "LANGUAGE": "C",
        **extra,
    }


def version() -> tuple[int, int, int]:
    """Of the git that is run.

    Raises: InputError when there is none
    """
    said = run_git(Path("/"), "version").decode("ascii", "replace")
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    if found is None:
        return (0, 0, 0)
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch or 0)


def require_version(found: tuple[int, int, int]) -> None:
    """See that git can flush what it writes.

    Raises: InputError
    """
    if found < OLDEST:
        raise InputError(
            f"git {OLDEST[0]}.{OLDEST[1]} or newer is needed"
            f" (found {found[0]}.{found[1]}.{found[2]})",
            remedy="Install a newer git, or give --no-commit.",
        )


def no_git() -> InputError:
    """There is no git on PATH."""
    return InputError(
        f"git {OLDEST[0]}.{OLDEST[1]} or newer is needed (found none)",
        remedy="Install git, or give --no-commit.",
    )


def _failed(
    folder: Path, verb: str, done: subprocess.CompletedProcess[bytes]
) -> GitError:
    said, code = done.stderr.decode("utf-8", "replace").strip(), done.returncode
    if code < 0:
        what = f"git {verb} was killed (signal {-code})"
    else:
        what = _last_words(said) or f"git {verb} ended with exit code {code}"
    problem, remedy = f"{folder}: {what}", "See what git status says there."
    if any(words in said for words in _FULL):
        problem = f"{folder}: no space left for git's objects{UNCHANGED}"
        remedy = "Free some space there, then run it again."
    elif "dubious ownership" in said:
        problem = f"{folder}: the repository belongs to someone else"
        remedy = f"If it is yours: git config --global --add safe.directory {folder}"
    elif "Permission denied" in said:
        problem = f"{folder}: git {verb}: permission denied"
        remedy = "See that you own the repository and may write to it."
    elif "Read-only file system" in said:
        problem = f"{folder}: read-only file system{UNCHANGED}"
        remedy = "Mount it writable."
    elif re.search(r"object file .* is empty|is corrupt|missing (blob|tree)", said):
        problem = f"{folder}: the history is damaged ({_last_words(said)})"
        remedy = "See what can be mended: persona verify; git fsck says more."
    printed = done.stdout.decode("utf-8", "replace")
    return GitError(problem, remedy=remedy, code=code, stderr=said, stdout=printed)


def _last_words(said: str) -> str:
    for line in said.splitlines():
        if line.startswith(("fatal: ", "error: ")):
            return line.split(": ", 1)[1].rstrip(".")
    return said.splitlines()[0] if said else ""
