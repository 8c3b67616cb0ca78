"""A person decides on the claims that wait: taken over, or turned down for good."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from persona_cli import profile as pr
from persona_cli.errors import UsageError
from persona_cli.evidence import Link
from persona_cli.profile import Claim
from persona_cli.reveal import revealed
from persona_cli.store import Loaded, Store
from persona_cli.waiting import as_claim, decided


@dataclass(frozen=True, slots=True)
class Held:
    """A claim that waits.

    claim: as it would stand in the profile
    why:   it waits, in a few words: "would send data out"
    by:    who proposed it: engine and prompt, or ``digest``
    links: what it rests on, newest first
    """

    claim: Claim
    why: str
    by: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a person decided.

    version: of the profile; as it was when nothing was accepted
    left:    claims that still wait
    commit:  None when nothing was committed
    """

    accepted: tuple[Claim, ...]
    rejected: tuple[Claim, ...]
    version: int
    left: int
    commit: str | None


def held(loaded: Loaded) -> list[Held]:
    """The claims that wait, in the order in which they came."""
    found = []
    for wording in loaded.evidence.pending():
        links = loaded.evidence.links(wording.claim)
        newest = sorted(links, key=lambda k: k.at.timestamp() if k.at else 0)[::-1]
        claim = as_claim(wording, loaded.evidence)
        found.append(Held(claim, wording.why, wording.by, tuple(newest)))
    return found


def review(
    store: Store,
    *,
    accept: Collection[str],
    reject: Collection[str],
    commit: bool = True,
) -> Reviewed:
    """Take over some of the claims that wait, and turn down others.

    One that is accepted is pinned: a person chose these words, and no model rewords
    them later. One that is rejected is remembered, and not proposed again. The caller
    holds the store's lock.

    accept, reject: ids
    Raises: UsageError for an id that does not wait, or that is in both
    """
    loaded = store.load()
    waiting = {wording.claim: wording for wording in loaded.evidence.pending()}
    for claim_id in (*accept, *reject):
        if claim_id not in waiting:
            raise _not_waiting(store.name, claim_id, list(waiting))
    if both := sorted(set(accept) & set(reject)):
        raise UsageError(
            f"{', '.join(both)}: both accepted and rejected", remedy="Leave one out."
        )
    taken = [as_claim(waiting[i], loaded.evidence) for i in dict.fromkeys(accept)]
    taken = [replace(claim, by="human") for claim in taken]
    refused = [as_claim(waiting[i], loaded.evidence) for i in dict.fromkeys(reject)]
    old = loaded.profile
    version = old.version + bool(taken)
    profile = old
    if taken:
        # The judge has not seen this version.
        meta = {"version": version, "restores": None, "verified": None}
        profile = pr.rewrite(old, added=taken, meta=meta)
    evidence = loaded.evidence.with_entries(
        decided(waiting[claim.id], accepted=claim in taken, version=version)
        for claim in (*taken, *refused)
    )
    sha = None
    if taken or refused:
        message = _message(store.name, version, taken, refused)
        sha = store.save(loaded, profile, evidence, message=message, commit=commit)
    left = len(waiting) - len(taken) - len(refused)
    return Reviewed(tuple(taken), tuple(refused), version, left, sha)


def _message(
    name: str, version: int, taken: Sequence[Claim], refused: Sequence[Claim]
) -> str:
    said = [f"{len(taken)} accepted"] if taken else []
    said += [f"{len(refused)} turned down"] if refused else []
    lines = [f"{name} v{version}: {', '.join(said)}", "", "Reviewed by a person.", ""]
    for verb, claims in (("accepted", taken), ("turned down", refused)):
        lines += [f"{verb} {c.id} {c.section}: {revealed(c.text)}" for c in claims]
    return "\n".join(lines) + "\n"


def _not_waiting(name: str, claim_id: str, waiting: Sequence[str]) -> UsageError:
    known = f"There wait: {', '.join(waiting)}." if waiting else "Nothing waits."
    return UsageError(f"{name}: no claim {claim_id!r} waits for review", remedy=known)
