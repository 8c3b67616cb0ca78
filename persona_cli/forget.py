"""Forget a claim, or what interactions said, with all that depends on it.

What is forgotten leaves profile, evidence and this machine's archive, caches and
ledgers. What is left of it are ids and marks, so that no update, rebuild, undo or
merge brings it back. Older commits keep what they hold, unless the past is written
anew as well: see ``oblivion``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

from persona_cli import profile as pr
from persona_cli.archive import Archive
from persona_cli.errors import UsageError
from persona_cli.evidence import Link, Wording
from persona_cli.files import fault, remove
from persona_cli.forgetting import Gone, Without, counted_out, without
from persona_cli.index import Entry
from persona_cli.interaction import mark
from persona_cli.places import INDEX, READ
from persona_cli.profile import Claim, Profile
from persona_cli.rivals import normal
from persona_cli.store import Loaded, Store, find_claim
from persona_cli.tombstones import tombstones
from persona_cli.verdicts import FILE

# In ``.state``: which of it is gone, they do not tell. They only save time, or lie
# there for whoever wants to see what was damaged.
_LEFTOVERS = (FILE, READ, INDEX, f".{READ}.*", f".{INDEX}.*", "journal.damaged-*.json")
_LAID_ASIDE = "damaged"

# Claims named in a commit's subject; more are counted.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to be forgotten: one of these, or nothing, for the past alone.

    claim:       an id, of a claim that was retired too
    source:      as in the evidence (``claude-code:3f2a``), or a reader's whole name
    interaction: an id
    matching:    words; what says them, in whatever case
    before:      a moment with a time zone; what is older, as far as it has a date
    """

    claim: str | None = None
    source: str | None = None
    interaction: str | None = None
    matching: str | None = None
    before: datetime | None = None

    @property
    def nothing(self) -> bool:
        """Whether no more is meant than what was forgotten before."""
        return self == Chosen()

    def takes(self, found: Link | Entry) -> bool:
        """Whether where it came from, or when, makes this one go."""
        name = found.interaction if isinstance(found, Link) else found.id
        return (
            (self.interaction is not None and name == self.interaction)
            or (self.source is not None and _from(found.source, self.source))
            or (self.before is not None and bool(found.at and found.at < self.before))
        )

    def __str__(self) -> str:
        """As it was said on the command line."""
        if self.claim is not None:
            return f"claim {self.claim!r}"
        if self.source is not None:
            return f"source {self.source!r}"
        if self.interaction is not None:
            return f"interaction {self.interaction!r}"
        if self.matching is not None:
            return f"{self.matching!r}"
        return f"before {self.before}" if self.before is not None else "what is gone"


