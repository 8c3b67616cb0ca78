"""YAML for files that people write, without its traps.

What may stand here is a small part of YAML: mappings, lists and scalars, as
blocks or in braces. Aliases, anchors and tags are refused, since a few lines of
them grow to gigabytes; so are duplicate keys, of which PyYAML keeps the last
without a word, and anything deeper or larger than a person writes.

Plain scalars mean ``null`` (also ``~`` and nothing), ``true``, ``false``, whole
numbers and decimal ones. Everything else is the text it is: ``no``, ``010``,
``12:30``, ``1.2.3`` and ``2026-11-23T16:25:00Z`` stay strings. Keys are always
text.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml.events import Event, ScalarEvent

MAX_DEPTH = 20
MAX_BYTES = 1_000_000

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}

# Outside YAML's printable set; PyYAML's own report of it has no line. Three small
# classes, since one large one takes milliseconds to compile.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|[\ud800-\udfff]|[\ufffe\uffff]"
)

# Written without quotes: begins with a letter, holds nothing that could end it
# inside braces, and a colon only where no space follows.
_PLAIN = re.compile(r"[^\W\d_](?:[\w ./@+~()*%$-]|:(?=[\w/]))*")
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:\d\d)?)?"
)
# What readers of YAML 1.1 would not take for text.
_TAKEN = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class YamlFault(ValueError):  # noqa: N818 (it is met only inside an InputError)
    """The text is not YAML, or not the YAML that is allowed here.

    line, column: where, from 1
    problem:      what is wrong, without the place
    """

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(f"{line}:{column}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


def load(text: str) -> Any:
    """Read one document; nothing at all is None.

    Shape:  dicts with str keys, lists, str, int, float, bool and None
    Raises: YamlFault
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise YamlFault(1, 1, f"too large: {size} bytes, of {MAX_BYTES} at most")
    if odd := _ODD.search(text.removeprefix("\ufeff")):
        start = odd.start() + text.startswith("\ufeff")
        line = text.count("\n", 0, start) + 1
        column = start - text.rfind("\n", 0, start)
        raise YamlFault(line, column, f"U+{ord(odd[0]):04X} is not allowed")
    import yaml

    try:
        return _document(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or error.context or "not YAML"
        raise YamlFault(line, column, problem) from error
    except yaml.YAMLError as error:
        raise YamlFault(1, 1, str(error).replace("\n", " ")) from error


def dump_inline(value: Any) -> str:
    """``value`` on one line, as ``load`` reads it back.

    Raises: TypeError or ValueError for what YAML here cannot say, which is a
            mistake of ours
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _dump_float(value)
        case str():
            return _dump_text(value)
        case Mapping():
            pairs = (
                f"{_dump_text(str(key))}: {dump_inline(item)}"
                for key, item in value.items()
            )
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(dump_inline, value)) + "]"
    raise TypeError(f"no YAML for {type(value).__name__}")


def _events(text: str) -> "Iterator[Event]":
    import yaml

    # libyaml where it is built in: ten times as fast, the same events.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise _fault(event, "aliases are not allowed")
        if isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                raise _fault(event, "anchors are not allowed")
            if getattr(event, "tag", None) is not None:
                raise _fault(event, "tags are not allowed")
        yield event


def _document(events: "Iterator[Event]") -> Any:
    import yaml

    value: Any = None
    seen = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            seen += 1
            if seen > 1:
                raise _fault(event, "a second document begins")
        elif isinstance(event, yaml.NodeEvent):
            value = _node(event, events, depth=1)
    return value


def _node(event: "Event", events: "Iterator[Event]", *, depth: int) -> Any:
    import yaml

    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth > MAX_DEPTH:
        raise _fault(event, f"nested deeper than {MAX_DEPTH}")
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(entry := next(events), yaml.SequenceEndEvent):
            items.append(_node(entry, events, depth=depth + 1))
        return items
    mapping: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise _fault(key, "a key must be plain text")
        if key.value in mapping:
            raise _fault(key, f"duplicate key {key.value!r}")
        mapping[key.value] = _node(next(events), events, depth=depth + 1)
    return mapping


def _scalar(event: "ScalarEvent") -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if math.isinf(number):
                raise ValueError(text)
            return number
    except ValueError as error:
        raise _fault(event, "the number is too long") from error
    return text


def _fault(event: "Event", problem: str) -> YamlFault:
    mark: Any = event.start_mark
    return YamlFault(mark.line + 1, mark.column + 1, problem)


def _dump_float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"no YAML for {value}")
    text = repr(value)
    # YAML 1.1 takes 1e-05 for text: it wants the point.
    return text if "." in text else text.replace("e", ".0e")


def _dump_text(text: str) -> str:
    plain = _STAMP.fullmatch(text) or (
        _PLAIN.fullmatch(text)
        and not text.endswith(" ")
        and text.casefold() not in _TAKEN
        and not _ODD.search(text)
    )
    if plain:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    code = ord(char)
    if char.isprintable():
        return char
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("half a character: a lone surrogate")
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
