"""Lines of JSON that can tell when they are damaged, and how long their file was.

    {"id": "pairs:3f", ..., "sum": "89abcdef"}

``sum`` is the CRC-32 of the line without it: it finds what a disk does, and is no
seal against anyone. Lines of an older persona have none and are believed, as long as
they have no key that no older persona wrote (a damaged ``sum`` would be one).

A ledger only grows, so one that is shorter than the cursors remember has lost lines.
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError
from persona_cli.files import read_whole

ARCHIVE, FOLDED, CURSORS = "archive.jsonl", "folded.jsonl", "cursors.json"

# Keys of lines and files that were written before there was a sum.
PLAIN = {
    ARCHIVE: frozenset(
        ("id", "kind", "source", "chosen", "query", "rejected", "at", "rating", "scope")
    ),
    FOLDED: frozenset(("version", "counted", "ids", "tried")),
    CURSORS: frozenset(("readers", "files", "pending", "sizes", "index")),
    "verdicts.json": frozenset(("format", "verdicts", "unable")),
}

_SUM = re.compile(rb', "sum": "([0-9a-f]{8})"\}\n?\Z')


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line of a ledger.

    number: from 1
    offset: of its first byte
    record: what it says; None when it is damaged
    """

    number: int
    offset: int
    content: bytes
    record: dict[str, Any] | None


def sealed(record: Mapping[str, Any]) -> bytes:
    """A JSON object with its sum, on one line, without a newline.

    record: not empty
    """
    text = json.dumps(record, ensure_ascii=False)
    body = text.encode("utf-8", "replace")
    return b'%s, "sum": "%08x"}' % (body[:-1], zlib.crc32(body))


def unsealed(content: bytes, *, of: str) -> dict[str, Any] | None:
    """What a sealed object says, without its sum; None when it is damaged.

    of: the file's name, one of ``PLAIN``
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    found = _SUM.search(content)
    if found is None:
        return record if record.keys() <= PLAIN[of] else None
    if zlib.crc32(content[: found.start()] + b"}") != int(found[1], 16):
        return None
    del record["sum"]
    return record


def lines(path: Path, *, start: int = 0) -> Iterator[Line]:
    """The whole lines of a ledger; a torn last line is left for the healer.

    start:  byte to begin at; lines are numbered from there
    Raises: InputError when it cannot be read
    """
    try:
        with path.open("rb") as file:
            offset = file.seek(start)
            for number, content in enumerate(file, 1):
                if content.endswith(b"\n"):
                    record = unsealed(content, of=path.name)
                    yield Line(number, offset, content, record)
                offset += len(content)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="See that you may read it.",
        ) from error


def records(path: Path, *, start: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """(offset, record) of each whole line.

    start:  byte to begin at
    Raises: InputError at the first that is damaged
    """
    for line in lines(path, start=start):
        if line.record is None:
            where = f": byte {line.offset}" if start else f":{line.number}"
            raise damaged(path, where, "damaged")
        yield line.offset, line.record


def damaged(path: Path, where: str, what: str) -> InputError:
    """A ledger is not as it was written."""
    return InputError(f"{path}{where}: {what}", remedy=mending(path.parent.parent.name))


def mending(name: str) -> str:
    """The remedy for what a disk did to a profile."""
    return f"See what is lost: persona verify {name}. Mend it: persona restore {name}."


def whole_length(path: Path) -> int:
    """Bytes up to and with the last newline; 0 where there is no such file."""
    content = b""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        end = file.seek(0, 2)
        while end > 0 and b"\n" not in content:
            start = max(0, end - (1 << 16))
            file.seek(start)
            content = file.read(end - start)
            end = start
    return end + content.rfind(b"\n") + 1


def cursors(state: Path) -> dict[str, Any] | None:
    """What was remembered of logs and ledgers; None: nothing, or nothing whole.

    Raises: InputError when the file cannot be read
    """
    content = read_whole(state / CURSORS)
    return None if content is None else unsealed(content, of=CURSORS)


def cut_short(state: Path) -> dict[str, int]:
    """Ledger -> bytes that it lacks of what it had when the cursors were written."""
    sizes = (cursors(state) or {}).get("sizes")
    if not isinstance(sizes, list):
        return {}
    lacking = {
        name: size - whole_length(state / name)
        for name, size in zip((ARCHIVE, FOLDED), sizes, strict=False)
        if isinstance(size, int)
    }
    return {name: count for name, count in lacking.items() if count > 0}


def require_whole(state: Path) -> None:
    """See that no ledger has lost its end.

    Raises: InputError
    """
    for name, count in cut_short(state).items():
        what = f"{count} bytes of it are gone" if (state / name).exists() else "gone"
        raise damaged(state / name, "", what)
