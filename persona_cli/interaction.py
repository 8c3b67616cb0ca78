"""One thing the user did, whatever log told of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from persona_cli.scope import GLOBAL

Kind = Literal["pair", "message", "post", "rating", "edit", "stated"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What a reader calls the session of what another tool remembers of the user; see
# ``Interaction.secondhand``.
MEMORY = "memory"

# Of a sentence's words, the share that must have been offered for it to be no edit.
_KEPT = 0.8

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing the user did.

    id:       the same for the same deed in whichever file it is met again:
              ``<source>:<id the log gives>``, or a ``fingerprint``
    kind:     ``pair``     took ``chosen`` over ``rejected``
              ``message``  typed ``chosen``; ``query`` is what the assistant said
              ``post``     wrote ``chosen`` to other people, or to nobody; ``query`` is
                           what it answers (a quoted mail)
              ``rating``   gave ``chosen`` a score, ``rating``
              ``edit``     rewrote ``rejected`` (an answer) into ``chosen``
              ``stated``   said outright what they want (custom instructions)
    source:   reader name and file or session: ``claude-code:3f2a``
    query:    what was asked, or what the assistant said before; may be empty.
              Context only: never evidence
    chosen:   what the user took or typed; never empty
    rejected: what they passed over; empty when there was nothing
    at:       when, with a time zone; None when the log does not say
    rating:   the score, scaled to [0, 1]; only for kind ``rating``
    scope:    ``global`` or ``project:<name>``
    signal:   the rule by which a reader saw a choice in a chat: ``correction``,
              ``edit``, ``branch``. Empty where the user made it outright

    Raises:   ValueError when a field breaks its line above
    """

    id: str
    kind: Kind
    source: str
    chosen: str
    query: str = ""
    rejected: str = ""
    at: datetime | None = None
    rating: float | None = None
    scope: str = GLOBAL
    signal: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.source:
            raise ValueError("an interaction needs an id and a source")
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(KINDS)}")
        if not self.chosen.strip():
            raise ValueError("`chosen` is empty")
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("`at` has no time zone")
        if (self.kind == "rating") != (self.rating is not None):
            raise ValueError("`rating` belongs to kind rating, and to no other")
        if self.rating is not None and not 0 <= self.rating <= 1:
            raise ValueError(f"`rating` is {self.rating}, outside [0, 1]")
        if self.kind in ("pair", "edit") and not self.rejected.strip():
            raise ValueError(f"a {self.kind} needs `rejected`")
        if self.scope != GLOBAL and not self.scope.startswith("project:"):
            raise ValueError(f"scope {self.scope!r} is not global or project:<name>")
        if self.signal and self.kind != "pair":
            raise ValueError(f"`signal` belongs to kind pair, and not to {self.kind}")

    @property
    def secondhand(self) -> bool:
        """Whether it is what another tool remembers of the user.

        Its source is ``<reader>:memory`` and its kind ``stated``. Those are the tool's
        words, and nobody knows what it made them of: a claim that rests on them alone
        waits until a person has seen it.
        """
        return self.kind == "stated" and self.source.partition(":")[2] == MEMORY

    @property
    def own(self) -> str:
        """The user's own words in it: evidence of what they want to the letter.

        None of a choice or a rating, whose items others wrote, nor of what another
        tool remembers; of an edit what was not offered to them, sentence by sentence.
        """
        if self.kind in ("pair", "rating") or self.secondhand:
            return ""
        if self.kind != "edit":
            return self.chosen
        offered = [_looks(part) for part in _sentences(self.rejected)]
        return "\n".join(
            part
            for part in _sentences(self.chosen)
            if not any(_is_from(_looks(part), one) for one in offered)
        )


def _sentences(text: str) -> list[str]:
    import re  # here, not above: `persona apply` starts without it

    return re.split(r"(?<=[.!?])\s+|\n", text)


def _looks(sentence: str) -> frozenset[str]:
    from persona_cli.lookalike import folded

    return frozenset(folded(sentence).split())


def _is_from(part: frozenset[str], offered: frozenset[str]) -> bool:
    """Whether a sentence is one that was offered, but for a word or two."""
    return len(part & offered) >= _KEPT * len(part)


def fingerprint(*parts: str) -> str:
    """16 hex digits that name a deed whose log gives it no id.

    Of the text alone (NFC), not of the line it stands on: a log that was
    renamed, appended to or exported again names its old deeds as before.
    """
    import hashlib  # here, not above: `persona apply` makes none, and starts at once
    import unicodedata

    text = "\x1f".join(unicodedata.normalize("NFC", part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_fingerprint(text: str) -> bool:
    """Whether a text has the form of a ``fingerprint``."""
    return len(text) == 16 and _HEX.issuperset(text)


def mark(id: str) -> str:
    """What is kept of the id of a forgotten interaction: ``#`` and 16 hex digits.

    Enough to know the interaction when it is met again, and none of the words that a
    log may have put into its id. A mark is its own mark.
    """
    import hashlib  # as above

    if is_mark(id):
        return id
    text = f"forgotten\x1f{id}".encode("utf-8", "surrogatepass")
    return "#" + hashlib.sha256(text).hexdigest()[:16]


def is_mark(id: str) -> bool:
    """Whether an id is all that is kept of a forgotten one."""
    return id[:1] == "#" and is_fingerprint(id[1:])
