"""Bytes of a log, of which the beginning can be looked at before it is read."""

import re
from typing import BinaryIO

from persona_cli.errors import InputError

HEAD = 1 << 16

_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 16

# Control characters that text does not hold: all but tab, newline, form feed,
# carriage return, backspace and escape.
_CONTROL = re.compile(rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")

# Files that begin like text, and are none.
_MAGIC = (b"%PDF-", b"SQLite format 3\x00", b"GGUF", b"\x1f\x8b", b"PK\x03\x04")

_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Source:
    """A stream that need not be seekable, with its head in memory.

    head:  its first bytes, without byte order mark; all there are when it is short
    place: how far it is read, in bytes of the whole
    """

    def __init__(self, stream: BinaryIO, *, name: str) -> None:
        self._stream = stream
        self._name = name
        first = self._take(HEAD)
        _check_text(first, name)
        self.head = first.removeprefix(_BOM)
        self.whole = len(first) < HEAD
        self._mark = len(first) - len(self.head)
        self._at = 0
        self._beyond = 0

    @property
    def place(self) -> int:
        """How far it is read, in bytes of the whole."""
        return self._mark + self._at + self._beyond

    def go_on(self, place: int) -> None:
        """Read on from a place beyond what was read; for a file.

        Raises: InputError
        """
        try:
            self._stream.seek(place)
        except OSError as error:
            raise _unreadable(self._name, error) from error
        self._at = len(self.head)
        self._beyond = place - self._mark - self._at

    def readline(self, limit: int) -> bytes:
        """The next line with its newline, or its first ``limit`` bytes.

        Shape: cut at newline bytes alone; empty at the end
        """
        if self._at >= len(self.head):
            return self._line(limit)
        end = self.head.find(b"\n", self._at, self._at + limit) + 1
        if not end:
            end = self._at + limit
        line = self.head[self._at : end]
        self._at += len(line)
        if line.endswith(b"\n") or len(line) == limit:
            return line
        return line + self._line(limit - len(line))

    def skip_line(self) -> int:
        """Read to the end of the line without keeping it; its length in bytes."""
        size = 0
        while part := self.readline(_CHUNK):
            size += len(part)
            if part.endswith(b"\n"):
                break
        return size

    def read(self) -> bytes:
        """The next bytes, some; empty at the end."""
        if self._at < len(self.head):
            rest = self.head[self._at :]
            self._at = len(self.head)
            return rest
        part = self._take(_CHUNK)
        self._beyond += len(part)
        return part

    def _line(self, limit: int) -> bytes:
        try:
            line = self._stream.readline(limit)
        except OSError as error:
            raise _unreadable(self._name, error) from error
        self._beyond += len(line)
        return line

    def _take(self, size: int) -> bytes:
        parts: list[bytes] = []
        try:
            while size > 0 and (part := self._stream.read(size)):
                parts.append(part)
                size -= len(part)
        except OSError as error:
            raise _unreadable(self._name, error) from error
        return b"".join(parts)


def _check_text(head: bytes, name: str) -> None:
    """Raise InputError for a file of another kind.

    A bad byte here and there is mended or skipped later, so only its share decides.
    """
    odd = [match.start() for match in _CONTROL.finditer(head)]
    try:
        head.decode()
        wrong = 0
    except UnicodeDecodeError as error:
        odd.append(error.start)
        wrong = head.decode("utf-8", "replace").count("\ufffd")
    few = (len(odd) + wrong) * 10 <= len(head)
    if few and not head.startswith((*_MAGIC, *_WIDE)):
        return
    first = min(odd, default=0)
    remedy = "Give a log in UTF-8; unpack it first when it is an archive."
    if head.startswith(_WIDE) or head[1:2] == b"\x00":
        remedy = "Convert it first: iconv -f UTF-16 -t UTF-8."
    if head.startswith(b"PK\x03\x04"):
        remedy = "A zip cannot be read through a pipe: give the file by its name."
    raise InputError(
        f"{name}: not UTF-8 text (byte 0x{head[first]:02x} at {first})", remedy=remedy
    )


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(
        f"cannot read {name}: {(error.strerror or str(error)).lower()}",
        remedy="Check the file and its permissions, and run the command again.",
    )
