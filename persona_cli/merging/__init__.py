"""Two versions of a profile that come from one become one, claim by claim.

Evidence is united, support counted from it, wordings settled by rules (``claims``), and
what two people put differently is left for a person. Free text goes the way of every
text, through ``git merge-file`` (``text``). Nothing is read, nothing written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.evidence import Evidence, Wording
from persona_cli.merging.alike import contrary, joined
from persona_cli.merging.claims import Conflict, Settled, settle
from persona_cli.merging.evidence import support, united
from persona_cli.merging.sides import (
    Side,
    Three,
    less_the_forgotten,
    nothing,
    side_of,
    told_apart,
)
from persona_cli.profile import Claim

# Which of two last words on a claim that stands no more is the weightier.
_WEIGHT = ("pending", "active", "retired", "removed", "forgotten")


@dataclass(frozen=True, slots=True)
class Merged:
    """What two versions come to.

    three:     the sides, told apart and without what is forgotten; None where only
               one of them had changed, and so ``only`` is what they come to
    claims:    those with a mark, by id, their support counted
    conflicts: by id; the claims in them have their support counted too
    contrary:  claims that cannot both hold, and stand side by side
    """

    three: Three | None
    only: Side | None
    evidence: Evidence
    claims: Mapping[str, Claim]
    conflicts: Mapping[str, Conflict]
    contrary: tuple[tuple[Claim, Claim], ...]

    @property
    def order(self) -> list[str]:
        """Ids of all that stands, or is in conflict: as in ours, then as in theirs."""
        sides = self.three.both if self.three else ()
        known = [name for side in sides for name in side.marked()]
        there = {**self.claims, **self.conflicts}
        return [n for n in dict.fromkeys((*known, *there)) if n in there]


def merge(
    base: Side | None, ours: Side, theirs: Side, *, keep_both: bool = False
) -> Merged:
    """Merge two versions.

    base:      the version both come from, None where there is none
    keep_both: what is put differently by hand stands twice, and is no conflict
    """
    if (only := _unmoved(base, ours, theirs)) is not None:
        return Merged(None, only, only.evidence, only.marked(), {}, ())
    sides = (side_of(s.profile, s.evidence) for s in (base or nothing(), ours, theirs))
    three = told_apart(less_the_forgotten(Three(*sides)))
    settled = settle(three)
    if keep_both:
        settled = _kept_both(three, settled)
    evidence, turned = united(three), united(three.turned)
    claims = _counted(three, evidence, settled.claims)
    mine, yours = _only_in(three, claims)
    found = joined(claims, evidence, mine=mine, yours=yours, version=three.version)
    if found.entries:
        evidence = evidence.with_entries(found.entries)
        turned = turned.with_entries(found.entries)
        claims = _counted(three, evidence, found.claims)
    return Merged(
        three,
        None,
        evidence.with_entries(
            _last_words(three, (evidence, turned), claims, settled.conflicts)
        ),
        claims,
        {
            name: Conflict(name, *_counted_pair(three, evidence, conflict))
            for name, conflict in settled.conflicts.items()
        },
        tuple(_contrary(three, claims)),
    )


def _unmoved(base: Side | None, ours: Side, theirs: Side) -> Side | None:
    """The side that a merge comes to when the other has not moved."""
    if base is not None and _text(ours) == _text(base):
        return theirs
    if _text(ours) == _text(theirs) or (base and _text(theirs) == _text(base)):
        return ours
    return None


def _text(side: Side) -> tuple[str, str]:
    return pr.render(side.profile), ev.render(side.evidence)


def _kept_both(three: Three, settled: Settled) -> Settled:
    """Let both sides of each conflict stand; the second by an id of its own."""
    claims = dict(settled.claims)
    taken = {w for side in three.both for w in side.evidence.wordings()} | {*claims}
    for name, conflict in settled.conflicts.items():
        there = [c for c in (conflict.ours, conflict.theirs) if c is not None]
        first, *rest = sorted(there, key=lambda claim: claim.text)
        claims[name] = first
        for claim in rest:
            new = pr.new_id(claim.text, taken)
            taken.add(new)
            # What it rests on is known by the other's id; a person's words need none.
            claims[new] = replace(claim, id=new, count=0, last=None)
    return Settled(claims, {})


def _counted(
    three: Three, evidence: Evidence, claims: Mapping[str, Claim]
) -> dict[str, Claim]:
    found = support(evidence)
    return {
        name: replace(claim, count=_count(three, claim, found.get(name, 0)))
        for name, claim in claims.items()
    }


def _counted_pair(
    three: Three, evidence: Evidence, conflict: Conflict
) -> Iterator[Claim | None]:
    for claim in (conflict.ours, conflict.theirs):
        if claim is None:
            yield None
        else:
            yield _counted(three, evidence, {claim.id: claim})[claim.id]


def _count(three: Three, claim: Claim, linked: int) -> int:
    """How many interactions bear a claim out: as many as the evidence links to it.

    Where a side's evidence does not tell all, what each side has counted since the
    version both come from is added to that.
    """
    there = [
        (side, found)
        for side in (three.base, *three.both)
        if (found := side.marked().get(claim.id)) is not None
    ]
    if all(side.knows_all_of(found) for side, found in there):
        return linked
    before = next((c.count for side, c in there if side is three.base), 0)
    since = [c.count - before for side, c in there if side is not three.base]
    return max(linked, before + sum(since))


def _only_in(
    three: Three, claims: Mapping[str, Claim]
) -> tuple[frozenset[str], frozenset[str]]:
    """The claims that are new, and of one side alone."""
    before, ours, theirs = (
        side.marked().keys() for side in (three.base, three.ours, three.theirs)
    )
    mine = claims.keys() & ours - theirs - before
    return frozenset(mine), frozenset(claims.keys() & theirs - ours - before)


def _contrary(three: Three, claims: Mapping[str, Claim]) -> list[tuple[Claim, Claim]]:
    """Of what is new on each side, and stands, what cannot both hold."""
    before, ours, theirs = (
        {c.id: c for c in side.profile.claims if c.id in claims or c.id[0] == "h"}
        for side in (three.base, three.ours, three.theirs)
    )
    return contrary(
        {**ours, **theirs, **claims},
        mine=frozenset(ours.keys() - theirs.keys() - before.keys()),
        yours=frozenset(theirs.keys() - ours.keys() - before.keys()),
    )


def _last_words(
    three: Three,
    ways: tuple[Evidence, Evidence],
    claims: Mapping[str, Claim],
    conflicts: Mapping[str, Conflict],
) -> Iterator[Wording]:
    """Lines that settle what became of each claim, where the lines there do not.

    The last line on a claim counts (see ``evidence``), and which came last must not
    hang on which side was called ours. So both orders are looked at.

    ways: the evidence with the lines of ours first, and with those of theirs first
    """
    said = [side.evidence.wordings() for side in three.both]
    turned = ways[1].wordings()
    for name, last in ways[0].wordings().items():
        lasts = (last, turned[name])
        claim = claims.get(name)
        if not name or name in conflicts:
            continue
        if claim is not None:
            if any((w.words, w.status) != (claim.text, "active") for w in lasts):
                yield _stands(claim, (way.get(name) for way in said), three.version)
        elif lasts[0] != lasts[1] or last.status == "active":
            told = [w for way in said if (w := way.get(name)) and w.status != "active"]
            if told:
                yield replace(max(told, key=_weight), version=three.version)
    for name, claim in claims.items():
        if not any(name in side.marked() for side in three.both):
            yield _stands(claim, (), three.version)


def _stands(claim: Claim, said: Iterable[Wording | None], version: int) -> Wording:
    """The line that says a claim stands as it is, by whoever put it so."""
    authors = [
        one.by
        for one in said
        if one is not None and (one.words, one.status) == (claim.text, "active")
    ]
    by = "human" if claim.pinned else min(authors, default=claim.by or "merge")
    return Wording(claim.id, claim.text, claim.section, "active", by, version)


def _weight(wording: Wording) -> tuple[int, str]:
    """The weightiest status; its letters, where nothing else decides."""
    line = ev.line_of(replace(wording, version=0))
    return _WEIGHT.index(wording.status), line
