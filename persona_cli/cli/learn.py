"""Commands that change what a profile says: init, update, rebuild, forget."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    AsJson,
    DryRun,
    GpuLayers,
    Lora,
    Model,
    Name,
    NoCommit,
    Root,
    Seed,
    Thoughts,
    Whose,
)
from persona_cli.cli.session import (
    Session,
    begin,
    emit,
    emit_json,
    now,
    split_name,
    tell,
)

commands = command_group()


@commands.command()
def init(
    name: Annotated[str, typer.Argument(help="Whose profile.")] = "me",
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is headed with.")
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="In ./profiles, not the user's data folder.")
    ] = False,
    root: Root = None,
) -> None:
    """Make an empty profile, and the git repository around it.

    In a repository that is there it adds, and never touches what it finds.
    """
    from persona_cli.init import init as run_init

    session = begin(Path("profiles") if here and root is None else root)
    made = run_init(session.root, name, title=title)
    if made.repository:
        tell(f"made a git repository in {made.repository}")
    if made.profile is None:
        tell(f"{name} is there already; nothing was changed")
    emit(str(made.path))


@commands.command()
def update(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME] [LOG]...",
            help="Whose profile, then logs: files, folders, globs, - for stdin.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Read as this format; else it is sniffed."),
    ] = None,
    model: Model = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            metavar="DATE",
            help="Leave what is older for another time.",
        ),
    ] = None,
    dry_run: DryRun = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Ask claim by claim.")
    ] = False,
    seed: Seed = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    thoughts: Thoughts = False,
    gpu_layers: GpuLayers = None,
    lora: Lora = None,
    root: Root = None,
) -> None:
    """Fold new interactions into a profile.

    Reads the logs, infers what they show, reconciles it with the profile by rules,
    and commits. What was folded in before is not read again; a run that was stopped
    goes on where it was.
    """
    from persona_cli.archive import Archive
    from persona_cli.cli.report import Report
    from persona_cli.engines import opener
    from persona_cli.errors import UsageError
    from persona_cli.gather import gather, settle, up_to_date
    from persona_cli.logs import find_logs
    from persona_cli.update import update as run_update

    flags = {"model": model, "seed": seed, "gpu_layers": gpu_layers, "lora": lora}
    session = begin(root, **flags)
    name, logs = split_name(words or [], session, one="log")
    store = session.store(name)
    store.require()
    settings = session.settings
    archive = Archive(store.state, held_share=settings.held_out)
    report = Report(store.name, as_json=as_json)
    paths = find_logs([log for log in logs if log != "-"], inside=session.root)
    if not logs and not store.unfinished and not archive.pending():
        raise UsageError(
            "no log to read, and nothing was left over",
            remedy=f"Name logs: persona update {name} chats/*.jsonl, or - for stdin.",
        )
    if "-" not in logs and up_to_date(archive, paths, format) and not store.unfinished:
        report.nothing_new()
        return
    how = _how(dry_run=dry_run, no_commit=no_commit)
    with (
        _at_work(session, store, "update", **how),
        report,
        closing(opener(settings, tell=tell)) as engines,
    ):
        before = store.load().profile
        report.gathered(
            gather(
                archive,
                logs,
                root=session.root,
                stdin=sys.stdin.buffer,
                format=format,
                since=since.replace(tzinfo=since.tzinfo or UTC) if since else None,
                max_record=settings.max_record,
                write=not dry_run,
                watch=report.reading,
            )
        )
        steps = run_update(
            store,
            archive,
            open_engine=report.opening(
                engines, lambda: len(archive.pending()), thoughts=thoughts
            ),
            seed=settings.seed,
            now=now,
            accept=report.ask if interactive else lambda _: True,
            **how,
        )
        for step in steps:
            report.step(step)
        if not dry_run:
            settle(archive)
        report.finish(before, dry_run=dry_run)


@commands.command()
def rebuild(
    name: Name = None,
    model: Model = None,
    dry_run: DryRun = False,
    seed: Seed = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    thoughts: Thoughts = False,
    gpu_layers: GpuLayers = None,
    lora: Lora = None,
    root: Root = None,
) -> None:
    """Infer a profile anew from every interaction in the archive.

    The full history instead of a stream. What you wrote or reworded stays.
    """
    from persona_cli.archive import Archive
    from persona_cli.cli.report import Report
    from persona_cli.engines import opener
    from persona_cli.gather import settle
    from persona_cli.rebuild import rebuild as run_rebuild

    flags = {"model": model, "seed": seed, "gpu_layers": gpu_layers, "lora": lora}
    session = begin(root, **flags)
    store = session.store(name)
    archive = Archive(store.state, held_share=session.settings.held_out)
    report = Report(store.name, as_json=as_json)
    how = _how(dry_run=dry_run, no_commit=no_commit)
    with (
        _at_work(session, store, "rebuild", **how),
        report,
        closing(opener(session.settings, tell=tell)) as engines,
    ):
        before = store.load().profile
        steps = run_rebuild(
            store,
            archive,
            open_engine=report.opening(
                engines,
                lambda: sum(not entry.held for entry in archive.entries()),
                thoughts=thoughts,
            ),
            seed=session.settings.seed,
            now=now,
            **how,
        )
        for step in steps:
            report.rebuilt(step)
        if not dry_run:
            settle(archive)
        report.finish(before, dry_run=dry_run)


@commands.command()
def forget(
    claim: Annotated[
        str | None, typer.Argument(metavar="[CLAIM]", help="The id of a claim.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="ID", help="All that came from a source, or a reader."),
    ] = None,
    profile: Whose = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Take a claim back, or all that came from a source.

    What depended on it goes too; the command says what it did. Older commits keep
    what they hold.
    """
    from persona_cli.archive import Archive
    from persona_cli.cli.lines import claim_record
    from persona_cli.errors import UsageError
    from persona_cli.forget import forget_claim, forget_source

    if (claim is None) == (source is None):
        raise UsageError(
            "forget takes a claim, or a source",
            remedy="Run persona forget CLAIM, or persona forget --source ID.",
        )
    session = begin(root)
    store = session.store(profile)
    commit = not no_commit
    with _at_work(session, store, "forget", write=True, commit=commit):
        if claim is not None:
            done = forget_claim(store, claim, commit=commit)
        else:
            archive = Archive(store.state, held_share=session.settings.held_out)
            done = forget_source(store, archive, source or "", commit=commit)
    if as_json:
        emit_json(
            {
                "profile": store.name,
                "version": done.version,
                "forgotten": [claim_record(one) for one in done.claims],
                "weakened": [claim_record(one) for one in done.weakened],
                "links": done.links,
                "interactions": done.interactions,
                "set_aside": done.set_aside,
                "commit": done.commit,
            }
        )
        return
    for one in done.claims:
        emit(f"forgotten   {one.id:<5}  {one.section}: {one.text}")
    for one in done.weakened:
        emit(f"weakened    {one.id:<5}  {one.section}: {one.text}  ({one.count}x left)")
    tell(
        f"{store.name} v{done.version}: {done.links} lines of evidence gone,"
        f" {done.interactions} interactions out of the archive,"
        f" {done.set_aside} set aside"
    )
    tell("older commits still hold what they held")


def _how(*, dry_run: bool, no_commit: bool) -> dict[str, bool]:
    """What a run may touch: a dry one neither the disk nor git."""
    return {"write": not dry_run, "commit": not (dry_run or no_commit)}


def _at_work(
    session: Session, store: Any, doing: str, *, write: bool, commit: bool
) -> Any:
    """The lock and what comes with it; nothing at all for a dry run."""
    from contextlib import nullcontext

    if not write:
        return nullcontext()
    timeout = session.settings.lock_timeout
    return store.at_work(doing, timeout=timeout, commit=commit, tell=tell)
