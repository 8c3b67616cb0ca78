"""Chats as JSON: told from other text, and given the profile in their system message.

Everything else in a chat stays as it is: keys, order, parts that are no text. The
only change is the block, put before the system message's own words, or in the place
of an older block.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

from persona_cli.chat_forms import Format, Turn
from persona_cli.errors import InputError, UsageError
from persona_cli.markers import END

# A list of messages alone; a request to an OpenAI-compatible server, to Anthropic's,
# to Gemini's.
Form = Literal["messages", "openai", "anthropic", "gemini"]

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_TELLS = ("system", "developer")
_INSTRUCTION = ("system_instruction", "systemInstruction")
_BEGIN = re.compile(r"<!-- persona:begin\b[^>]{0,400}-->")
_SAME: Mapping[Form, Format] = {
    "messages": "messages",
    "openai": "messages",
    "anthropic": "anthropic",
    "gemini": "gemini",
}


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat as it came.

    form:  whose way of writing it
    value: the JSON value; never changed, only copied
    place: where it came from: ``stdin``, ``stdin:3``
    """

    form: Form
    value: Any
    place: str

    @property
    def format(self) -> Format:
        """The ``--format`` it is already in."""
        return _SAME[self.form]


@dataclass(frozen=True, slots=True)
class Chats:
    """What was recognised.

    lines: JSON lines, one chat a line; else one chat
    """

    found: tuple[Chat, ...]
    lines: bool


def recognise(text: str, *, place: str = "stdin") -> Chats | None:
    """The chat, or the lines of chats, that a text is; None for any other text.

    Raises: InputError when a line among JSON lines is no chat, or a chat has a key
            twice, of which one would be lost
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    whole = _chat(text, place)
    if whole is not None:
        return Chats((whole,), lines=False)
    lines = text.split("\n")
    beginning = [line for line in lines if line.strip()][:2]
    if len(beginning) < 2 or not any(is_line(line) for line in beginning):
        return None
    return Chats(tuple(read_lines(lines, place=place)), lines=True)


def is_line(line: str) -> bool:
    """Whether a line by itself is a chat, so that it may begin JSON lines."""
    return _chat(line, "stdin") is not None


def read_lines(lines: Iterable[str], *, place: str = "stdin") -> Iterator[Chat]:
    """Chats from JSON lines, one at a time; blank lines are passed over.

    Raises: InputError at the first line that is no chat
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        chat = _chat(line, f"{place}:{number}")
        if chat is None:
            raise InputError(
                f"{place}:{number}: not a chat, while other lines are",
                remedy="Mend the line: JSON messages, or an object with them.",
            )
        yield chat


def with_profile(chat: Chat, block: str) -> Chat:
    """The chat with the block in its system message. Twice is the same as once.

    block: from ``inject.block``; empty changes nothing
    """
    if not block:
        return chat
    value = chat.value
    if chat.form == "messages":
        return replace(chat, value=_in_messages(value, block))
    if chat.form == "openai":
        found = _in_messages(value["messages"], block)
        return replace(chat, value={**value, "messages": found})
    if chat.form == "anthropic":
        found = _in_content(value.get("system"), block, kind=True)
        return replace(chat, value=_set(value, "system", found, before="messages"))
    camel = any(re.fullmatch(r"[a-z]+[A-Z]\w*", key) for key in value)
    key = next((k for k in _INSTRUCTION if k in value), _INSTRUCTION[camel])
    found = _in_instruction(value.get(key), block)
    return replace(chat, value=_set(value, key, found, before="contents"))


def turns(chat: Chat) -> list[Turn]:
    """A chat as plain turns, for another form or for an engine.

    Raises: UsageError when it holds what plain turns cannot: tools, images, settings
    """
    value, place = chat.value, chat.place
    if chat.form == "messages":
        return [_turn(message, place) for message in value]
    if chat.form == "gemini":
        key = next((k for k in _INSTRUCTION if k in value), _INSTRUCTION[0])
        _only(value, {key, "contents"}, place)
        told = value.get(key)
        if isinstance(told, dict):
            _only(told, {"parts", "role"}, place)
        told = told["parts"] if isinstance(told, dict) else told
        system = [Turn("system", _texts(told, place))] if told else []
        return [*system, *(_gemini_turn(one, place) for one in value["contents"])]
    _only(
        value,
        {"messages", "system"} if chat.form == "anthropic" else {"messages"},
        place,
    )
    told = value.get("system")
    system = [Turn("system", _texts(told, place))] if told else []
    return [*system, *(_turn(message, place) for message in value["messages"])]


