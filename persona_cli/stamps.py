"""Whether a file is as it was when it was last read."""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


def read_as(format: str | None, me: Collection[str]) -> str | None:
    """How logs are read, as it stands in their stamps.

    me: the user's own addresses, of which no more than a hash is kept
    """
    if not me:
        return format
    text = "\x1f".join(sorted(one.strip().casefold() for one in me))
    return f"{format or ''}#{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def stamp(path: Path, format: str | None) -> list[Any]:
    """What must not change for a log to count as read: size, time, format.

    format: as ``read_as`` has it
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, format]


def was_read(cursor: Sequence[Any], path: Path, now: list[Any]) -> bool:
    """Whether a log is as it was; its bytes decide when only its time is another.

    cursor: its stamp and digest of then; empty when it was never read
    now:    its stamp
    """
    if list(cursor[:3]) == now:
        return True
    if len(cursor) < 4 or [cursor[0], cursor[2]] != [now[0], now[2]]:
        return False
    return digest(path, now) == [cursor[3]]


def digest(path: Path, when: list[Any]) -> list[str]:
    """The sha256 of a log; none when it has changed since it had that stamp."""
    found = sha256_of_file(path)
    try:
        return [found] if stamp(path, when[2]) == when else []
    except OSError:
        return []


def begins_as_it_was(path: Path, size: int, known: str) -> bool:
    """Whether the first ``size`` bytes of a file have this sha256."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while size > 0 and (part := file.read(min(size, _CHUNK))):
                found.update(part)
                size -= len(part)
    except OSError:
        return False
    return size == 0 and found.hexdigest() == known


def sha256_of_file(path: Path) -> str:
    """The sha256 of a file, read a piece at a time; empty where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def made_of(*paths: Path) -> list[list[int] | None]:
    """What tells files that something was made of: inode, size and time of each."""
    found: list[list[int] | None] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append([status.st_ino, status.st_size, status.st_mtime_ns])
    return found
