"""Forget in the past too: ``persona forget --history``.

The present is forgotten first, as a version of its own. Then every commit is written
anew without what is forgotten, today or earlier, and what held the old ones is
cleaned. A run that dies leaves the old past whole, or the new one; the next
``persona forget --history`` does what is left.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from persona_cli.archive import Archive
from persona_cli.errors import BusyError, InputError, PersonaError, UsageError
from persona_cli.failpoints import failpoint
from persona_cli.files import UNCHANGED, fault, remove, write_whole
from persona_cli.forget import (
    Chosen,
    Forgotten,
    Plan,
    chosen_in,
    clear_leftovers,
    forget,
)
from persona_cli.forget import plan as plan_present
from persona_cli.forgetting import Gone
from persona_cli.git.moves import Moves
from persona_cli.git.place import Place, find_place
from persona_cli.git.purge import clear_leftovers as clear_after_death
from persona_cli.git.purge import move
from persona_cli.git.run import run_git
from persona_cli.past import NewPast, gone_ever, new_past, read_past
from persona_cli.places import BEGUN, EVIDENCE
from persona_cli.quoting import holds
from persona_cli.store import Store
from persona_cli.tombstones import forgotten_in

# git keeps the words of the last message there, for the next one.
_MESSAGES = ("COMMIT_EDITMSG", "MERGE_MSG", "SQUASH_MSG", "TAG_EDITMSG")


@dataclass(frozen=True, slots=True)
class WholePlan:
    """What would become of present and past; nothing of it is done.

    commits: that get a new id
    signed:  of them, signed by someone, and no more
    stale:   some commit holds it still, if only one that a reflog names; or an
             earlier run was stopped before it was through
    """

    chosen: Chosen
    present: Plan
    commits: int
    signed: int
    moves: Moves
    stale: bool

    @property
    def empty(self) -> bool:
        """Whether neither present nor past holds any of it."""
        return self.present.empty and not self.stale


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done.

    present: None when there was nothing to forget in the present
    commits: written anew
    left:    places on this machine that still say it, of those that were looked at
    """

    present: Forgotten | None
    commits: int
    moves: Moves
    left: tuple[str, ...]


def plan_all(
    store: Store, archive: Archive, chosen: Chosen, *, every: bool
) -> WholePlan:
    """Find what goes, in the present and in the past.

    every:  all local branches and tags, not the branch that is checked out alone
    Raises: UsageError when neither holds any of it; BusyError, InputError where the
            past can't be written anew
    """
    place = _place(store)
    present, past = _plan(store, archive, place, chosen, every=every)
    commits, signed = past.counts
    stale = bool(past.rewritten.commits) or (store.state / BEGUN).exists()
    found = WholePlan(chosen, present, commits, signed, past.moves, stale)
    # With nothing named there may be something left to clean that nobody can see.
    never = not (present.gone.claims or present.gone.marks)
    if found.empty and (never or not chosen.nothing):
        raise UsageError(
            f"{store.name}: neither profile nor history holds {chosen}",
            remedy="See what there is: persona show --ids, persona why CLAIM.",
        )
    return found


def forget_all(
    store: Store, archive: Archive, plan: WholePlan, *, every: bool
) -> Erased:
    """Do what was planned. The caller holds the store's lock.

    Raises: BusyError, InputError; the past is then as it was, or the error says that
            the next run goes on
    """
    place = _place(store)
    done = None
    if not plan.present.empty:
        done = forget(store, archive, plan.present)
    failpoint("history-planned")
    clear_leftovers(store.state)
    past = _past(store, place, plan.present.gone, every=every)
    _require_same_tip(place, past)
    if (store.state / BEGUN).exists():
        clear_after_death(place, past.moves.logs)
    write_whole(store.state / BEGUN, b"persona forget --history\n", mode=0o600)
    # Before the old past is gone: a later run could not know any more what it said.
    _clear_messages(place, past)
    try:
        move(place, past.moves, past.rewritten)
    except (PersonaError, OSError) as error:
        raise _unfinished(error, place) from error
    remove(store.state / BEGUN)
    messages = (f"{place.top}: the message of commit {sha[:9]}" for sha in past.saying)
    left = (*_left(store, place, past), *messages)
    return Erased(done, past.counts[0], past.moves, left)


