"""The versions of a profile, over git: list them, compare them, go back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from persona_cli import diary
from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.differences import differences
from persona_cli.errors import InputError, UsageError
from persona_cli.fold import stamped
from persona_cli.places import EVIDENCE, PROFILE
from persona_cli.profile import Profile
from persona_cli.reconcile import Change
from persona_cli.sound import good_versions
from persona_cli.store import Store
from persona_cli.tombstones import still_forgotten


@dataclass(frozen=True, slots=True)
class Version:
    """One commit of a profile.

    version: -1 when what was committed is no profile
    says:    the subject of the commit, without the profile's name
    meta:    the front matter
    """

    commit: str
    at: datetime
    version: int
    says: str
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undone:
    """What ``undo`` did.

    version:  of the new profile
    restored: the version that it equals
    """

    version: int
    restored: int
    changes: tuple[Change, ...]
    commit: str | None


def versions(store: Store) -> Iterator[Version]:
    """Every commit that touched the profile, newest first."""
    for commit in store.git.log(store.path):
        content = store.git.show(commit.sha, store.path)
        if content is None:
            continue
        found = _readable(content)
        number = found.version if found else -1
        says = commit.subject.removeprefix(f"{store.name}").lstrip(": ")
        says = says.removeprefix(f"v{number}: ")
        meta = found.meta if found else {}
        yield Version(commit.sha, commit.at, number, says, meta)


def version_of(store: Store, wanted: str) -> Profile:
    """A profile as it was.

    wanted: a version (``7`` or ``v7``), or ``now`` for the file as it is
    Raises: UsageError when there is no such version
    """
    if wanted == "now":
        return store.load().profile
    return _commit_of(store, wanted)[1]


def compare(store: Store, old: str | None, new: str | None) -> list[Change]:
    """How two versions differ, by claim.

    old: the version before ``new`` when it is None
    new: the file as it is when it is None
    """
    after = version_of(store, new or "now")
    if old is not None:
        return differences(version_of(store, old), after)
    for _, profile in _readable_versions(store):
        if profile.version < after.version or (
            new is None and pr.render(profile) != pr.render(after)
        ):
            return differences(profile, after)
    return differences(pr.empty(after.title), after)


def undo(store: Store, *, to: str | None, now: datetime, commit: bool = True) -> Undone:
    """Make a new version that equals an old one, claims and evidence.

    The interactions that the undone versions folded in stay folded in: the next
    update does not bring the same claims back. What was forgotten since stays
    forgotten: to undo is not to remember. The caller holds the store's lock.

    to:     a version; None is the one before the last that was not itself undone
    Raises: UsageError when there is nothing to go back to
    """
    current = _current(store)
    sha, target = _target(store, current, to)
    profile_bytes, evidence_bytes = store.at(sha)
    newest = max((p.version for _, p in _readable_versions(store)), default=0)
    version = max(newest, current.version if current else 0) + 1
    old, evidence = still_forgotten(
        pr.parse(profile_bytes.decode(), place=PROFILE),
        ev.parse(evidence_bytes.decode(), place=EVIDENCE),
        store.forgotten(),
    )
    profile = pr.rewrite(
        old,
        meta={
            "version": version,
            "restores": target.meta.get("restores", target.version),
        },
    )
    changes = differences(current or pr.empty(target.title), profile)
    message = "\n".join(
        [
            f"{store.name} v{version}: back to v{target.version}",
            "",
            f"At {stamped(now)}.",
            "",
            *(line for change in changes for line in diary.entry(change)),
        ]
    )
    done = store.replace_all(
        profile, ev.render(evidence), message=message + "\n", commit=commit
    )
    return Undone(version, target.version, tuple(changes), done)


def _current(store: Store) -> Profile | None:
    """The profile as it is; None when it cannot be read, which is why people undo."""
    try:
        return store.load().profile
    except InputError:
        return None


def _target(
    store: Store, current: Profile | None, to: str | None
) -> tuple[str, Profile]:
    """The commit to go back to."""
    if to is not None:
        return _commit_of(store, to)
    if current is None:
        for found in good_versions(store.folder, store.git):
            return found
    for sha, profile in _readable_versions(store):
        if current is None:
            break
        base = current.meta.get("restores", current.version)
        if "restores" not in profile.meta and profile.version < int(base):
            return sha, profile
    raise UsageError(
        f"{store.name}: nothing to undo",
        remedy=f"See the versions: persona log {store.name}.",
    )


def _commit_of(store: Store, wanted: str) -> tuple[str, Profile]:
    """The newest commit of a version, and the profile in it."""
    number = wanted.removeprefix("v")
    for sha, profile in _readable_versions(store):
        if number.isdecimal() and profile.version == int(number):
            return sha, profile
    raise UsageError(
        f"{store.name}: no version {wanted!r}",
        remedy=f"See the versions: persona log {store.name}.",
    )


def _readable(content: bytes) -> Profile | None:
    try:
        profile = pr.parse(content.decode(), place=PROFILE)
    except (InputError, UnicodeDecodeError):
        return None
    return profile


def _readable_versions(store: Store) -> Iterator[tuple[str, Profile]]:
    for commit in store.git.log(store.path):
        content = store.git.show(commit.sha, store.path)
        profile = _readable(content) if content is not None else None
        if profile is not None and content is not None:
            yield commit.sha, profile
