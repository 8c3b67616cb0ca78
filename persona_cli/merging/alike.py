"""Two claims that say the same, one from each side, become one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from persona_cli.evidence import Entry, Evidence, Wording
from persona_cli.profile import Claim
from persona_cli.similar import NEAR, contradicts, similarity


@dataclass(frozen=True, slots=True)
class Joined:
    """What stands when nothing is said twice.

    claims:  id -> claim
    entries: lines that the evidence is to gain
    """

    claims: Mapping[str, Claim]
    entries: tuple[Entry, ...]


def joined(
    claims: Mapping[str, Claim],
    evidence: Evidence,
    *,
    mine: frozenset[str],
    yours: frozenset[str],
    version: int,
) -> Joined:
    """Let the better borne out of two claims inherit the other's evidence.

    Only what one side alone has is laid beside what the other alone has: what stood
    side by side in one version stays so. A person's words stay; so do two claims that
    hold in different places. The most alike come first.

    mine, yours: ids
    """
    pairs = sorted(
        (-alike, one, two)
        for one in mine
        for two in yours
        if _may_be_one(claims[one], claims[two])
        and (alike := similarity(claims[one].text, claims[two].text)) >= NEAR
    )
    left = dict(claims)
    entries: list[Entry] = []
    linked = evidence.linked()
    for _, one, two in pairs:
        if one not in left or two not in left:
            continue
        heir, goes = sorted((left[one], left[two]), key=_standing)
        for link in evidence.links(goes.id):
            if (heir.id, link.interaction, link.side) not in linked:
                linked.add((heir.id, link.interaction, link.side))
                entries.append(replace(link, claim=heir.id))
        why = f"the same as {heir.id}: {heir.text}"
        entries.append(
            Wording(
                goes.id, goes.text, goes.section, "retired", "merge", version, why=why
            )
        )
        del left[goes.id]
        left[heir.id] = replace(
            heir,
            stated=heir.stated or goes.stated,
            last=max((c.last for c in (heir, goes) if c.last), default=None),
        )
    return Joined(left, tuple(entries))


def contrary(
    claims: Mapping[str, Claim], *, mine: frozenset[str], yours: frozenset[str]
) -> list[tuple[Claim, Claim]]:
    """Claims of which one side has one and the other the other, and not both can hold.

    Both are kept: which holds is for a person, or for what they do next, to say.
    """
    return [
        (claims[one], claims[two])
        for one in sorted(mine)
        for two in sorted(yours)
        if claims[one].scope == claims[two].scope
        and contradicts(claims[one].text, claims[two].text)
    ]


def _may_be_one(one: Claim, two: Claim) -> bool:
    if one.pinned and two.pinned:
        return one.text == two.text and one.scope == two.scope
    return one.scope == two.scope


def _standing(claim: Claim) -> tuple[bool, bool, int, str, str]:
    """Sorts first what is to stay."""
    return not claim.pinned, not claim.stated, -claim.count, claim.text, claim.id
