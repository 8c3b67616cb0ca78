"""The forms in which programs hand a chat to a model, and a chat written in each.

text       the profile, a blank line, the prompt
messages   OpenAI: [{"role": "system", ...}, {"role": "user", ...}]
anthropic  {"system": ..., "messages": [...]}
gemini     {"system_instruction": ..., "contents": [...]}
chatml     <|im_start|>system ... <|im_end|>, for completion endpoints
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from persona_cli.errors import UsageError
from persona_cli.inert import break_controls

Format = Literal["text", "messages", "anthropic", "gemini", "chatml"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, whatever form it came in.

    role:  ``system``, ``user`` or ``assistant``
    texts: its parts; most turns have one
    """

    role: str
    texts: tuple[str, ...]


def write(turns: Sequence[Turn], form: Format, *, place: str) -> str | Any:
    """A chat in one of the forms: JSON as a value, the others as text.

    Order:  as given; anthropic and gemini want the system turns before all others
    place:  where the chat came from; begins the error
    Raises: UsageError when the form cannot hold the chat without loss
    """
    if form == "messages":
        return [{"role": t.role, "content": _parts(t, "text")} for t in turns]
    if form == "chatml":
        return _chatml(turns, place)
    system = [turn for turn in turns if turn.role == "system"]
    rest = [turn for turn in turns if turn.role != "system"]
    if form == "text":
        if system or len(rest) != 1 or rest[0].role != "user":
            _refuse(place, form, "it is more than one turn of the user's")
        return _one(rest[0], place, form)
    if [*system, *rest] != list(turns):
        _refuse(place, form, "a system message stands within the chat")
    told = tuple(text for turn in system for text in turn.texts)
    if form == "anthropic":
        head = {"system": _parts(Turn("system", told), "text")} if told else {}
        turned = [{"role": t.role, "content": _parts(t, "text")} for t in rest]
        return {**head, "messages": turned}
    instruction = {"parts": [{"text": text} for text in told]}
    names = {"user": "user", "assistant": "model"}
    contents = [
        {"role": names[t.role], "parts": [{"text": text} for text in t.texts]}
        for t in rest
    ]
    start = {"system_instruction": instruction} if told else {}
    return {**start, "contents": contents}


def dump(value: Any, *, line: bool = False) -> str:
    """JSON as persona prints it: real characters, and a line break at the end.

    line: all on one line, for JSON lines
    """
    text = json.dumps(value, ensure_ascii=False, indent=None if line else 2)
    # Half a character, which JSON may hold and UTF-8 may not.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _parts(turn: Turn, kind: str) -> str | list[dict[str, str]]:
    if len(turn.texts) == 1:
        return turn.texts[0]
    return [{"type": kind, "text": text} for text in turn.texts]


def _chatml(turns: Sequence[Turn], place: str) -> str:
    written = [
        f"<|im_start|>{turn.role}\n{break_controls(_one(turn, place, 'chatml'))}"
        "<|im_end|>\n"
        for turn in turns
    ]
    asks = bool(turns) and turns[-1].role == "user"
    return "".join(written) + ("<|im_start|>assistant\n" if asks else "")


def _one(turn: Turn, place: str, form: Format) -> str:
    if len(turn.texts) != 1:
        _refuse(place, form, "a message has several parts")
    return turn.texts[0]


def _refuse(place: str, form: Format, why: str) -> None:
    raise UsageError(
        f"{place}: cannot become {form} without loss: {why}",
        remedy="Leave --format out to keep the form the chat came in.",
    )
