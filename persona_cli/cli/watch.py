"""The command that lets updates happen by themselves: watch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, DryRun, Name, Root
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.watch import Change, Job, Keeper

KINDS = ("systemd", "cron", "hook")

commands = command_group()


@commands.command()
def watch(
    name: Name = None,
    install: Annotated[
        str | None,
        typer.Option(metavar="systemd|cron|hook", help="What is to start updates."),
    ] = None,
    remove: Annotated[
        str | None,
        typer.Option(metavar="systemd|cron|hook", help="Take exactly that away again."),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Between two: 30m, 1h, 1d.  [default: 1h]"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do it, without being asked.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Let updates of all that is followed happen by themselves.

    By a timer of your own systemd, by cron, or after each commit in the repository you
    stand in. What would be written is shown first. With nothing named, says what there
    is.
    """
    from persona_cli.errors import UsageError
    from persona_cli.watch import every as seconds_of
    from persona_cli.watch import job_for

    if install and remove:
        raise UsageError("both --install and --remove", remedy="Give one of them.")
    if every and (not install or install == "hook"):
        raise UsageError(
            "--every is for --install systemd and --install cron",
            remedy="Leave it away: a hook comes with each commit.",
        )
    session = begin(root)
    store = session.store(name)
    store.require()
    job = job_for(store.name, session.root, os.environ)
    if not install and not remove:
        _say_what_there_is(job, as_json=as_json)
        return
    keeper = _keeper(install or remove or "")
    if install:
        changes = keeper.install(job, seconds_of(every or "1h"))
    else:
        changes = keeper.remove(job)
    if not any(change.needed for change in changes):
        tell("is there already" if install else "is not there; nothing to take away")
        return
    _show(changes)
    if dry_run:
        return
    if not yes and not _agreed(bool(install)):
        tell("nothing was changed")
        raise typer.Exit(130)
    keeper.make(changes)
    if not install:
        tell("taken away")
        return
    tell("done: what is followed is folded in from now on; see persona sources")
    if set_here := [n for n in os.environ if n.startswith("PERSONA_")]:
        tell(f"note: it does not see {', '.join(sorted(set_here))}: use settings files")


def _keeper(kind: str) -> "Keeper":
    from persona_cli.cli.following import surroundings
    from persona_cli.errors import UsageError
    from persona_cli.watch import Cron, Hook, Systemd

    match kind:
        case "systemd":
            return Systemd(surroundings())
        case "cron":
            return Cron()
        case "hook":
            return Hook(Path.cwd())
    raise UsageError(
        f"nothing called {kind!r} starts updates",
        remedy=f"Take one of {', '.join(KINDS)}.",
    )


def _show(changes: "list[Change]") -> None:
    from persona_cli.inert import inert

    for change in changes:
        if change.needed:
            gone = change.after is None or change.ours not in change.after
            emit(f"{'takes out of' if gone else 'writes to'} {inert(change.where)}:")
            for line in change.ours.splitlines():
                emit(f"    {inert(line)}")


def _agreed(installing: bool) -> bool:
    from persona_cli.cli.asking import is_sure

    what = "install it?" if installing else "take it away?"
    return is_sure(f"{what} [y/N] ", flag="--yes")


def _say_what_there_is(job: "Job", *, as_json: bool) -> None:
    from persona_cli.errors import PersonaError
    from persona_cli.inert import inert

    found: dict[str, str | None] = {}
    for kind in KINDS:
        try:
            changes = _keeper(kind).remove(job)
        except PersonaError:  # no crontab, or in no repository
            found[kind] = None
            continue
        there = [change.where for change in changes if change.needed]
        found[kind] = there[-1] if there else None
    if as_json:
        emit_json({"profile": job.profile, "starts": found})
        return
    for kind, where in found.items():
        emit(f"{kind:<8} {inert(where) if where else 'no'}")
    if not any(found.values()):
        tell(f"let it happen by itself: persona watch {job.profile} --install systemd")
