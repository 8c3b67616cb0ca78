"""Take a claim back, or all that came from one source, with what depends on it."""

from dataclasses import dataclass, replace

from persona_cli import profile as pr
from persona_cli.archive import Archive, folded_line
from persona_cli.errors import UsageError
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.files import remove
from persona_cli.places import READ
from persona_cli.profile import Claim
from persona_cli.store import Loaded, Store, find_claim
from persona_cli.verdicts import FILE


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken back.

    claims:       gone from the profile
    weakened:     claims that lost evidence and stand on the rest, as they are now
    links:        lines of evidence that are gone
    interactions: gone from this machine's archive
    set_aside:    interactions kept, but not to be read again by ``rebuild``
    """

    claims: tuple[Claim, ...]
    weakened: tuple[Claim, ...]
    links: int
    interactions: int
    set_aside: int
    version: int
    commit: str | None


def forget_claim(store: Store, claim_id: str, *, commit: bool = True) -> Forgotten:
    """Take one claim out of the profile, and its words and quotes out of the evidence.

    Interactions that bore out nothing else are set aside, so that no rebuild brings
    the claim back. The caller holds the store's lock.

    Raises: UsageError when there is no such claim
    """
    loaded = store.load()
    claim = find_claim(loaded, claim_id)
    mine = {link.interaction for link in loaded.evidence.links(claim.id)}
    others = {
        entry.interaction
        for entry in loaded.evidence.entries
        if isinstance(entry, Link) and entry.claim != claim.id
    }
    aside = tuple(sorted(mine - others))
    evidence = _less_claims(loaded.evidence, {claim.id})
    links = len(loaded.evidence.links(claim.id))
    return _save(
        store,
        loaded,
        evidence,
        removed=[claim],
        weakened=[],
        aside={claim.id: aside},
        links=links,
        commit=commit,
    )


def forget_source(
    store: Store, archive: Archive, source: str, *, commit: bool = True
) -> Forgotten:
    """Take back everything that came from one source.

    Its interactions leave the archive, its links the evidence; claims that stood on
    nothing else go, others stand on what is left. A claim a person wrote stays.

    source: as in the evidence (``claude-code:3f2a``), or a reader's whole name
            (``claude-code``)
    Raises: UsageError when nothing came from there
    """
    loaded = store.load()
    gone_ids = {e.id for e in archive.entries() if _from(e.source, source)}
    gone_links = [
        place
        for place, entry in enumerate(loaded.evidence.entries)
        if isinstance(entry, Link) and _from(entry.source, source)
    ]
    if not gone_ids and not gone_links:
        raise UsageError(
            f"{store.name}: nothing came from {source!r}",
            remedy="Take a source from: persona why CLAIM.",
        )
    evidence = loaded.evidence.without(gone_links)
    touched = {loaded.evidence.entries[place].claim for place in gone_links}
    removed: list[Claim] = []
    weakened: list[Claim] = []
    for claim in loaded.profile.claims:
        if claim.id not in touched:
            continue
        left = [link for link in evidence.links(claim.id) if link.side == "for"]
        if left or claim.pinned:
            weakened.append(_standing_on(claim, left))
        else:
            removed.append(claim)
    evidence = _less_claims(evidence, {claim.id for claim in removed})
    return _save(
        store,
        loaded,
        evidence,
        removed=removed,
        weakened=weakened,
        aside={},
        links=len(gone_links),
        commit=commit,
        archive=archive,
        gone=gone_ids,
    )


def _save(
    store: Store,
    loaded: Loaded,
    evidence: Evidence,
    *,
    removed: list[Claim],
    weakened: list[Claim],
    aside: dict[str, tuple[str, ...]],
    links: int,
    commit: bool,
    archive: Archive | None = None,
    gone: set[str] | None = None,
) -> Forgotten:
    version = loaded.profile.version + 1
    marked = {spot.claim.id for spot in loaded.profile.spots if spot.marked}
    evidence = evidence.with_entries(
        Wording(
            claim=claim.id,
            words="",
            section=claim.section,
            status="forgotten",
            by="human",
            version=version,
            set_aside=aside.get(claim.id, ()),
        )
        for claim in removed
        if claim.id in marked or aside.get(claim.id)
    )
    profile = pr.rewrite(
        loaded.profile,
        replaced={claim.id: claim for claim in weakened if claim.id in marked},
        removed=[claim.id for claim in removed],
        meta={"version": version, "restores": None, "verified": None},
    )
    for cache in (FILE, READ):  # which of it is gone, they do not tell
        remove(store.state / cache)
    ids = ", ".join(claim.id for claim in removed) or "no claim"
    # No word of what is forgotten: the message would keep it.
    message = f"{store.name} v{version}: forgot {ids}, {links} lines of evidence\n"
    content = archive.forget(gone) if archive is not None and gone else None
    sha = store.save(
        loaded,
        profile,
        evidence,
        message=message,
        folded=folded_line(sorted(gone), version=version, counted=False)
        if gone
        else b"",
        archive=content,
        commit=commit,
    )
    return Forgotten(
        claims=tuple(removed),
        weakened=tuple(weakened),
        links=links,
        interactions=len(gone or ()),
        set_aside=sum(map(len, aside.values())),
        version=version,
        commit=sha,
    )


def _less_claims(evidence: Evidence, claims: set[str]) -> Evidence:
    return evidence.without(
        place for place, entry in enumerate(evidence.entries) if entry.claim in claims
    )


def _standing_on(claim: Claim, links: list[Link]) -> Claim:
    days = [link.at.date() for link in links if link.at]
    return replace(claim, count=len(links), last=max(days, default=None))


def _from(found: str, wanted: str) -> bool:
    return found == wanted or found.partition(":")[0] == wanted
