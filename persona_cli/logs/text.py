"""Posts: plain text or markdown that the user wrote, one a file or more.

A line ``---`` parts one post from the next. Front matter at the top is no post, but
may say when the posts were written.
"""

import re
from collections.abc import Iterator

from persona_cli.interaction import Interaction
from persona_cli.logs.cut import over, text_of
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import WHEN, Log
from persona_cli.logs.source import Source
from persona_cli.logs.strict import check_text

_KEY = re.compile(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*?))?\s*")
_LONGEST_FRONT = 200


def posts(source: Source, log: Log, *, max_record: int) -> Iterator[Interaction]:
    """The posts of a text, in its order."""
    when: str | None = None
    opened = False  # by a line of dashes with nothing before it
    for place, (number, text, size) in enumerate(_pieces(source, log, max_record)):
        front = _front(text) if opened else None
        opened = place == 0 and not size
        if front is not None:
            when = next((front[key] for key in WHEN if front.get(key)), None)
            if front.get("type") == "persona-profile":
                log.usable += 1
                log.leave_out("a profile of persona's")
                return
            continue
        if not size:
            continue
        log.meet(number)
        try:
            if size > max_record:
                raise over(size, max_record)
            check_text(text)
            deed = log.deed("post", text.strip(), when=when)
        except Fault as fault:
            log.skip(fault)
        else:
            log.usable += 1
            yield deed


def _pieces(
    source: Source, log: Log, max_record: int
) -> Iterator[tuple[int, str, int]]:
    """(first line, text, bytes) of what stands between lines of ``---``.

    Bytes are 0 where there is only white space, and the text is empty where there
    are more than ``max_record``.
    """
    lines: list[str] = []
    first = number = 0
    size = 0
    while line := source.readline(max_record + 1):
        number += 1
        if line.rstrip() == b"---":
            yield first, "".join(lines), size
            lines, size = [], 0
            continue
        if not size and line.isspace():
            continue
        if not size:
            first = number
        log.number = number
        size += len(line)
        if not line.endswith(b"\n"):
            size += source.skip_line()
        if size > max_record:
            lines.clear()
        else:
            lines.append(text_of(line, log))
    yield first, "".join(lines), size


def _front(text: str) -> dict[str, str] | None:
    """The keys of front matter; None when the text is none."""
    lines = text.splitlines()
    if not lines or len(lines) > _LONGEST_FRONT:
        return None
    found: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.startswith((" ", "\t", "#", "-", "]", "}")):
            continue
        match = _KEY.fullmatch(line)
        if match is None:
            return None
        found[match[1]] = (match[2] or "").strip("\"'")
    return found or None
