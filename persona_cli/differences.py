"""How two versions of a profile differ, claim by claim and not line by line."""

from collections.abc import Sequence

from persona_cli.profile import Claim, Profile
from persona_cli.reconcile import Change, ChangeKind


def differences(old: Profile, new: Profile) -> list[Change]:
    """What has to change in ``old`` to make it ``new``.

    A claim written by hand is known by its words, any other by its id.

    Order: claims of ``new`` in its order, then those that only ``old`` has
    """
    before = {claim.id: claim for claim in old.claims}
    after = {claim.id: claim for claim in new.claims}
    found: list[Change] = []
    for claim in new.claims:
        past = before.get(claim.id)
        if past is None:
            found.append(Change("added", claim, None, ""))
        elif past.text != claim.text or past.section != claim.section:
            found.append(Change("revised", claim, past, ""))
        elif past.count != claim.count:
            grew = claim.count > past.count
            kind: ChangeKind = "reinforced" if grew else "weakened"
            found.append(Change(kind, claim, past, ""))
        elif past.scope != claim.scope:
            found.append(Change("revised", claim, past, ""))
    gone: Sequence[Claim] = [c for c in old.claims if c.id not in after]
    found.extend(Change("retired", claim, claim, "") for claim in gone)
    return found
