"""Where a repository has its parts, and what its last commit says of a file."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_cli.errors import BusyError, InputError
from persona_cli.files import read_whole, sync_file, sync_folder
from persona_cli.git.run import GitError, run_git

# What ``find_place`` asks for: top, git's folder, the common one, index, objects.
_PARTS = 5

LINK, PLAIN = "120000", "100644"

# What git leaves in its folder while something is half done, and what to call it.
_HALF_DONE = {
    "rebase-merge": ("a rebase", "git rebase"),
    "rebase-apply": ("a rebase", "git rebase"),
    "MERGE_HEAD": ("a merge", "git merge"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick"),
    "REVERT_HEAD": ("a revert", "git revert"),
}


@dataclass(frozen=True, slots=True)
class Blob:
    """A file as it would be committed.

    mode: git's, six octal digits; empty leaves the one it has
    """

    content: bytes
    mode: str = ""

    def sha(self, hash_name: str) -> str:
        """What git calls it. hash_name: ``sha1`` or ``sha256``."""
        named = f"blob {len(self.content)}\0".encode() + self.content
        return hashlib.new(hash_name, named, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a commit has it."""

    mode: str
    sha: str


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, its parts by absolute paths.

    top:     of the working tree
    git_dir: HEAD and index; in a linked worktree not the same as
    common:  branches and settings
    hash:    ``sha1`` or ``sha256``
    """

    top: Path
    git_dir: Path
    common: Path
    index: Path
    objects: Path
    hash: str

    @property
    def lock(self) -> Path:
        """The lock of the index."""
        return self.index.with_name(self.index.name + ".lock")

    def name(self, path: Path) -> str:
        """What git calls the file whose words ``path`` shows, from the top.

        Raises: InputError when it is not in this working tree
        """
        return self._inside(path.resolve(), path)

    def on_disk(self, path: Path) -> dict[str, Blob | None]:
        """Name -> what is there now; a link comes with the file it leads to."""
        name = self.name(path)
        content = read_whole(path)
        found: dict[str, Blob | None] = {
            name: None if content is None else Blob(content)
        }
        if path.is_symlink():
            link = self._inside(path.parent.resolve() / path.name, path)
            found[link] = Blob(os.fsencode(path.readlink()), LINK)
        return found

    def same(self, blob: Blob | None, entry: Entry | None) -> bool:
        """Whether a commit's file has these bytes."""
        if blob is None or entry is None:
            return blob is None and entry is None
        if (blob.mode == LINK) != (entry.mode == LINK):
            return False
        return blob.sha(self.hash) == entry.sha

    def branch(self) -> str:
        """The branch that is checked out: ``refs/heads/main``.

        Raises: BusyError when HEAD is detached
        """
        try:
            return _line(run_git(self.top, "symbolic-ref", "-q", "HEAD"))
        except GitError as error:
            if error.code < 0:
                raise
            if error.code != 1:
                raise self._damaged("HEAD") from error
            raise BusyError(
                f"{self.top}: no branch is checked out (detached HEAD)",
                remedy="Check one out (git switch main), or give --no-commit.",
            ) from error

    def head(self) -> str | None:
        """The commit that is checked out; None before the first.

        Raises: InputError when the branch can't be read: taken for a new one, it
                would be begun again without its past
        """
        try:
            said = run_git(self.top, "rev-parse", "-q", "--verify", "HEAD")
        except GitError as error:
            if error.code < 0:
                raise
            branch = self.branch()
            if (self.common / branch).exists():
                raise self._damaged(branch) from error
            return None
        if not said.endswith(b"\n"):
            raise cut_short(self.top, "rev-parse")
        return _line(said)

    def tree(self, rev: str, names: Sequence[str]) -> dict[str, Entry]:
        """Files of a commit (or tree), and the folders above them, by name."""
        said = run_git(
            self.top, "ls-tree", "-z", "-t", "--full-tree", rev, "--", *names
        )
        found = {}
        for row in said.split(b"\0")[:-1]:
            about, _, name = row.partition(b"\t")
            mode, _, sha = about.decode("ascii").split(" ")
            found[os.fsdecode(name)] = Entry(mode, sha)
        return found

    def require_settled(self) -> None:
        """See that nothing is half done here.

        Raises: BusyError
        """
        for name, (what, verb) in _HALF_DONE.items():
            if (self.git_dir / name).exists():
                raise BusyError(
                    f"{self.top}: the repository is in the middle of {what}",
                    remedy=f"Finish it, or take it back: {verb} --abort.",
                )
        if (self.git_dir / "BISECT_LOG").exists():
            raise BusyError(
                f"{self.top}: the repository is in the middle of a bisect",
                remedy="Finish it: git bisect reset.",
            )

    def sync_objects(self, shas: Iterable[str]) -> None:
        """Flush objects, and their names: git flushes files, and no folder."""
        folders = set()
        for sha in shas:
            folder = self.objects / sha[:2]
            if (folder / sha[2:]).exists():  # else it lies in a pack
                sync_file(folder / sha[2:])
                folders.add(folder)
        for folder in sorted(folders):
            sync_folder(folder)
        sync_folder(self.objects)

    def sync_branch(self, ref: str) -> None:
        """Flush a branch, its reflog and HEAD's, and their names."""
        folders = {self.git_dir}
        for base, name in (
            (self.common, ref),
            (self.common, f"logs/{ref}"),
            (self.git_dir, "logs/HEAD"),
            (self.common, "reftable/tables.list"),
        ):
            path = base / name
            sync_file(path)
            while path != base:
                path = path.parent
                folders.add(path)
        for folder in sorted(folders):
            if folder.is_dir():
                sync_folder(folder)

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self.top}: the history is damaged ({what} can't be read)",
            remedy="See what can be mended: persona verify; git fsck says more.",
        )

    def _inside(self, real: Path, path: Path) -> str:
        try:
            name = real.relative_to(self.top.resolve())
        except ValueError as error:
            raise InputError(
                f"{path}: not inside {self.top}",
                remedy="Put the file itself there, not a link to it.",
            ) from error
        if {".git", ".state"} & set(name.parts):
            raise ValueError(f"{name} is never committed")
        return name.as_posix()


def find_place(folder: Path) -> Place | None:
    """The repository around a folder, there yet or not; None outside of any.

    Raises: BusyError for a bare one, InputError for one that git refuses
    """
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    try:
        said = run_git(
            folder,
            *("rev-parse", "--path-format=absolute", "--show-toplevel"),
            *("--absolute-git-dir", "--git-common-dir"),
            *("--git-path", "index", "--git-path", "objects", "--show-object-format"),
        )
    except GitError as error:
        if "not a git repository" in error.stderr:
            return None
        if "must be run in a work tree" in error.stderr:
            raise BusyError(
                f"{folder}: a bare repository has no files",
                remedy="Clone it, and work in the clone; or name another with --root.",
            ) from error
        raise
    *paths, hash_name, end = os.fsdecode(said).split("\n") if said else [""] * 2
    if len(paths) != _PARTS or end:
        raise cut_short(folder, "rev-parse")
    top, git_dir, common, index, objects = map(Path, paths)
    return Place(top, git_dir, common, index, objects, hash_name)


def cut_short(folder: Path, verb: str) -> InputError:
    """Git ended well, but what it said did not get here whole: it does not look."""
    return InputError(
        f"{folder}: git {verb} did not say all it had to",
        remedy="Check the disk, then run it again.",
    )


def _line(said: bytes) -> str:
    return os.fsdecode(said).rstrip("\n")
