"""A profile and its evidence without what is to be forgotten.

One pure function, for the version that is there and for each that ever was: what it
makes of a past version is that version as it would have been.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from persona_cli import profile as pr
from persona_cli.evidence import Entry, Evidence, Link, Wording
from persona_cli.evidence import line_of as evidence_line
from persona_cli.interaction import mark
from persona_cli.profile import Claim, Profile, section_name
from persona_cli.rivals import normal

# Versions have most of their lines in common.
_mark = lru_cache(1 << 16)(mark)


@dataclass(frozen=True, slots=True)
class Gone:
    """What is to be forgotten.

    claims:   ids; their lines go, and all that is linked to them
    marks:    of interactions (see ``interaction.mark``); their links go, and claims
              that stood on nothing else
    quotes:   of interactions whose words go, though other claims rest on them
    text:     what no line may say, as ``rivals.normal`` has it; empty is nothing
    sections: headings that go when nothing is left under them
    """

    claims: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    quotes: frozenset[str] = frozenset()
    text: str = ""
    sections: frozenset[str] = frozenset()

    def says(self, *texts: str) -> bool:
        """Whether one of these texts says it."""
        return bool(self.text) and any(self.text in normal(text) for text in texts)

    def takes(self, link: Link) -> bool:
        """Whether this line of evidence goes, whatever becomes of its claim."""
        if link.claim in self.claims or self.says(link.quote, link.source):
            return True
        return bool(self.marks) and _mark(link.interaction) in self.marks


@dataclass(frozen=True, slots=True)
class Without:
    """What is left, and what is not.

    removed:  claims that the profile had
    weakened: claims that lost evidence and stand on the rest, as they are now
    lost:     ids of all claims that went, those that had left the profile too
    links:    lines of evidence that went
    """

    profile: Profile
    evidence: Evidence
    removed: tuple[Claim, ...]
    weakened: tuple[Claim, ...]
    lost: frozenset[str]
    links: int


def without(profile: Profile, evidence: Evidence, gone: Gone) -> Without:
    """Take out what is to be forgotten, and what stood on nothing else.

    A claim a person wrote loses its evidence and stays, unless it is meant itself.
    Doing it twice is doing it once.
    """
    taken = [e for e in evidence.entries if isinstance(e, Link) and gone.takes(e)]
    touched = {link.claim for link in taken}
    left = _left(evidence, gone)
    removed, weakened = [], []
    for claim in profile.claims:
        if claim.id in gone.claims or gone.says(claim.text, claim.section):
            removed.append(claim)
        elif claim.id in touched and (left.get(claim.id) or claim.pinned):
            weakened.append(_standing_on(claim, left.get(claim.id, [])))
        elif claim.id in touched:
            removed.append(claim)
    here = {claim.id for claim in profile.claims}
    lost = {claim.id for claim in removed}
    for past in evidence.wordings().values():
        if past.claim in here or past.status == "forgotten":
            continue
        meant = gone.says(past.words, past.section)
        if meant or (past.claim in touched and not left.get(past.claim)):
            lost.add(past.claim)
    # A merge may have put lines beside the one that says it is forgotten.
    lost |= {
        entry.claim
        for entry in evidence.entries
        if entry.claim in gone.claims and entry.claim not in here
        if isinstance(entry, Link) or entry.status != "forgotten"
    }
    kept = _evidence(evidence, gone, lost, {claim.id for claim in weakened})
    marked = {spot.claim.id for spot in profile.spots if spot.marked}
    changed = {c.id: c for c in weakened if c.id in marked}
    if changed or removed:
        profile = pr.rewrite(
            profile, replaced=changed, removed=[claim.id for claim in removed]
        )
    bare = gone.sections | {claim.section for claim in removed}
    return Without(
        less_headings(profile, bare),
        kept,
        tuple(removed),
        tuple(weakened),
        frozenset(lost),
        sum(isinstance(e, Link) for e in evidence.entries)
        - sum(isinstance(e, Link) for e in kept.entries),
    )


def counted_out(sources: Any, gone: Iterable[str]) -> list[dict[str, Any]]:
    """The ``sources`` of the front matter, with some interactions counted out.

    sources: what stands there
    gone:    the source of each
    """
    left = [dict(s) for s in sources if isinstance(s, dict)] if sources else []
    by_resource = {str(s.get("resource")): s for s in left}
    for name in gone:
        source = by_resource.get(name.partition(":")[0])
        if source is not None:
            source["interactions"] = max(int(source.get("interactions", 0)) - 1, 0)
    return [source for source in left if source.get("interactions") != 0]


def _left(evidence: Evidence, gone: Gone) -> Mapping[str, list[Link]]:
    """Claim -> the links that bear it out still."""
    left: dict[str, list[Link]] = {}
    for entry in evidence.entries:
        if isinstance(entry, Link) and entry.side == "for" and not gone.takes(entry):
            left.setdefault(entry.claim, []).append(entry)
    return left


def _evidence(
    evidence: Evidence, gone: Gone, lost: set[str], weakened: set[str]
) -> Evidence:
    last = {
        entry.claim: place
        for place, entry in enumerate(evidence.entries)
        if isinstance(entry, Wording)
    }
    words = {
        normal(e.words)
        for e in evidence.entries
        if isinstance(e, Wording) and e.claim in lost
    }
    lines: list[str] = []
    entries: list[Entry] = []
    for place, (line, entry) in enumerate(
        zip(evidence.lines, evidence.entries, strict=True)
    ):
        kept: Entry | None = entry
        if isinstance(entry, Link):
            kept = None if entry.claim in lost else _link(entry, gone)
        elif entry.status == "forgotten":
            marks = tuple(mark(one) for one in entry.set_aside)
            kept = replace(entry, words="", section="", why="", set_aside=marks)
        elif entry.claim in lost or (
            # Of a claim that stays: how it was put before may be of what goes.
            last[entry.claim] != place
            and (entry.claim in weakened or gone.says(entry.words, entry.section))
        ):
            kept = None
        elif entry.why and _names(entry.why, gone, lost, words):
            kept = replace(entry, why="")
        if kept is not None:
            lines.append(line if kept == entry else evidence_line(kept))
            entries.append(kept)
    return Evidence(tuple(lines), tuple(entries))


def _link(link: Link, gone: Gone) -> Link | None:
    if gone.takes(link):
        return None
    if gone.quotes and link.quote and _mark(link.interaction) in gone.quotes:
        return replace(link, quote="")
    return link


def _names(why: str, gone: Gone, lost: set[str], words: set[str]) -> bool:
    """Whether what took a claim's place is something that goes."""
    tokens = {token.strip(":") for token in why.split()}
    said = normal(why)
    return bool(
        tokens & lost
        or gone.says(why)
        or any(text and said.endswith(text) for text in words)
    )


def _standing_on(claim: Claim, links: list[Link]) -> Claim:
    days = [link.at.date() for link in links if link.at]
    return replace(claim, count=len(links), last=max(days, default=None))


def less_headings(profile: Profile, sections: Collection[str]) -> Profile:
    """Take out the headings of these sections under which nothing is left."""
    kept: list[str] = []
    body = list(profile.body)
    place = 0
    while place < len(body):
        end = place + 1
        while end < len(body) and not body[end].strip():
            end += 1
        line = body[place]
        bare = end == len(body) or body[end].startswith(("# ", "## "))
        if bare and line.startswith("## ") and section_name(line[3:]) in sections:
            place = end
            continue
        kept += body[place:end]
        place = end
    if len(kept) == len(body):
        return profile
    return pr.parse("".join((*profile.head, *kept)), place="the new profile")
