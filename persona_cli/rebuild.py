"""Write a profile anew from all that is archived, instead of on top of the last."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from persona_cli import __version__, diary
from persona_cli import profile as pr
from persona_cli.allowed import Allows
from persona_cli.archive import Archive, folded_line
from persona_cli.differences import differences
from persona_cli.engine import Engine
from persona_cli.evidence import Entry, Evidence, Link, Wording
from persona_cli.fold import (
    EARLIER,
    Checking,
    OpenEngine,
    best_draft,
    counted_sources,
    propose,
    set_aside,
    stamped,
    verifier_of,
    window_seed,
)
from persona_cli.index import Entry as Archived
from persona_cli.infer import Asking
from persona_cli.judge import profile_text
from persona_cli.profile import Claim, Profile
from persona_cli.reconcile import Change, reconcile
from persona_cli.similar import NEAR, similarity
from persona_cli.store import Loaded, Store
from persona_cli.verify import UNCHECKED, Checked, Verifier, verified
from persona_cli.window import MOST_INTERACTIONS


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How far a rebuild is; the last one holds the result.

    folded, left: interactions
    changes:      against the profile as it was; empty until the end, and when the
                  result was rejected
    waiting:      claims that wait for a person's review
    checked:      what held-out choices say of the result
    """

    folded: int
    left: int
    profile: Profile
    changes: tuple[Change, ...] = ()
    checked: Checked = UNCHECKED
    waiting: int = 0
    commit: str | None = None


def rebuild(
    store: Store,
    archive: Archive,
    *,
    open_engine: OpenEngine,
    seed: int,
    now: Callable[[], datetime],
    checking: Checking = Checking(),  # noqa: B008 (frozen)
    write: bool = True,
    commit: bool = True,
) -> Iterator[Rebuilt]:
    """Infer the profile from every archived interaction.

    In as few windows as the model's context allows; what a person wrote or reworded
    stays. A claim that comes out again keeps its id. One version at the end, or none
    when it foresees held-out choices worse than the profile as it was: a rebuild that
    is stopped, or rejected, has changed nothing.

    Raises: ModelError, BusyError, InputError
    """
    loaded = store.load()
    old = loaded.profile
    aside = set_aside(loaded.evidence, archive)
    entries = archive.readable(aside=aside)
    if not entries:
        return
    replaceable = [s.claim for s in old.spots if s.marked and not s.claim.pinned]
    ids = {claim.id for claim in replaceable}
    profile = pr.rewrite(old, removed=ids)
    # Their wordings stay, so that no new claim takes an old id by chance.
    start = _less(loaded.evidence, ids, (Link,))
    opened = open_engine()
    verifier = verifier_of(opened, archive, aside, checking, write=write)
    profile, evidence = yield from _anew(
        *(profile, start, archive, entries, opened, verifier),
        seed=seed,
        allows=store.allowed(),
    )
    names = _old_ids(profile, replaceable)
    profile = _renamed(profile, names)
    changes = tuple(differences(old, profile))
    checked = UNCHECKED
    if changes:
        checked = verifier.check(
            profile_text(old.claims),
            profile_text(profile.claims),
            step=window_seed(seed, [entry.id for entry in entries]),
        )
    if not checked.kept:
        waiting = len(loaded.evidence.pending())
        yield Rebuilt(len(entries), 0, old, checked=checked, waiting=waiting)
        return
    new = [
        replace(entry, claim=names.get(entry.claim, entry.claim))
        for entry in evidence.entries[len(start.entries) :]
    ]
    version = old.version + bool(changes)
    if changes:
        profile = pr.rewrite(
            profile,
            meta={
                "version": version,
                "generated": {
                    "by": f"persona/{__version__} {opened[0].name} rebuild",
                    "at": stamped(now()),
                },
                "verified": verified(checked, when=stamped(now())),
                "sources": counted_sources([], ((e.source, e.at) for e in entries)),
                "restores": None,
            },
        )
        back = set(names.values())
        evidence = _history(loaded.evidence, new, replaceable, back, version)
    else:  # no version that says nothing; what waits is kept all the same
        held = {wording.claim for wording in evidence.pending()}
        kept = [entry for entry in new if entry.claim in held]
        profile, evidence = old, loaded.evidence.with_entries(kept)
    sha = None
    if write:
        sha = _save(
            store,
            archive,
            loaded,
            (profile, evidence, changes),
            entries,
            by=opened[0].name,
            commit=commit,
        )
    waiting = len(evidence.pending())
    yield Rebuilt(len(entries), 0, profile, changes, checked, waiting, sha)


