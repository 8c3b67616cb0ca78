"""A person says where a claim holds: everywhere, or in one project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from persona_cli import profile as pr
from persona_cli.diary import moved
from persona_cli.errors import UsageError
from persona_cli.evidence import Wording
from persona_cli.profile import Claim
from persona_cli.reveal import revealed
from persona_cli.scope import scope_named
from persona_cli.store import Loaded, Store, find_claim


@dataclass(frozen=True, slots=True)
class Promoted:
    """What came of it.

    claim:   as it is now
    before:  where it held
    version: of the profile; as it was when the claim held there already
    commit:  None when nothing was committed
    """

    claim: Claim
    before: str
    version: int
    commit: str | None


def promote(store: Store, claim_id: str, *, to: str, commit: bool = True) -> Promoted:
    """Let a claim hold somewhere else: one version, which ``undo`` takes back.

    Its evidence stays. It is pinned, since a person decided on it: no update rewords
    it, and none moves it again. A line without a mark gets one, and so a new id. The
    caller holds the store's lock.

    claim_id: of a claim of the profile
    to:       see ``scope.scope_named``
    Raises:   UsageError when there is no such claim, or no such scope can be
    """
    try:
        scope = scope_named(to)
    except ValueError as error:
        raise UsageError(
            str(error), remedy="Give --to global, or --to project:NAME."
        ) from error
    loaded = store.load()
    old = find_claim(loaded, claim_id)
    if old.scope == scope:
        return Promoted(old, scope, loaded.profile.version, None)
    version = loaded.profile.version + 1
    claim = replace(old, id=_marked_id(loaded, old), scope=scope, by="human")
    # The judge has not seen this version.
    meta: Mapping[str, Any] = {"version": version, "restores": None, "verified": None}
    sha = store.save(
        loaded,
        pr.rewrite(loaded.profile, replaced={old.id: claim}, meta=meta),
        loaded.evidence.with_entries(
            [Wording(claim.id, claim.text, claim.section, "active", "human", version)]
        ),
        message=f"{store.name} v{version}: {claim.id} holds {_where(scope)}\n\n"
        f"Said by a person.\n\n{claim.section}: {revealed(claim.text)}\n"
        f"    holds: {moved(old.scope, scope)}\n",
        commit=commit,
    )
    return Promoted(claim, old.scope, version, sha)


def _marked_id(loaded: Loaded, claim: Claim) -> str:
    """An id that a mark can hold."""
    if claim.id.startswith("c"):
        return claim.id
    taken = {c.id for c in loaded.profile.claims} | set(loaded.evidence.wordings())
    return pr.new_id(claim.text, taken)


def _where(scope: str) -> str:
    return "everywhere" if scope == "global" else f"in {revealed(scope)}"
