"""Run as a program: ``one_update.py`` with a guard switched off, the broken twin.

python broken.py GUARD FOLDER VERB ...
python broken.py GUARD persona ...        the command, instead
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from persona_cli import transaction
from persona_cli.__main__ import main
from persona_cli.git import run
from persona_cli.git.place import Place
from tests import one_update


def journal() -> None:
    """A transaction writes nothing down before it begins."""
    whole = transaction.write_whole

    def write(path: Path, content: bytes) -> None:
        if path.name != transaction.JOURNAL:
            whole(path, content)

    transaction.write_whole = write


def rename() -> None:
    """A file is written in its place, and not beside it."""
    transaction.write_whole = lambda path, content: path.write_bytes(content) and None


def fsync() -> None:
    """Nothing is flushed, neither by persona nor by git."""
    os.fsync = lambda _: None
    _git_flags()


def git_fsync() -> None:
    """Files are flushed as they should be; git is left to its defaults."""
    _git_flags()
    Place.sync_objects = Place.sync_branch = lambda *_: None


def cleanup() -> None:
    """Recovery removes the journal first, and then does what it says."""
    settle = transaction._settle

    def first(folder: Path, *rest: object) -> transaction.Recovered:
        transaction._close(folder)
        return settle(folder, *rest)

    transaction._settle = first


def _git_flags() -> None:
    kept = [part for part in run._OPTIONS if not part.startswith("core.fsync")]
    while "-c" in kept:
        kept.remove("-c")
    settings = [part for part in kept if "=" in part]
    plain = [part for part in kept if "=" not in part]
    run._OPTIONS = (*plain, *(p for s in settings for p in ("-c", s)))


GUARDS: dict[str, Callable[[], None]] = {
    "journal": journal,
    "rename": rename,
    "fsync": fsync,
    "git-fsync": git_fsync,
    "cleanup": cleanup,
}

if __name__ == "__main__":
    GUARDS[sys.argv[1]]()
    if sys.argv[2] == "persona":
        del sys.argv[1:3]
        main()
    else:
        one_update.program(sys.argv[2:])
