"""What another tool remembers, as sentences of preference: they wait for a review.

A short note is one memory, and stands as it is; of a longer text (a summary of many
chats) only what speaks of preference is taken, sentence by sentence.
"""

import re
from collections.abc import Iterable, Iterator

from persona_cli.digest.statements import statements
from persona_cli.interaction import Interaction

# Characters of a note that is one memory.
_LONGEST = 300

# Taken from one text, at most: nobody reviews a novel.
_MOST = 24

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WRAPPED = re.compile(r"\s*\n\s*(?=[a-z])")
_LEAD = re.compile(r"\s*(?:[-*+•]|[0-9]{1,2}[.)]|#{1,6})\s+|\*\*")
_SUBJECT = re.compile(r"(?:the )?user(?: (?=[a-z])|: )", re.IGNORECASE)
_LIKES = re.compile(
    r"\b(?:prefer|like|love|want|enjoy|use|value|expect|avoid|dislike|hate|need)(?:s|red)?"
    r"\b|\b(?:always|never|favou?rite|preference)\b",
    re.IGNORECASE,
)


def notes(window: Iterable[Interaction]) -> Iterator[tuple[Interaction, str]]:
    """(interaction, claim) of all that another tool remembers, in its order."""
    for deed in window:
        if deed.secondhand:
            for claim in dict.fromkeys(_claims(deed.chosen)):
                yield deed, claim


def _claims(text: str) -> list[str]:
    text = _WRAPPED.sub(" ", text)
    parts = [_LEAD.sub("", part).strip() for part in _SENTENCE.split(text)]
    parts = [part for part in parts if part]
    short = len(parts) == 1 or len(text) <= _LONGEST
    found: list[str] = []
    for part in parts:
        said = [one.claim for one in statements(part)]
        fits = len(part) <= _LONGEST and (short or _LIKES.search(part))
        found += said or ([_sentence(part)] if fits else [])
    return found[:_MOST]


def _sentence(note: str) -> str:
    """A note as a sentence about its subject, who is not named."""
    text = " ".join(_SUBJECT.sub("", note, count=1).split()) or note
    ended = text if text[-1] in ".!?" else f"{text}."
    return ended[0].upper() + ended[1:]
