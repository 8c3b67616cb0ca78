"""Which names go to a past that is written anew, and where that is refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from persona_cli.errors import BusyError, InputError
from persona_cli.git.objects import read_objects
from persona_cli.git.place import Place
from persona_cli.git.rewrite import Rewritten, tag_anew
from persona_cli.git.run import GitError, run_git


@dataclass(frozen=True, slots=True)
class Move:
    """A branch, tag, or copy of a remote's branch, and where it goes."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository elsewhere that has, or may have, the old past.

    branches: name there -> what this machine last saw of it
    """

    name: str
    branches: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Moves:
    """What is moved, and what is left.

    moves:   all of them
    logs:    names whose reflogs are cleaned
    kept:    names that still hold the old past
    remotes: all that the repository knows
    borrows: where this repository takes objects from; they are not ours to prune
    """

    moves: tuple[Move, ...]
    logs: tuple[str, ...]
    kept: tuple[str, ...]
    remotes: tuple[Remote, ...]
    borrows: tuple[str, ...]


def plan_moves(place: Place, rewritten: Rewritten, *, every: bool) -> Moves:
    """Which names move to the new past.

    Always the branch that is checked out, and what is known of remotes' branches,
    which are copies; with ``every`` all branches and tags of this repository.

    Raises: BusyError where someone is in the middle of something: no branch is
            checked out, another worktree stands on the old past, or a stash does;
            InputError for a repository that has its past elsewhere
    """
    place.require_settled()
    branch = place.branch()
    _require_whole(place)
    said = run_git(
        place.top,
        *("for-each-ref", "--format=%(refname) %(objectname) %(objecttype) %(symref)"),
    )
    moves, logs, kept = [], ["HEAD"], []
    for line in said.decode("utf-8", "surrogateescape").splitlines():
        ref, old, kind, symref = line.split(" ", 3)
        new = None if symref else _new(place, old, kind, rewritten)
        ours = ref.startswith(("refs/heads/", "refs/tags/"))
        if ref == branch or ref.startswith("refs/remotes/") or (every and ours):
            logs.append(ref)
            if new is not None:
                moves.append(Move(ref, old, new))
        elif new is not None:
            kept.append(ref)
    if "refs/stash" in kept or _stashed(place, rewritten.commits):
        raise BusyError(
            f"{place.top}: a stash stands on the history that would go",
            remedy="Take it up or drop it: git stash pop, or git stash drop.",
        )
    _require_no_worktree(place, rewritten.commits)
    return Moves(
        tuple(moves), tuple(logs), tuple(kept), _remotes(place), _borrows(place)
    )


def _new(place: Place, old: str, kind: str, rewritten: Rewritten) -> str | None:
    if kind != "tag":
        return rewritten.commits.get(old)
    (tag,) = read_objects(place.top, [old])
    content = tag_anew(tag.content, rewritten.commits) if tag is not None else None
    return None if content is None else rewritten.pack.add("tag", content)


def _require_whole(place: Place) -> None:
    """See that all of the past is here, and only what git itself made of it."""
    for name, what in (
        (place.common / "shallow", "its history is not all here (a shallow clone)"),
        (place.common / "info" / "grafts", "its history is grafted"),
    ):
        if name.exists():
            raise InputError(
                f"{place.top}: {what}",
                remedy="Fetch all of it first: git fetch --unshallow.",
            )
    if packs := sorted((place.objects / "pack").glob("*.keep")):
        raise InputError(
            f"{packs[0]}: a pack that git is told to keep, and could not be cleaned",
            remedy="Remove that .keep file, when nothing needs it.",
        )
    if said := run_git(place.top, "for-each-ref", "refs/replace", "--count=1"):
        ref = said.decode("utf-8", "replace").split("\t")[-1].strip()
        raise InputError(
            f"{place.top}: {ref} shows another object in the place of one",
            remedy="Remove it first: git replace -d.",
        )


def _stashed(place: Place, commits: Mapping[str, str]) -> bool:
    """Whether a stash below the top one stands on what changes."""
    try:
        said = run_git(place.top, "rev-list", "-g", "refs/stash", "--")
    except GitError:
        return False
    return not commits.keys().isdisjoint(said.decode("ascii").split())


def _require_no_worktree(place: Place, commits: Collection[str]) -> None:
    said = run_git(place.top, "worktree", "list", "--porcelain", "-z")
    for row in said.decode("utf-8", "surrogateescape").split("\0\0"):
        facts = dict(line.partition(" ")[::2] for line in row.split("\0") if line)
        folder = facts.get("worktree")
        if folder and Path(folder) != place.top and facts.get("HEAD") in commits:
            raise BusyError(
                f"{folder}: another worktree stands on the history that would go",
                remedy=f"Remove it first: git worktree remove {folder}.",
            )


def _remotes(place: Place) -> tuple[Remote, ...]:
    names = run_git(place.top, "remote").decode("utf-8", "replace").split("\n")
    return tuple(Remote(name, _seen(place, name)) for name in names if name)


def _seen(place: Place, remote: str) -> dict[str, str]:
    head = f"refs/remotes/{remote}/"
    said = run_git(
        place.top, "for-each-ref", "--format=%(refname) %(objectname) %(symref)", head
    )
    rows = [row.split(" ") for row in said.decode("utf-8", "replace").splitlines()]
    return {ref.removeprefix(head): sha for ref, sha, symref in rows if not symref}


def _borrows(place: Place) -> tuple[str, ...]:
    try:
        said = (place.objects / "info" / "alternates").read_text("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line for line in said.splitlines() if line and line[0] != "#")
