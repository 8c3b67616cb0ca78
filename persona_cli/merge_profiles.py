"""Make one profile of two: ``persona merge A B``.

What A is to gain is what a git merge would make of two versions that have no common
past (see ``merging``): the evidence of both, claims that say the same as one, and what
a person put differently twice, since there is nobody to ask in the middle. B's lines
without a mark come along; its other free text stays in B, which nothing changes.

The interactions go first, as they do in an update: they are in the archive, on disk,
before a version rests on them. A run that is stopped in between is run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from persona_cli import __version__, diary
from persona_cli import profile as pr
from persona_cli.archive import Archive, folded_line
from persona_cli.differences import differences
from persona_cli.errors import UsageError
from persona_cli.fold import stamped
from persona_cli.merging import Merged, merge
from persona_cli.merging.front import merged_meta
from persona_cli.merging.sides import Side, Three, nothing
from persona_cli.profile import Claim, Profile
from persona_cli.reconcile import Change
from persona_cli.store import Store


@dataclass(frozen=True, slots=True)
class Joined:
    """What a merge of two profiles came to.

    profile:  as it is now; its version is the old one when nothing was to be done
    contrary: claims that cannot both hold; both are kept
    taken:    interactions that came along
    commit:   None when nothing was committed
    """

    profile: Profile
    changes: tuple[Change, ...]
    contrary: tuple[tuple[Claim, Claim], ...]
    taken: int
    commit: str | None


def merge_profiles(
    into: tuple[Store, Archive],
    other: tuple[Store, Archive],
    *,
    now: datetime,
    write: bool = True,
    commit: bool = True,
) -> Joined:
    """Let one profile take in another, as one version of it, which can be undone.

    The caller holds the locks of both.

    write:  False leaves the disk alone
    Raises: UsageError for a profile and itself; BusyError, InputError
    """
    (store, archive), (second, second_archive) = into, other
    if store.name == second.name:
        raise UsageError(
            f"{store.name}: cannot be merged with itself", remedy="Name two profiles."
        )
    loaded, theirs = store.load(), second.load()
    merged = merge(
        None,
        Side(loaded.profile, loaded.evidence),
        Side(theirs.profile, theirs.evidence),
        keep_both=True,
    )
    profile = _text(loaded.profile, merged, now)
    changes = tuple(differences(loaded.profile, profile))
    same = not changes and set(merged.evidence.lines) <= set(loaded.evidence.lines)
    if same:
        profile = loaded.profile
    if not write:
        taken = sum(not archive.knows(one.id) for one in second_archive.entries())
        return Joined(profile, changes, merged.contrary, taken, None)
    taken = archive.add(second_archive.read(second_archive.entries()))
    archive.flush()
    folded = b"".join(_ledger(archive, second_archive, profile.version))
    if same:
        if folded:
            store.note(folded)
        return Joined(profile, (), merged.contrary, taken, None)
    sha = store.save(
        loaded,
        profile,
        merged.evidence,
        message=_message(store.name, second.name, theirs.profile, profile, changes),
        folded=folded,
        commit=commit,
    )
    return Joined(profile, changes, merged.contrary, taken, sha)


def _text(ours: Profile, merged: Merged, now: datetime) -> Profile:
    """Our file with what stands after the merge, and the other's unmarked lines."""
    if merged.three is None:
        return ours
    marked = {s.claim.id: s.claim for s in ours.spots if s.marked}
    stays = {
        name
        for name, claim in marked.items()
        if name in merged.claims and merged.claims[name].section == claim.section
    }
    said = {claim.text for claim in ours.claims} | {
        claim.text for claim in merged.claims.values()
    }
    by_hand = [
        spot.claim
        for spot in merged.three.theirs.profile.spots
        if not spot.marked and spot.claim.text not in said
    ]
    meta = dict(merged_meta(Three(nothing(), *merged.three.both)))
    meta["generated"] = {"by": f"persona/{__version__} merge", "at": stamped(now)}
    return pr.rewrite(
        ours,
        replaced={
            name: merged.claims[name]
            for name in stays
            if merged.claims[name] != marked[name]
        },
        removed=[name for name in marked if name not in stays],
        added=[
            *(claim for name, claim in merged.claims.items() if name not in stays),
            *by_hand,
        ],
        meta=meta,
    )


def _ledger(ours: Archive, theirs: Archive, version: int) -> Iterator[bytes]:
    """Lines that say of the other's interactions what its own ledger says."""
    folded = sorted(theirs.folded() - ours.folded())
    if folded:
        yield folded_line(folded, version=version)
    tried = sorted(theirs.tried() - ours.folded() - ours.tried())
    if tried:
        yield folded_line(tried, version=version, counted=False, tried=True)


def _message(
    name: str,
    other: str,
    theirs: Profile,
    profile: Profile,
    changes: tuple[Change, ...],
) -> str:
    counts = diary.count(changes)
    lines = [
        diary.subject(name, profile.version, counts),
        "",
        f"Merged with {other} v{theirs.version}.",
        "",
        *(line for change in changes for line in diary.entry(change)),
    ]
    return "\n".join(lines).rstrip() + "\n"
