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
from persona_cli.logs.log import UNIQUE, Log, label, scope_of, when_of
from persona_cli.logs.signals import Corrections
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
    """One message: who spoke, and what.

    acts: a tool is used in it
    """

    speaker: Speaker
    text: str
    given: object = None
    when: object = None
    acts: bool = False


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
        self._corrections = Corrections()

    def hear(self, turn: Turn) -> Iterator[Interaction]:
        """The interaction of a turn, if it is the user's.

        Before it the choice that it makes of two answers, if any (see ``signals``).
        """
        match turn.speaker:
            case "assistant":
                self._said = turn.text or self._said
                self._corrections.answered(turn.text, acts=turn.acts)
            case "user" if turn.text.strip():
                yield from self._chosen(turn)
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
            case _:
                self._corrections.interrupted()

    def _chosen(self, turn: Turn) -> Iterator[Interaction]:
        found = self._corrections.typed(turn.text, turn.given, turn.when)
        if found is not None:
            request, chosen, rejected, given, when = found
            name = label(given)
            named = len(name) >= UNIQUE  # else the texts tell it from others
            yield self._log.deed(
                "pair",
                chosen,
                query=request,
                rejected=rejected,
                when=when,
                scope=self._scope,
                given=f"{name}:correction" if named else None,
                session=self._session,
                signal="correction",
            )


class MessagesReader:
    """Reads conversations, or the messages of one."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._running = Talk(log)
        self.alone = True  # unless the log is one conversation

    def read(self, record: Any) -> Iterator[Interaction]:
        """The user's messages of one record."""
        match record:
            case {"messages": list(items)}:
                session = record.get("id") or record.get("conversation_id")
                talk = Talk(self._log, session=session, scope=scope_of(record))
                yield from hear_all(self._log, talk, turns(items, when_of(record)))
            case list(items):
                talk = Talk(self._log)
                yield from hear_all(self._log, talk, turns(items, None))
            case {"role": str()}:
                self.alone = False
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
        acts=bool(message.get("tool_calls") or message.get("function_call"))
        or uses_tool(content),
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


def uses_tool(content: Any) -> bool:
    """Whether one of a message's parts is the use of a tool."""
    return isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") == "tool_use" for part in content
    )


def side(given: Any, name: str) -> str:
    """One side of a choice: text as it is, or messages as their words.

    name:   of the side, for the fault
    Shape:  with roles where there are several; without instructions
    Raises: Fault when it is neither
    """
    if isinstance(given, str):
        return given
    items = [given] if isinstance(given, dict) else given
    if not isinstance(items, list):
        raise Fault(f"`{name}` is not text")
    said: list[tuple[str, str]] = []
    for message in items:
        match message:
            case {"role": "system" | "developer"}:
                continue
            case {"role": str(role), "content": content}:
                said.append((role, text_of_content(content)))
            case _:
                raise Fault(f"`{name}` is not text")
    if len(said) == 1:
        return said[0][1]
    return "\n\n".join(f"{role}: {text}" for role, text in said)


def turns(items: Iterable[Any], when: object) -> Iterator[Turn | Fault]:
    """Messages as turns, each that is broken as its fault.

    when: of the conversation, for a message that has no time of its own
    """
    for item in items:
        try:
            turn = turn_of(item, when)
        except Fault as fault:
            yield fault
        else:
            yield turn
