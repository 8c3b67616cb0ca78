"""One interaction at a time, to one claim: for models too small for a whole window.

Asked: how do I undo a commit?      Prefers one command without a lecture. | coding
Took: git reset --soft HEAD~1
Left: There are several ways, and …

What a model of 135M parameters cannot do is to keep forty interactions apart by number.
What one interaction shows it can be taught to say; which claim rests on what is then
known without asking.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from persona_cli.engine import Message
from persona_cli.interaction import Interaction
from persona_cli.profile import section_name
from persona_cli.templates import load_template
from persona_cli.window import middle_cut

# Characters of each side: what sets two answers apart shows early, and such a model
# gains nothing from the rest.
LONGEST_SIDE = 240

NOTHING = "Nothing."

# Claim first, section after: so the same words can be weighed without a section.
_STATEMENT = re.compile(r"(?P<text>[^|\n]{3,300}?)\s*\|\s*(?P<section>[^|\n]{1,60})\Z")


def each_messages(interaction: Interaction) -> list[Message]:
    """The prompt that asks what one interaction shows."""
    deed = "\n".join(_lines(interaction))
    return [Message("user", load_template("each").render(deed=deed))]


def bare_messages(interaction: Interaction) -> list[Message]:
    """The same prompt with nothing in it: what is said of that goes with everything."""
    bare = replace(interaction, query="", chosen="something", rejected="something else")
    return each_messages(bare)


def choice_messages(query: str, took: str, left: str) -> list[Message]:
    """The same prompt for a choice that somebody made, or might have made."""
    deed = "\n".join(_choice(query, took, left))
    return [Message("user", load_template("each").render(deed=deed))]


def statement(section: str, text: str) -> str:
    """A claim as the model is taught to say it."""
    return f"{text} | {section}"


def read_statement(text: str) -> tuple[str, str] | None:
    """(section, claim) of an answer; None where it says nothing, or is no statement."""
    found = _STATEMENT.match(text.strip())
    if found is None:
        return None
    return section_name(found["section"]), " ".join(found["text"].split())


def _lines(deed: Interaction) -> Iterator[str]:
    match deed.kind:
        case "pair" | "edit":
            yield from _choice(deed.query, deed.chosen, deed.rejected)
        case "rating":
            yield from _line("Asked", deed.query)
            yield from _line(f"Rated {round((deed.rating or 0) * 100)}", deed.chosen)
        case _:
            yield from _line("Told", deed.query)
            yield from _line("Wrote", deed.chosen)


def _choice(query: str, took: str, left: str) -> Iterator[str]:
    yield from _line("Asked", query)
    yield from _line("Took", took)
    yield from _line("Left", left)


def _line(label: str, text: str) -> Iterator[str]:
    """A text on one line, so that nothing in it can look like another label's line."""
    flat = " ".join(text.split())
    if flat:
        yield f"{label}: {middle_cut(flat, LONGEST_SIDE)}"
