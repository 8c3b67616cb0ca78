"""What a merge has before it: versions of a profile, each with its evidence."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.evidence import Entry, Evidence, Link, Wording, line_of
from persona_cli.forgetting import Gone, without
from persona_cli.profile import Claim, Profile
from persona_cli.similar import NEAR, similarity
from persona_cli.tombstones import forgotten_in


@dataclass(frozen=True, slots=True)
class Side:
    """One version, a person's edits taken over (see ``adopt``).

    evidence: none where it could not be found: then the profile speaks alone
    """

    profile: Profile
    evidence: Evidence

    def marked(self) -> dict[str, Claim]:
        """The claims that have a mark, by id; lines without one are free text."""
        return {s.claim.id: s.claim for s in self.profile.spots if s.marked}

    def knows_all_of(self, claim: Claim) -> bool:
        """Whether the evidence has every interaction that the mark counts."""
        links = self.evidence.links(claim.id)
        return claim.count == sum(link.side == "for" for link in links)


def side_of(profile: Profile, evidence: Evidence) -> Side:
    """A version as it is to be merged."""
    adopted = adopt(profile, evidence)
    return Side(adopted.profile, adopted.evidence)


def nothing() -> Side:
    """The version before the first: where two histories have none in common."""
    return Side(pr.empty("nothing"), Evidence())


@dataclass(frozen=True, slots=True)
class Three:
    """The version that two others come from, and these two."""

    base: Side
    ours: Side
    theirs: Side

    @property
    def both(self) -> tuple[Side, Side]:
        """The two that are to become one."""
        return self.ours, self.theirs

    @property
    def turned(self) -> "Three":
        """The same, the other way round."""
        return Three(self.base, self.theirs, self.ours)

    @property
    def version(self) -> int:
        """Of what they become."""
        return max(side.profile.version for side in self.both) + 1


def less_the_forgotten(three: Three) -> Three:
    """Without what either side has forgotten, on every side.

    What was forgotten before, and brought back on one side, is back.
    """
    before, *after = (forgotten_in(s.evidence) for s in (three.base, *three.both))
    gone = Gone(
        claims=_merged_sets(before.claims, after[0].claims, after[1].claims),
        marks=before.marks | after[0].marks | after[1].marks,
    )
    if not (gone.claims or gone.marks):
        return three
    return Three(
        *(_without(side, gone) for side in (three.base, three.ours, three.theirs))
    )


def _without(side: Side, gone: Gone) -> Side:
    done = without(side.profile, side.evidence, gone)
    return Side(done.profile, done.evidence)


def _merged_sets(
    base: frozenset[str], ours: frozenset[str], theirs: frozenset[str]
) -> frozenset[str]:
    return (ours & theirs) | (ours - base) | (theirs - base)


def told_apart(three: Three) -> Three:
    """Give another id to one of two different claims that came by the same.

    An id is a few digits of a hash: two machines may give the same to two claims. The
    one whose words come first in the alphabet keeps it, whichever side it is on.
    """
    known = _words(three.base)
    ours, theirs = _words(three.ours), _words(three.theirs)
    for claim_id in sorted(ours.keys() & theirs.keys() - known.keys()):
        mine, yours = ours[claim_id], theirs[claim_id]
        if not mine or not yours or _are_one(mine, yours):
            continue
        taken = {*ours, *theirs, *known}
        loser = max(min(mine), min(yours))
        new = pr.new_id(loser, taken)
        if loser == min(yours):
            three = replace(three, theirs=renamed(three.theirs, claim_id, new))
            theirs[new] = theirs[claim_id]
        else:
            three = replace(three, ours=renamed(three.ours, claim_id, new))
            ours[new] = ours[claim_id]
    return three


def renamed(side: Side, old: str, new: str) -> Side:
    """A version in which a claim goes by another id."""
    profile = side.profile
    claim = side.marked().get(old)
    if claim is not None:
        profile = pr.rewrite(profile, replaced={old: replace(claim, id=new)})
    entries = tuple(_renamed(entry, old, new) for entry in side.evidence.entries)
    lines = tuple(
        line if entry is before else line_of(entry)
        for line, before, entry in zip(
            side.evidence.lines, side.evidence.entries, entries, strict=True
        )
    )
    return Side(profile, Evidence(lines, entries))


def _renamed(entry: Entry, old: str, new: str) -> Entry:
    return replace(entry, claim=new) if entry.claim == old else entry


def _words(side: Side) -> dict[str, set[str]]:
    """Claim -> every way in which it was ever put on this side."""
    found: dict[str, set[str]] = {}
    for claim_id, text in _said(side):
        found.setdefault(claim_id, set()).add(text)
    return found


def _said(side: Side) -> Iterator[tuple[str, str]]:
    yield from ((claim.id, claim.text) for claim in side.marked().values())
    for entry in side.evidence.entries:
        if isinstance(entry, Wording) and entry.words:
            yield entry.claim, entry.words


def _are_one(mine: Collection[str], yours: Collection[str]) -> bool:
    return bool({*mine} & {*yours}) or any(
        similarity(one, two) >= NEAR for one in mine for two in yours
    )


def newest(links: Collection[Link]) -> float:
    """When the newest of some links was, in seconds; before all time for none."""
    return max((k.at.timestamp() for k in links if k.at), default=float("-inf"))
