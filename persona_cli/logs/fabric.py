"""fabric's sessions: an array of messages, most of them documents that were piped in.

~/.config/fabric/sessions/<name>.json
[{"role": "user", "content": "…", "multi_content": […]}, …]

fabric puts what is piped in behind what is typed, with nothing to tell where it begins.
So a message of several lines is no one's words for sure, and only single lines count.
Patterns and contexts have the role ``system``, notes of fabric's own the role ``meta``.
"""

from collections.abc import Iterator
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import Talk, Turn, text_of_content


class FabricReader:
    """Reads the messages of one session."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._talk = Talk(log, session=log.stem)

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user typed in one message, if anything."""
        match record:
            case {"role": str(role)}:
                text = text_of_content(record.get("content"))
                text = text or text_of_content(record.get("multi_content"))
            case _:
                raise Fault("a message without `role`")
        match role:
            case "user" if not text.strip():
                self._log.leave_out("message without text")
            case "user" if "\n" in text:
                self._log.leave_out("piped in, or a document")
            case "user":
                yield from self._talk.hear(Turn("user", text))
            case "assistant":
                yield from self._talk.hear(Turn("assistant", text))
            case "system" | "meta" | "developer" | "tool" | "function":
                self._log.leave_out("a row of another type")
            case _:
                self._log.leave_out("unknown role")
