"""Moving branches to a past written anew, and leaving nothing of the old one.

The order makes a death at any point harmless: the new past, flushed, that nothing
names yet; all branches in one transaction of git's; then the reflogs; then what
nothing names any more. Before the branches have moved the old past is whole, after it
the new one is. All of it under ``index.lock``, so that no git adds what is pruned.
"""

import os
import shutil
import time
from collections.abc import Sequence

from persona_cli.errors import BusyError
from persona_cli.failpoints import failpoint
from persona_cli.files import sync_folder
from persona_cli.git.lock import (
    SETTLED,
    IndexLock,
    Trace,
    clear_branch_locks,
    index_lock,
)
from persona_cli.git.moves import Move, Moves
from persona_cli.git.place import Place
from persona_cli.git.rewrite import Rewritten
from persona_cli.git.run import GitError, run_git

# Seconds. Of a repository of gigabytes, git packs some megabytes a second.
_PATIENCE = 3600.0


def move(place: Place, moves: Moves, rewritten: Rewritten) -> None:
    """Put the new past in the place of the old, and leave nothing of the old.

    Also for finishing what an earlier run began: what is done already is nothing new.

    Raises: BusyError, InputError
    """
    new = {move.ref: move.new for move in moves.moves}
    names = [name for name in moves.logs if name != "HEAD"]
    with index_lock(place.index, top=place.top, names=()) as lock:
        for trace in lock.left:
            clear_branch_locks(place.git_dir, place.common, trace)
        if len(rewritten.pack):
            _write(place, lock, rewritten)
        failpoint("history-packed")
        for name in (*names, "packed-refs"):
            lock.write_down(Trace((), name, new.get(name, "")))
        if moves.moves:
            _move(place, lock, moves.moves)
        failpoint("history-moved")
        _expire(place, lock, moves.logs)
        failpoint("reflogs-expired")
        _prune(place, lock)
        failpoint("history-pruned")


def clear_leftovers(place: Place, names: Sequence[str]) -> None:
    """Remove what a run left in git's folder that was killed while it cleaned.

    For whoever knows that it was: locks of reflogs, and packs that are half written.

    names: whose reflogs it cleaned
    """
    logs = [
        *(place.common / "logs" / name for name in names),
        place.git_dir / "logs/HEAD",
    ]
    locks = [log.with_name(f"{log.name}.lock") for log in logs]
    if any(lock.exists() for lock in locks):
        time.sleep(SETTLED)  # another git's is gone by then
        for lock in locks:
            lock.unlink(missing_ok=True)
    for part in (place.objects / "pack").glob(".tmp-*-pack-*"):
        pid = part.name.split("-")[1]
        if pid.isdecimal() and not _lives(int(pid)):
            part.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(place: Place, lock: IndexLock, rewritten: Rewritten) -> None:
    run_git(
        place.top,
        *("index-pack", "--stdin"),
        stdin=rewritten.pack.content(),
        config=["core.fsync=all"],  # the index of a pack is not among "added"
        passed=[lock.fd],
        patience=_PATIENCE,
    )
    sync_folder(place.objects / "pack")
    sync_folder(place.objects)


def _move(place: Place, lock: IndexLock, moves: Sequence[Move]) -> None:
    lines = [f"update {move.ref}\0{move.new}\0{move.old}\0" for move in moves]
    said = "".join(("start\0", *lines, "prepare\0", "commit\0"))
    try:
        run_git(
            place.top,
            *("update-ref", "--no-deref", "-z", "--stdin", "-m", "persona: forgot"),
            stdin=said.encode("utf-8", "surrogateescape"),
            config=["core.fsync=all"],
            passed=[lock.fd],
        )
    except GitError as error:
        raise BusyError(
            f"{place.top}: a branch moved meanwhile, or is locked; nothing was changed",
            remedy="Run it again when nothing else commits there.",
        ) from error
    for one in moves:
        place.sync_branch(one.ref)


def _expire(place: Place, lock: IndexLock, names: Sequence[str]) -> None:
    """Take out of these reflogs what their own branch has no more.

    Not of all: the stashes of a repository are a reflog too.
    """
    there = [name for name in names if _has_log(place, name)]
    if there:
        run_git(
            place.top,
            *("reflog", "expire", "--expire=never", "--expire-unreachable=now"),
            *there,
            passed=[lock.fd],
            patience=_PATIENCE,
        )


def _has_log(place: Place, name: str) -> bool:
    try:
        run_git(place.top, "reflog", "exists", name)
    except GitError as error:
        if error.code != 1:
            raise
        return False
    return True


def _prune(place: Place, lock: IndexLock) -> None:
    """Remove every object that nothing names."""
    # Both are caches, and name commits that are about to go.
    graph = place.objects / "info" / "commit-graph"
    graph.unlink(missing_ok=True)
    shutil.rmtree(graph.with_name("commit-graphs"), ignore_errors=True)
    for words in (
        ("repack", "-a", "-d", "-q", "--no-write-bitmap-index"),
        ("prune", "--expire=now"),
        ("prune-packed", "-q"),
    ):
        run_git(
            place.top,
            *words,
            config=["core.fsync=all"],
            passed=[lock.fd],
            patience=_PATIENCE,
        )
    sync_folder(place.objects / "pack")
    sync_folder(place.objects)
