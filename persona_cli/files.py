"""Files that are written whole or not at all, and ledgers that only grow.

A write is over when it would survive a power cut: content flushed, then renamed,
then the folder flushed. A reader sees the old bytes or the new, never a mix.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from persona_cli.errors import InputError
from persona_cli.failpoints import failpoint

SUFFIX = ".persona-tmp"
UNCHANGED = "; nothing was changed"

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM)
# Read backwards by so many bytes, when looking for the end of the last whole line.
_BLOCK = 1 << 16


def sha256_of(content: bytes) -> str:
    """The sha256 of ``content``, as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace a file, or make it; on disk when this returns.

    A link is followed when it leads to a file of the same folder: the link stays,
    and the words behind it change.

    mode:   permission bits; None keeps those of the file that is there, and gives
            a new one 0600
    Raises: InputError; then the file is as it was, unless the error says otherwise
    """
    target = _target(path)
    with _faults_named(target, need=len(content)):
        status = _status(target)
        kept = 0o600 if status is None else stat.S_IMODE(status.st_mode)
        temporary = target.with_name(
            f".{target.name[:80]}.{secrets.token_hex(4)}{SUFFIX}"
        )
        fd = open_above(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            try:
                write_all(fd, content)
                _dress(fd, status, kept if mode is None else mode)
                failpoint("tmp-written")
                sync(fd)
            finally:
                os.close(fd)
            failpoint("tmp-synced")
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    with _faults_named(target, changed=True):
        failpoint("renamed")
        sync_folder(target.parent)
        failpoint("folder-synced")


def append_whole(path: Path, content: bytes) -> None:
    """Add whole lines to the end of a ledger; on disk when this returns.

    A torn last line, left by a run that died, is cut off first.

    content: ends with a newline
    Raises:  InputError; then the ledger is as long as it was
    """
    if not content.endswith(b"\n"):
        raise ValueError("a ledger takes whole lines")
    with _faults_named(path, need=len(content)):
        new = not path.exists()
        fd = open_above(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            length = _whole_length(fd)
            try:
                os.ftruncate(fd, length)
                os.lseek(fd, length, os.SEEK_SET)
                write_all(fd, content)
                failpoint("line-written")
                sync(fd)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(fd, length)
                raise
        finally:
            os.close(fd)
        if new:
            sync_folder(path.parent)


def heal_tail(path: Path) -> int:
    """Cut off what follows the last newline; on disk when this returns.

    Shape:  the number of bytes cut; 0 also when there is no such file
    Raises: InputError
    """
    with _faults_named(path):
        try:
            fd = open_above(path, os.O_RDWR | os.O_NOFOLLOW, 0)
        except FileNotFoundError:
            return 0
        try:
            torn = os.fstat(fd).st_size - (length := _whole_length(fd))
            if torn:
                os.ftruncate(fd, length)
                sync(fd)
            return torn
        finally:
            os.close(fd)


def cut_to(path: Path, length: int | None) -> None:
    """Shorten a file to ``length`` bytes, or remove it for None; on disk then.

    Raises: InputError
    """
    with _faults_named(path):
        if length is None:
            remove(path)
            return
        try:
            fd = open_above(path, os.O_RDWR | os.O_NOFOLLOW, 0)
        except FileNotFoundError:
            return
        try:
            if os.fstat(fd).st_size > length:
                os.ftruncate(fd, length)
                sync(fd)
        finally:
            os.close(fd)


def remove(path: Path) -> None:
    """Remove a file, if it is there; gone from the disk when this returns.

    Raises: InputError
    """
    with _faults_named(path):
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)


def read_whole(path: Path) -> bytes | None:
    """The bytes of a file; None where there is no such file.

    Raises: InputError
    """
    return _read(path, 0)


def read_from(path: Path, offset: int) -> bytes:
    """The bytes of a file from ``offset`` on; none where there is no such file.

    Raises: InputError
    """
    return _read(path, offset) or b""


def sweep_temporaries(folder: Path) -> int:
    """Remove what dead runs left behind in a folder.

    For whoever holds the folder's lock: a living run's file would be taken too.

    Shape: the number removed
    """
    swept = 0
    for path in folder.glob(f".*{SUFFIX}"):
        with suppress(OSError):
            path.unlink()
            swept += 1
    return swept


def fault(
    error: OSError, path: Path, *, need: int | None = None, changed: bool = False
) -> InputError:
    """What a failed system call means for the user.

    need:    bytes that were to be written
    changed: the file's content is the new one already
    """
    after = "" if changed else UNCHANGED
    if error.errno in _NO_SPACE:
        folder = path.parent
        room = "" if need is None else f" (need {_size(need)}, free {_free(folder)})"
        return InputError(
            f"{path}: no space left on {folder}{room}{after}",
            remedy="Free some space there, then run it again.",
        )
    remedies = {
        errno.EROFS: "Mount it writable, or name another folder with --root.",
        errno.EIO: "Check the disk, then run it again.",
        errno.ENOENT: "See that the folder is there.",
        **dict.fromkeys(_DENIED, "See that you own it and may write to its folder."),
    }
    return InputError(
        f"{path}: {_words(error)}{after}",
        remedy=remedies.get(error.errno or 0, "See that it can be written."),
    )


def open_above(path: Path, flags: int, mode: int) -> int:
    """Open a file of data, never as standard input, output or error.

    With stderr closed, the next file opened would get its number, and the first
    warning would be written into the profile.
    """
    fd = os.open(path, flags | os.O_CLOEXEC, mode)
    if fd > 2:
        return fd
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(fd)


def write_all(fd: int, content: bytes) -> None:
    """Write every byte: the kernel may take fewer than it is given."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for this user alone.

    Raises: OSError
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def private_opener(path: str, flags: int) -> int:
    """For ``open(..., opener=...)``: a file that is new is for this user alone."""
    return os.open(path, flags, 0o600)


