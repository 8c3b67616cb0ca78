"""Commands about a profile's own files: verify, restore."""

import os
from typing import TYPE_CHECKING

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Name, Root
from persona_cli.cli.session import Session, begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.integrity import Finding
    from persona_cli.store import Store

commands = command_group()


@commands.command()
def verify(name: Name = None, as_json: AsJson = False, root: Root = None) -> None:
    """Check that every file of a profile is as it was written.

    Profile, evidence, ledgers, caches, and what git keeps of them. Says for each fault
    the command that mends it, and ends with 3 when there is one. An edit by hand is no
    fault.
    """
    session = begin(root)
    found = [
        each for store in _meant(session, name) for each in _findings(session, store)
    ]
    if as_json:
        emit_json(
            [
                {
                    "file": each.file,
                    "wrong": bool(each.fix),
                    "fault": each.fault,
                    "fix": each.fix,
                }
                for each in found
            ]
        )
    else:
        for each in found:
            emit(f"{'WRONG' if each.fix else 'note':<6} {each.file}: {each.fault}")
            if each.fix:
                emit(f"       try: {each.fix}")
    wrong = sum(bool(each.fix) for each in found)
    if wrong:
        tell(f"{wrong} wrong")
        raise typer.Exit(3)
    tell("every file is as it was written")


@commands.command()
def restore(name: Name = None, root: Root = None) -> None:
    """Put back what persona verify finds damaged.

    Profile and evidence from the last good version; of this machine's ledgers the
    whole lines. What is replaced is kept in .state/damaged. Whole files stay as they
    are, your edits too.
    """
    from persona_cli.restore import restore as run_restore

    session = begin(root)
    for store in _meant(session, name):
        timeout = session.settings.lock_timeout
        done = run_restore(store, timeout=timeout, tell=tell)
        for each in done:
            emit(each)
        if not done:
            tell(f"{store.name}: nothing is damaged")


def _meant(session: Session, name: str | None) -> "list[Store]":
    """The profile of this name, also where its profile.md is gone; without one, all.

    Raises: UsageError, InputError when there is none
    """
    from persona_cli.places import folder_names
    from persona_cli.store import Store

    names = folder_names(session.root)
    if name is None:
        name = session.settings.profile or None
    if name is None and names:
        return [Store(session.root, each) for each in names]
    store = Store(session.root, name or session.default_name())
    if store.name not in names:
        store.require()
    return [store]


def _findings(session: Session, store: "Store") -> "list[Finding]":
    """Under the lock, so that no half of an update is taken for damage."""
    from persona_cli.integrity import verify as run_verify
    from persona_cli.lock import profile_lock

    if not os.access(store.state, os.W_OK | os.X_OK):  # a read-only disk has no writer
        return list(run_verify(store))
    timeout = session.settings.lock_timeout
    with profile_lock(store.folder, timeout=timeout, doing="verify", on_wait=tell):
        return list(run_verify(store))
