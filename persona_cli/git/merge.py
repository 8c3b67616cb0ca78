"""What git's merges need of us, and we of them.

git calls a merge driver for one file at a time, and tells neither which commits it
merges nor what their other files say. A profile cannot be merged without its evidence,
so the commits are looked for: those whose file is the one that git handed over.
"""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from persona_cli.git.place import Blob, Place
from persona_cli.git.run import GitError, run_git

DRIVER = "merge.persona.driver"

# Commits of one file that are looked through for the version git handed over.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Woven:
    """A text merged line by line. conflicts: regions between conflict marks."""

    text: str
    conflicts: int


def weave(
    base: str, ours: str, theirs: str, *, labels: tuple[str, str, str], marks: int = 7
) -> Woven:
    """Merge three texts as git does.

    labels: of ours, base and theirs, for the conflict marks
    marks:  characters of a conflict mark
    Raises: InputError without a git; GitError when it fails
    """
    with tempfile.TemporaryDirectory(prefix="persona-") as name:
        folder = Path(name)
        for part, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            (folder / part).write_bytes(text.encode())
        words = [word for label in labels for word in ("-L", label)]
        size = f"--marker-size={marks}"
        try:
            said = run_git(
                folder,
                *("merge-file", "-p", "-q", size, *words, "ours", "base", "theirs"),
            )
        except GitError as error:
            # As many as there are conflicts; above that, git itself has failed.
            if not 0 < error.code < 128:
                raise
            return Woven(error.stdout, error.code)
    return Woven(said.decode(), 0)


def driver() -> str:
    """The line of git's config that has it call persona.

    When persona is gone, or fails, git's own merge of lines takes its place: git would
    else leave our side there as if it were the whole.
    """
    found = shutil.which("persona")
    call = "persona" if found else f"{shlex.quote(sys.executable)} -m persona_cli"
    return (
        f"{call} merge-driver %O %A %B %L %P; code=$?;"
        " if [ $code -gt 1 ]; then"
        " git merge-file --marker-size=%L %A %O %B; code=$?; fi; exit $code"
    )


def is_set_up(place: Place) -> bool:
    """Whether git is told of the merge driver in this clone."""
    try:
        return bool(run_git(place.top, "config", "--get", DRIVER).strip())
    except GitError as error:
        if error.code == 1:
            return False
        raise


def set_up(place: Place) -> None:
    """Tell git, in this clone's config, how profiles are merged.

    Raises: InputError when it cannot be written
    """
    for key, value in (
        ("merge.persona.name", "persona, claim by claim"),
        (DRIVER, driver()),
        # Of two common ancestors git would make one; their own ancestor will do.
        ("merge.persona.recursive", "binary"),
    ):
        run_git(place.top, "config", "--local", key, value)


@dataclass(frozen=True, slots=True)
class Asked:
    """A merge of one file, as git tells of it.

    name:   of the file, from the top
    blobs:  its bytes in the base, ours and theirs
    """

    name: str
    blobs: tuple[bytes, bytes, bytes]


def beside(
    place: Place, asked: Asked, sibling: str, *, environ: Mapping[str, str]
) -> list[bytes | None]:
    """Another file of the same three versions, as far as they can be found.

    sibling: its name, from the top
    environ: in which git called us
    Shape:   of base, ours and theirs; None where it has none, or was not found
    """
    shas = [Blob(blob).sha(place.hash) for blob in asked.blobs]
    base, ours, theirs = shas
    picked = list(_picked(place, environ))
    theirs_at = _first(place, asked.name, theirs, picked)
    near = [*picked]
    if theirs_at:
        # Two branches meet where they parted; a commit that is picked has its parent.
        branches = any(key.startswith("GITHEAD_") for key in environ)
        near = [*_common(place, theirs_at), f"{theirs_at}^1"][:: 1 if branches else -1]
        near += picked
    places = (
        _first(place, asked.name, base, near),
        _first(place, asked.name, ours, ["HEAD"]),
        theirs_at,
    )
    return [_content(place, rev, sibling) if rev else None for rev in places]


def _picked(place: Place, environ: Mapping[str, str]) -> Iterator[str]:
    """Names of the commits that git may be merging, the likely ones first."""
    # `git merge` says so in the environment: GITHEAD_<sha>=<branch>.
    yield from (key[8:] for key in environ if key.startswith("GITHEAD_"))
    heads = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD", "REVERT_HEAD")
    for name in (*heads, "FETCH_HEAD"):
        yield from _words(place.git_dir / name)[:1]
    # A rebase writes down what it is at, as `pick <sha> <subject>`, before it does it.
    for name in ("rebase-merge/done", "sequencer/todo"):
        rows = _rows(place.git_dir / name)
        row = rows[-1:] if name.endswith("done") else rows[:1]
        for words in (line.split() for line in row):
            yield from words[1:2]
            yield from (f"{word}^1" for word in words[1:2])


def _first(place: Place, name: str, sha: str, revs: Iterable[str]) -> str | None:
    """The first commit in which a file has these bytes."""
    for rev in (*revs, *_holding(place, name, sha)):
        try:
            entry = place.tree(rev, [name]).get(name)
        except GitError:
            continue
        if entry is not None and entry.sha == sha:
            return rev
    return None


def _holding(place: Place, name: str, sha: str) -> Iterator[str]:
    """Commits in which a file came to have these bytes, or lost them; newest first."""
    try:
        said = run_git(
            place.top,
            *("log", "--all", "--reflog", "-m", f"-n{_MOST}", "--format=%H"),
            *(f"--find-object={sha}", "--", name),
        )
    except GitError:
        return
    yield from dict.fromkeys(said.decode().split())


def _common(place: Place, theirs: str) -> list[str]:
    try:
        said = run_git(place.top, "merge-base", "--all", "HEAD", theirs)
    except GitError:
        return []
    return said.decode().split()


def _content(place: Place, rev: str, name: str) -> bytes | None:
    entry = place.tree(rev, [name]).get(name)
    if entry is None:
        return None
    return run_git(place.top, "cat-file", "blob", entry.sha)


def _rows(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_rows(path)).split()
