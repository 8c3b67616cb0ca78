"""Run as a program: forget one fact in the past too, as the command would do it.

python one_forgetting.py TOP CLAIM [--one-by-one]

With ``--one-by-one`` it is broken: each branch moves by itself, and not all at once;
and it dies after the first.
"""

import os
import signal
import sys
from pathlib import Path

from persona_cli.forget import Chosen
from persona_cli.git import purge
from persona_cli.oblivion import Erased, forget_all, plan_all
from persona_cli.store import Store
from tests.canaries import archive_of

BEGINS = "at the past"


def erase(store: Store, chosen: Chosen, *, begins: bool = False) -> Erased:
    """Plan it, do it."""
    archive = archive_of(store)
    with store.at_work("forget", timeout=10):
        plan = plan_all(store, archive, chosen, every=True)
        if begins:
            print(BEGINS, flush=True)
        return forget_all(store, archive, plan, every=True)


def one_by_one() -> None:
    """Take from git's update-ref what makes it one."""
    move = purge._move

    def broken(
        place: purge.Place, lock: purge.IndexLock, moves: list[purge.Move]
    ) -> None:
        move(place, lock, moves[:1])
        os.kill(os.getpid(), signal.SIGKILL)

    purge._move = broken  # type: ignore[assignment]


if __name__ == "__main__":
    if "--one-by-one" in sys.argv:
        one_by_one()
    top, claim, *_ = sys.argv[1:]
    erase(Store(Path(top) / "profiles", "ada"), Chosen(claim=claim), begins=True)
