"""What a user of the data teaches a writer: chats, with the answers that are true.

    each      one interaction -> what it shows; and of a few, that they show nothing
    infer     past claims and a window -> the next claims, cited; two examples a user
    summary   the same in plain sentences; two examples a user

The two are the method's: the first window with nothing before it, and a later one with
the true claims so far as its past.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963, section on supervised fine-tuning.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from persona_cli.each import NOTHING, each_messages, statement
from persona_cli.engine import Message
from persona_cli.fold import EARLIER, observed
from persona_cli.infer import MOST_OBSERVATIONS, Asking, window_messages
from persona_cli.models.catalogue import Manners
from persona_cli.profile import Claim
from persona_cli.training.users import SimulatedUser, Step, SummaryLine
from persona_cli.window import MOST_INTERACTIONS, Window

Form = Literal["infer", "summary", "each"]

# Of the interactions that show nothing one in so many is taught. Half of what people do
# shows nothing; taught in that share, a small model says nothing of anything.
QUIET = 8

_BEGINNING = Step(0, ())


@dataclass(frozen=True, slots=True)
class Example:
    """A chat, and the whole answer that is taught."""

    messages: tuple[Message, ...]
    completion: str


def examples(user: SimulatedUser, *, form: Form) -> Iterator[Example]:
    """What one user teaches.

    Shape: of ``each`` one for each interaction that shows something, and for a few
           that show nothing; none where nobody knows what shows what. Of the others
           two, or one where there is but one window
    Order: of time
    """
    if form == "each":
        yield from _each(user)
        return
    steps = list(pairwise((_BEGINNING, *user.windows)))
    for before, step in steps[:1]:
        yield _step(user, before, step, form)
    if later := steps[1:]:
        before, step = later[_lot(user.id) % len(later)]
        yield _step(user, before, step, form)


def _each(user: SimulatedUser) -> Iterator[Example]:
    said = _said(user)
    if not said:
        return
    for deed in user.deeds:
        shows = said.get(deed.id, NOTHING)
        if shows != NOTHING or _lot(f"{user.id} {deed.id}") % QUIET == 0:
            yield Example(tuple(each_messages(deed)), shows)


def _said(user: SimulatedUser) -> dict[str, str]:
    """Interaction -> what it shows, as the model is to say it.

    Of people who were made up it is known; of real ones it is what a summary says that
    cites the interaction, the first that does.
    """
    found: dict[str, str] = {}
    truths = {truth.id: statement(truth.section, truth.claim) for truth in user.truth}
    for deed in user.interactions:
        if known := [truths[one] for one in deed.shows if one in truths]:
            found[deed.id] = known[0]
    if user.truth:
        return found
    for step in user.windows:
        for line in step.summary:
            for cited in line.cites:
                found.setdefault(cited, statement(line.section, line.text))
    return found


def _step(user: SimulatedUser, before: Step, step: Step, form: Form) -> Example:
    deeds = user.deeds
    # What one prompt numbers is limited: the newest are what the step is about.
    begin = max(before.end, step.end - MOST_INTERACTIONS)
    window = Window(deeds[begin : step.end])
    past = [
        Claim(f"c{n:03x}", line.section, line.text, count=len(line.cites))
        for n, line in enumerate(before.summary)
    ]
    earlier = deeds[max(0, begin - EARLIER) : begin]
    counted = [one for one in observed(earlier, window) if not one.hearsay]
    messages = window_messages(
        past, window, counted[:MOST_OBSERVATIONS], Asking(manners=Manners(prompt=form))
    )
    if form == "summary":
        return Example(tuple(messages), _sentences(step.summary))
    return Example(tuple(messages), _cited(before.summary, window, step.summary))


def _cited(
    past: Sequence[SummaryLine], window: Window, summary: Sequence[SummaryLine]
) -> str:
    """The true claims as lines that cite what they rest on.

    A claim that nothing shown bears out is left out: nobody could have written it.
    """
    place = {deed.id: n for n, deed in enumerate(window.interactions, 1)}
    lines = []
    for line in summary:
        kept, turned = [], []
        for n, one in enumerate(past, 1):
            if _same(one, line):
                kept.append(f"p{n}")
            elif _contrast(one) and _contrast(one) == _contrast(line):
                turned.append(f"!p{n}")  # the other side: a change of mind
        new = [f"i{place[cite]}" for cite in line.cites if cite in place]
        if kept or new:
            cites = " ".join((*kept, *(turned if new else ()), *new))
            lines.append(f"- [{cites}] {line.section} | {line.text}")
    return "\n".join(lines) or NOTHING


def _sentences(summary: Sequence[SummaryLine]) -> str:
    """The true claims as plain sentences."""
    said = (line.text.rstrip() for line in summary)
    ended = (text if text.endswith((".", "!", "?")) else f"{text}." for text in said)
    return "\n".join(ended) or NOTHING


def _same(one: SummaryLine, other: SummaryLine) -> bool:
    if one.truth or other.truth:
        return one.truth == other.truth
    return (one.section, one.text) == (other.section, other.text)


def _contrast(line: SummaryLine) -> str:
    """Its truth without the side: ``tea-01/a`` and ``tea-01/b`` are one contrast."""
    return line.truth.rpartition("/")[0]


def _lot(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")
