"""A log cut into records: JSON lines, items of a JSON array, or rows of CSV.

Each cutter yields the values it could read and tells the log of the others. What it
keeps in memory is bounded by ``max_record``, whatever the log holds.
"""

import csv
import re
from collections.abc import Iterator
from typing import Any

from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.source import Source
from persona_cli.logs.strict import check_text, parse

_NOT_IN_STRING = re.compile(rb'["}\],]|[{\[]+')
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
# Inside a value: whole strings, and what stands between, up to the next bracket.
_INSIDE = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_OPENER = {ord("}"): ord("{"), ord("]"): ord("[")}

# Brackets deeper than this are counted and no longer matched by their kind.
_MOST_OPEN = 10_000

# A CSV cell may hold newlines, but a quote that is never closed must not swallow
# the log.
_MOST_LINES = 200


def json_lines(source: Source, log: Log, *, max_record: int) -> Iterator[Any]:
    """One value a line; blank lines do not count as records.

    At the end the log knows how far it was read, if it ends with a whole line.
    """
    number = log.number
    ended = True
    while line := source.readline(max_record + 1):
        number += 1
        ended = line.endswith(b"\n")
        if line.isspace():
            continue
        log.meet(number)
        if len(line) > max_record and not ended:
            size = len(line) + source.skip_line()
            log.skip(over(size, max_record))
            continue
        try:
            yield _value(line, log)
        except Fault as fault:
            if not ended and line.lstrip()[:1] in (b"{", b"["):
                log.cut_short()
            else:
                log.skip(fault)
    if ended:
        log.read_to = (source.place, number)


def json_items(
    source: Source, log: Log, *, array: bool, max_record: int
) -> Iterator[Any]:
    """The items of one JSON array, or JSON values one after the other.

    array: whether the outermost bracket is to be taken off
    """
    log.unit = "item"
    pieces = _Pieces(array=array, limit=max_record)
    number = 0
    while part := source.read():
        for piece, size in pieces.feed(part):
            number += 1
            log.meet(number)
            if size > max_record:
                log.skip(over(size, max_record))
                continue
            try:
                yield _value(piece, log)
            except Fault as fault:
                log.skip(fault)
    yield from _last_item(pieces, log, number + 1, max_record)


def _last_item(
    pieces: "_Pieces", log: Log, number: int, max_record: int
) -> Iterator[Any]:
    """What stands after the last value that was seen to end."""
    rest = pieces.rest
    if pieces.trailing:
        log.meet(number)
        log.skip(Fault("text after the end of the array"))
    elif pieces.size > max_record:
        log.meet(number)
        log.skip(over(pieces.size, max_record))
    elif rest.strip():
        log.meet(number)
        try:
            yield _value(rest, log)
        except Fault as fault:
            if rest.lstrip()[:1] in (b"{", b"["):
                log.cut_short()
            else:
                log.skip(fault)


def csv_rows(source: Source, log: Log, *, max_record: int) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, by the names in its first line, in lower case."""
    lines = _csv_lines(source, log, max_record=max_record)
    waiting: list[tuple[int, str]] = []
    names: list[str] = []
    delimiter = ","
    while waiting or (waiting := _next(lines)):
        number, first = waiting[0]
        if not names:
            delimiter = max(",;\t", key=first.count)
            names = [cell.strip().lower() for cell in _cells(first, delimiter) or []]
            waiting.clear()
            continue
        log.meet(number)
        row, taken = _csv_row(waiting, lines, len(names), delimiter, max_record)
        del waiting[:taken]
        try:
            if row is None:
                raise Fault(f"not a row of {len(names)} cells")
            for cell in row:
                check_text(cell)
        except Fault as fault:
            log.skip(fault)
        else:
            yield dict(zip(names, row, strict=True))


def over(size: int, max_record: int) -> Fault:
    """The fault of a record that is too long to be read.

    size, max_record: bytes
    """
    sizes = f"record of {_words(size)} is over max_record {_words(max_record)}"
    return Fault("over max_record", words=sizes)


def text_of(line: bytes, log: Log) -> str:
    """A line as text, bad bytes replaced and counted."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        text = line.decode("utf-8", "replace")
        count = text.count("\ufffd") - line.count("\ufffd".encode())
        log.mend("bytes that are not UTF-8, replaced", count)
        return text


def _words(size: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size} {unit}"
        size //= 1024
    return f"{size} GiB"