def _chat(text: str, place: str) -> Chat | None:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    form = _form(value)
    if form is None:
        return None
    json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, place))
    return Chat(form, value, place)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _once(pairs: Sequence[tuple[str, Any]], place: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise InputError(
            f"{place}: key {twice!r} stands twice in one object",
            remedy="Keep one of the two; readers of JSON disagree on which counts.",
        )
    return found


def _form(value: Any) -> Form | None:
    if _are_messages(value):
        return "messages"
    if not isinstance(value, dict):
        return None
    if _are_messages(value.get("messages")):
        return "anthropic" if _is_anthropic(value) else "openai"
    if _are_contents(value.get("contents")):
        key = next((k for k in _INSTRUCTION if k in value), None)
        return "gemini" if key is None or _is_instruction(value[key]) else None
    return None


def _are_messages(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("role"), str)
            and one["role"] in _ROLES
            and ("content" in one or "tool_calls" in one)
            and _is_content(one.get("content"))
            for one in value
        )
    )


def _are_contents(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict)
            and one.get("role", "user") in ("user", "model", "function", "tool")
            and isinstance(one.get("parts"), list)
            for one in value
        )
    )


def _is_instruction(value: Any) -> bool:
    if isinstance(value, dict):
        value = value.get("parts", [])
    return _is_content(value)


def _is_content(value: Any) -> bool:
    parts = value if isinstance(value, list) else []
    known = value is None or isinstance(value, str | list)
    return known and all(isinstance(part, dict) for part in parts)


def _is_anthropic(value: Mapping[str, Any]) -> bool:
    if "system" in value:
        return _is_content(value["system"])
    if any(one["role"] not in ("user", "assistant") for one in value["messages"]):
        return False
    model = value.get("model")
    named = isinstance(model, str) and model.startswith("claude")
    return named or bool(value.keys() & {"anthropic_version", "stop_sequences"})


def _in_messages(messages: Sequence[Any], block: str) -> list[Any]:
    for place, message in enumerate(messages):
        if message["role"] in _TELLS:
            content = _in_content(message.get("content"), block, kind=True)
            told = {**message, "content": content}
            return [*messages[:place], told, *messages[place + 1 :]]
    return [{"role": "system", "content": block}, *messages]


def _in_instruction(value: Any, block: str) -> Any:
    if isinstance(value, dict):
        parts = _in_content(value.get("parts") or [], block, kind=False)
        return {**value, "parts": parts}
    if value:
        return _in_content(value, block, kind=False)
    return {"parts": [{"text": block}]}


def _in_content(content: Any, block: str, *, kind: bool) -> Any:
    """Put the block into what a system message says.

    kind: whether parts name their type, as OpenAI's and Anthropic's do
    """
    if not content and not isinstance(content, list):
        return block
    if isinstance(content, str):
        return _renewed(content, block) or f"{block}\n\n{content}"
    for place, part in enumerate(content):
        text = part.get("text")
        renewed = _renewed(text, block) if isinstance(text, str) else None
        if renewed is not None:
            return [*content[:place], {**part, "text": renewed}, *content[place + 1 :]]
    # Some servers join parts with nothing between.
    text = f"{block}\n\n" if content else block
    return [{**({"type": "text"} if kind else {}), "text": text}, *content]


def _renewed(text: str, block: str) -> str | None:
    """The text with the block for the first older one, and without all others."""
    kept: list[str] = []
    at = 0
    # Not one pattern from mark to mark: where many marks begin and none ends, that
    # takes quadratic time.
    while begin := _BEGIN.search(text, at):
        end = text.find(END, begin.end())
        if end < 0:
            break
        kept += [text[at : begin.start()], "" if kept else block]
        at = end + len(END)
    return "".join([*kept, text[at:]]) if kept else None


def _set(
    value: Mapping[str, Any], key: str, found: Any, *, before: str
) -> dict[str, Any]:
    if key in value:
        return {**value, key: found}
    changed: dict[str, Any] = {}
    for name, item in value.items():
        if name == before:
            changed[key] = found
        changed[name] = item
    return changed


def _turn(message: Mapping[str, Any], place: str) -> Turn:
    _only(message, {"role", "content"}, place)
    role = "system" if message["role"] in _TELLS else str(message["role"])
    if role not in ("system", "user", "assistant"):
        _loses(place, f"a message of role {role!r}")
    return Turn(role, _texts(message["content"], place))


def _gemini_turn(content: Mapping[str, Any], place: str) -> Turn:
    _only(content, {"role", "parts"}, place)
    role = {"user": "user", "model": "assistant"}.get(content.get("role", "user"))
    if role is None:
        _loses(place, f"a message of role {content['role']!r}")
    return Turn(role, _texts(content["parts"], place))


def _texts(content: Any, place: str) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    if not content:
        _loses(place, "a message without text")
    for part in content:
        if part.get("type", "text") != "text" or not isinstance(part.get("text"), str):
            _loses(place, "a part that is no text")
        _only(part, {"type", "text"}, place)
    return tuple(part["text"] for part in content)


def _only(value: Mapping[str, Any], known: set[str], place: str) -> None:
    other = sorted(value.keys() - known)
    if other:
        _loses(place, f"the key {other[0]!r}")


def _loses(place: str, what: str) -> NoReturn:
    raise UsageError(
        f"{place}: {what} has no place in another form",
        remedy="Leave --format out to keep the form the chat came in.",
    )
