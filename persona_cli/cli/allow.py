"""The command that lets in what persona would keep out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, NoCommit, Root, Whose
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.allowed import Allowed, Entry
    from persona_cli.store import Store

commands = command_group()


@commands.command()
def allow(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND|ITEM]...",
            help="mail, phone, ... for all of a kind; or one item; - reads it from"
            " stdin, so that no list of commands has it.",
            show_default=False,
        ),
    ] = None,
    line: Annotated[
        int | None,
        typer.Option(metavar="N", help="What stands in this line of profile.md."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Keep it out again; ids are in --list."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what is let in.")] = False,
    profile: Whose = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Let in personal data, or one secret, that is kept out.

    Logs that were read before are not read again: what was replaced in them stays so.
    """
    from persona_cli.allow import allow as run_allow
    from persona_cli.errors import UsageError

    session = begin(root)
    store = session.store(profile)
    store.require()
    if list_ or not (what or line or remove):
        if what or line or remove:
            raise UsageError(
                "--list only shows", remedy="Give it alone: persona allow --list."
            )
        _show(store.allowed(), as_json=as_json)
        return
    new = _wanted(store, what or [], line)
    gone = [entry for name in remove or [] for entry in _named(store.allowed(), name)]
    after = run_allow(
        *(store, new, gone),
        lock_timeout=session.settings.lock_timeout,
        commit=not no_commit,
        tell=tell,
    )
    for entry in new:
        tell(f"let in: {entry.id}")
    for entry in gone:
        tell(f"kept out again: {entry.id}")
    if as_json:
        _show(after, as_json=True)


def _wanted(store: "Store", what: list[str], line: int | None) -> "list[Entry]":
    """What is to be let in.

    Raises: UsageError
    """
    from persona_cli.allowed import entries_for
    from persona_cli.errors import UsageError
    from persona_cli.places import decoded, read_bytes

    texts = [sys.stdin.read().strip() if word == "-" else word for word in what]
    if line is not None:
        text = decoded(read_bytes(store.path), store.path)
        lines = text.split("\n")
        if not 1 <= line <= len(lines):
            raise UsageError(
                f"{store.path}: has {len(lines)} lines, and no line {line}",
                remedy="Take the number that persona named.",
            )
        texts.append(lines[line - 1])
    known = store.allowed()
    return [
        e for text in texts for e in entries_for(text, known) if e not in known.entries
    ]


def _named(allowed: "Allowed", name: str) -> "list[Entry]":
    from persona_cli.errors import UsageError

    found = [entry for entry in allowed.entries if entry.id == name]
    if not found:
        raise UsageError(
            f"{name!r} is not let in", remedy="See the ids: persona allow --list."
        )
    return found


def _show(allowed: "Allowed", *, as_json: bool) -> None:
    if as_json:
        emit_json(
            [
                {"id": e.id, "kind": e.kind, "whole_kind": not e.hash}
                for e in allowed.entries
            ]
        )
        return
    for entry in allowed.entries:
        emit(f"{entry.id}" if entry.hash else f"{entry.id}  all of the kind")
    if not allowed.entries:
        tell("nothing is let in")
