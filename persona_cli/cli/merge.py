"""Commands that make one of two: merge, and what git calls for its own merges."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, DryRun, NoCommit, Root, complete_names
from persona_cli.cli.session import Session, begin, emit, emit_json, now, tell

if TYPE_CHECKING:
    from persona_cli.merge_profiles import Joined
    from persona_cli.store import Store

commands = command_group()


@commands.command()
def merge(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Which takes in.", autocompletion=complete_names
        ),
    ],
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER",
            help="Which is taken in, and stays.",
            autocompletion=complete_names,
        ),
    ],
    into: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Leave both as they are; a profile that is not there is made.",
            autocompletion=complete_names,
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Make one profile of two, with what their claims rest on.

    What says the same becomes one claim, borne out by both. What contradicts is kept,
    and said. It is one version, and persona undo takes it back.
    """
    from persona_cli.init import init
    from persona_cli.places import profile_names

    session = begin(root)
    target, sources = session.store(into or name), [name, other]
    for one in sources:
        session.store(one).require()
    if target.name not in profile_names(session.root) and not dry_run:
        title = session.store(name).load().profile.title
        init(session.root, target.name, title=title, commit=not no_commit)
    elif dry_run and target.name not in sources:
        target = session.store(name)
    sources = [one for one in sources if one != target.name] or [target.name]
    done: list[tuple[str, Joined]] = []
    for one in sources:
        found = _merged(
            session, target, session.store(one), write=not dry_run, commit=not no_commit
        )
        done.append((one, found))
    if as_json:
        emit_json([_record(target.name, one, found) for one, found in done])
        return
    for one, found in done:
        _say(target.name, one, found, dry_run=dry_run)


def _merged(
    session: Session, store: "Store", other: "Store", *, write: bool, commit: bool
) -> "Joined":
    from persona_cli.gather import settle
    from persona_cli.merge_profiles import merge_profiles

    with ExitStack() as locks:
        # In one order for all, so that no two merges wait for each other.
        for one in sorted({store.name: store, other.name: other}.items()):
            locks.enter_context(
                session.at_work(one[1], "merge", write=write, commit=commit)
            )
        archive = session.archive(store)
        done = merge_profiles(
            (store, archive),
            (other, session.archive(other)),
            now=now(),
            write=write,
            commit=commit,
        )
        if write:
            settle(archive)
    return done


def _say(name: str, other: str, done: "Joined", *, dry_run: bool) -> None:
    from persona_cli.cli.lines import change_lines
    from persona_cli.reveal import marked

    for line in change_lines(done.changes):
        emit(line)
    for one, two in done.contrary:
        said = f"{one.id} ({marked(one.text)}) and {two.id} ({marked(two.text)})"
        tell(f"cannot both hold, and both are kept: {said}")
    if not done.changes:
        tell(f"{name}: has all that {other} has")
        return
    would = "would take in" if dry_run else "took in"
    version = done.profile.version
    tell(f"{name} v{version}: {would} {other}, and {done.taken} interactions")


def _record(name: str, other: str, done: "Joined") -> dict[str, object]:
    from persona_cli.cli.lines import change_record

    return {
        "profile": name,
        "other": other,
        "version": done.profile.version,
        "commit": done.commit,
        "interactions": done.taken,
        "changes": [change_record(change) for change in done.changes],
        "contrary": [[one.id, two.id] for one, two in done.contrary],
    }


@commands.command("merge-driver", hidden=True)
def merge_driver(
    base: Annotated[Path, typer.Argument()],
    ours: Annotated[Path, typer.Argument()],
    theirs: Annotated[Path, typer.Argument()],
    marks: Annotated[int, typer.Argument()],
    name: Annotated[str, typer.Argument()],
) -> None:
    """Merge one file, for git (%O %A %B %L %P); ends with 1 for a conflict."""
    from persona_cli.errors import InputError, PersonaError
    from persona_cli.merge_driver import drive

    try:
        done = drive(
            (base, ours, theirs),
            name,
            marks=marks,
            here=Path.cwd(),
            environ=os.environ,
        )
    except PersonaError:
        raise
    except Exception as error:  # a bug's 1 would pass for a conflict that was written
        raise InputError(
            f"{name}: persona failed on it ({type(error).__name__})",
            remedy="git merges its lines instead. See the result: persona verify.",
        ) from error
    tell(done.says)
    if done.conflicts:
        raise typer.Exit(1)
