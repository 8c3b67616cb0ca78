"""A chat becomes the text of a prompt, each part marked as ours or the user's.

The template is rendered with a sentinel where a message's content goes, and the
result is cut at the sentinels. So an engine can tokenize the template with control
tokens and every content without: a log line that holds ``<|im_end|>`` stays a log
line, whatever the template does.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from persona_cli.engine import Message

CHATML = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Private-use characters: no template has them, and none takes them for blanks.
_SENTINEL = re.compile("\ue000([0-9]+)\ue001")

# Characters that a template may put around a chat; those with instructions for tools
# have some thousands.
LONGEST = 1 << 16

# What a template can do wrong in a sandbox that keeps it from doing harm, besides
# jinja2's own errors.
_TEMPLATE_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class ChatTemplateError(ValueError):
    """A chat template cannot be read, or does not show every message."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a prompt.

    ours: from the template, where control tokens are meant; else a message's own
    """

    text: str
    ours: bool


def render_chat(
    template: str,
    messages: Sequence[Message],
    *,
    bos: str = "",
    eos: str = "",
    thinking: bool = False,
) -> list[Part]:
    """Render a chat, up to the place where the answer begins.

    template: Jinja source, as models carry it
    bos, eos: texts of the model's own tokens, for templates that write them
    thinking: for templates that can be told whether to think
    Order:    parts in the order of the prompt; joined they are the prompt
    Raises:   ChatTemplateError when a template fails on these roles, or leaves out a
              message, even with the system text put before the first user's
    """
    variables = {"bos_token": bos, "eos_token": eos, "enable_thinking": thinking}
    try:
        return _render(template, messages, variables)
    except ChatTemplateError:
        folded = fold_system(messages)
        if folded == list(messages):
            raise
        return _render(template, folded, variables)


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Put the system text before the first user's, for models that have no such role.

    Order: as given; a chat without system or user messages comes back as it is
    """
    system = [m.content for m in messages if m.role == "system"]
    rest = [m for m in messages if m.role != "system"]
    first = next((n for n, m in enumerate(rest) if m.role == "user"), None)
    if not system or first is None:
        return list(messages)
    content = "\n\n".join([*system, rest[first].content])
    rest[first] = Message("user", content)
    return rest


def _render(
    template: str, messages: Sequence[Message], variables: dict[str, object]
) -> list[Part]:
    import jinja2  # here, not above: whoever only wants the types does not wait
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    turns = [
        {"role": m.role, "content": f"\ue000{n}\ue001" if m.content else ""}
        for n, m in enumerate(messages)
    ]
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    # The same chat is to give the same prompt.
    del environment.globals["lipsum"], environment.filters["random"]
    try:
        pieces = environment.from_string(template).generate(
            messages=turns, add_generation_prompt=True, tools=None, **variables
        )
        text = _joined(pieces)
    except (jinja2.TemplateError, *_TEMPLATE_FAULTS) as error:
        raise ChatTemplateError(f"its chat template fails: {error}") from error
    return _parts(text, messages)


def _joined(pieces: Iterable[str]) -> str:
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > LONGEST:
            raise ValueError(f"it writes more than {LONGEST} characters")
    return text


def _parts(text: str, messages: Sequence[Message]) -> list[Part]:
    parts: list[Part] = []
    shown: set[int] = set()
    for n, piece in enumerate(_SENTINEL.split(text)):
        if n % 2 == 0:
            parts.append(Part(piece, ours=True))
        else:
            shown.add(int(piece))
            parts.append(Part(messages[int(piece)].content, ours=False))
    missing = {n for n, m in enumerate(messages) if m.content} - shown
    if missing:
        role = messages[min(missing)].role
        raise ChatTemplateError(f"its chat template leaves out a {role} message")
    return [part for part in parts if part.text]


def _refuse(message: object) -> NoReturn:
    """What templates call to say that they do not take a chat."""
    raise ValueError(message)