def _unfinished(error: PersonaError | OSError, place: Place) -> PersonaError:
    """What went wrong in the middle, and that it can be gone on with."""
    named = fault(error, place.git_dir) if isinstance(error, OSError) else error
    kind = BusyError if isinstance(named, BusyError) else InputError
    return kind(
        f"{str(named).removesuffix(UNCHANGED)}; the old history may be there still",
        remedy=f"{named.remedy} Then go on: persona forget --history.",
    )


def _plan(
    store: Store, archive: Archive, place: Place, chosen: Chosen, *, every: bool
) -> tuple[Plan, NewPast]:
    loaded = store.load()
    earlier = forgotten_in(loaded.evidence)
    try:
        meant = chosen_in(loaded, chosen)
    except UsageError:
        # An earlier run may have got no further than the present.
        if chosen.claim not in earlier.claims:
            raise
        meant = Gone()
    gone = replace(
        meant, claims=meant.claims | earlier.claims, marks=meant.marks | earlier.marks
    )
    here = {claim.id for claim in loaded.profile.claims}
    gone = replace(gone, claims=gone.claims - (here - meant.claims))
    first = plan_present(loaded, archive, chosen, gone)
    gone = replace(first.gone, claims=first.gone.claims | first.result.lost)
    past = read_past(place, *_names(store, place))
    gone = gone_ever(past, gone, takes=chosen.takes, present=here - gone.claims)
    found = plan_present(loaded, archive, chosen, gone)
    if found.said_by_hand:
        raise InputError(
            f"{store.path}:{found.said_by_hand[0]}: says it too, and is no claim but"
            " your own words",
            remedy=f"Take it out (persona edit {store.name}), then run it again.",
        )
    return found, _past(store, place, found.gone, every=every)


def _past(store: Store, place: Place, gone: Gone, *, every: bool) -> NewPast:
    return new_past(read_past(place, *_names(store, place)), gone, every=every)


def _names(store: Store, place: Place) -> tuple[str, str]:
    return place.name(store.path), place.name(store.folder / EVIDENCE)


def _place(store: Store) -> Place:
    place = find_place(store.folder)
    if place is None or place.head() is None:
        raise InputError(
            f"{store.folder}: has no history in git",
            remedy="Leave --history away: there is nothing older than the files.",
        )
    return place


def _require_same_tip(place: Place, past: NewPast) -> None:
    """See that files and index need no change: only what lies before them does.

    Raises: InputError
    """
    head = place.head() or ""
    new = past.rewritten.commits.get(head)
    if new is None:
        return
    old_tree = run_git(place.top, "rev-parse", f"{head}^{{tree}}").decode().strip()
    content = past.rewritten.pack.read(new) or b""
    if content.partition(b"\n")[0] != f"tree {old_tree}".encode():
        raise InputError(
            f"{place.top}: the last commit holds it still (.state is committed, or"
            " the profile was changed meanwhile); the history is as it was",
            remedy="Take .state out of git (git rm -r --cached), commit, and run"
            " persona forget --history again.",
        )


def _clear_messages(place: Place, past: NewPast) -> None:
    for path in (place.git_dir / name for name in _MESSAGES):
        try:
            text = path.read_text("utf-8", "surrogateescape")
            if any(holds(line, past.lost, past.gone) for line in text.splitlines()):
                path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise fault(error, path, changed=True) from error


def _left(store: Store, place: Place, past: NewPast) -> Iterator[str]:
    """Files of the profile and of git's folder that say it still."""
    git = [p for p in place.common.rglob("*") if "objects" not in p.parts]
    for path in (*store.folder.rglob("*"), *git):
        with suppress(OSError):
            if path.is_file() and path.stat().st_size < _LARGEST and _says(path, past):
                yield str(path)


_LARGEST = 64 << 20  # bytes; what is larger is not looked at


def _says(path: Path, past: NewPast) -> bool:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    return any(holds(line, past.lost, past.gone) for line in lines)
