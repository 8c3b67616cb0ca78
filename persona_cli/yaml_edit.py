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
