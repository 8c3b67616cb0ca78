"""The records of a stream of text, and what they tell of."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import Any

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.logs.cut import csv_rows, json_items, json_lines
from persona_cli.logs.fault import Fault
from persona_cli.logs.formats import FORMATS, READERS, TEXTS, Concludes, Reader
from persona_cli.logs.log import Log
from persona_cli.logs.sniff import Shape, format_of, holds_conversations, shape_of
from persona_cli.logs.source import Source
from persona_cli.logs.tally import GoesOn, Tally

# So many records of no known format, and the others will be of none either.
_LOOKED_AT = 5


def is_log(source: Source, name: str) -> bool:
    """Whether a file is worth reading that nobody named as a log.

    source: only its head is looked at
    name:   for its extension
    """
    head = source.head
    if holds_conversations(head):
        return True
    log = Log("", "", Tally(), latest=datetime.now(UTC))
    shape = shape_of(head, name, whole=source.whole, named=None)
    if shape in ("csv", *TEXTS):
        return False
    beginning = Source(BytesIO(head), name=name)
    found = islice(_records(beginning, log, shape, len(head)), _LOOKED_AT)
    return any(format_of(record, name) is not None for record in found)


def counted(found: Iterator[Interaction], log: Log) -> Iterator[Interaction]:
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


def interactions(
    source: Source, log: Log, shape: Shape, named: str | None, max_record: int
) -> Iterator[Interaction]:
    """What a stream tells of, in its order.

    named:      one of FORMATS, or None to find out
    max_record: bytes
    """
    if shape in TEXTS:
        log.format = shape
        yield from TEXTS[shape](source, log, max_record=max_record)
        return
    reader: Reader | None = None
    for record in _records(source, log, shape, max_record):
        try:
            if reader is None:
                log.format = named or _recognised(record, log.name)
                if log.format in ("claude-code", "cursor") and log.subagent:
                    log.usable += 1
                    log.leave_out("a subagent's log")
                    return
                reader = READERS[log.format](log)
            yield from reader.read(record)
            log.usable += 1
        except Fault as fault:
            log.skip(fault)
    if isinstance(reader, Concludes):
        yield from reader.conclude()
    elif log.read_to and getattr(reader, "alone", False):
        log.tally.goes_on = GoesOn(*log.read_to, log.format)


def _records(source: Source, log: Log, shape: Shape, max_record: int) -> Iterator[Any]:
    match shape:
        case "csv":
            return csv_rows(source, log, max_record=max_record)
        case "array" | "values":
            array = shape == "array"
            return json_items(source, log, array=array, max_record=max_record)
        case _:
            return json_lines(source, log, max_record=max_record)


def _recognised(record: Any, name: str) -> str:
    found = format_of(record, name)
    if found is None:
        raise Fault("of no known format")
    return found
