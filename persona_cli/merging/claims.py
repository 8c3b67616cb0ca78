"""What becomes of each claim when two versions merge: the rules, and nothing else.

    ours              theirs            then
    as it was         anything          theirs; and the other way round
    reworded          reworded          a person's words before a model's; of two models
                                        the one with the newer evidence
    by hand           by hand, other    a conflict, which a person decides
    removed by hand   reworded by hand  a conflict
    removed by hand   anything else     removed: a person's no is kept
    retired           by hand           kept: no model takes a person's words away
    retired           reinforced since  kept, when that evidence is the newer one
    retired           anything else     retired
    new               (unknown)         added

What is forgotten on either side is on neither when this is asked (``sides``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from persona_cli.evidence import Wording
from persona_cli.merging.evidence import learned
from persona_cli.merging.sides import Side, Three, newest
from persona_cli.profile import Claim
from persona_cli.scope import united as united_scope

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A claim on which two people, or one on two machines, do not agree.

    ours, theirs: as each has it; None where it was taken out
    """

    id: str
    ours: Claim | None
    theirs: Claim | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands after a merge.

    claims:    id -> claim, support still to be counted; none of those in conflict
    conflicts: by id
    """

    claims: Mapping[str, Claim]
    conflicts: Mapping[str, Conflict]


@dataclass(frozen=True, slots=True)
class _One:
    """A claim on one side: as it stands, and what became of it last."""

    side: Side
    claim: Claim | None
    last: Wording | None


def settle(three: Three) -> Settled:
    """Decide claim by claim. The same whichever side is called ours."""
    base, ours, theirs = (
        (side, side.marked(), side.evidence.wordings())
        for side in (three.base, three.ours, three.theirs)
    )
    claims: dict[str, Claim] = {}
    conflicts: dict[str, Conflict] = {}
    for claim_id in dict.fromkeys((*ours[1], *theirs[1])):
        was, mine, yours = (
            _One(side, marked.get(claim_id), last.get(claim_id))
            for side, marked, last in (base, ours, theirs)
        )
        found = _decide(was, mine, yours)
        if isinstance(found, Claim):
            claims[claim_id] = found
        elif found is not None:
            conflicts[claim_id] = found
    return Settled(claims, conflicts)


def _decide(was: _One, mine: _One, yours: _One) -> Claim | Conflict | None:
    if mine.claim is not None and yours.claim is not None:
        return _both(was.claim, mine.claim, yours.claim)
    here, gone = (mine, yours) if mine.claim is not None else (yours, mine)
    claim = here.claim
    if claim is None:
        return None
    if was.claim is None and (gone.last == was.last or _waits(gone)):
        return claim  # new, accepted, or brought back; the other has no say in it
    if gone.last is not None and gone.last.status == "retired":
        stays = claim.pinned or _is_newer(was, here, gone, claim.id)
        return claim if stays else None
    if not _is_by_hand(was.claim, claim):
        return None
    return claim if was.claim is None else Conflict(claim.id, mine.claim, yours.claim)


def _waits(one: _One) -> bool:
    return one.last is not None and one.last.status == "pending"


def _both(was: Claim | None, mine: Claim, yours: Claim) -> Claim | Conflict:
    put = _three_way(
        None if was is None else (was.text, was.by),
        (mine.text, mine.by),
        (yours.text, yours.by),
    )
    if put is None and mine.pinned == yours.pinned and mine.text != yours.text:
        if mine.pinned:
            return Conflict(mine.id, mine, yours)
        latest = max((mine, yours), key=_lately)
        put = (latest.text, latest.by)
    elif put is None:
        put = max((c.pinned, c.text, c.by) for c in (mine, yours))[1:]
    scope = _three_way(was.scope if was else None, mine.scope, yours.scope)
    section = _three_way(was.section if was else None, mine.section, yours.section)
    return replace(
        mine,
        text=put[0],
        by=put[1],
        scope=scope or united_scope((mine.scope, yours.scope)),
        section=section or min(mine.section, yours.section),
        stated=mine.stated or yours.stated,
        last=max((c.last for c in (mine, yours) if c.last), default=None),
    )


def _three_way(was: _Value | None, mine: _Value, yours: _Value) -> _Value | None:
    """What two values become; None when both are new, and not the same."""
    if mine == yours or yours == was:
        return mine
    return yours if mine == was else None


def _lately(claim: Claim) -> tuple[str, int, str]:
    """How new a model's words are; by their letters, where nothing else decides."""
    day = claim.last.isoformat() if claim.last else ""
    return day, claim.count, claim.text


def _is_by_hand(was: Claim | None, claim: Claim) -> bool:
    """Whether a person chose these words since the version before."""
    return claim.pinned and (was is None or not was.pinned or was.text != claim.text)


def _is_newer(was: _One, here: _One, gone: _One, name: str) -> bool:
    """Whether what bears a claim out here is newer than what retired it there."""
    new = [k for k in learned(here.side, was.side, name) if k.side == "for"]
    against = [k for k in learned(gone.side, was.side, name) if k.side == "against"]
    return bool(new) and newest(new) > newest(against)
