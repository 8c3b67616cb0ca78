"""LongMemEval: long histories of chats, each with a question about them.

    {"haystack_sessions": [[{"role": "user", "content": "…"}, …], …],
     "haystack_dates": ["2023/05/20 (Sat) 02:21", …], "haystack_session_ids": […], …}

Only the chats are read. The question and its answer are the benchmark's.
"""

import re
from collections.abc import Iterator
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import Talk, hear_all, turns

_DATE = re.compile(
    r"([0-9]{4})/([0-9]{2})/([0-9]{2})(?: \(\w{2,9}\))?(?: ([0-9]{2}:[0-9]{2}))?"
)


class LongMemEvalReader:
    """Reads the sessions of one person a record."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The user's messages of all sessions, in the order of the record."""
        if not isinstance(record, dict):
            raise Fault("no `haystack_sessions`")
        sessions = record.get("haystack_sessions")
        if not isinstance(sessions, list):
            raise Fault("no `haystack_sessions`")
        for place, session in enumerate(sessions):
            if not isinstance(session, list):
                self._log.skip(Fault("a session that is no list"))
                continue
            name = _nth(record.get("haystack_session_ids"), place)
            when = _when(_nth(record.get("haystack_dates"), place))
            talk = Talk(self._log, session=name)
            try:
                yield from hear_all(self._log, talk, turns(session, when))
            except Fault as fault:
                self._log.skip(fault)


def _nth(items: Any, place: int) -> Any:
    return items[place] if isinstance(items, list) and place < len(items) else None


def _when(date: object) -> object:
    """A date of the set as ISO has it; as it stands when it is of another form."""
    found = _DATE.fullmatch(date.strip()) if isinstance(date, str) else None
    if found is None:
        return date
    year, month, day, time = found.groups()
    return f"{year}-{month}-{day}T{time or '00:00'}"