def _save(
    store: Store,
    archive: Archive,
    loaded: Loaded,
    result: tuple[Profile, Evidence, tuple[Change, ...]],
    entries: Sequence[Archived],
    *,
    by: str,
    commit: bool,
) -> str | None:
    profile, evidence, changes = result
    folded = archive.folded()
    fresh = [entry.id for entry in entries if entry.id not in folded]
    line = folded_line(fresh, version=profile.version, counted=bool(changes))
    return store.save(
        loaded,
        profile,
        evidence,
        message=diary.message(
            store.name,
            profile.version,
            changes,
            read=f"all {len(entries)} archived interactions",
            by=f"{by}, rebuilt",
        ),
        folded=line if fresh else b"",
        commit=commit,
    )


def _anew(
    profile: Profile,
    evidence: Evidence,
    archive: Archive,
    entries: Sequence[Archived],
    opened: tuple[Engine, Asking],
    verifier: Verifier,
    *,
    seed: int,
    allows: Allows,
) -> Generator[Rebuilt, None, tuple[Profile, Evidence]]:
    """Fold all entries into a profile in memory; yields how far it is."""
    done_before = 0
    while left := entries[done_before:]:
        ahead = list(archive.read(left[:MOST_INTERACTIONS]))
        past = entries[max(done_before - EARLIER, 0) : done_before]
        earlier = list(archive.read(past))
        proposal = propose(profile, ahead, earlier, *opened, seed=seed, allows=allows)
        best = best_draft(proposal, profile, evidence, verifier)
        done = reconcile(
            profile,
            evidence,
            best.draft.lines,
            proposal.interactions,
            by=best.by,
        )
        profile, evidence = done.profile, done.evidence
        done_before += len(proposal.window.interactions)
        yield Rebuilt(done_before, len(entries) - done_before, profile)
    return profile, evidence


def _less(
    evidence: Evidence, claims: set[str], kinds: tuple[type[Entry], ...]
) -> Evidence:
    return evidence.without(
        place
        for place, entry in enumerate(evidence.entries)
        if entry.claim in claims and isinstance(entry, kinds)
    )


def _old_ids(profile: Profile, old: Sequence[Claim]) -> dict[str, str]:
    """New id -> the id a claim had before, for those that came out again."""
    free = {claim.id: claim for claim in old}
    names: dict[str, str] = {}
    for claim in profile.claims:
        if claim.pinned or not free:
            continue
        # Of two projects' claims that say the same, each takes its own back.
        alike = [c for c in free.values() if similarity(c.text, claim.text) >= NEAR]
        if alike:
            best = max(alike, key=lambda c: _same(c, claim))
            names[claim.id] = free.pop(best.id).id
    return names


def _same(old: Claim, new: Claim) -> tuple[bool, float]:
    return old.scope == new.scope, similarity(old.text, new.text)


def _renamed(profile: Profile, names: dict[str, str]) -> Profile:
    claims = {claim.id: claim for claim in profile.claims}
    swapped = {new: replace(claims[new], id=old) for new, old in names.items()}
    return pr.rewrite(profile, replaced=swapped)


def _history(
    old: Evidence,
    new: Sequence[Entry],
    replaceable: Sequence[Claim],
    back: set[str],
    version: int,
) -> Evidence:
    """Old lines of what did not come out again, and that it did not; the new lines."""
    return _less(old, back, (Link, Wording)).with_entries(
        [
            *new,
            *(
                Wording(
                    claim=claim.id,
                    words=claim.text,
                    section=claim.section,
                    status="retired",
                    by="rebuild",
                    version=version,
                    why="did not come out again",
                )
                for claim in replaceable
                if claim.id not in back
            ),
        ]
    )
