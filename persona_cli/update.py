"""Fold what is new into a profile, a window at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from persona_cli import __version__, diary
from persona_cli import profile as pr
from persona_cli.archive import Archive, Entry, folded_line
from persona_cli.engine import Answer
from persona_cli.fold import (
    EARLIER,
    OpenEngine,
    Proposal,
    counted_sources,
    propose,
    set_aside,
    stamped,
)
from persona_cli.profile import Profile
from persona_cli.reconcile import Accept, Change, Reconciled, reconcile
from persona_cli.store import Loaded, Store
from persona_cli.window import MOST_INTERACTIONS


@dataclass(frozen=True, slots=True)
class Updated:
    """What one window did.

    profile:   as it is now; its version is the old one when nothing changed
    folded:    interactions the window took in
    left:      interactions still to come
    shortened: interactions that had to lose their middle
    dropped:   reason -> lines of the answer that had no effect
    commit:    None when nothing was committed
    """

    profile: Profile
    folded: int
    left: int
    shortened: int
    changes: tuple[Change, ...]
    dropped: Mapping[str, int]
    by: str
    answer: Answer | None
    commit: str | None


def update(
    store: Store,
    archive: Archive,
    *,
    open_engine: OpenEngine,
    seed: int,
    now: Callable[[], datetime],
    accept: Accept = lambda _: True,
    write: bool = True,
    commit: bool = True,
) -> Iterator[Updated]:
    """Fold what the archive holds and the profile does not.

    Yields each window once its version is on disk, so a run that is stopped keeps
    what it had finished, and the next goes on from there. The engine is opened when
    there is something to fold, and not before. The caller holds the store's lock.

    write:  False leaves the disk alone, and each window builds on the last in memory
    Raises: ModelError, BusyError, InputError
    """
    loaded = store.load()
    aside = set_aside(loaded.evidence)
    pending = archive.pending(aside=aside)
    if not pending:
        return
    done_before = _done(archive, aside)
    engine, asking = open_engine()
    while pending:
        ahead = list(archive.read(pending[:MOST_INTERACTIONS]))
        # From the archive each time, so that a run that resumes sees just the same.
        earlier = list(archive.read(done_before))
        proposal = propose(loaded.profile, ahead, earlier, engine, asking, seed=seed)
        if write:
            loaded = _reload(store, loaded, commit=commit)
        done = reconcile(
            loaded.profile,
            loaded.evidence,
            proposal.inferred.draft.lines,
            proposal.interactions,
            by=proposal.inferred.by,
            accept=accept,
        )
        ids = [deed.id for deed in proposal.window.interactions]
        read = [*archive.uncounted(), *pending[: len(ids)]]
        profile = _next_version(loaded, done, proposal, read, now())
        sha = None
        if write:
            sha = store.save(
                loaded,
                profile,
                done.evidence,
                message=_message(store.name, profile, done, proposal),
                folded=folded_line(
                    ids,
                    version=profile.version,
                    counted=profile.version > loaded.profile.version,
                ),
                commit=commit,
            )
            loaded = store.load()
        else:
            loaded = replace(
                loaded, profile=profile, evidence=done.evidence, edited=(), removed=()
            )
        done_before = sorted([*done_before, *pending[: len(ids)]])[-EARLIER:]
        pending = pending[len(ids) :]
        yield Updated(
            profile=profile,
            folded=len(ids),
            left=len(pending),
            shortened=len(proposal.window.shortened),
            changes=done.changes,
            dropped=Counter(proposal.inferred.draft.dropped) + Counter(done.dropped),
            by=proposal.inferred.by,
            answer=proposal.inferred.answer,
            commit=sha,
        )


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
    loaded: Loaded,
    done: Reconciled,
    proposal: Proposal,
    read: Sequence[Entry],
    when: datetime,
) -> Profile:
    """The reconciled profile, with its front matter brought up to date.

    A window that changed nothing gives the profile as it was, byte for byte.

    read: what the front matter does not count yet
    """
    if not (done.changes or loaded.edited or loaded.removed):
        return loaded.profile
    meta: dict[str, Any] = {
        "version": loaded.profile.version + 1,
        "generated": {
            "by": f"persona/{__version__} {proposal.inferred.by}",
            "at": stamped(when),
        },
        "sources": counted_sources(
            loaded.profile.meta.get("sources"),
            ((entry.source, entry.at) for entry in read),
        ),
        "restores": None,
    }
    return pr.rewrite(done.profile, meta=meta)


def _message(name: str, profile: Profile, done: Reconciled, proposal: Proposal) -> str:
    deeds = proposal.window.interactions
    sources = sorted({deed.source.partition(":")[0] for deed in deeds})
    return diary.message(
        name,
        profile.version,
        done.changes,
        read=f"{len(deeds)} interactions of {', '.join(sources)}",
        by=proposal.inferred.by,
    )
