"""Places where a test can make a run die, fail, or find the disk full.

``PERSONA_FAILPOINT=renamed:kill`` in the environment makes the run die when it comes
by that place; ``renamed:kill:3`` when it comes by the third time. ``renamed:enospc``
finds the disk full each time, ``renamed:enospc:1`` the first time only. Without the
variable a place costs one look into the environment.
"""

import errno
import os
import signal
from collections import Counter

# Name -> what has happened by then, in the order of an update.
PLACES = {
    "lock-taken": "the profile is locked; nothing was read or written",
    "recovery-begun": "a journal of an earlier run was found and read",
    "tmp-written": "a file's new content is in its temporary file, not flushed",
    "tmp-synced": "the same, and on disk",
    "renamed": "the temporary file has taken the name; the folder is not flushed",
    "folder-synced": "a whole file is written, and so is its name",
    "journal-written": "everything is in the journal; no file is touched yet",
    "file-applied": "one of the transaction's files is as it shall be",
    "line-written": "a line is appended to a ledger, and not flushed",
    "ledger-applied": "one of the transaction's ledgers is as it shall be",
    "index-locked": "git's index is ours; no object is written",
    "objects-written": "blobs, trees and commit are in the repository, unreferenced",
    "index-written": "the next index lies beside the index",
    "branch-moved": "the branch names the new commit; the index is the old one",
    "index-renamed": "the index is the new one, and still locked",
    "committed": "the commit is made and durable; the journal is still there",
    "journal-removed": "the transaction is over; the profile is still locked",
    "lock-released": "the profile is free again",
}

# The same of ``forget --history``, in order.
FORGETTING = {
    "history-planned": "the present is forgotten and committed; the past is whole",
    "history-packed": "the new past is in the repository, and named by nothing",
    "history-moved": "the branches name the new past; the old one is still there",
    "reflogs-expired": "the old past is named by nothing",
    "history-pruned": "the old past is gone; only the note that we were at it is left",
}

ACTIONS = ("kill", "raise", "enospc")

_met: Counter[str] = Counter()


class FailpointError(RuntimeError):
    """A test asked for a bug at this place."""


def failpoint(name: str) -> None:
    """Do what the environment asks for at this place; mostly nothing.

    name:   one of ``PLACES``, or of ``FORGETTING``
    Raises: FailpointError for ``raise``, OSError (no space) for ``enospc``;
            ValueError when name or environment say what is not known here: a
            test that names no place must not pass
    """
    if name not in PLACES and name not in FORGETTING:
        raise ValueError(f"{name!r} is no failpoint")
    wanted = os.environ.get("PERSONA_FAILPOINT")
    if not wanted:
        return
    place, _, rest = wanted.partition(":")
    action, _, times = rest.partition(":")
    if place not in {**PLACES, **FORGETTING} or action not in ACTIONS:
        raise ValueError(f"PERSONA_FAILPOINT={wanted}: want <place>:<action>")
    if place != name:
        return
    _met[name] += 1
    if not times or _met[name] == int(times):
        _act(name, action)


def _act(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise FailpointError(name)
