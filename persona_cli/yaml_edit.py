"""Change one key of a YAML file that a person keeps, and no other byte of it."""

import re
from typing import Any

from persona_cli import strict_yaml

KEY = re.compile(r"(?P<key>[A-Za-z_][\w-]*)[ \t]*:(?=\s|$)")

# What is replaced in a line: the value between the key and a comment.
_LINE = re.compile(
    r"""(?P<lead>[A-Za-z_][\w-]*[ \t]*:[ \t]*)
        (?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'\s#](?:[^#\n]|(?<=\S)\#)*?)?
        (?P<tail>[ \t]+\#.*|[ \t]*)$""",
    re.VERBOSE,
)
_FURTHER = re.compile(r"[ \t]+[^\s#]|-[ \t]")


def with_key(text: str, key: str, value: Any) -> str:
    """``text``, in which ``key`` says ``value``; comments and the rest stay.

    key:    of the outermost mapping; added at the end when it is not there
    value:  None takes the key out
    Raises: ValueError when the change cannot be made line by line (the mapping
            stands in braces, say); YamlFault when ``text`` is broken already
    """
    before = strict_yaml.load(text) or {}
    if not isinstance(before, dict):
        raise ValueError("the file holds no keys")  # noqa: TRY004 (of the file)
    wanted = {name: kept for name, kept in before.items() if name != key}
    if value is not None:
        wanted[key] = value
    after = _edited(text, key, value)
    try:
        found = strict_yaml.load(after) or {}
    except strict_yaml.YamlFault as fault:
        raise ValueError(f"{key} cannot be changed line by line") from fault
    if found != wanted:
        raise ValueError(f"{key} cannot be changed line by line")
    return after


def _edited(text: str, key: str, value: Any) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    for index, line in enumerate(lines):
        match = KEY.match(line)
        if not match or match["key"] != key:
            continue
        end = index + 1
        while end < len(lines) and _FURTHER.match(lines[end]):
            end += 1  # the rest of the old value
        said: list[str] = []
        if value is not None:
            parts = _LINE.match(line.rstrip("\r\n"))
            lead, tail = (parts["lead"], parts["tail"]) if parts else (f"{key}: ", "")
            lead = f"{lead.rstrip()} "
            said = [f"{lead}{strict_yaml.dump_inline(value)}{tail.rstrip()}{newline}"]
        return "".join([*lines[:index], *said, *lines[end:]])
    if value is None:
        return text
    gap = newline if text and not text.endswith("\n") else ""
    return f"{text}{gap}{key}: {strict_yaml.dump_inline(value)}{newline}"


def with_item(text: str, key: str, item: Any) -> str:
    """``text``, in which the list of ``key`` has one more item, at its end.

    key:    as in ``with_key``; made where it is missing
    Raises: as ``with_key``
    """
    before = _list(text, key)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    items = _items(lines, key)
    if not items:
        return with_key(text, key, [*before, item])
    newline = "\r\n" if "\r\n" in text else "\n"
    first, end = items[-1]
    indent = lines[first][: lines[first].index("-")]
    said = f"{indent}- {strict_yaml.dump_inline(item)}{newline}"
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += newline
    return _checked(
        "".join([*lines[:end], said, *lines[end:]]), text, key, [*before, item]
    )


def without_item(text: str, key: str, place: int) -> str:
    """``text``, in which the list of ``key`` lacks the item at ``place``, from 0.

    A list that is empty then stays as an empty one, or goes, key and all.

    Raises: as ``with_key``
    """
    before = _list(text, key)
    wanted = [one for number, one in enumerate(before) if number != place]
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    items = _items(lines, key)
    if not items:
        return with_key(text, key, wanted or None)
    first, end = items[place]
    if not wanted:  # what a person noted around it stays
        head = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
        lines[head] = lines[head].replace(":", ": []", 1)
    return _checked("".join([*lines[:first], *lines[end:]]), text, key, wanted)


def _list(text: str, key: str) -> list[Any]:
    found = (strict_yaml.load(text) or {}).get(key) or []
    if not isinstance(found, list):
        raise ValueError(f"{key} is no list")  # noqa: TRY004 (of the file)
    return found


def _items(lines: list[str], key: str) -> list[tuple[int, int]]:
    """Of a list in lines of its own: where each item begins and ends (exclusive)."""
    starts = [
        n for n, line in enumerate(lines) if (m := KEY.match(line)) and m["key"] == key
    ]
    items: list[tuple[int, int]] = []
    indent: str | None = None
    for number in range(starts[0] + 1 if starts else len(lines), len(lines)):
        line = lines[number]
        found = re.match(r"([ ]*)-[ \t]", line)
        if found and (indent is None or found[1] == indent):
            indent = found[1]
            items.append((number, number + 1))
        elif indent is not None and line.startswith(indent + " ") and line.strip():
            if not line.lstrip().startswith("#"):
                items[-1] = (items[-1][0], number + 1)
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return items


def _checked(after: str, text: str, key: str, value: Any) -> str:
    wanted = {**strict_yaml.load(text), key: value}
    try:
        if strict_yaml.load(after) == wanted:
            return after
    except strict_yaml.YamlFault as fault:
        raise ValueError(f"{key} cannot be changed line by line") from fault
    raise ValueError(f"{key} cannot be changed line by line")