@dataclass(frozen=True, slots=True)
class Plan:
    """What forgetting would do to the present; nothing of it is done.

    gone:         what goes, with what was found to belong to it
    archived:     ids of interactions that leave this machine's archive
    interactions: marks of all that go, those of other machines too
    shared:       interactions that stay, since other claims rest on them as well
    said_by_hand: lines (from 1) of the profile that say it and are no claim
    """

    loaded: Loaded
    gone: Gone
    result: Without
    archived: frozenset[str]
    interactions: frozenset[str]
    shared: int
    said_by_hand: tuple[int, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to forget in the present."""
        kept = self.result.evidence == self.loaded.evidence
        same = kept and self.result.profile == self.loaded.profile
        return same and not self.archived


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken back.

    claims:       gone from the profile
    weakened:     claims that lost evidence and stand on the rest, as they are now
    links:        lines of evidence that are gone
    interactions: gone from this machine's archive
    """

    claims: tuple[Claim, ...]
    weakened: tuple[Claim, ...]
    links: int
    interactions: int
    version: int
    commit: str | None


def chosen_in(loaded: Loaded, chosen: Chosen) -> Gone:
    """What is meant, as far as profile and evidence tell.

    Raises: UsageError when there is no such claim, and never was
    """
    entries = loaded.evidence.entries
    links = [entry for entry in entries if isinstance(entry, Link)]
    marks = {mark(link.interaction) for link in links if chosen.takes(link)}
    if chosen.interaction is not None:
        marks.add(mark(chosen.interaction))
    claims = set()
    if chosen.claim is not None:
        known = {e.claim for e in entries if isinstance(e, Wording)}
        if chosen.claim not in known:
            find_claim(loaded, chosen.claim)
        claims.add(chosen.claim)
        mine = {k.interaction for k in links if k.claim == chosen.claim}
        others = {k.interaction for k in links if k.claim != chosen.claim}
        marks |= {mark(one) for one in mine - others}
    text = normal(chosen.matching or "")
    if chosen.matching is not None and len(text) < 3:
        raise UsageError(
            f"{chosen.matching!r}: too short to know it by", remedy="Give a whole word."
        )
    return Gone(frozenset(claims), frozenset(marks), text=text)


def plan(loaded: Loaded, archive: Archive, chosen: Chosen, gone: Gone) -> Plan:
    """Find what goes.

    gone: see ``chosen_in``; with what the past adds to it, when that is written anew
    """
    marks = gone.marks | gone.quotes
    archived = {
        entry.id
        for entry in archive.entries()
        if chosen.takes(entry) or (marks and mark(entry.id) in marks)
    }
    archived |= set(_saying(archive, gone))
    more = {mark(one) for one in archived} - gone.quotes
    gone = replace(gone, marks=gone.marks | more)
    result = without(loaded.profile, loaded.evidence, gone)
    gone = replace(gone, claims=gone.claims | result.lost)
    mine = {link.interaction for link in loaded.evidence.links(chosen.claim or "")}
    return Plan(
        loaded,
        gone,
        result,
        frozenset(archived),
        gone.marks | gone.quotes,
        sum(mark(one) not in gone.marks | gone.quotes for one in mine),
        tuple(_said_by_hand(loaded.profile, result.profile, gone)),
    )


def forget(
    store: Store, archive: Archive, plan: Plan, *, commit: bool = True
) -> Forgotten:
    """Do what was planned. The caller holds the store's lock.

    Raises: BusyError, InputError
    """
    loaded, result = plan.loaded, plan.result
    version = loaded.profile.version + 1
    counted = archive.folded()
    sources = [
        entry.source
        for entry in archive.entries()
        if entry.id in plan.archived and entry.id in counted
    ]
    meta: dict[str, Any] = {"version": version, "restores": None, "verified": None}
    if sources and "sources" in loaded.profile.meta:
        left = counted_out(loaded.profile.meta["sources"], sources)
        meta["sources"] = left or None
    known = plan.loaded.evidence.wordings()
    stones = tombstones(
        [
            claim
            for claim in result.lost
            if claim not in known or known[claim].status != "forgotten"
        ],
        plan.gone.marks - _marked(loaded),
        version=version,
    )
    clear_leftovers(store.state)
    ids = ", ".join(sorted(result.lost)) or "no claim"
    if len(result.lost) > _MOST_NAMED:
        ids = f"{len(result.lost)} claims"
    sha = store.save(
        loaded,
        pr.rewrite(result.profile, meta=meta),
        result.evidence.with_entries(stones),
        # No word of what is forgotten: the message would keep it.
        message=f"{store.name} v{version}: forgot {ids},"
        f" {result.links} lines of evidence\n",
        ledgers=(
            archive.forget(plan.archived),
            archive.unnamed(plan.interactions, version=version),
        ),
        commit=commit,
    )
    return Forgotten(
        result.removed, result.weakened, result.links, len(plan.archived), version, sha
    )


def clear_leftovers(state: Path) -> None:
    """Remove what may hold words of anything: caches, and copies of what was damaged.

    Raises: InputError
    """
    for pattern in _LEFTOVERS:
        for path in state.glob(pattern):
            remove(path)
    if (state / _LAID_ASIDE).exists():
        try:
            rmtree(state / _LAID_ASIDE)
        except OSError as error:
            raise fault(error, state / _LAID_ASIDE) from error


def _saying(archive: Archive, gone: Gone) -> Iterator[str]:
    """Interactions that say it, in whatever role."""
    if not gone.text:
        return
    for deed in archive.read(archive.entries()):
        if gone.says(deed.chosen, deed.rejected, deed.query, deed.id, deed.source):
            yield deed.id


def _said_by_hand(profile: Profile, result: Profile, gone: Gone) -> Iterator[int]:
    """Lines that say it, are a person's own and no claim, and so stay."""
    stay = {*result.head, *result.body}
    claims = {
        len(profile.head) + line
        for spot in profile.spots
        for line in range(spot.first, spot.end)
    }
    for place, line in enumerate((*profile.head, *profile.body)):
        if place not in claims and line in stay and gone.says(line):
            yield place + 1


def _marked(loaded: Loaded) -> frozenset[str]:
    """Marks that the evidence has already."""
    wordings = [e for e in loaded.evidence.entries if isinstance(e, Wording)]
    return frozenset(mark(one) for said in wordings for one in said.set_aside)


def _from(found: str, wanted: str) -> bool:
    return found == wanted or found.partition(":")[0] == wanted
