"""What a log is, told by its name and its beginning."""

import json
import re
from pathlib import PurePath
from typing import Any, Literal

Shape = Literal["lines", "array", "values", "csv", "text"]

_PROSE = (".txt", ".text", ".md", ".markdown")
_LINES = (".jsonl", ".ndjson")

# After the bracket that opens a JSON value; "[draft] hello" is none.
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]0-9]|\Z))')

# Columns that make a first line of CSV the head of a log.
_COLUMNS = {"rating", "score", "label", "chosen"}


def shape_of(head: bytes, name: str, *, whole: bool, named: str | None) -> Shape:
    """How the records of a log are cut from each other.

    head:   its first bytes
    name:   for its extension; may have none
    whole:  whether ``head`` is all there is
    named:  one of FORMATS when the user said so
    """
    extension = PurePath(name).suffix.lower()
    if named == "text" or (named is None and extension in (".md", ".markdown")):
        return "text"
    if extension in (".csv", ".tsv") or (extension not in _LINES and _is_csv(head)):
        return "csv"
    if not _JSON.match(head):
        known = named is not None or extension in (*_LINES, ".json")
        return "lines" if known else "text"
    if extension in _LINES:
        return "lines"
    if named is None and extension in _PROSE and not _first_line_is_json(head):
        return "text"
    return _json_shape(head, whole=whole)


def format_of(value: Any) -> str | None:
    """The format that a JSON value is a record of; None when it is of none."""
    match value:
        case {"id": str(), "kind": str(), "source": str(), "chosen": str()}:
            return "archive"
        case {"conversations": list()}:
            return "sharegpt"
        case {"chosen": _, "rejected": _}:
            return "pairs"
        case {"messages": list()}:
            return "messages"
        case {"chosen": _} | {"history": list()} | {"kind": str()}:
            return "pairs"
        case {"Pair-wise Comparative Feedback": _}:
            return "pairs"
        case {"rating": _} | {"score": _} | {"completion": _, "label": _}:
            return "ratings"
        case {"type": str()} if _AGENT_KEYS & value.keys():
            return "claude-code"
        case {"role": str(), "content": _} | {"role": str(), "message": dict()}:
            return "messages"
        case [{"role": str()}, *_]:
            return "messages"
        case _:
            return None


_AGENT_KEYS = {
    "sessionId",
    "uuid",
    "parentUuid",
    "leafUuid",
    "messageId",
    "isSidechain",
}


def _is_csv(head: bytes) -> bool:
    first, newline, _ = head.partition(b"\n")
    cells = re.split(r"[,;\t]", first.decode("utf-8", "replace").lower())
    return (
        bool(newline)
        and len(cells) > 1
        and not _COLUMNS.isdisjoint(cell.strip(' "\r') for cell in cells)
    )


def _json_shape(head: bytes, *, whole: bool) -> Shape:
    first, _, rest = head.lstrip().partition(b"\n")
    array = first.startswith(b"[")
    if _is_json(first):
        return "array" if array and whole and not rest.strip() else "lines"
    if array:
        return "array"
    if rest.lstrip(b"\r\n")[:1] == b"{" or not rest:
        return "lines"  # the first record is broken or long, and the next begins
    return "values"


def _first_line_is_json(head: bytes) -> bool:
    return _is_json(head.lstrip().partition(b"\n")[0])


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
