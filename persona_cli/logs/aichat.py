"""aichat's sessions, and its ``messages.md`` for what was asked outside of one.

<config>/sessions/<name>.yaml: ``messages``, and ``compressed_messages`` before them.
<config>/messages.md: ``# CHAT: <summary> [<time>]``, the input, a line of eight
dashes, the output, another such line.

aichat joins what is typed, a newline, and what was piped in or read with ``-f``; either
may be missing, and nothing marks which. So only an input of one line counts.

An output in ``messages.md`` may hold such marks itself, and so a chat that never was.
Its time would have to lie between those of the true ones around it, or it is left out.

Source: aichat 0.30, src/config/{session,input,mod}.rs.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.logs.cut import over, text_of
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import Talk, Turn, texts
from persona_cli.logs.moment import moment
from persona_cli.logs.source import Source
from persona_cli.logs.strict import check_text
from persona_cli.strict_yaml import MAX_BYTES, YamlFault, load

CHAT = b"# CHAT: "

_HEAD = re.compile(r"# CHAT: .*\[(\S{19,40})\](?: \([^()]*\))?\s*")
_RULE = b"--------"
_FILES = re.compile(r"\.file .* -- ")

_PIPED = "piped in, or a document"


def aichat_session(path: Path, log: Log, max_record: int) -> Iterator[Interaction]:
    """What the user typed in a session.

    max_record: bytes of the session, if YAML's own bound is not nearer
    """
    log.unit = "item"
    try:
        raw = path.read_bytes()[: max(MAX_BYTES, max_record) + 1]
    except OSError as error:
        raise InputError(
            f"cannot read {log.name}: {(error.strerror or str(error)).lower()}",
            remedy="Check the file and its permissions, and run the command again.",
        ) from error
    talk = Talk(log, session=log.stem)
    for number, message in enumerate(_messages(raw, log, max_record), 1):
        log.meet(number)
        try:
            yield from talk.hear(_turn(message, log))
            log.usable += 1
        except Fault as fault:
            log.skip(fault)


def _messages(raw: bytes, log: Log, max_record: int) -> list[Any]:
    """The messages of a session; one that is none counts as one bad item."""
    most = min(MAX_BYTES, max_record)
    try:
        if len(raw) > most:
            raise over(len(raw), most)
        session = load(text_of(raw, log))
        if not isinstance(session, dict):
            raise Fault("not a session")
        lists = [session.get(key) or [] for key in ("compressed_messages", "messages")]
        if not all(isinstance(messages, list) for messages in lists):
            raise Fault("not a session")
    except YamlFault as fault:
        log.meet(1)
        log.skip(Fault("not plain YAML", str(fault)))
    except Fault as fault:
        log.meet(1)
        log.skip(fault)
    else:
        return lists[0] + lists[1]
    return []


def _turn(message: Any, log: Log) -> Turn:
    match message:
        case {"role": "user", "content": str() | list() as content}:
            # Of several parts the first is text, the others are images.
            text = next(texts(content), "")
            if text.strip() and "\n" not in text:
                return Turn("user", text)
            log.leave_out(_PIPED if text.strip() else "nothing typed")
        case {"role": "assistant", "content": str() | list() as content}:
            return Turn("assistant", "\n\n".join(texts(content)))
        case {"role": "assistant" | "tool", "content": _}:
            log.leave_out("a tool's result")
        case {"role": "system", "content": _}:
            log.leave_out("a row of another type")
        case {"role": str(), "content": _}:
            log.leave_out("unknown role")
        case _:
            raise Fault("a message without `role` and `content`")
    return Turn("other", "")


def aichat_messages(
    source: Source, log: Log, *, max_record: int
) -> Iterator[Interaction]:
    """What the user typed, one input a chat."""
    before: datetime | None = None
    held: tuple[int, str, datetime] | None = None
    for number, typed, at in _chats(source, log, max_record):
        log.meet(number)
        log.usable += 1
        if held is not None:
            if at < held[2]:
                log.leave_out("a chat out of order")
            else:
                before = held[2]
                yield from _deed(log, held)
            held = None
        if before is not None and at < before:
            log.leave_out("a chat out of order")
        else:
            held = (number, typed, at)
    if held is not None:
        yield from _deed(log, held)


def _deed(log: Log, chat: tuple[int, str, datetime]) -> Iterator[Interaction]:
    log.number, typed, at = chat
    if not typed:
        log.leave_out(_PIPED)
        return
    try:
        check_text(typed)
    except Fault as fault:
        log.skip(fault)
    else:
        yield log.deed("message", typed, when=at.isoformat())


def _chats(
    source: Source, log: Log, max_record: int
) -> Iterator[tuple[int, str, datetime]]:
    """(line, input when it is one line, else nothing, time) of each chat."""
    number = 0
    above = (_RULE, b"")  # the two lines before; a chat may begin the file
    while line := source.readline(max_record + 1):
        number += 1
        if not line.endswith(b"\n"):
            source.skip_line()
        at = None
        if above == (_RULE, b"") and line.startswith(CHAT):
            head = _HEAD.fullmatch(line.decode("utf-8", "replace"))
            at = _time(head[1]) if head else None
        above = (above[1], line.rstrip(b"\r\n"))
        if at is None:
            continue
        asked = source.readline(max_record + 1)
        below = source.readline(max_record + 1) if asked.endswith(b"\n") else b""
        for part in (asked, below):
            number += 1
            if not part.endswith(b"\n"):
                source.skip_line()
        log.number = number - 1
        one = below.rstrip(b"\r\n") == _RULE
        text = text_of(asked, log).strip() if one else ""
        yield number - 1, _FILES.sub("", text), at
        above = (b"", b"")


def _time(text: str) -> datetime | None:
    try:
        return moment(text)
    except Fault:
        return None
