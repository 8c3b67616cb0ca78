"""A person's edits of their profile, taken over as theirs.

The evidence file says what persona last wrote for each claim; what differs in the
profile was done by hand, and hands have the last word: a reworded claim is pinned
and keeps its evidence, a deleted one is not proposed again, and one brought back
stays.
"""

from dataclasses import dataclass, replace

from persona_cli.evidence import Evidence, Wording
from persona_cli.profile import Claim, Profile, rewrite


@dataclass(frozen=True, slots=True)
class Adopted:
    """A profile and its evidence, agreeing again.

    edited:  claims a person reworded, or brought back
    removed: what they took out, as it was last written
    """

    profile: Profile
    evidence: Evidence
    edited: tuple[Claim, ...]
    removed: tuple[Wording, ...]


def adopt(profile: Profile, evidence: Evidence) -> Adopted:
    """Take over what a person changed by hand.

    The words of the file are never touched: only the mark of an edited line is, and
    lines of evidence are added. Adopting twice is adopting once.
    """
    wordings = evidence.wordings()
    version = profile.version
    edited: dict[str, Claim] = {}
    for spot in profile.spots:
        claim, last = spot.claim, wordings.get(spot.claim.id)
        if not spot.marked or last is None:
            continue
        same = last.words == claim.text and last.status == "active"
        if not same and not claim.pinned:
            edited[claim.id] = replace(claim, by="human")
        elif not same:
            edited[claim.id] = claim
    here = {claim.id for claim in profile.claims}
    removed = tuple(
        wording
        for wording in wordings.values()
        if wording.status == "active" and wording.claim not in here
    )
    entries = [
        Wording(c.id, c.text, c.section, "active", "human", version)
        for c in edited.values()
    ]
    entries += [
        replace(wording, status="removed", by="human", version=version)
        for wording in removed
    ]
    if not entries:
        return Adopted(profile, evidence, (), ())
    return Adopted(
        rewrite(profile, replaced=edited) if edited else profile,
        evidence.with_entries(entries),
        tuple(edited.values()),
        removed,
    )
