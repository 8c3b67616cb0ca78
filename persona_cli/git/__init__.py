"""The git repository that a profile lives in.

A commit of persona's holds exactly the files it names, byte for byte as they are on
disk, and leaves the user's index, branch and other changes alone. ``git commit
--only`` comes near, but runs filters over the bytes, wants untracked files staged
first, and when killed leaves ``index.lock`` for the user to remove. So the commit is
made by plumbing (``git.commit``).
"""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from persona_cli.errors import BusyError, InputError
from persona_cli.files import fault, sync_file, sync_folder
from persona_cli.git import run
from persona_cli.git.commit import MovedError, changed, commit_under, scratch
from persona_cli.git.lock import (
    PATIENCE_GIT,
    foreign_age,
    held_by_git,
    index_lock,
)
from persona_cli.git.place import Blob, Place, find_place
from persona_cli.git.run import GitError, run_git

# The branch moved under us, or someone had it locked: so often do we begin anew.
_TRIES = 20
_PAUSE = 0.05  # seconds

# What git says of a name that names no commit.
_NO_COMMIT = ("ot a valid object name", "not a tree object")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit.

    at:      when it was written, with a time zone
    subject: its first line
    body:    the rest, without the empty line between
    """

    sha: str
    at: datetime
    subject: str
    body: str


class Git:
    """The repository around a folder.

    folder: need not be its top, and need not be there yet
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: Place | None = None

    def version(self) -> tuple[int, int, int]:
        """Of the git that is run.

        Raises: InputError when there is none
        """
        return run.version()

    def top(self) -> Path | None:
        """The top of the working tree; None outside of any repository.

        Raises: InputError, BusyError when there is one that can't be used
        """
        place = self._find()
        return None if place is None else place.top

    def init(self) -> None:
        """Make a repository in the folder, which is there; on disk when this returns.

        Raises: InputError
        """
        run.require_version(run.version())
        run_git(self.folder, "init", "-q", *self._first_branch())
        try:
            for folder, _, names in os.walk(self._place().git_dir):
                for name in names:
                    sync_file(Path(folder, name))
                sync_folder(Path(folder))
            sync_folder(self.folder)
        except OSError as error:
            raise fault(error, self.folder, changed=True) from error

    def require_ready(self) -> None:
        """See that a commit could be made now.

        Raises: InputError without a git that will do, or outside of a repository;
                BusyError in the middle of a merge or the like, on no branch, in a
                bare repository, or while another git holds the index
        """
        place = self._ready()
        begun = time.monotonic()
        while (age := foreign_age(place.lock)) is not None:
            if time.monotonic() - begun > PATIENCE_GIT:
                raise held_by_git(place.lock, place.top, age)
            time.sleep(_PAUSE)

    def head(self) -> str | None:
        """The commit that is checked out; None before the first."""
        return self._place().head()

    def is_tracked(self, path: Path) -> bool:
        """Whether the last commit has this file."""
        place = self._place()
        name = place.name(path)
        return place.head() is not None and name in place.tree("HEAD", [name])

    def status(self, paths: Iterable[Path]) -> set[Path]:
        """Those of ``paths`` whose bytes differ from the last commit's.

        New and deleted ones are among them. What is staged plays no part.
        """
        place = self._place()
        wanted = {path: place.on_disk(path) for path in paths}
        blobs = {
            name: blob for found in wanted.values() for name, blob in found.items()
        }
        differ = {*changed(place, blobs)}
        return {path for path, found in wanted.items() if differ & found.keys()}

    def require_readable(self, paths: Iterable[Path]) -> None:
        """See that the last commit's bytes of these files can be read.

        git takes an object that is there for one that is whole, and would make new
        commits of damaged ones.

        Raises: InputError
        """
        place = self._place()
        if place.head() is None:
            return
        names = [place.name(path) for path in paths]
        wanted = "".join(f"HEAD:{name}\n" for name in names if "\n" not in name)
        run_git(place.top, "cat-file", "--batch", stdin=os.fsencode(wanted))

    def log(self, path: Path, *, since: str | None = None) -> list[Commit]:
        """The commits that changed this file, newest first.

        since: only those that came after this commit
        """
        place = self._place()
        if place.head() is None:
            return []
        span = "HEAD" if since is None else f"{since}..HEAD"
        said = run_git(
            place.top,
            *("log", "-z", "--format=%H%x00%aI%x00%B", "--no-decorate"),
            *("--no-notes", span, "--", place.name(path)),
        )
        fields = said.decode("utf-8", "replace").split("\0")
        return [_commit(*row) for row in zip(*[iter(fields)] * 3, strict=False)]

    def show(self, rev: str, path: Path) -> bytes | None:
        """A file's bytes as a commit has them; None when it has none, or is none."""
        place = self._place()
        if rev.startswith("-") or ":" in rev:
            return None
        name = place.name(path)
        try:
            entry = place.tree(rev, [name]).get(name)
        except GitError as error:
            if any(words in error.stderr for words in _NO_COMMIT):
                return None
            raise
        if entry is None:
            return None
        return run_git(place.top, "cat-file", "blob", entry.sha)

    def commit(
        self,
        paths: Iterable[Path],
        message: str,
        *,
        holding: Mapping[Path, bytes | None] | None = None,
    ) -> str | None:
        """Make one commit that holds exactly these files; on disk when this returns.

        paths:   new, changed or deleted, whether or not the user's git ignores them
        message: whole, its first line the subject
        holding: bytes to commit in place of those on disk; None removes the file
        Shape:   its sha; None when the last commit has these bytes already
        Raises:  BusyError, InputError; then ``status`` says whether it was made: the
                 disk may fail when the branch has moved
        """
        place = self._ready()
        wanted: dict[str, Blob | None] = {}
        for path in paths:
            wanted |= place.on_disk(path)
            if holding is not None and path in holding:
                content = holding[path]
                wanted[place.name(path)] = None if content is None else Blob(content)
        for _ in range(_TRIES):
            if not place.lock.exists() and not changed(place, wanted):
                return None
            with index_lock(place.index, top=place.top, names=[*wanted]) as lock:
                try:
                    return commit_under(lock, place, wanted, message)
                except OSError as error:
                    raise fault(error, place.git_dir) from error
                except MovedError:
                    pass
            time.sleep(_PAUSE)
        raise BusyError(
            f"{place.top}: the branch is locked, or moving all the time",
            remedy="Run it again when nothing else commits there.",
        )

    def settle(self) -> None:
        """Clear up after a run of persona that died in the middle of a commit.

        The index is brought up to the branch, and what lay around is removed.

        Raises: InputError, BusyError
        """
        place = self._find()
        if place is None:
            return
        if not any(path.exists() for path in (place.lock, *scratch(place))):
            return
        if foreign_age(place.lock) is None:
            with index_lock(place.index, top=place.top, names=()) as lock:
                try:
                    commit_under(lock, place, {}, "")
                except OSError as error:
                    raise fault(error, place.git_dir) from error

    def _find(self) -> Place | None:
        """The repository; looked for until it is there, and then no more."""
        if self._found is None:
            self._found = find_place(self.folder)
        return self._found

    def _place(self) -> Place:
        place = self._find()
        if place is None:
            raise InputError(
                f"{self.folder}: not in a git repository",
                remedy="Run persona init, which makes one; or give --no-commit.",
            )
        return place

    def _ready(self) -> Place:
        run.require_version(run.version())
        place = self._place()
        place.require_settled()
        place.branch()
        return place

    def _first_branch(self) -> list[str]:
        try:
            run_git(self.folder, "config", "init.defaultBranch")
        except GitError as error:
            if error.code != 1:
                raise
            return ["-b", "main"]
        return []


def _commit(sha: str, at: str, text: str) -> Commit:
    subject, _, body = text.strip("\n").partition("\n")
    return Commit(sha, datetime.fromisoformat(at), subject, body.strip("\n"))
