"""What a page shows, as values: every text made safe to look at."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from persona_cli.evidence import Evidence, Link
from persona_cli.history import versions
from persona_cli.page.curve import Measured
from persona_cli.profile import Claim
from persona_cli.reveal import revealed, suspicions
from persona_cli.scope import GLOBAL
from persona_cli.store import Store
from persona_cli.waiting import as_claim

# Quotes shown of one claim; a profile of years has thousands.
_MOST_QUOTES = 20


@dataclass(frozen=True, slots=True)
class Quote:
    """What one interaction said, for or against a claim."""

    day: str
    source: str
    side: str
    words: str


@dataclass(frozen=True, slots=True)
class Card:
    """A claim as it is shown.

    share:  of the support of the best supported claim, in [0, 1]
    flags:  what is special about it, each a word or two
    doubts: what to know before one believes one's eyes
    quotes: newest first, not all of many
    more:   how many are not shown
    """

    id: str
    text: str
    count: int
    against: int
    share: float
    last: str
    flags: tuple[str, ...]
    doubts: tuple[str, ...]
    quotes: tuple[Quote, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Step:
    """A version: what it did, and how well it was measured to foresee."""

    version: int
    day: str
    says: str
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class Page:
    """One profile, to be looked at.

    sections: (name, its claims), in the order of the file
    waiting:  claims that a person has to decide on, with why
    steps:    oldest first
    sources:  (where interactions came from, how many links rest on them)
    """

    name: str
    title: str
    version: int
    made: str
    sections: tuple[tuple[str, tuple[Card, ...]], ...]
    waiting: tuple[tuple[Card, str], ...]
    steps: tuple[Step, ...]
    sources: tuple[tuple[str, int], ...]

    @property
    def claims(self) -> int:
        """How many claims are in force."""
        return sum(len(cards) for _, cards in self.sections)


def gather(store: Store, *, now: datetime) -> Page:
    """Read a profile, its evidence and its versions; writes nothing.

    Raises: UsageError when there is no such profile, InputError when it is damaged
    """
    loaded = store.load()
    profile, evidence = loaded.profile, loaded.evidence
    links = _by_claim(evidence)
    top = max((claim.count for claim in profile.claims), default=0)
    cards: dict[str, list[Card]] = {}
    for claim in profile.claims:
        card = _card(claim, links.get(claim.id, []), top)
        cards.setdefault(revealed(claim.section), []).append(card)
    waiting = tuple(
        (
            _card(as_claim(one, evidence), links.get(one.claim, []), top),
            revealed(one.why),
        )
        for one in evidence.pending()
    )
    shown = {claim.id for claim in profile.claims}
    sources = Counter(
        revealed(link.source.partition(":")[0])
        for claim, found in links.items()
        for link in found
        if claim in shown
    )
    return Page(
        name=store.name,
        title=revealed(profile.title) or store.name,
        version=profile.version,
        made=now.strftime("%Y-%m-%d %H:%M"),
        sections=tuple((name, tuple(found)) for name, found in cards.items()),
        waiting=waiting,
        steps=tuple(_steps(store)),
        sources=tuple(sources.most_common()),
    )


def _by_claim(evidence: Evidence) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = {}
    for entry in evidence.entries:
        if isinstance(entry, Link):
            found.setdefault(entry.claim, []).append(entry)
    return found


def _card(claim: Claim, links: list[Link], top: int) -> Card:
    newest = sorted(
        links, key=lambda link: link.at.timestamp() if link.at else 0, reverse=True
    )
    return Card(
        id=claim.id,
        text=revealed(claim.text),
        count=claim.count,
        against=sum(link.side == "against" for link in links),
        share=claim.count / top if top else 0,
        last=claim.last.isoformat() if claim.last else "",
        flags=tuple(_flags(claim)),
        doubts=tuple(suspicions(claim.text)),
        quotes=tuple(
            Quote(
                link.at.strftime("%Y-%m-%d") if link.at else "",
                revealed(link.source),
                link.side,
                revealed(link.quote),
            )
            for link in newest[:_MOST_QUOTES]
        ),
        more=max(0, len(newest) - _MOST_QUOTES),
    )


def _flags(claim: Claim) -> Iterator[str]:
    if claim.pinned:
        yield "yours"
    if claim.stated:
        yield "stated"
    if claim.tentative:
        yield "seen once"
    if claim.scope != GLOBAL:
        yield f"in {revealed(claim.scope.removeprefix('project:'))}"


def _steps(store: Store) -> Iterator[Step]:
    """The versions, oldest first, and the check that each was kept by.

    A check stands in the front matter until the next one: it counts for the version
    that it came with.
    """
    seen: object = None
    for found in reversed(list(versions(store))):
        check = _check(found.meta)
        fresh = check if check != seen else None
        seen = check
        if found.version >= 0:
            yield Step(
                found.version,
                found.at.strftime("%Y-%m-%d"),
                revealed(found.says),
                fresh,
            )


def _check(meta: Mapping[str, Any]) -> Measured | None:
    """The accuracy that a front matter tells of; None for what is none."""
    match meta.get("verified"):
        case [
            *_,
            {
                "accuracy": int() | float() as rate,
                "interval": [int() | float() as low, int() | float() as high],
                "n": int(n),
                "baseline": int() | float() as baseline,
            },
        ] if 0 <= low <= rate <= high <= 1 and 0 <= baseline <= 1:
            return Measured(float(rate), (float(low), float(high)), n, float(baseline))
        case _:
            return None
