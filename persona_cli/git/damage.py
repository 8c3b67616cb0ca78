"""Objects of a repository that are damaged or gone, and what can be put back.

git looks at an object's bytes when it needs them, and takes one that is there for one
that is whole. So damage is looked for here, each suspect's hash reckoned anew; and a
damaged object is moved out of git's way before it is written again, for git would not
write what it believes to have.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from persona_cli.files import fault, read_whole
from persona_cli.git.place import Place
from persona_cli.git.run import INDEX, GitError, run_git

_OURS = "persona: "  # begins what the reflog says of a commit of ours
_BACK = f"{_OURS}back before a commit that is damaged"
_SCRATCH = "persona-mended-index"

_OBJECT = re.compile(
    r"objects/([0-9a-f]{2})/([0-9a-f]{38,62})\b|(?<![-/0-9a-f])([0-9a-f]{40,64})\b"
)


def damaged(place: Place) -> list[str]:
    """Objects that are damaged, wherever they are, or that HEAD needs and are gone.

    Shape: their hashes, sorted; a branch that names nothing counts as one
    """
    try:
        run_git(
            place.top,
            *("fsck", "--full", "--no-dangling", "--no-progress", "--no-reflogs"),
            *(["HEAD"] if _head(place) else []),
        )
    except GitError as error:
        if error.code < 0:
            raise
        said = f"{error.stdout}\n{error.stderr}"
        suspects = {match[3] or match[1] + match[2] for match in _OBJECT.finditer(said)}
        return sorted(
            sha for sha in suspects if sha.strip("0") and not whole(place, sha)
        )
    return []


def whole(place: Place, sha: str) -> bool:
    """Whether an object can be read, and is the one that its name says."""
    try:
        said = run_git(place.top, "cat-file", "--batch", stdin=f"{sha}\n".encode())
    except GitError:
        return False
    head, _, content = said.partition(b"\n")
    match head.split(b" "):
        case [_, kind, size]:
            named = b"%s %s\0%s" % (kind, size, content[:-1])
            digest = hashlib.new(place.hash, named, usedforsecurity=False)
            return digest.hexdigest() == sha
    return False


def loose(place: Place, sha: str) -> Path:
    """Where an object lies that is in no pack."""
    return place.objects / sha[:2] / sha[2:]


def head_is_readable(place: Place) -> bool:
    """Whether the last commit can be read, with every folder of it."""
    sha = _head(place)
    return sha is not None and _readable(place, sha)


def mend(
    place: Place, shas: Iterable[str], *, contents: Sequence[bytes], aside: Path
) -> str | None:
    """Write anew what can be written anew; and leave a last commit that can't be read.

    The branch goes back only from a commit of persona's own, to the newest before it
    that can be read: what it held is on disk.

    shas:     of the damaged objects
    contents: files as they are on disk, whose blobs may be among them
    aside:    a folder, which is there, for what is damaged
    Shape:    the commit that the branch went back to; None when it stayed
    Raises:   InputError
    """
    for sha in shas:
        path = loose(place, sha)
        try:
            if path.exists():
                shutil.move(path, aside / f"object-{sha}")
        except OSError as error:
            raise fault(error, path) from error
    for content in contents:
        run_git(
            place.top,
            *("hash-object", "-w", "--no-filters", "--stdin"),
            stdin=content,
        )
    _write_trees(place)
    return None if head_is_readable(place) else _go_back(place)


def _write_trees(place: Place) -> None:
    """The index knows every folder of the last commit, if nothing is staged."""
    scratch = place.git_dir / _SCRATCH
    try:
        if place.index.exists():
            shutil.copyfile(place.index, scratch)
            with suppress(GitError):
                run_git(
                    place.top, "write-tree", "--missing-ok", extra={INDEX: str(scratch)}
                )
    except OSError as error:
        raise fault(error, scratch) from error
    finally:
        scratch.unlink(missing_ok=True)


def _go_back(place: Place) -> str | None:
    ref = place.branch()
    log = read_whole(place.common / "logs" / ref) or b""
    rows = [row.partition("\t") for row in log.decode("utf-8", "replace").splitlines()]
    if not rows or not rows[-1][2].startswith(_OURS):
        return None
    for about, _, _ in reversed(rows):
        before = about.split(" ")[0]
        if before.strip("0") and _readable(place, before):
            # A branch that can't be read is not moved by git, but made anew.
            if _head(place) is None:
                (place.common / ref).unlink(missing_ok=True)
            run_git(place.top, "update-ref", "-m", _BACK, ref, before)
            place.sync_branch(ref)
            return before
    return None


def _readable(place: Place, commit: str) -> bool:
    if not whole(place, commit):
        return False
    try:
        said = run_git(place.top, "ls-tree", "-r", "-t", "-z", "--full-tree", commit)
    except GitError:
        return False
    return bool(said)


def _head(place: Place) -> str | None:
    """What HEAD names, there or not."""
    with suppress(GitError):
        return (
            run_git(place.top, "rev-parse", "-q", "--verify", "HEAD").decode().strip()
        )
    return None
