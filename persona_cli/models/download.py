"""One file over HTTP, into a part file that the next try goes on with."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

# Tries in a row that bring not one byte.
_TRIES = 5

_BLOCK = 1 << 20


class NotWhole(Exception):  # noqa: N818 (it is met only inside a ModelError)
    """The file could not be brought here whole.

    remedy: empty when another try is the remedy
    """

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What is to be fetched.

    name:     of the file in its repository
    etag:     names these very bytes
    revision: commit of the repository
    size:     bytes
    sha256:   None when the hub does not tell
    """

    name: str
    etag: str
    revision: str
    size: int
    sha256: str | None

    def __post_init__(self) -> None:
        # It becomes the name of a file.
        if not re.fullmatch(r"[\w.+=-]{1,200}", self.etag) or ".." in self.etag:
            raise NotWhole(f"{self.name}: the hub's etag is {self.etag[:80]!r}")


class Body(Protocol):
    """What comes of a file."""

    @property
    def start(self) -> int:
        """Index of its first byte."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Piece by piece, as they arrive."""
        ...


# Asks for a file from a byte on. The server may begin earlier.
Ask = Callable[[Fetch, int], AbstractContextManager[Body]]


def is_sha256(text: str) -> bool:
    """Whether ``text`` is 64 hex digits."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def fetch(
    plan: Fetch,
    ask: Ask,
    part: Path,
    final: Path,
    *,
    accept: Callable[[Path], None],
    on_bytes: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Bring a file to ``final``, from where an earlier try left off.

    part:     holds the bytes until they are all here, and right
    accept:   looks at the whole file, and raises to refuse it
    on_bytes: told how many bytes are here
    Returns:  its sha256, which is the right one
    Raises:   NotWhole; then the part file is kept when it can be gone on with, and
              removed when its bytes are wrong. What ``ask`` and ``accept`` raise
    """
    with part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotWhole(
                f"{plan.name}: another process is fetching it",
                remedy="Wait until it is done.",
            ) from error
        arriving = _Arriving(plan, file, on_bytes)
        arriving.take_up()
        _bring(arriving, ask, sleep)
        file.flush()
        os.fsync(file.fileno())
        sha256 = arriving.digest.hexdigest()
        try:
            if plan.sha256 not in (None, sha256):
                raise NotWhole(
                    f"{plan.name}: arrived damaged: its sha256 is {sha256[:12]}...,"
                    f" and should be {str(plan.sha256)[:12]}...; nothing was kept"
                )
            accept(part)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(final)
    return sha256


def _bring(arriving: "_Arriving", ask: Ask, sleep: Callable[[float], None]) -> None:
    import httpx2

    tries = 0
    while arriving.here < arriving.plan.size:
        before = arriving.here
        try:
            with ask(arriving.plan, arriving.here) as body:
                arriving.take(body)
            problem = "the connection was closed too early"
        except httpx2.TransportError as error:
            problem = str(error) or type(error).__name__
        if arriving.here >= arriving.plan.size:
            return
        tries = 1 if arriving.here > before else tries + 1
        if tries >= _TRIES:
            raise NotWhole(
                f"{arriving.plan.name}: broke off at {arriving.here} of"
                f" {arriving.plan.size} bytes: {problem}"
            )
        sleep(min(2.0 ** (tries - 1), 8.0))


class _Arriving:
    """The bytes that are here, and their hash so far."""

    def __init__(
        self, plan: Fetch, file: BinaryIO, on_bytes: Callable[[int], None]
    ) -> None:
        self.plan, self._file, self._on_bytes = plan, file, on_bytes
        self.digest = hashlib.sha256()
        self.here = 0

    def take_up(self) -> None:
        """Read again what an earlier try brought."""
        if self._file.seek(0, os.SEEK_END) > self.plan.size:
            self._file.truncate(0)
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            self.digest.update(block)
            self.here += len(block)
        self._on_bytes(self.here)

    def take(self, body: Body) -> None:
        """Add what comes to what is here."""
        if body.start != self.here:  # the server knows no ranges
            self._drop()
            if body.start:
                raise NotWhole(f"{self.plan.name}: the hub sent the wrong part of it")
        for chunk in body.chunks():
            self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        if self.here + len(chunk) > self.plan.size:
            self._drop()
            raise NotWhole(
                f"{self.plan.name}: longer than the {self.plan.size} bytes it should"
                " have; nothing was kept"
            )
        self._file.write(chunk)
        self.digest.update(chunk)
        self.here += len(chunk)
        self._on_bytes(self.here)

    def _drop(self) -> None:
        self._file.truncate(0)
        self.digest = hashlib.sha256()
        self.here = 0
