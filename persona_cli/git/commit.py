"""Making one commit out of named files, by plumbing (see ``git``).

The order is what makes a death at any point harmless: objects, flushed, that nothing
names yet; the next index, beside the index; the branch, moved only from where it was
seen; the index, renamed. All of it under ``index.lock``, which says what is going on.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from persona_cli.errors import InputError
from persona_cli.failpoints import failpoint
from persona_cli.files import sync_folder
from persona_cli.git.lock import IndexLock, Trace, clear_branch_locks
from persona_cli.git.place import PLAIN, Blob, Entry, Place, cut_short
from persona_cli.git.run import INDEX, GitError, run_git

NOBODY = {"user.name": "persona", "user.email": "persona@localhost"}

_TREE, _NEXT = "persona-tree-index", "persona-next-index"

Files = Mapping[str, Blob | None]


class MovedError(Exception):
    """The branch is not where it was seen; begin anew."""


def changed(place: Place, wanted: Files) -> list[str]:
    """Names of the files that differ from the last commit's."""
    there = place.tree("HEAD", [*wanted]) if wanted and place.head() else {}
    return [
        name for name, blob in wanted.items() if not place.same(blob, there.get(name))
    ]


def commit_under(
    lock: IndexLock, place: Place, wanted: Files, message: str
) -> str | None:
    """Commit ``wanted``, the index being held, and bring the index up to it.

    Shape:  the commit; None when the last one has these bytes already
    Raises: MovedError, InputError, OSError
    """
    try:
        _sweep(place)
        return _commit_under(lock, place, wanted, message)
    finally:
        with suppress(OSError):
            _sweep(place)


def _commit_under(
    lock: IndexLock, place: Place, wanted: Files, message: str
) -> str | None:
    for trace in lock.left:
        clear_branch_locks(place.git_dir, place.common, trace)
    failpoint("index-locked")
    _refuse_conflicts(place, [*wanted])
    names = sorted({*wanted, *(name for trace in lock.left for name in trace.names)})
    head, made = place.head(), None
    if changed(place, wanted):
        made, there = _objects(place, lock, head, wanted, names, message)
        _next_index(place, lock, names, there)
        _move_branch(place, lock, head, made, names, message)
    elif lock.left:
        there = place.tree(head, names) if head else {}
        _next_index(place, lock, names, there)
    if (place.git_dir / _NEXT).exists():
        (place.git_dir / _NEXT).replace(place.index)
        failpoint("index-renamed")
        sync_folder(place.index.parent)
    lock.unsure = False
    return made


def scratch(place: Place) -> list[Path]:
    """Our own files in git's folder: there during a commit, or after a death."""
    names = (_TREE, f"{_TREE}.lock", _NEXT, f"{_NEXT}.lock")
    return [place.git_dir / name for name in names]


def _sweep(place: Place) -> None:
    """Remove them: those of a dead run would be in the way."""
    for path in scratch(place):
        path.unlink(missing_ok=True)


def _objects(
    place: Place,
    lock: IndexLock,
    head: str | None,
    wanted: Files,
    names: Sequence[str],
    message: str,
) -> tuple[str, dict[str, Entry]]:
    """Write blobs, trees and the commit; on disk, and named by nothing yet."""
    before = place.tree(head, [*wanted]) if head else {}
    entries = {
        name: None if blob is None else _blob(place, blob, before.get(name))
        for name, blob in wanted.items()
    }
    index = {INDEX: str(place.git_dir / _TREE)}
    if head is not None:
        run_git(place.top, "read-tree", head, extra=index, passed=[lock.fd])
    _put(place, lock, _TREE, entries)
    tree = _sha(run_git(place.top, "write-tree", extra=index, passed=[lock.fd]))
    parents = ["-p", head] if head else []
    made = _sha(
        run_git(
            place.top,
            *("commit-tree", "--no-gpg-sign", tree, *parents, "-F", "-"),
            stdin=message.replace("\0", "").encode("utf-8", "replace"),
            config=_identity(place),
            passed=[lock.fd],
        )
    )
    there = place.tree(made, names)
    if any(entry and name not in there for name, entry in entries.items()):
        raise cut_short(place.top, "ls-tree")  # the index would say: deleted
    place.sync_objects({made, tree, *(entry.sha for entry in there.values())})
    failpoint("objects-written")
    return made, there


