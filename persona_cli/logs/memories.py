"""What other tools remember of their user: each note a ``stated``, at second hand.

    [2026-01-02] - Prefers short answers.                 Claude's list, one a line
    {"type": "entity", "name": "default_user",            MCP's memory server
     "entityType": "person", "observations": ["…"]}
    {"schema": "portable-ai-memory", "memories": […]}     Portable AI Memory 1.0

The words are the tool's and not the user's. So each note's source is
``<format>:memory`` (see ``Interaction.secondhand``), and a claim that rests on notes
alone waits for a review.

Whose notes: Claude's list is of its owner. Of MCP's graph only the entity that stands
for the user counts, by its name (``default_user`` in the server's own instructions) or
by the type ``user``; what is noted of others, and relations, are left out. Of a PAM
file only notes that are ``active``, still valid and not superseded count, and none of
the type ``relationship``, which speaks of others.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from persona_cli.interaction import MEMORY, Interaction
from persona_cli.logs.cut import over, text_of
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.moment import moment
from persona_cli.logs.source import Source
from persona_cli.logs.strict import check_text

PAM_SCHEMA = "portable-ai-memory"

# The form wants a day for every note; this one says that nobody knows it.
_NO_DAY = "1970-01-01"

_USERS = frozenset(("default_user", "user", "the_user", "me", "self"))

_NOTE = re.compile(
    r"\s*(?:[-*•]\s+)?\[(?P<when>[^\]\n]{0,40})\]\s*[-–—:]\s+(?P<text>.*\S)\s*"
)
# Of a list that nobody named as one, the first lines must look so.
_SURE = re.compile(
    rb"\s*(?:[-*]\s+)?\[(?:[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?[^\]\n]{0,20}|unknown"
    rb"|date unknown|no date)\]\s*(?:-|\xe2\x80[\x93\x94])\s+\S"
)
_LOOKED_AT = 2
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\S*")


def is_memory_list(head: bytes) -> bool:
    """Whether a text's first bytes are a list of dated notes."""
    lines = [line for line in head.split(b"\n") if _says_something(line)]
    return bool(lines) and all(map(_SURE.match, lines[:_LOOKED_AT]))


def memory_list(source: Source, log: Log, *, max_record: int) -> Iterator[Interaction]:
    """The notes of a list, in its order; a line without a date goes on with a note."""
    number = size = 0
    note: list[str] = []
    when = ""
    while line := source.readline(max_record + 1):
        number += 1
        more = 0 if line.endswith(b"\n") else source.skip_line()
        if not _says_something(line):
            continue
        text = text_of(line, log)
        begins = _NOTE.match(text)
        if begins is None and note:
            size += len(line) + more
            note.append(text.strip())
            if size > max_record:
                note = note[:1]  # what is kept does not grow; the size tells
            continue
        yield from _listed(log, note, when, size, max_record)
        log.meet(number)
        note, size = [], len(line) + more
        if begins is None:
            log.skip(Fault("a line without `[date] - `"))
            continue
        note, when = [begins["text"]], begins["when"].strip()
    yield from _listed(log, note, when, size, max_record)


def _listed(
    log: Log, note: list[str], when: str, size: int, max_record: int
) -> Iterator[Interaction]:
    if not note:
        return
    try:
        if size > max_record:
            raise over(size, max_record)
        deed = _deed(log, "\n".join(note), when if _DAY.fullmatch(when) else None)
    except Fault as fault:
        log.skip(fault)
    else:
        log.usable += 1
        yield deed


def _says_something(line: bytes) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(b"```")


class McpMemoryReader:
    """Reads the entities of MCP's memory server, one a line."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """What is noted of the user in one line."""
        match record:
            case {"type": "entity", "name": str(name), "observations": list(noted)}:
                if not _is_user(name, record.get("entityType")):
                    self._log.leave_out("notes of somebody else, or of a thing")
                    return
                yield from self._noted(noted)
            case {"type": "relation"}:
                self._log.leave_out("a relation between notes")
            case _:
                raise Fault("neither an entity nor a relation")

    def _noted(self, noted: list[Any]) -> Iterator[Interaction]:
        for one in noted:
            match one:
                case str(text) | {"content": str(text)} if text.strip():
                    yield _deed(self._log, text, None)
                case _:
                    self._log.skip(Fault("an observation that is not text"))


def _is_user(name: str, kind: object) -> bool:
    plain = re.sub(r"[\s_-]+", "_", name.strip().casefold())
    return plain in _USERS or (isinstance(kind, str) and kind.casefold() == "user")


class PamReader:
    """Reads Portable AI Memory files: all notes of one person in one object."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The notes that hold, in the order of the file."""
        if not isinstance(record, dict) or record.get("schema") != PAM_SCHEMA:
            raise Fault(f"`schema` is not {PAM_SCHEMA}")
        memories = record.get("memories")
        if not isinstance(memories, list):
            raise Fault("no `memories`")
        for memory in memories:
            try:
                yield from self._one(memory)
            except Fault as fault:
                self._log.skip(fault)

    def _one(self, memory: Any) -> Iterator[Interaction]:
        match memory:
            case {"content": str(text), "type": str(kind)}:
                why = _not_held(memory, kind, self._log.latest)
                if why is not None:
                    self._log.leave_out(why)
                    return
                times = memory.get("temporal")
                when = times.get("created_at") if isinstance(times, dict) else None
                if str(when).startswith(_NO_DAY):
                    when = None
                yield _deed(self._log, text, when)
            case _:
                raise Fault("a memory without `type` and `content`")


def _not_held(memory: dict[str, Any], kind: str, latest: datetime) -> str | None:
    """Why a note is not to be taken; None when it holds."""
    if memory.get("status", "active") != "active":
        return "a memory that is no longer active"
    if kind == "relationship":
        return "a memory of somebody else"
    match memory.get("temporal"):
        case {"superseded_by": str(other)} if other:
            return "a memory that another took the place of"
        case {"valid_until": str(until)} if until:
            ended = moment(until)
            if ended is not None and ended < latest:
                return "a memory that is no longer valid"
    return None


def _deed(log: Log, text: str, when: object) -> Interaction:
    check_text(text)
    return log.deed("stated", text.strip(), when=when, session=MEMORY)
