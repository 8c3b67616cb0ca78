"""Fold what is new into a profile, a window at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from persona_cli import __version__, diary
from persona_cli import profile as pr
from persona_cli.archive import Archive, folded_line
from persona_cli.change_limit import Removal, retired
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
from persona_cli.index import Entry
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
    waiting:   claims that wait for a person's review, of this window and before
    checked:   what held-out choices say of it
    too_large: what the run would have taken away, when that is why the version was
               rejected
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
    waiting: int
    checked: Checked
    too_large: Removal | None
    commit: str | None

    @property
    def kept(self) -> bool:
        """False when the profile stays as it was."""
        return self.checked.kept and self.too_large is None


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
    allow_large: bool = False,
    write: bool = True,
    commit: bool = True,
) -> Iterator[Updated]:
    """Fold what the archive holds and the profile does not.

    Yields each window once its version is on disk, so a run that is stopped keeps
    what it had finished, and the next goes on from there. The engine is opened when
    there is something to fold, and not before. The caller holds the store's lock.

    A version that foresees held-out choices worse than the last, beyond chance, is
    not kept: the profile stays, and its interactions are noted as tried. So is one with
    which the run would retire more of the claims it found than ``change_limit`` allows.

    retry:  take up again what was tried
    allow_large: keep it however much goes
    write:  False leaves the disk alone, and each window builds on the last in memory
    Raises: ModelError, BusyError, InputError
    """
    loaded = store.load()
    aside = set_aside(loaded.evidence, archive)
    pending = archive.pending(aside=aside, retry=retry)
    if not pending:
        return
    done_before = archive.last_folded(EARLIER, aside=aside)
    allows = store.allowed()
    opened = open_engine()
    verifier = verifier_of(opened, archive, aside, checking, write=write)
    begun = {claim.id for claim in loaded.profile.claims}
    gone: set[str] = set()
    while pending:
        ahead = list(archive.read(pending[:MOST_INTERACTIONS]))
        # From the archive each time, so that a run that resumes sees just the same.
        earlier = list(archive.read(done_before))
        proposal = propose(
            loaded.profile, ahead, earlier, *opened, seed=seed, allows=allows
        )
        if write:
            loaded = _reload(store, loaded, commit=commit)
        window = _reconciled(loaded, proposal, verifier, accept)
        going = gone | retired(window.done.changes, begun)
        removal = Removal(len(going), len(begun))
        if removal.too_large and len(going) > len(gone) and not allow_large:
            window = replace(window, too_large=removal)
        else:
            window = _judged(loaded, window, verifier)
        read, pending = pending[: len(proposal.ids)], pending[len(proposal.ids) :]
        sha = None
        if window.kept:
            gone = going
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
        yield _told(loaded, window, left=len(pending), commit=sha)


@dataclass(frozen=True, slots=True)
class _Window:
    """One window, reconciled and checked, and not yet written."""

    proposal: Proposal
    inferred: Inferred
    done: Reconciled
    checked: Checked = UNCHECKED
    too_large: Removal | None = None

    @property
    def kept(self) -> bool:
        """Whether it is to be written."""
        return self.checked.kept and self.too_large is None


def _reconciled(
    loaded: Loaded, proposal: Proposal, verifier: Verifier, accept: Accept
) -> _Window:
    """Take the best draft, and see what comes of it."""
    inferred = best_draft(proposal, loaded.profile, loaded.evidence, verifier)
    done = reconcile(
        loaded.profile,
        loaded.evidence,
        inferred.draft.lines,
        proposal.interactions,
        by=inferred.by,
        accept=accept,
    )
    return _Window(proposal, inferred, done)


def _judged(loaded: Loaded, window: _Window, verifier: Verifier) -> _Window:
    """Ask held-out choices whether what comes of a window is kept."""
    if not window.done.changes:
        return window
    checked = verifier.check(
        profile_text(loaded.profile.claims),
        profile_text(window.done.profile.claims),
        step=window.proposal.seed,
    )
    return replace(window, checked=checked)


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
            waiting=window.done.waiting,
        ),
        folded=folded_line(
            window.proposal.ids,
            version=profile.version,
            counted=profile.version > loaded.profile.version,
        ),
        commit=commit,
    )


def _told(loaded: Loaded, window: _Window, *, left: int, commit: str | None) -> Updated:
    dropped = Counter(window.inferred.draft.dropped) + Counter(window.done.dropped)
    return Updated(
        profile=loaded.profile,
        folded=len(window.proposal.ids),
        left=left,
        shortened=len(window.proposal.window.shortened),
        changes=window.done.changes if window.kept else (),
        dropped=dropped,
        by=window.inferred.by,
        tokens=window.inferred.tokens,
        waiting=len(loaded.evidence.pending()),
        checked=window.checked,
        too_large=window.too_large,
        commit=commit,
    )
