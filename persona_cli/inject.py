"""Claims as a block of a prompt, and prompts with the block in front.

The block is between two marks, by which ``guard`` knows it again when it comes back
in a log, and by which a second injection replaces the first.
"""

import re
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from persona_cli import markers
from persona_cli.profile import Claim

if TYPE_CHECKING:
    # A prompt as text, which is the usual case, starts without the forms of chats.
    from persona_cli.chat_forms import Format
    from persona_cli.chats import Chat

LEAD = (
    "Notes on what the person asking prefers. Let them shape the answer without"
    " mentioning them; where they differ from the request, the request counts."
)

# Of these characters nothing is made that acts on a model or a terminal: a claim that
# holds no others goes in as it is, and `persona apply` starts without ``inert``.
_HARMLESS = frozenset(ascii_letters + digits + " .,;:!?'\"()/%+=&@$*_")

_SHORT = 500

# A list this short reads better without headings.
_FLAT = 5

_OLDER = (
    r"(?s)\A<!-- persona:begin\b[^>]{0,400}-->.*?<!-- persona:end -->(?:\n\n|\n?\Z)"
)


def block(claims: Sequence[Claim], *, name: str, version: int) -> str:
    """Claims as text for a model; empty when there are none.

    name, version: of the profile; they stand in the opening mark
    Order:         as given; above five claims by section, in the order in which
                   sections come up
    Shape:         no line break at the end
    """
    if not claims:
        return ""
    opening, closing = frame(name, version)
    return "\n".join([opening, *listed(claims), closing])


def listed(claims: Sequence[Claim]) -> list[str]:
    """Claims as lines of a block; above five by section, as these come up."""
    if len(claims) <= _FLAT:
        return [claim_line(claim) for claim in claims]
    lines: list[str] = []
    for section in dict.fromkeys(claim.section for claim in claims):
        lines += [section_line(section)]
        lines += [claim_line(c) for c in claims if c.section == section]
    return lines


def frame(name: str, version: int) -> tuple[str, str]:
    """What stands before and after the claims of a block."""
    # A mark ends at the first ">", so a name in it may hold none.
    mark = markers.begin(re.sub(r"[^\w.@+-]", "_", name), version)
    return f"{mark}\n{LEAD}\n", markers.END


def claim_line(claim: Claim) -> str:
    """A claim as its line of the block."""
    return f"- {shown(claim.text)}"


def section_line(section: str) -> str:
    """A section as its line of the block."""
    return f"## {shown(section)}"


def shown(text: str) -> str:
    """A text as it may stand in the block: on one line, and inert."""
    if len(text) < _SHORT and _HARMLESS.issuperset(text):
        return text
    from persona_cli.inert import inert

    return inert(text)


def join_prompt(argument: str | None, piped: str | None) -> str:
    """One prompt of what was piped and what was typed, as ``llm`` joins them."""
    return " ".join(part for part in (piped, argument) if part)


def inject(text: str, prompt: str, form: "Format") -> str:
    """A prompt with the block in front, in one of the forms.

    text:   the block; empty leaves a prompt as text exactly as it is
    prompt: may be empty: then the block alone
    """
    if form == "text":
        return to_text(text, prompt)
    from persona_cli.chat_forms import Turn, dump, write

    said = [
        Turn(role, (words,)) for role, words in (("system", text), ("user", prompt))
    ]
    written = write([turn for turn in said if turn.texts[0]], form, place="prompt")
    return written if isinstance(written, str) else dump(written)


def to_text(text: str, prompt: str) -> str:
    """The block, a blank line, the prompt; for an older block at its head, the new."""
    if not text:
        return prompt
    older = prompt.startswith("<!-- persona:begin")
    rest = re.sub(_OLDER, "", prompt, count=1) if older else prompt
    joined = f"{text}\n\n{rest}" if rest else text
    return joined if joined.endswith("\n") else joined + "\n"


def inject_chat(
    text: str, chat: "Chat", form: "Format | None", *, line: bool = False
) -> str:
    """A chat with the block in its system message.

    form:   to turn it into; None keeps the form it came in
    line:   it is one of JSON lines
    Raises: UsageError when the other form cannot hold it without loss
    """
    from persona_cli.chat_forms import dump, write
    from persona_cli.chats import turns, with_profile

    if form is None or form == chat.format:
        return dump(with_profile(chat, text).value, line=line)
    if form == "text":
        # Text knows no system message: the block goes before the user's own words.
        return to_text(text, write(turns(chat), "text", place=chat.place))
    written = write(turns(with_profile(chat, text)), form, place=chat.place)
    return written if isinstance(written, str) else dump(written, line=line)