def sync(fd: int) -> None:
    """Flush a file to the disk itself."""
    # On macOS fsync stops at the drive's cache.
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(fd)
    else:
        fcntl.fcntl(fd, full)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    fd = open_above(folder, os.O_RDONLY | os.O_DIRECTORY, 0)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Flush a file that someone else wrote; no harm when it is not there."""
    try:
        fd = open_above(path, os.O_RDONLY, 0)
    except FileNotFoundError:
        return
    try:
        sync(fd)
    finally:
        os.close(fd)


@contextmanager
def _faults_named(
    path: Path, *, need: int | None = None, changed: bool = False
) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise fault(error, path, need=need, changed=changed) from error


def _read(path: Path, offset: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(
            f"{path}: {_words(error)}", remedy="See that you may read it."
        ) from error


def _target(path: Path) -> Path:
    """Where the words of ``path`` are."""
    if not path.is_symlink():
        return path
    try:
        target = path.resolve()
        inside = target.parent == path.parent.resolve()
    except (OSError, RuntimeError):  # a loop
        inside = False
    if not inside:
        raise InputError(
            f"{path}: is a link that leads out of its folder{UNCHANGED}",
            remedy="Put the file itself there.",
        )
    return target


def _status(path: Path) -> os.stat_result | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            f"{path}: not a regular file{UNCHANGED}", remedy="Move it away."
        )
    # rename() asks only the folder; who made a file read-only meant it.
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return status


def _dress(fd: int, status: os.stat_result | None, mode: int) -> None:
    """Give a new file the owner and the permissions of the one it follows."""
    own = os.fstat(fd)
    if status is not None and (status.st_uid, status.st_gid) != (
        own.st_uid,
        own.st_gid,
    ):
        with suppress(PermissionError):
            os.fchown(fd, status.st_uid, status.st_gid)
    os.fchmod(fd, mode)  # after chown, which clears bits


def _whole_length(fd: int) -> int:
    """Bytes up to and with the last newline."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _words(error: OSError) -> str:
    if error.errno == errno.EIO:
        return "I/O error"
    if error.errno in _DENIED:
        return "permission denied"
    return (error.strerror or str(error)).lower()


def _free(folder: Path) -> str:
    try:
        room = os.statvfs(folder)
    except OSError:
        return "unknown"
    return _size(room.f_bavail * room.f_frsize)


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{-(-count // 1024)} KB"
