"""The command that finds what there is to learn from, and says what is followed."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Name, Root
from persona_cli.cli.session import Session, begin, emit, emit_json, now, tell

if TYPE_CHECKING:
    from persona_cli.archive import Archive
    from persona_cli.enabled import Wish
    from persona_cli.sources import Found

commands = command_group()


@commands.command()
def sources(
    name: Name = None,
    enable: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Follow it: persona update --all reads it."
        ),
    ] = None,
    disable: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Follow it no longer.")
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="With --enable: a file, folder or glob of your own."
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="With --path: read it as this format."),
    ] = None,
    me: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="With --path: your own; may be repeated."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Count files alone, and read none.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Agree, without being asked.")
    ] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Show what is here to learn from, and what is followed.

    Showing reads, and writes nothing. What is enabled stands in persona.yaml beside the
    profiles; what came there with somebody else's repository is not read until you
    enable it here.
    """
    from persona_cli.errors import UsageError

    session = begin(root)
    if (path or reader or me) and (not enable or not path):
        raise UsageError(
            "--path, --reader and --me say what --enable is of",
            remedy="Give persona sources --enable NAME --path PATH.",
        )
    if enable and disable:
        raise UsageError("both --enable and --disable", remedy="Give one of them.")
    if enable:
        _enable(session, _wish(session, enable, path, reader, me or []), ask=not yes)
    elif disable:
        from persona_cli.enabled import disable as run_disable

        run_disable(session.root, disable)
        tell(f"{disable} is not followed any more; what was learned from it stays")
    else:
        _show(session, name, quick=quick, as_json=as_json)


def _wish(
    session: Session, name: str, path: str | None, reader: str | None, me: list[str]
) -> "Wish":
    """The source that is meant: given in words, known, or named in the file."""
    from persona_cli.enabled import enabled, new_wish
    from persona_cli.known_sources import SOURCES, known_source

    if path is not None:
        return new_wish(name, path, reader=reader, me=me)
    for one in enabled(session.root):
        if one.wish.name == name:
            return one.wish
    known = known_source(name)
    if known is not None and not known.drops:
        return new_wish(name)
    from persona_cli.errors import UsageError

    if known is not None:
        raise UsageError(
            f"{name}: anything may lie among the downloads, so they are not followed",
            remedy="Fold an export in by its name: persona update ~/Downloads/FILE.",
        )
    names = ", ".join(one.name for one in SOURCES if not one.drops)
    raise UsageError(
        f"no source is called {name!r}",
        remedy=f"Take one of {names}; or name your own logs with --path.",
    )


def _enable(session: Session, wish: "Wish", *, ask: bool) -> None:
    from persona_cli.cli.asking import is_sure
    from persona_cli.cli.following import surroundings
    from persona_cli.enabled import enable, enabled
    from persona_cli.inert import inert
    from persona_cli.sources import batch_of, where_of

    batch = batch_of(wish, root=session.root, around=surroundings())
    read = f" as {inert(wish.reader)}" if wish.reader else ""
    where = where_of(wish, session.root, surroundings())
    tell(f"{wish.name}: {inert(where)}{read}; files there now: {len(batch.paths)}")
    if batch.fault:
        tell(f"note: {batch.fault}")
    # A path that the file brought along may lead anywhere.
    brought = wish.path is not None and wish in [
        one.wish for one in enabled(session.root) if not one.agreed
    ]
    if brought and ask and not is_sure("read it from now on? [y/N] ", flag="--yes"):
        tell("nothing was changed")
        raise typer.Exit(130)
    enable(session.root, wish)
    tell(f"{wish.name} is followed from now on: persona update --all")


def _show(session: Session, name: str | None, *, quick: bool, as_json: bool) -> None:
    from persona_cli.cli.following import surroundings
    from persona_cli.sources import sources as survey

    found = list(
        survey(
            session.root,
            _archive(session, name),
            surroundings(),
            now=now(),
            max_record=session.settings.max_record,
            me=session.settings.me,
            quick=quick,
        )
    )
    if as_json:
        emit_json([_record(one) for one in found])
        return
    if not found:
        tell("nothing was found that persona knows; name logs of your own:")
        tell("  persona sources --enable NAME --path PATH")
        return
    _print(found, now())


def _archive(session: Session, name: str | None) -> "Archive | None":
    """Of the profile that is meant; None before there is any."""
    from persona_cli.places import folder_names

    if name is None and not folder_names(session.root):
        return None
    store = session.store(name)
    store.require()
    return session.archive(store)


def _print(found: "list[Found]", today: datetime) -> None:
    from persona_cli.cli.table import table
    from persona_cli.inert import inert

    head = ("source", "followed", "files", "unread", "new", "newest", "oldest")
    table(
        head,
        [
            (
                inert(one.name),
                _state(one),
                str(one.logs),
                str(one.unread),
                _new(one),
                _ago(one.newest, today),
                _ago(one.oldest, today),
            )
            for one in found
        ],
    )
    for one in found:
        emit(f"{inert(one.name)}: {inert(one.where)}")
        if one.fault:
            emit(f"  {inert(one.fault)}")
        if one.going:
            day = one.going.first.date().isoformat()
            emit(
                f"  not read yet, and soon deleted by the program that wrote them:"
                f" {one.going.logs}, the first on {day}"
            )
    for one in found:
        if one.drops:
            tell(f"{one.name}: fold one in by its name: persona update FILE")
        elif one.named and not one.agreed:
            tell(f"{one.name}: agree to it here: persona sources --enable {one.name}")
        elif not one.named:
            tell(f"{one.name}: follow it: persona sources --enable {one.name}")


def _state(one: "Found") -> str:
    if one.agreed:
        return "yes"
    return "not agreed" if one.named else "no"


def _new(one: "Found") -> str:
    if one.new is None:
        return "-"
    return f"{one.new}+" if one.counted < one.unread else str(one.new)


def _ago(when: datetime | None, today: datetime) -> str:
    if when is None:
        return "-"
    seconds = max((today - when).total_seconds(), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"


def _record(one: "Found") -> dict[str, Any]:
    record = asdict(one)
    record["complete"] = one.new is not None and one.counted == one.unread
    for key in ("newest", "oldest"):
        record[key] = record[key].isoformat() if record[key] else None
    if one.going:
        record["going"]["first"] = one.going.first.isoformat()
    return record
