"""ShareGPT conversations, and the preference form that LLaMA-Factory made of them.

{"id": "…", "conversations": [{"from": "human", "value": "…"}, …]}
{"conversations": […], "chosen": {"from": "gpt", "value": "…"}, "rejected": {…}}
"""

from collections.abc import Iterable, Iterator
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, scope_of, when_of
from persona_cli.logs.messages import Speaker, Talk, Turn, hear_all

_SPEAKERS: dict[str, Speaker] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "system": "other",
    "tool": "other",
    "function": "other",
    "function_call": "other",
    "observation": "other",
}


class ShareGptReader:
    """Reads one conversation, or one choice at its end, a record."""

    alone = True

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The user's messages of a conversation, or the choice that ends it."""
        if not isinstance(record, dict):
            raise Fault("no `conversations`")
        items = record.get("conversations")
        if not isinstance(items, list):
            raise Fault("no `conversations`")
        turns = _turns(items, when_of(record))
        if "chosen" in record and "rejected" in record:
            yield self._choice(record, turns)
            return
        talk = Talk(self._log, session=record.get("id"), scope=scope_of(record))
        yield from hear_all(self._log, talk, turns)

    def _choice(
        self, record: dict[str, Any], turns: Iterable[Turn | Fault]
    ) -> Interaction:
        asked = [
            turn.text
            for turn in turns
            if isinstance(turn, Turn) and turn.speaker == "user"
        ]
        return self._log.deed(
            "pair",
            _value(record["chosen"]),
            query=asked[-1] if asked else "",
            rejected=_value(record["rejected"]),
            when=when_of(record),
            scope=scope_of(record),
            given=record.get("id"),
        )


def _value(turn: Any) -> str:
    match turn:
        case str(text) | {"value": str(text)}:
            return text
        case _:
            raise Fault("`chosen` or `rejected` has no `value`")


def _turns(items: Iterable[Any], when: object) -> Iterator[Turn | Fault]:
    for item in items:
        match item:
            case {"from": str(name), "value": str(text)}:
                speaker = _SPEAKERS.get(name.lower(), "unknown")
                yield Turn(speaker, text, when=when_of(item) or when)
            case _:
                yield Fault("a turn without `from` and `value`")
