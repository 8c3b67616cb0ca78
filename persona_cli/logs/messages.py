"""Conversations as OpenAI's API has them: a list of messages by role.

One conversation a record (``{"messages": […]}`` or a bare list), or one message a
record, the log being the conversation. Only what the role ``user`` wrote is a deed;
the assistant's words before it are its context, and instructions and the output of
tools are neither.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, scope_of, when_of
from persona_cli.scope import GLOBAL

Speaker = Literal["user", "assistant", "other", "unknown"]

_SPEAKERS: dict[str, Speaker] = {
    "user": "user",
    "assistant": "assistant",
    "system": "other",
    "developer": "other",
    "tool": "other",
    "function": "other",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who spoke, and what."""

    speaker: Speaker
    text: str
    given: object = None
    when: object = None


class Talk:
    """A conversation that goes on: what the assistant said last, and what follows.

    session: its id, if the log names it
    """

    def __init__(
        self, log: Log, *, session: object = None, scope: str = GLOBAL
    ) -> None:
        self._log = log
        self._session = session
        self._scope = scope
        self._said = ""

    def hear(self, turn: Turn) -> Iterator[Interaction]:
        """The interaction of a turn, if it is the user's."""
        match turn.speaker:
            case "assistant":
                self._said = turn.text or self._said
            case "user" if turn.text.strip():
                yield self._log.deed(
                    "message",
                    turn.text,
                    query=self._said,
                    when=turn.when,
                    scope=self._scope,
                    given=turn.given,
                    session=self._session,
                )
            case "user":
                self._log.leave_out("message without text")
            case "unknown":
                self._log.leave_out("unknown role")


class MessagesReader:
    """Reads conversations, or the messages of one."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._running = Talk(log)

    def read(self, record: Any) -> Iterator[Interaction]:
        """The user's messages of one record."""
        match record:
            case {"messages": list(items)}:
                session = record.get("id") or record.get("conversation_id")
                talk = Talk(self._log, session=session, scope=scope_of(record))
                yield from hear_all(self._log, talk, _turns(items, when_of(record)))
            case list(items):
                talk = Talk(self._log)
                yield from hear_all(self._log, talk, _turns(items, None))
            case {"role": str()}:
                yield from self._running.hear(turn_of(record, None))
            case _:
                raise Fault("no `messages`")


def hear_all(
    log: Log, talk: Talk, turns: Iterable[Turn | Fault]
) -> Iterator[Interaction]:
    """The interactions of a conversation, around the turns that are broken.

    Raises: Fault when every one is
    """
    heard = False
    last: Fault | None = None
    for turn in turns:
        if isinstance(turn, Fault):
            if last is not None:
                log.skip(last)
            last = turn
        else:
            heard = True
            yield from talk.hear(turn)
    if last is not None:
        if not heard:
            raise last
        log.skip(last)


def turn_of(message: Any, when: object) -> Turn:
    """One message as a turn.

    when:   of the conversation, for a message that has no time of its own
    Raises: Fault when it has no role
    """
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Fault("a message without `role`")
    inner = message.get("message")
    content = message.get("content", inner and content_of(inner))
    return Turn(
        _SPEAKERS.get(message["role"].lower(), "unknown"),
        text_of_content(content),
        given=message.get("id"),
        when=when_of(message) or when,
    )


def content_of(message: Any) -> Any:
    """The content of a message that is wrapped in another."""
    return message.get("content") if isinstance(message, Mapping) else None


def text_of_content(content: Any) -> str:
    """The text in a message's content: itself, or its text parts."""
    return "\n\n".join(texts(content))


def texts(content: Any) -> Iterator[str]:
    """The pieces of text in a message's content, without images and tool results."""
    match content:
        case str(text):
            yield text
        case list(parts):
            for part in parts:
                match part:
                    case str(text):
                        yield text
                    case {
                        "type": "text" | "input_text" | "output_text",
                        "text": str(t),
                    }:
                        yield t


def _turns(items: Iterable[Any], when: object) -> Iterator[Turn | Fault]:
    for item in items:
        try:
            turn = turn_of(item, when)
        except Fault as fault:
            yield fault
        else:
            yield turn
