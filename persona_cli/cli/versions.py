"""Commands over the versions of a profile: log, diff, undo."""

from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Name, NoCommit, Root, Whose
from persona_cli.cli.session import begin, emit, emit_json, now, tell

commands = command_group()


@commands.command()
def log(name: Name = None, as_json: AsJson = False, root: Root = None) -> None:
    """List the versions, one a line, newest first."""
    from persona_cli.history import versions

    store = begin(root).store(name)
    store.require()
    found = list(versions(store))
    if as_json:
        emit_json(
            [
                {
                    "version": one.version,
                    "commit": one.commit,
                    "at": one.at.isoformat(),
                    "says": one.says,
                }
                for one in found
            ]
        )
        return
    for one in found:
        number = f"v{one.version}" if one.version >= 0 else "?"
        day = one.at.strftime("%Y-%m-%d %H:%M")
        emit(f"{number:<5} {day}  {one.commit[:9]}  {one.says}")


@commands.command()
def diff(
    old: Annotated[
        str | None,
        typer.Argument(metavar="[A]", help="A version; the one before B."),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="A version; the file as it is."),
    ] = None,
    profile: Whose = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Compare two versions, claim by claim.

    The wording of a claim that moved is compared with itself, wherever it stands.
    """
    from persona_cli.cli.lines import change_lines, change_record
    from persona_cli.history import compare

    store = begin(root).store(profile)
    changes = compare(store, old, new)
    if as_json:
        emit_json([change_record(change) for change in changes])
        return
    for line in change_lines(changes):
        emit(line)
    if not changes:
        tell(f"{store.name}: no claim differs")


@commands.command()
def undo(
    name: Name = None,
    to: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Go back to this version.")
    ] = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Make a new version that equals the one before.

    Again goes back one more. The interactions stay folded in: the next update does
    not bring the same claims back.
    """
    from persona_cli.cli.lines import change_lines, change_record
    from persona_cli.history import undo as run_undo

    session = begin(root)
    store = session.store(name)
    timeout = session.settings.lock_timeout
    commit = not no_commit
    with store.at_work("undo", timeout=timeout, commit=commit, mending=True, tell=tell):
        done = run_undo(store, to=to, now=now(), commit=commit)
    if as_json:
        emit_json(
            {
                "profile": store.name,
                "version": done.version,
                "restored": done.restored,
                "commit": done.commit,
                "changes": [change_record(change) for change in done.changes],
            }
        )
        return
    for line in change_lines(done.changes):
        emit(line)
    tell(f"{store.name} v{done.version}: equals v{done.restored}")
