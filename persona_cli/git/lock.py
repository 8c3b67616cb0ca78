"""Holding git's index, so that commit and index change together or not at all.

We take ``index.lock`` as git itself does, and no git writes the index meanwhile. Ours
says who made it, and is flocked by us and by the git processes we start: a lock file
that says persona and is flocked by nobody is a dead run's, and the next run takes it
over, with the work that was left undone. A lock file of another git is never touched.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from persona_cli.errors import BusyError
from persona_cli.files import SUFFIX, fault, open_above, sync, sync_folder, write_all

_SIGNATURE = b'{"persona": 1'

# Seconds. Another git holds the index for moments, or for as long as its user has an
# editor open; another persona is through soon, but there may be a queue of them.
PATIENCE_GIT, PATIENCE_PERSONA = 0.6, 30.0
_PAUSE = 0.02

# A branch is locked for milliseconds; a lock of this age is not being worked under.
SETTLED = 0.3

# Seconds after which another git is thought to be dead rather than slow.
_LONG = 600.0


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run meant to do under the lock, in case it dies there.

    names:  files, relative to the top of the repository
    ref:    branch it was about to move; empty before that
    commit: to this commit
    """

    names: tuple[str, ...]
    ref: str = ""
    commit: str = ""


@dataclass(slots=True)
class IndexLock:
    """``index.lock``, held.

    left:   what dead runs left undone
    unsure: the branch may have moved and the index not: the lock file then stays,
            and keeps the user's git from committing an index that takes our commit
            back; the next run takes it over
    """

    path: Path
    fd: int
    left: tuple[Trace, ...] = ()
    unsure: bool = field(default=False)

    def write_down(self, trace: Trace) -> None:
        """Say on disk what is about to be done."""
        line = {
            "persona": 1,
            "pid": os.getpid(),
            "names": trace.names,
            "ref": trace.ref,
            "commit": trace.commit,
        }
        os.lseek(self.fd, 0, os.SEEK_END)
        write_all(self.fd, json.dumps(line).encode() + b"\n")
        sync(self.fd)


@contextmanager
def index_lock(index: Path, *, top: Path, names: Sequence[str]) -> Iterator[IndexLock]:
    """Hold the index of a repository.

    index:  its path
    top:    of the working tree, for the message
    names:  files that are to be committed
    Raises: BusyError when another git, or a long queue of personas, holds it
    """
    path = index.with_name(index.name + ".lock")
    lock = _wait(path, top, Trace(tuple(names)))
    try:
        _sweep(lock)
        yield lock
    finally:
        if not lock.unsure:
            with suppress(OSError):
                path.unlink()
                sync_folder(path.parent)
        os.close(lock.fd)


def clear_branch_locks(git_dir: Path, common: Path, trace: Trace) -> None:
    """Remove lock files that a killed ``update-ref`` of ours left behind.

    For whoever holds the index, and so knows that the ``update-ref`` is over. Only a
    file that is as our git would have left it (empty, or beginning to name our
    commit) is taken, and only when it does not go away by itself.
    """
    ours = f"{trace.commit}\n".encode()
    locks = [common / f"{trace.ref}.lock", git_dir / "HEAD.lock"]
    if not any(lock.exists() for lock in locks):
        return
    time.sleep(SETTLED)
    for lock in locks:
        with suppress(FileNotFoundError):
            if ours.startswith(lock.read_bytes()):
                lock.unlink()


def foreign_age(path: Path) -> float | None:
    """Seconds since another git took ``index.lock``; None when none has."""
    try:
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) == _SIGNATURE:
                return None
            return max(0.0, time.time() - os.fstat(file.fileno()).st_mtime)
    except FileNotFoundError:
        return None


def held_by_git(path: Path, top: Path, age: float) -> BusyError:
    """Another git is at work, or died at work."""
    shown = path.relative_to(top) if path.is_relative_to(top) else path
    return BusyError(
        f"{top}: another git process holds {shown} (age {age:.0f} s)",
        remedy="Run it again when that git is done."
        if age < _LONG
        else f"If no git is at work there, remove {path} and run it again.",
    )


def _wait(path: Path, top: Path, trace: Trace) -> IndexLock:
    begun = time.monotonic()
    while True:
        lock = _make(path, trace) or _take_over(path, trace)
        if lock is not None:
            return lock
        waited = time.monotonic() - begun
        age = foreign_age(path)
        if age is not None and waited > PATIENCE_GIT:
            raise held_by_git(path, top, age)
        if waited > PATIENCE_PERSONA:
            raise BusyError(
                f"{top}: another persona holds git's index; waited {waited:.0f} s",
                remedy="Run it again when the other is done.",
            )
        time.sleep(_PAUSE)


def _make(path: Path, trace: Trace) -> IndexLock | None:
    """Make the lock file, signed from its first moment on; None when there is one."""
    if path.exists():
        return None
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{SUFFIX}")
    try:
        fd = open_above(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        lock = IndexLock(path, fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            lock.write_down(trace)
            # link(), unlike rename(), refuses to take a name that is taken.
            os.link(temporary, path)
        except BaseException:
            os.close(fd)
            raise
        finally:
            with suppress(OSError):
                temporary.unlink()
    except (FileExistsError, FileNotFoundError):
        if not path.parent.is_dir():
            raise
        return None
    except OSError as error:
        raise fault(error, path) from error
    return lock


def _take_over(path: Path, trace: Trace) -> IndexLock | None:
    """Take over the lock of a run that died; None when its maker lives."""
    try:
        fd = open_above(path, os.O_RDWR | os.O_NOFOLLOW, 0)
    except OSError:
        return None
    try:
        if os.pread(fd, len(_SIGNATURE), 0) == _SIGNATURE and _seize(fd, path):
            # Before it was about to move the branch, a run leaves nothing undone.
            left = tuple(found for found in _traces(fd) if found.ref)
            lock = IndexLock(path, fd, left=left, unsure=bool(left))
            lock.write_down(trace)
            return lock
    except OSError as error:
        os.close(fd)
        raise fault(error, path) from error
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _seize(fd: int, path: Path) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its maker may just have released it, and removed it.
        return os.path.samestat(os.fstat(fd), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _traces(fd: int) -> tuple[Trace, ...]:
    found = []
    size = os.fstat(fd).st_size
    for line in os.pread(fd, size, 0).splitlines():
        try:
            match json.loads(line):
                case {"names": [*names], "ref": str(ref), "commit": str(commit)}:
                    found.append(Trace(tuple(map(str, names)), ref, commit))
        except ValueError:
            continue  # torn: it was about to be written, so nothing had followed
    return tuple(found)


def _sweep(lock: IndexLock) -> None:
    """Remove what runs left that died while making a lock file."""
    for leftover in lock.path.parent.glob(f".{lock.path.name}.*{SUFFIX}"):
        with suppress(OSError):
            fd = os.open(leftover, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if not os.path.samestat(os.fstat(fd), os.fstat(lock.fd)):
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                leftover.unlink()
            finally:
                os.close(fd)