def _blob(place: Place, blob: Blob, before: Entry | None) -> Entry:
    written = run_git(
        place.top,
        *("hash-object", "-w", "--no-filters", "--stdin"),
        stdin=blob.content,
    )
    kept = before.mode if before and before.mode.startswith("100") else PLAIN
    return Entry(blob.mode or kept, _sha(written))


def _next_index(
    place: Place, lock: IndexLock, names: Sequence[str], there: Mapping[str, Entry]
) -> None:
    """Write the user's index anew, our entries as the commit has them."""
    path = place.git_dir / _NEXT
    if place.index.exists():
        shutil.copyfile(place.index, path)
    _put(place, lock, _NEXT, {name: there.get(name) for name in names})
    # Entries come without the files' times, and whoever asks git's plumbing would be
    # told that they may have changed. The porcelain looks, and writes the times down.
    # It would run a filter, so files that have one are left for the user's own git.
    with suppress(GitError):
        if not _filtered(place, names):
            run_git(
                place.top,
                *("status", "--porcelain", "-uno", "--no-renames"),
                *("--ignore-submodules=all", "--", *names),
                extra={INDEX: str(path), "GIT_OPTIONAL_LOCKS": "1"},
                passed=[lock.fd],
            )
    failpoint("index-written")


def _move_branch(
    place: Place,
    lock: IndexLock,
    head: str | None,
    made: str,
    names: Sequence[str],
    message: str,
) -> None:
    trace = Trace(tuple(names), place.branch(), made)
    lock.write_down(trace)
    lock.unsure = True
    try:
        run_git(
            place.top,
            *("update-ref", "-m", f"persona: {message.partition(chr(10))[0]}"),
            *("HEAD", made, head or "0" * len(made)),
            passed=[lock.fd],
        )
    except GitError as error:
        # It may have been killed, before or after the branch moved.
        clear_branch_locks(place.git_dir, place.common, trace)
        now = place.head()
        if now != made:
            lock.unsure = bool(lock.left)
            if now != head or "File exists" in error.stderr:
                raise MovedError from error
            raise
    failpoint("branch-moved")
    clear_branch_locks(place.git_dir, place.common, trace)
    place.sync_branch(trace.ref)


def _put(
    place: Place, lock: IndexLock, index: str, entries: Mapping[str, Entry | None]
) -> None:
    """Set entries of an index, and remove those that are None."""
    absent = "0" * (40 if place.hash == "sha1" else 64)
    lines = "".join(
        f"{entry.mode} {entry.sha}\t{name}\0" if entry else f"0 {absent}\t{name}\0"
        for name, entry in entries.items()
    )
    run_git(
        place.top,
        *("update-index", "-z", "--index-info"),
        stdin=lines.encode("utf-8", "surrogateescape"),
        extra={INDEX: str(place.git_dir / index)},
        passed=[lock.fd],
    )


def _refuse_conflicts(place: Place, names: Sequence[str]) -> None:
    """A file that git left with conflicts is the user's to resolve."""
    if not names:
        return
    if found := run_git(place.top, "ls-files", "-u", "-z", "--", *names):
        name = found.split(b"\0")[0].split(b"\t")[-1].decode("utf-8", "replace")
        raise InputError(
            f"{place.top / name}: unresolved merge conflict",
            remedy="Resolve it, and git add the file.",
        )


def _filtered(place: Place, names: Sequence[str]) -> bool:
    said = run_git(place.top, "check-attr", "-z", "filter", "--", *names)
    return any(
        value not in (b"unspecified", b"unset") for value in said.split(b"\0")[2::3]
    )


def _identity(place: Place) -> list[str]:
    """Settings that name persona where the user has named nobody."""
    try:
        said = run_git(place.top, "config", "-z", "--get-regexp", r"^user\.")
    except GitError as error:
        if error.code != 1:
            raise
        said = b""
    known = {
        key.decode("utf-8", "replace")
        for key, _, value in (row.partition(b"\n") for row in said.split(b"\0"))
        if value.strip()
    }
    return [f"{key}={value}" for key, value in NOBODY.items() if key not in known]


def _sha(said: bytes) -> str:
    return said.decode("ascii").strip()
