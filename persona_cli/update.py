"""Fold what is new into a profile, a window at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from persona_cli import __version__, diary
from persona_cli import profile as pr
from persona_cli.archive import Archive, Entry, folded_line
from persona_cli.fold import (
    EARLIER,
    Checking,
    OpenEngine,
    Proposal,
    best_draft,
    counted_sources,
    propose,
    set_aside,
    stamped,
    verifier_of,
)
from persona_cli.infer import Inferred
from persona_cli.judge import profile_text
from persona_cli.profile import Profile
from persona_cli.reconcile import Accept, Change, Reconciled, reconcile
from persona_cli.store import Loaded, Store
from persona_cli.verify import UNCHECKED, Checked, Verifier, verified
from persona_cli.window import MOST_INTERACTIONS


@dataclass(frozen=True, slots=True)
class Updated:
    """What one window did.

    profile:   as it is now; its version is the old one when nothing changed
    folded:    interactions the window took in, or tried to
    left:      interactions still to come
    shortened: interactions that had to lose their middle
    changes:   none when the version was rejected
    dropped:   reason -> lines of the answer that had no effect
    tokens:    read and written by the model
    checked:   what held-out choices say of it
    commit:    None when nothing was committed
    """

    profile: Profile
    folded: int
    left: int
    shortened: int
    changes: tuple[Change, ...]
    dropped: Mapping[str, int]
    by: str
    tokens: int
    checked: Checked
    commit: str | None


def update(
    store: Store,
    archive: Archive,
    *,
    open_engine: OpenEngine,
    seed: int,
    now: Callable[[], datetime],
    accept: Accept = lambda _: True,
    checking: Checking = Checking(),  # noqa: B008 (frozen)
    retry: bool = False,
    write: bool = True,
    commit: bool = True,
) -> Iterator[Updated]:
    """Fold what the archive holds and the profile does not.

    Yields each window once its version is on disk, so a run that is stopped keeps
    what it had finished, and the next goes on from there. The engine is opened when
    there is something to fold, and not before. The caller holds the store's lock.

    A version that foresees held-out choices worse than the last, beyond chance, is
    not kept: the profile stays, and its interactions are noted as tried.

    retry:  take up again what was tried
    write:  False leaves the disk alone, and each window builds on the last in memory
    Raises: ModelError, BusyError, InputError
    """
    loaded = store.load()
    aside = set_aside(loaded.evidence)
    pending = archive.pending(aside=aside, retry=retry)
    if not pending:
        return
    done_before = _done(archive, aside)
    opened = open_engine()
    verifier = verifier_of(opened, archive, aside, checking, write=write)
    while pending:
        ahead = list(archive.read(pending[:MOST_INTERACTIONS]))
        # From the archive each time, so that a run that resumes sees just the same.
        earlier = list(archive.read(done_before))
        proposal = propose(loaded.profile, ahead, earlier, *opened, seed=seed)
        if write:
            loaded = _reload(store, loaded, commit=commit)
        window = _judged(loaded, proposal, verifier, accept)
        read, pending = pending[: len(proposal.ids)], pending[len(proposal.ids) :]
        sha = None
        if window.checked.kept:
            uncounted = [*archive.uncounted(), *read]
            profile = _next_version(loaded, window, uncounted, now())
            if write:
                sha = _save(store, loaded, profile, window, commit=commit)
                loaded = store.load()
            else:
                evidence = window.done.evidence
                loaded = replace(
                    loaded, profile=profile, evidence=evidence, edited=(), removed=()
                )
            done_before = sorted([*done_before, *read])[-EARLIER:]
        elif write:
            version = loaded.profile.version
            store.note(
                folded_line(proposal.ids, version=version, counted=False, tried=True)
            )
        yield _told(loaded.profile, window, left=len(pending), commit=sha)


@dataclass(frozen=True, slots=True)
class _Window:
    """One window, reconciled and checked, and not yet written."""

    proposal: Proposal
    inferred: Inferred
    done: Reconciled
    checked: Checked


def _judged(
    loaded: Loaded, proposal: Proposal, verifier: Verifier, accept: Accept
) -> _Window:
    """Take the best draft, and ask whether what comes of it is kept."""
    inferred = best_draft(proposal, loaded.profile, loaded.evidence, verifier)
    done = reconcile(
        loaded.profile,
        loaded.evidence,
        inferred.draft.lines,
        proposal.interactions,
        by=inferred.by,
        accept=accept,
    )
    checked = UNCHECKED
    if done.changes:
        checked = verifier.check(
            profile_text(loaded.profile.claims),
            profile_text(done.profile.claims),
            step=proposal.seed,
        )
    return _Window(proposal, inferred, done, checked)


def _done(archive: Archive, aside: set[str]) -> list[Entry]:
    """The last interactions that are folded in, oldest first."""
    done = archive.folded() - aside
    return sorted(e for e in archive.entries() if e.id in done)[-EARLIER:]


def _reload(store: Store, loaded: Loaded, *, commit: bool) -> Loaded:
    """The profile as it is now: the model took a while, and people have editors."""
    current = store.load()
    if current.disk == loaded.disk:
        return loaded
    if commit:
        store.commit_by_hand()
    return current


def _next_version(
    loaded: Loaded, window: _Window, read: Sequence[Entry], when: datetime
) -> Profile:
    """The reconciled profile, with its front matter brought up to date.

    A window that changed nothing gives the profile as it was, byte for byte.

    read: what the front matter does not count yet
    """
    if not (window.done.changes or loaded.edited or loaded.removed):
        return loaded.profile
    meta: dict[str, Any] = {
        "version": loaded.profile.version + 1,
        "generated": {
            "by": f"persona/{__version__} {window.inferred.by}",
            "at": stamped(when),
        },
        "verified": verified(window.checked, when=stamped(when)),
        "sources": counted_sources(
            loaded.profile.meta.get("sources"),
            ((entry.source, entry.at) for entry in read),
        ),
        "restores": None,
    }
    return pr.rewrite(window.done.profile, meta=meta)


def _save(
    store: Store, loaded: Loaded, profile: Profile, window: _Window, *, commit: bool
) -> str | None:
    deeds = window.proposal.window.interactions
    sources = sorted({deed.source.partition(":")[0] for deed in deeds})
    return store.save(
        loaded,
        profile,
        window.done.evidence,
        message=diary.message(
            store.name,
            profile.version,
            window.done.changes,
            read=f"{len(deeds)} interactions of {', '.join(sources)}",
            by=window.inferred.by,
        ),
        folded=folded_line(
            window.proposal.ids,
            version=profile.version,
            counted=profile.version > loaded.profile.version,
        ),
        commit=commit,
    )


def _told(
    profile: Profile, window: _Window, *, left: int, commit: str | None
) -> Updated:
    dropped = Counter(window.inferred.draft.dropped) + Counter(window.done.dropped)
    return Updated(
        profile=profile,
        folded=len(window.proposal.ids),
        left=left,
        shortened=len(window.proposal.window.shortened),
        changes=window.done.changes if window.checked.kept else (),
        dropped=dropped,
        by=window.inferred.by,
        tokens=window.inferred.tokens,
        checked=window.checked,
        commit=commit,
    )
