"""Whether every file of a profile's folder is as it was written: ``persona verify``.

Each file knows in its own way: the profile and the evidence by what the last commit
holds, ledgers and caches by the sums in them, git's objects by their names. A byte
that changed in the free text of a profile can't be told from an edit by hand: git
shows it, and so it is noted and is no fault.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.errors import BusyError, InputError, PersonaError
from persona_cli.evidence import Evidence, Link
from persona_cli.files import read_whole
from persona_cli.git import Git
from persona_cli.git.damage import damaged, head_is_readable, loose
from persona_cli.git.place import Blob, Place, find_place
from persona_cli.git.run import GitError
from persona_cli.journal import decode
from persona_cli.places import EVIDENCE, PROFILE, STATE, decoded, read_bytes
from persona_cli.profile import Profile
from persona_cli.sound import lost_evidence
from persona_cli.state_check import IGNORE, state_faults
from persona_cli.store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    file:  from the root
    fault: what is wrong with it, or only to be known
    fix:   the command that mends it; empty when nothing is wrong
    """

    file: str
    fault: str
    fix: str = ""


def verify(store: Store) -> Iterator[Finding]:
    """Look at every file, and never stop at what is wrong.

    For whoever holds the folder's lock. Changes nothing.

    Raises: InputError when a file may not be read
    """
    name, fix = store.name, f"persona restore {store.name}"
    profile: Profile | None = None
    evidence: Evidence | None = None
    place = _place(store)
    trees = place is not None and head_is_readable(place)
    git = store.git if trees else None
    try:
        profile = readable_profile(store)
    except InputError as error:
        yield Finding(f"{name}/{PROFILE}", _fault(error, store.path), fix)
    path = store.folder / EVIDENCE
    try:
        evidence = readable_evidence(store)
    except InputError as error:
        yield Finding(f"{name}/{EVIDENCE}", _fault(error, path), fix)
    if profile is not None:
        yield from _edits(store, profile, evidence, git)
    if evidence is not None:
        for fault in evidence_faults(store, profile, evidence, git):
            yield Finding(f"{name}/{EVIDENCE}", fault, fix)
    for file, fault in state_faults(store.folder):
        yield Finding(f"{name}/{file}", fault, fix)
    yield from _unfinished(store)
    if place is not None:
        yield from _objects(store, place, fix)


def readable_profile(store: Store) -> Profile:
    """The profile, not adopted.

    Raises: InputError when it is gone, or no profile
    """
    content = read_bytes(store.path)
    if content is None:
        raise InputError(f"{store.path}: gone", remedy="")
    return pr.parse(decoded(content, store.path), place=str(store.path))


def readable_evidence(store: Store) -> Evidence:
    """The evidence; none where there is no file.

    Raises: InputError when a line of it is no evidence
    """
    path = store.folder / EVIDENCE
    return ev.parse(decoded(read_bytes(path), path), place=str(path))


def evidence_faults(
    store: Store, profile: Profile | None, evidence: Evidence, git: Git | None
) -> Iterator[str]:
    """What is wrong with evidence that can be read.

    git: None where the last commit can't be read
    """
    content = read_whole(store.folder / EVIDENCE)
    lost: list[int] = []
    if git is not None and profile is not None:
        with suppress(GitError):  # then that is what is wrong, and told of there
            lost = lost_evidence(store.folder, git, profile.version, content)
    marked = profile is not None and any(spot.marked for spot in profile.spots)
    if content is None and (lost or marked):
        yield "gone"
        return
    if lost:
        more = f", and {len(lost) - 1} more" if lost[1:] else ""
        yield f"line {lost[0]} of the last commit is lost or changed{more}"
    known = set(evidence.wordings())
    known |= {claim.id for claim in profile.claims} if profile else set()
    for number, entry in enumerate(evidence.entries, 1):
        if isinstance(entry, Link) and profile and entry.claim not in known:
            yield f"line {number}: of a claim that never was, {entry.claim}"
            return


def _edits(
    store: Store, profile: Profile, evidence: Evidence | None, git: Git | None
) -> Iterator[Finding]:
    """What a person did to the profile since the last commit, as far as one can say."""
    file = f"{store.name}/{PROFILE}"
    if git is not None and git.status([store.path]):
        said = f"edited since the last commit, by hand or not, as v{profile.version}"
        if evidence is not None:
            adopted = adopt(profile, evidence)
            said += (
                f"; {len(adopted.edited)} claims reworded, {len(adopted.removed)} gone"
            )
        yield Finding(file, f"{said}. See git diff")
    if evidence is None or not evidence.entries:
        return
    known = evidence.wordings()
    strange = [
        s.claim.id for s in profile.spots if s.marked and s.claim.id not in known
    ]
    if strange:
        yield Finding(file, f"no evidence tells of claim {', '.join(strange)}")


def _unfinished(store: Store) -> Iterator[Finding]:
    content = read_whole(store.state / "journal.json")
    if content is None:
        return
    file = f"{store.name}/{STATE}/journal.json"
    try:
        decode(content)
    except ValueError as error:
        yield Finding(file, f"damaged ({error})", f"persona restore {store.name}")
        return
    yield Finding(file, "an update was cut short; the next run finishes it")


def _place(store: Store) -> Place | None:
    try:
        return find_place(store.folder)
    except (InputError, BusyError):  # no git, or not for us
        return None


def _objects(store: Store, place: Place, fix: str) -> Iterator[Finding]:
    """The objects of git; what can't be mended here, a clone may have."""
    here = {path.resolve() for path in (store.root, place.top)}
    fetch = f"git -C {min(here)} fetch --refetch CLONE"
    found = damaged(place)
    broken_head = found and not head_is_readable(place)
    for sha in found:
        path = loose(place, sha)
        mendable = path.exists() or broken_head or sha in blobs(store, place)
        yield Finding(
            str(Path(place.git_dir.name, "objects", sha[:2], sha[2:])),
            "damaged" if path.exists() else "gone; some version before needs it",
            fix if mendable else fetch,
        )
    if not found and _no_branch(place):
        yield Finding(f"{place.git_dir.name}/HEAD", "names no commit", fix)


def blobs(store: Store, place: Place) -> dict[str, bytes]:
    """Hash -> content of the files that are committed, as they are on disk."""
    contents = (read_whole(store.folder / n) for n in (PROFILE, EVIDENCE, IGNORE))
    return {Blob(c).sha(place.hash): c for c in contents if c is not None}


def _no_branch(place: Place) -> bool:
    try:
        place.head()
    except PersonaError:
        return True
    return False


def _fault(error: InputError, path: Path) -> str:
    return str(error).removeprefix(str(path)).lstrip(": ")