def _value(line: bytes, log: Log) -> Any:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        value = parse(line.decode("utf-8", "replace"))
        text_of(line, log)  # counted only when there is a record to count it for
        return value
    return parse(text)


class _Pieces:
    """Finds where JSON values end, without reading them.

    Brackets are matched by kind, so that a value with one missing ends where the
    value around it does, and the next is read again.
    """

    def __init__(self, *, array: bool, limit: int) -> None:
        self._array = array
        self._limit = limit
        self._begun = not array
        self._over = False
        self._open = bytearray()
        self._deeper = 0
        self._string = False
        self._escaped = False
        self._kept = bytearray()
        self.size = 0
        self.trailing = False

    @property
    def rest(self) -> bytes:
        """The beginning of a value that has not ended."""
        return bytes(self._kept)

    def feed(self, part: bytes) -> Iterator[tuple[bytes, int]]:
        """(value, its length in bytes) for each value that ends in ``part``."""
        at = kept = 0
        if self._over:
            self.trailing = self.trailing or bool(part.strip())
            return
        if not self._begun:
            at = kept = part.find(b"[") + 1
            self._begun = at > 0
        while True:
            if self._string:
                at = self._through_string(part, at)
                if self._string:
                    break
                continue
            if self._open or not self._array:
                # It matches anywhere, if only nothing.
                at = _INSIDE.match(part, at).end()  # type: ignore[union-attr]
            mark = _NOT_IN_STRING.search(part, at)
            if mark is None:
                break
            at = mark.end()
            byte = part[mark.start()]
            if byte == ord('"'):
                self._string = True
            elif byte == ord(","):
                if self._array and not self._open:
                    yield from self._end(part[kept : at - 1])
                    kept = at
            elif byte in b"{[":
                self._enter(mark[0])
            elif self._leave(byte):
                if self._array:
                    self._over = True
                    self.trailing = bool(part[at:].strip())
                    yield from self._end(part[kept : at - 1])
                    return
            elif not self._array and not self._open:
                yield from self._end(part[kept:at])
                kept = at
        self._keep(part[kept:])

    def _through_string(self, part: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            at += 1
        match = _IN_STRING.match(part, at)
        at = match.end() if match else len(part)
        if at < len(part):
            self._escaped = part[at] == ord("\\")
            self._string = self._escaped
            at += 1
        return at

    def _enter(self, brackets: bytes) -> None:
        room = max(_MOST_OPEN - len(self._open), 0)
        self._open += brackets[:room]
        self._deeper += max(len(brackets) - room, 0)

    def _leave(self, byte: int) -> bool:
        """Whether a closing bracket closes the array around the values."""
        if self._deeper:
            self._deeper -= 1
            return False
        place = self._open.rfind(_OPENER[byte])
        if place < 0:
            return byte == ord("]") and self._array
        del self._open[place:]
        return False

    def _keep(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= self._limit:
            self._kept += part

    def _end(self, part: bytes) -> Iterator[tuple[bytes, int]]:
        self._keep(part)
        if self.size > self._limit or self._kept.strip():
            yield bytes(self._kept), self.size
        self._kept.clear()
        self._open.clear()
        self.size = 0


def _csv_lines(
    source: Source, log: Log, *, max_record: int
) -> Iterator[tuple[int, str]]:
    number = 0
    while line := source.readline(max_record + 1):
        number += 1
        if line.isspace():
            continue
        log.number = number
        if len(line) > max_record and not line.endswith(b"\n"):
            size = len(line) + source.skip_line()
            log.meet(number)
            log.skip(over(size, max_record))
            continue
        yield number, text_of(line, log)


def _next(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    return [line for line in [next(lines, None)] if line is not None]


def _csv_row(
    waiting: list[tuple[int, str]],
    lines: Iterator[tuple[int, str]],
    width: int,
    delimiter: str,
    max_record: int,
) -> tuple[list[str] | None, int]:
    """(cells, lines they stand on) from the front of ``waiting``, which may grow.

    A row whose quotes do not close, or close elsewhere, gives up its first line only.
    """
    text, taken = waiting[0][1], 1
    while text.count('"') % 2:
        if taken == len(waiting):
            waiting += _next(lines)
        if taken in (len(waiting), _MOST_LINES) or len(text) > max_record:
            return None, 1
        text += waiting[taken][1]
        taken += 1
    cells = _cells(text, delimiter)
    if cells is None or len(cells) != width:
        return None, 1
    return cells, taken


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
