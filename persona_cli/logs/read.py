"""A log becomes interactions."""

import difflib
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from persona_cli.errors import InputError, UsageError
from persona_cli.interaction import Interaction
from persona_cli.logs.archive import ArchiveReader
from persona_cli.logs.claude_code import ClaudeCodeReader
from persona_cli.logs.cut import csv_rows, json_items, json_lines
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import MessagesReader
from persona_cli.logs.pairs import PairsReader
from persona_cli.logs.ratings import RatingsReader
from persona_cli.logs.sharegpt import ShareGptReader
from persona_cli.logs.sniff import Shape, format_of, shape_of
from persona_cli.logs.source import Source
from persona_cli.logs.tally import Tally
from persona_cli.logs.text import posts
from persona_cli.logs.whole import HEAD, WHOLE, whole_format

MAX_RECORD = 1 << 20

# A clock may be a little wrong, a time zone forgotten.
_LEEWAY = timedelta(days=1)


class Reader(Protocol):
    """Knows one format, and what its last record was."""

    def read(self, record: Any) -> Iterator[Interaction]:
        """What a record tells of; raises Fault when it is not of this format."""
        ...


READERS: dict[str, Callable[[Log], Reader]] = {
    "pairs": PairsReader,
    "ratings": RatingsReader,
    "messages": MessagesReader,
    "sharegpt": ShareGptReader,
    "claude-code": ClaudeCodeReader,
    "archive": ArchiveReader,
}

FORMATS: tuple[str, ...] = (
    "pairs",
    "ratings",
    "messages",
    "sharegpt",
    "claude-code",
    "text",
    "archive",
    *WHOLE,
)


def read_log(
    path: Path,
    *,
    tally: Tally,
    format: str | None = None,
    max_record: int = MAX_RECORD,
    now: datetime | None = None,
) -> Iterator[Interaction]:
    """What a log file tells of, in its order.

    format:     one of FORMATS; None to find out
    max_record: bytes; longer records are skipped, and counted
    now:        times after it are not believed; None is the clock's
    Raises:     UsageError for a format that is none, at once; InputError, while
                reading, when the file cannot be read or no record of it can
    """
    _check_format(format)
    return _from_file(path, tally, format, max_record, now)


def read_stream(
    stream: BinaryIO,
    *,
    name: str,
    tally: Tally,
    format: str | None = None,
    max_record: int = MAX_RECORD,
    now: datetime | None = None,
) -> Iterator[Interaction]:
    """The same for a stream, which need not be seekable.

    name: for notes and sources; its extension counts as a file's does
    """
    _check_format(format)
    return _from_stream(stream, Path(name), tally, format, max_record, now)


def _from_file(
    path: Path,
    tally: Tally,
    named: str | None,
    max_record: int,
    now: datetime | None,
) -> Iterator[Interaction]:
    shown = printable(str(path))
    try:
        # Without O_NONBLOCK, a pipe would keep us waiting for someone to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise cannot_read(shown, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_a_file(shown)
    with os.fdopen(descriptor, "rb", buffering=1 << 18) as file:
        whole = named if named in WHOLE else None
        if whole is None and named is None:
            whole = whole_format(path, file.read(HEAD))
            file.seek(0)
        if whole is None:
            yield from _from_stream(file, path, tally, named, max_record, now)
            return
    log = _log(path, tally, now)
    log.format = whole
    yield from _counted(WHOLE[whole](path, log, max_record), log)


def _from_stream(
    stream: BinaryIO,
    path: Path,
    tally: Tally,
    named: str | None,
    max_record: int,
    now: datetime | None,
) -> Iterator[Interaction]:
    log = _log(path, tally, now)
    source = Source(stream, name=log.name)
    if source.whole and not source.head.strip():
        tally.note(f"{log.name} is empty, nothing to do")
        return
    shape = shape_of(source.head, path.name, whole=source.whole, named=named)
    yield from _counted(_interactions(source, log, shape, named, max_record), log)


def _log(path: Path, tally: Tally, now: datetime | None) -> Log:
    return Log(
        name=printable(str(path)),
        stem=printable(path.stem) or "log",
        tally=tally,
        latest=(now or datetime.now(UTC)) + _LEEWAY,
        subagent=path.name.startswith("agent-") or "subagents" in path.parent.parts,
    )


def _counted(found: Iterator[Interaction], log: Log) -> Iterator[Interaction]:
    """All that a log tells of, counted.

    Raises: InputError when no record of it can be used
    """
    for interaction in found:
        log.tally.interactions += 1
        yield interaction
    if log.seen and not log.usable:
        records = f"{log.seen} {log.unit}{'s' if log.seen > 1 else ''}"
        raise InputError(
            f"{log.name}: no usable record in {records}",
            remedy=f"Give a log of one of these formats: {', '.join(FORMATS)};"
            " --format names one that is not recognised.",
        )


def _interactions(
    source: Source, log: Log, shape: Shape, named: str | None, max_record: int
) -> Iterator[Interaction]:
    if shape == "text":
        log.format = "text"
        yield from posts(source, log, max_record=max_record)
        return
    reader: Reader | None = None
    for record in _records(source, log, shape, max_record):
        try:
            if reader is None:
                log.format = named or _recognised(record)
                if log.format == "claude-code" and log.subagent:
                    log.usable += 1
                    log.leave_out("a subagent's log")
                    return
                reader = READERS[log.format](log)
            yield from reader.read(record)
            log.usable += 1
        except Fault as fault:
            log.skip(fault)


def _records(source: Source, log: Log, shape: Shape, max_record: int) -> Iterator[Any]:
    match shape:
        case "csv":
            return csv_rows(source, log, max_record=max_record)
        case "array" | "values":
            array = shape == "array"
            return json_items(source, log, array=array, max_record=max_record)
        case _:
            return json_lines(source, log, max_record=max_record)


def _recognised(record: Any) -> str:
    found = format_of(record)
    if found is None:
        raise Fault("of no known format")
    return found


def _check_format(named: str | None) -> None:
    if named is None or named in FORMATS:
        return
    near = difflib.get_close_matches(named.lower(), FORMATS, n=2, cutoff=0.5)
    guess = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"no such format: {printable(named)}",
        remedy=f"{guess}Formats are {', '.join(FORMATS)}.",
    )


def printable(name: str) -> str:
    """A file's name that can stand in a message and in a file of ours."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def cannot_read(shown: str, error: Exception) -> InputError:
    """The failure of a log that is missing or locked away."""
    if isinstance(error, FileNotFoundError | ValueError):
        return no_such_log(shown)
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(
        f"cannot read {shown}: {(reason or str(error)).lower()}",
        remedy="Check the file and its permissions, and run the command again.",
    )


def no_such_log(shown: str) -> InputError:
    """The failure of a name that nothing has."""
    return InputError(
        f"no such log: {shown}",
        remedy="Check the name; give files, folders, globs in quotes, or - for stdin.",
    )


def not_a_file(shown: str) -> InputError:
    """The failure of a pipe, a device or a folder where a log should be."""
    return InputError(
        f"{shown}: not a regular file",
        remedy="Pipe what it holds into the command, with - for the log.",
    )
