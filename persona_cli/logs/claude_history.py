"""Claude Code's ``history.jsonl``: every prompt that was typed, kept for longer.

{"display": "…", "timestamp": 1764303341137, "project": "/home/ada/parser",
 "sessionId": "…", "pastedContents": {}}

Session files tell the same prompts with what was answered, until they are deleted
after 30 days. A prompt whose session still lies beside the history is left to it. The
two give no id in common: a history that is read again after its sessions were deleted
counts their prompts twice. So it is not taken from a folder, only by its name, and is
meant to be read once.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, folder, label
from persona_cli.logs.moment import moment

_PASTED = re.compile(
    r"\[(?:Pasted text|Image|\.\.\.Truncated text) #[0-9]{1,6}[^\]]*\]"
)

# Commands of the program, and of the shell.
_COMMANDS = ("/", "!")

# The first row that has a time is among these.
_FIRST_ROWS = 20
_LONGEST_ROW = 1 << 16


class ClaudeHistoryReader:
    """Reads prompts of many sessions."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._sessions = Path(log.name).parent / "projects"
        self._begun: dict[str, datetime | None] = {}

    def read(self, record: Any) -> Iterator[Interaction]:
        """One prompt, unless its session tells it."""
        match record:
            case {"display": str(text), "timestamp": int() | str() as when}:
                pass
            case _:
                raise Fault("no `display` and `timestamp`")
        where = record.get("project")
        session = label(record.get("sessionId"))
        typed = _PASTED.sub("", text).strip()
        if not typed:
            self._log.leave_out("nothing typed")
        elif typed.startswith(_COMMANDS):
            self._log.leave_out("a command")
        elif self._is_told(session, where, when):
            self._log.leave_out("a prompt that its session tells")
        else:
            yield self._log.deed(
                "message", typed, when=when, scope=folder(where), session=session
            )

    def _is_told(self, session: str, where: object, when: int | str) -> bool:
        if not isinstance(where, str):
            return False
        flat = re.sub(r"[^A-Za-z0-9]", "-", where)
        if session:
            return (self._sessions / flat / f"{session}.jsonl").is_file()
        if flat not in self._begun:
            self._begun[flat] = _begun(self._sessions / flat)
        first, at = self._begun[flat], moment(when)
        return first is not None and at is not None and first <= at


def _begun(sessions: Path) -> datetime | None:
    """When the first session of a folder began; None when there is none."""
    times = [time for path in sessions.glob("*.jsonl") if (time := _first_time(path))]
    return min(times, default=None)


def _first_time(session: Path) -> datetime | None:
    try:
        with session.open("rb") as file:
            for _ in range(_FIRST_ROWS):
                row = json.loads(file.readline(_LONGEST_ROW) or b"{}")
                if isinstance(row, dict) and (time := moment(row.get("timestamp"))):
                    return time
    except (OSError, ValueError, RecursionError):  # a Fault is a ValueError too
        return None
    return None
