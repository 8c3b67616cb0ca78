"""One persona at a time on a profile.

A ``flock`` on ``.state/lock``: the kernel frees it when its holder dies, however it
dies, so there is no stale lock and nothing to clean up. The file itself is never
renamed or removed, or two runs could each hold a lock on a file of that name.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from persona_cli.errors import BusyError
from persona_cli.failpoints import failpoint
from persona_cli.files import fault, open_above, write_all

_PAUSE = 0.02  # seconds between two tries


@contextmanager
def profile_lock(
    folder: Path,
    *,
    timeout: float,
    doing: str,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[int]:
    """Hold a profile's folder, so that no other persona writes to it.

    timeout: seconds to wait for another run; 0 tries once
    doing:   the verb, for the message of whoever has to wait
    on_wait: called once, before the wait, with whom it is for
    Yields:  the descriptor that is the lock; a child that inherits it holds it too
    Raises:  BusyError when the other run is not done in time; InputError when the
             lock can't be made
    """
    path = folder / ".state" / "lock"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fd = open_above(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise fault(error, path) from error
    try:
        try:
            _take(fd, path, timeout=timeout, on_wait=on_wait)
            failpoint("lock-taken")
        except OSError as error:
            raise fault(error, path) from error
        _sign(fd, doing)
        yield fd
    finally:
        os.close(fd)
    failpoint("lock-released")


def _take(
    fd: int,
    path: Path,
    *,
    timeout: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    begun = time.monotonic()
    told = on_wait is None
    while not _try(fd):
        waited = time.monotonic() - begun
        if waited >= timeout:
            raise BusyError(
                f"{path.parent.parent}: {_holder(fd)} is running;"
                f" waited {waited:.0f} s",
                remedy="Run it again when the other is done.",
            )
        if not told and on_wait is not None:
            on_wait(f"{path.parent.parent}: waiting for {_holder(fd)}")
            told = True
        time.sleep(min(_PAUSE, timeout - waited))


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(fd: int, doing: str) -> None:
    """Write down who holds the lock. For the message alone, so a full disk is fine."""
    who = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "doing": doing,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        write_all(fd, json.dumps(who).encode() + b"\n")


def _holder(fd: int) -> str:
    """``another persona (pid 4711, update, since 12:03)``."""
    try:
        match json.loads(os.pread(fd, 4096, 0)):
            case {
                "pid": int(pid),
                "host": str(host),
                "doing": str(doing),
                "since": str(text),
            }:
                since = datetime.fromisoformat(text).astimezone()
                today = datetime.now(UTC).astimezone().date() == since.date()
                clock = since.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")
                where = "" if host == socket.gethostname() else f" on {host}"
                return f"another persona (pid {pid}{where}, {doing}, since {clock})"
    except (OSError, ValueError):
        pass  # the holder is just signing
    return "another persona"
