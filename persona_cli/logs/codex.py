"""Codex CLI's session files, and its history of prompts.

Each message of the user stands there twice: as ``event_msg`` of type ``user_message``
(what was typed) and as ``response_item`` (what the model was sent). One of them
counts, the event where there is one. Files older than events have bare items, without
``payload``. ``history.jsonl`` has the same messages once more.

A message is known by its session and its words, so that it counts once in whichever
of these files it is met, and twice the same words in one session count once.
"""

import re
from collections.abc import Iterator
from typing import Any

from persona_cli.interaction import Interaction, fingerprint
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, folder, label
from persona_cli.logs.messages import Talk, Turn, texts
from persona_cli.scope import GLOBAL

# What Codex itself sends in the user's name begins with one of these, or with an
# element of the same kind that a later version brings.
_NOT_TYPED = re.compile(
    r"\s*(?:<[a-z]+(?:[ _-][a-z]+)+>"
    r"|<(?:instructions|skill|model|hook|personality)\b[^<>\n]{0,200}>"
    r"|\# AGENTS\.md instructions for\b)",
    re.IGNORECASE,
)

# An editor puts what is open in it before the request. The last of these marks is
# Codex's own: a file that is open may hold others.
_CONTEXT = "# Context from my IDE setup:"
_REQUEST = "## My request for Codex:"

# Older files tell the folder nowhere else.
_FOLDER = re.compile(r"<cwd>([^<\n]{1,1000})</cwd>|Current working directory: (.+)")

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

# The source of a session that another one began: {"subagent": …}.
_AGENTS = frozenset(("subagent", "sub_agent", "internal"))

_OTHER = "a row of another type"


class CodexReader:
    """Reads rows of sessions, or of the history, one after the other."""

    def __init__(self, log: Log) -> None:
        self._log = log
        found = _ID.search(log.stem)
        self._session = found[0] if found else log.stem
        self._scope = GLOBAL
        self._talk = Talk(log, session=self._session)
        self._subagent = False
        self._held: Turn | None = None  # an item whose event may come
        self._told = ""  # the words of an event whose item may come

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user typed in one row, if anything."""
        match record:
            case {"type": "session_meta", "payload": dict(meta)}:
                yield from self.conclude()
                self._enter(meta)
            case {"type": str(kind), "payload": dict(payload)}:
                yield from self._row(kind, payload, record.get("timestamp"))
            case {"session_id": str(session), "text": str(text), "ts": when}:
                yield from self._remembered(session, text, when)
            case {"payload": _}:
                raise Fault("a row without `type` and `payload`")
            case {"type": str()}:
                yield from self._item(record, record.get("timestamp"))
            case {"id": str(), "timestamp": str()}:
                self._enter(record)
            case {"record_type": str()} | {"id": str(), "thread_name": _}:
                self._log.leave_out(_OTHER)
            case _:
                raise Fault("a row without `type`")

    def conclude(self) -> Iterator[Interaction]:
        """What waited for an event that did not come."""
        self._told = ""
        turn, self._held = self._held, None
        if turn is not None:
            yield from self._talk.hear(turn)

    def _enter(self, meta: dict[str, Any]) -> None:
        """Follow the rows into the session they are of."""
        self._session = label(meta.get("id")) or self._session
        self._scope = folder(meta.get("cwd"))
        self._talk = Talk(self._log, session=self._session, scope=self._scope)
        source = meta.get("source")
        self._subagent = isinstance(source, dict) and not _AGENTS.isdisjoint(source)

    def _row(
        self, kind: str, payload: dict[str, Any], when: object
    ) -> Iterator[Interaction]:
        match kind, payload:
            case "event_msg", {"type": "user_message"}:
                yield from self._event(payload, when)
            case "event_msg", {"type": "agent_message", "message": str(text)}:
                yield from self._answered(text)
            case "response_item", _:
                yield from self._item(payload, when)
            case "turn_context", {"cwd": str(cwd)}:
                self._in(folder(cwd))
                self._log.leave_out(_OTHER)
            case "compacted", _:
                self._log.leave_out("a summary")
            case _:
                self._log.leave_out(_OTHER)

    def _event(self, payload: dict[str, Any], when: object) -> Iterator[Interaction]:
        """What was typed; the item that was held is the same, as it was sent."""
        text = payload.get("message")
        if not isinstance(text, str):
            raise Fault("a user's message without text")
        self._held = None
        turn = self._turn(text, when, plain=payload.get("kind") in (None, "plain"))
        self._told = turn.text
        yield from self._talk.hear(turn)

    def _item(self, payload: dict[str, Any], when: object) -> Iterator[Interaction]:
        if payload.get("type") != "message":
            yield from self.conclude()
            if payload.get("type") != "reasoning":  # a tool's use, or its result
                yield from self._talk.hear(Turn("assistant", "", acts=True))
            self._log.leave_out(_OTHER)
            return
        content = payload.get("content")
        if not isinstance(content, str | list):
            raise Fault("a message without `content`")
        text = "\n\n".join(texts(content))
        match payload.get("role"):
            case "user":
                told = self._told
                yield from self.conclude()
                turn = self._turn(text, when)
                if turn.speaker == "user" and not (told and told in turn.text):
                    self._held = turn
            case "assistant":
                yield from self._answered(text)
            case _:
                self._log.leave_out(_OTHER)

    def _answered(self, text: str) -> Iterator[Interaction]:
        yield from self.conclude()
        yield from self._talk.hear(Turn("assistant", text))

    def _turn(self, text: str, when: object, *, plain: bool = True) -> Turn:
        """A user's row, as the user's only when they typed it."""
        if self._subagent:
            self._log.leave_out("a subagent's row")
            return Turn("other", "")
        typed = "" if not plain or _NOT_TYPED.match(text) else _request(text)
        if not typed:
            if found := _FOLDER.search(text):
                self._in(folder(found[1] or found[2]))
            self._log.leave_out("nothing typed")
            return Turn("other", "")
        return Turn("user", typed, given=self._id(self._session, typed), when=when)

    def _in(self, scope: str) -> None:
        """The first folder that a session names is its project."""
        if self._scope == GLOBAL != scope:
            self._scope = scope
            self._talk = Talk(self._log, session=self._session, scope=scope)

    def _remembered(
        self, session: str, text: str, when: object
    ) -> Iterator[Interaction]:
        """A row of ``history.jsonl``, which knows no folder and no answers."""
        session = label(session) or self._log.stem
        talk = Talk(self._log, session=session)
        given = self._id(session, text.strip())
        yield from talk.hear(Turn("user", text.strip(), given=given, when=when))

    @staticmethod
    def _id(session: str, text: str) -> str:
        return f"{session}:{fingerprint(text)}"


def _request(text: str) -> str:
    """What was asked, without what an editor put before it."""
    if text.lstrip().startswith(_CONTEXT):
        text = text.rpartition(_REQUEST)[2] if _REQUEST in text else ""
    return text.strip()
