"""Claude Code's session files: what the user typed, between rows of other things.

Tool results are rows of type ``user`` too, and so are the program's own remarks:
what counts is text in the row that nothing marks as the machine's.
"""

import re
from collections.abc import Iterator
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, folder, label
from persona_cli.logs.messages import Talk, Turn, content_of, texts, uses_tool
from persona_cli.logs.signals import Edits
from persona_cli.scope import GLOBAL

_NOT_TYPED = (
    "<command-name>",
    "<command-message>",
    "<command-args>",
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<system-reminder>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<ide_opened_file>",
    "<ide_selection>",
    "<task-notification>",
    "<user-prompt-submit-hook>",
    "Caveat:",
    "[Request interrupted by user",
    "This session is being continued from a previous conversation",
)

_REMINDER = re.compile(r"<system-reminder>.*?(?:</system-reminder>|\Z)", re.DOTALL)

_FLAGS = {
    "isSidechain": "a subagent's row",
    "isMeta": "the program's own row",
    "isCompactSummary": "a summary",
    "isVisibleInTranscriptOnly": "the program's own row",
    "isApiErrorMessage": "the program's own row",
}


class ClaudeCodeReader:
    """Reads rows of sessions, one after the other."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._session = ""
        self._scope = GLOBAL
        self._talk = Talk(log)
        self._edits = Edits(log)

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user typed in one row, if anything."""
        if not isinstance(record, dict) or not isinstance(record.get("type"), str):
            raise Fault("a row without `type`")
        if record["type"] not in ("user", "assistant"):
            self._log.leave_out("a row of another type")
            return
        for flag, reason in _FLAGS.items():
            if record.get(flag):
                self._log.leave_out(reason)
                return
        content = content_of(record.get("message"))
        if not isinstance(content, str | list):
            raise Fault("a row without `message`")
        self._enter(record)
        if isinstance(content, list):
            yield from self._changed(content, record.get("timestamp"))
        turn = self._turn(record, content)
        if turn.speaker == "user":
            self._edits.request = turn.text
        yield from self._talk.hear(turn)

    def _changed(self, content: list[Any], when: object) -> Iterator[Interaction]:
        """What the user chose among changes to a file, if anything."""
        for part in content:
            match part:
                case {"type": "tool_use"}:
                    self._edits.used(part)
                case {"type": "tool_result"}:
                    yield from self._edits.came_of(part, when)

    def _turn(self, record: dict[str, Any], content: str | list[Any]) -> Turn:
        if record["type"] == "assistant":
            said = "\n\n".join(texts(content))
            return Turn("assistant", said, acts=uses_tool(content))
        typed = list(typed_in(content))
        if not typed:
            self._log.leave_out(
                "a tool's result" if "toolUseResult" in record else "nothing typed"
            )
        return Turn(
            "user" if typed else "other",
            "\n\n".join(typed),
            given=record.get("uuid"),
            when=record.get("timestamp"),
        )

    def _enter(self, record: dict[str, Any]) -> None:
        """Follow the rows into the session they are of.

        The folder a session began in is its project: later rows may stand in one
        below it.
        """
        session = label(record.get("sessionId")) or self._log.stem
        if session != self._session:
            self._session, self._scope = session, folder(record.get("cwd"))
            self._talk = Talk(self._log, session=session, scope=self._scope)
            self._edits = Edits(self._log, session=session, scope=self._scope)


def typed_in(content: str | list[Any]) -> Iterator[str]:
    """The pieces of a row's content that a person typed."""
    for text in texts(content):
        if not text.lstrip().startswith(_NOT_TYPED):
            rest = _REMINDER.sub("", text).strip()
            if rest:
                yield rest
