"""A prompt, or a chat, with the profile in front: from text to text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from persona_cli.errors import UsageError
from persona_cli.inject import (
    block,
    claim_line,
    frame,
    inject,
    inject_chat,
    join_prompt,
)
from persona_cli.profile import Claim
from persona_cli.select import Reason, Selection, select

if TYPE_CHECKING:
    from persona_cli.chat_forms import Format
    from persona_cli.chats import Chats
    from persona_cli.engine import Message


@dataclass(frozen=True, kw_only=True)
class ApplyRequest:
    """What to put the profile in front of, and how much of it.

    name, version: of the profile
    argument:      the prompt as typed; None when there was none
    piped:         what came on stdin, as it came; None when nothing was piped. A
                   chat, or lines of chats, when there is no argument beside it
    format:        None is ``text`` for a prompt, and for a chat its own form
    The other fields are those of ``select``.
    """

    name: str
    version: int
    argument: str | None = None
    piped: str | None = None
    format: "Format | None" = None
    budget: int | None = None
    task: str | None = None
    sections: tuple[str, ...] = ()
    scope: str | None = None
    tentative: bool = False


class Applied(NamedTuple):
    """What goes to stdout, and what there is to say about it.

    output:   exactly what to print, line break included
    block:    the profile as it stands in the output; empty when nothing was chosen
    kept:     the claims in it
    left_out: the others; in the order of the profile
    reasons:  claim id -> why it was left out
    """

    output: str
    block: str
    kept: tuple[Claim, ...]
    left_out: tuple[Claim, ...]
    reasons: Mapping[str, Reason]

    @property
    def tokens(self) -> int:
        """Upper estimate for the block."""
        from persona_cli.tokens import estimate_tokens

        return estimate_tokens(self.block)


def apply(claims: Sequence[Claim], request: ApplyRequest) -> Applied:
    """Put the claims that matter in front of a prompt, or into a chat.

    Raises: UsageError for an unknown section, and for a form that cannot hold a chat
            InputError when a line among lines of chats is none
    """
    chosen, text = _block(claims, request)
    chats = _chats(request)
    if chats is None:
        prompt = join_prompt(request.argument, request.piped)
        output = inject(text, prompt, request.format or "text")
        # A line that was typed ends as lines do; what was piped goes on as it came.
        if request.argument and not output.endswith("\n"):
            output += "\n"
    else:
        if chats.lines:
            _check_lines(request)
        output = "".join(
            inject_chat(text, chat, request.format, line=chats.lines)
            for chat in chats.found
        )
    return Applied(
        output,
        text,
        chosen.kept,
        chosen.left_out,
        chosen.reasons,
    )


def apply_lines(
    claims: Sequence[Claim], request: ApplyRequest, lines: Iterable[str]
) -> Iterator[str]:
    """The same for lines of chats that are still coming: one out for each one in.

    lines: of stdin; ``chats.is_line`` says of the first whether this is the way
    """
    from persona_cli.chats import read_lines

    _check_lines(request)
    _, text = _block(claims, request)
    for chat in read_lines(lines):
        yield inject_chat(text, chat, request.format, line=True)


def messages(claims: Sequence[Claim], request: ApplyRequest) -> "list[Message]":
    """The chat that an engine is to answer: the same, and never a control token.

    Raises: UsageError without a prompt, for lines of chats, and for a chat that is
            more than plain turns
    """
    from persona_cli.chats import turns, with_profile
    from persona_cli.engine import Message, Role

    _, text = _block(claims, request)
    chats = _chats(request)
    if chats is None:
        prompt = join_prompt(request.argument, request.piped)
        if not prompt:
            raise UsageError(
                "there is no prompt to answer",
                remedy="Give one as an argument, or pipe it.",
            )
        system = [Message("system", text)] if text else []
        return [*system, Message("user", prompt)]
    if chats.lines:
        raise UsageError(
            "stdin: several chats, and one can be answered at a time",
            remedy="Leave --run out, or pipe one chat.",
        )
    roles: dict[str, Role] = {"system": "system", "assistant": "assistant"}
    return [
        Message(roles.get(turn.role, "user"), "\n\n".join(turn.texts))
        for turn in turns(with_profile(chats.found[0], text))
    ]


def may_be_chat(text: str) -> bool:
    """Whether it is worth looking for a chat in a text: JSON begins with a bracket."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _chats(request: ApplyRequest) -> "Chats | None":
    # With words of the user's own beside it, JSON is what they ask about.
    if request.argument or not request.piped or not may_be_chat(request.piped):
        return None
    from persona_cli.chats import recognise

    return recognise(request.piped)


def _check_lines(request: ApplyRequest) -> None:
    if request.format in ("text", "chatml"):
        raise UsageError(
            f"stdin: lines of chats cannot become {request.format}, which has no lines",
            remedy="Leave --format out, or use messages, anthropic or gemini.",
        )


def _block(claims: Sequence[Claim], request: ApplyRequest) -> tuple[Selection, str]:
    overhead = 0
    if request.budget is not None:
        from persona_cli.tokens import estimate_tokens

        around = "\n".join(frame(request.name, request.version))
        overhead = estimate_tokens(around)
    chosen = select(
        claims,
        budget=request.budget,
        task=request.task,
        sections=request.sections,
        scope=request.scope,
        tentative=request.tentative,
        overhead_tokens=overhead,
        line=claim_line,
    )
    return chosen, block(chosen.kept, name=request.name, version=request.version)
