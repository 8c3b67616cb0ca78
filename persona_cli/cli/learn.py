"""Commands that make a profile from what was done: init, update, rebuild."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    AsJson,
    BatchTokens,
    Candidates,
    DryRun,
    FlashAttention,
    GpuLayers,
    KvType,
    Lora,
    Model,
    Name,
    NoCommit,
    NoVerify,
    Questions,
    Root,
    Seed,
    Thoughts,
    Threads,
    UbatchTokens,
    engine_settings,
)
from persona_cli.cli.session import begin, emit, now, split_name, tell
from persona_cli.places import READ

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
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Keep it, however many claims go.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Take up again what was rejected.")
    ] = False,
    candidates: Candidates = None,
    questions: Questions = None,
    no_verify: NoVerify = False,
    seed: Seed = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    thoughts: Thoughts = False,
    gpu_layers: GpuLayers = None,
    threads: Threads = None,
    batch_tokens: BatchTokens = None,
    ubatch_tokens: UbatchTokens = None,
    flash_attention: FlashAttention = None,
    kv_type: KvType = None,
    lora: Lora = None,
    root: Root = None,
) -> None:
    """Fold new interactions into a profile.

    Reads the logs, infers what they show, reconciles it with the profile by rules,
    and commits. A version that foresees your held-out choices worse than the last is
    not kept. What was folded in before is not read again; a run that was stopped goes
    on where it was.
    """
    engine = engine_settings(locals())
    from persona_cli.cli.checks import removal_line
    from persona_cli.cli.report import Report
    from persona_cli.engines import opener
    from persona_cli.errors import ChangeError, UsageError
    from persona_cli.fold import Checking
    from persona_cli.gather import gather, settle, up_to_date
    from persona_cli.logs import find_logs
    from persona_cli.update import update as run_update

    session = begin(root, **engine, candidates=candidates, questions=questions)
    name, logs = split_name(words or [], session, one="log")
    store = session.store(name)
    store.require()
    settings = session.settings
    archive = session.archive(store)
    report = Report(store.name, as_json=as_json)
    paths = find_logs([log for log in logs if log != "-"], inside=session.root)
    if not logs and not store.unfinished and not archive.pending(retry=retry):
        raise UsageError(
            "no log to read, and nothing was left over",
            remedy=f"Name logs: persona update {name} chats/*.jsonl, or - for stdin.",
        )
    done = up_to_date(archive, paths, format) and not (store.unfinished or retry)
    if "-" not in logs and done:
        report.nothing_new()
        return
    how = _how(dry_run=dry_run, no_commit=no_commit)
    kept = None if dry_run else store.state / READ
    with (
        session.at_work(store, "update", **how),
        report,
        closing(opener(settings, tell=tell, states=kept)) as engines,
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
                allows=store.allowed(),
                write=not dry_run,
                watch=report.reading,
            )
        )
        steps = run_update(
            store,
            archive,
            open_engine=report.opening(
                engines, lambda: len(archive.pending(retry=retry)), thoughts=thoughts
            ),
            seed=settings.seed,
            now=now,
            accept=report.ask if interactive else lambda _: True,
            checking=Checking(most=settings.questions, gate=not no_verify),
            retry=retry,
            allow_large=yes or interactive,
            **how,
        )
        for step in steps:
            report.step(step)
        if not dry_run:
            settle(archive)
        report.finish(before, dry_run=dry_run)
    if report.too_large is not None:
        raise ChangeError(
            f"{store.name}: {removal_line(report.too_large)}; that was not kept",
            remedy=f"Look at it: persona update {store.name} --retry --yes --dry-run;"
            " then keep it without --dry-run, or claim by claim with -i.",
        )


@commands.command()
def rebuild(
    name: Name = None,
    model: Model = None,
    dry_run: DryRun = False,
    candidates: Candidates = None,
    questions: Questions = None,
    no_verify: NoVerify = False,
    seed: Seed = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    thoughts: Thoughts = False,
    gpu_layers: GpuLayers = None,
    threads: Threads = None,
    batch_tokens: BatchTokens = None,
    ubatch_tokens: UbatchTokens = None,
    flash_attention: FlashAttention = None,
    kv_type: KvType = None,
    lora: Lora = None,
    root: Root = None,
) -> None:
    """Infer a profile anew from every interaction in the archive.

    The full history instead of a stream. What you wrote or reworded stays; so does
    everything, when the result foresees your held-out choices worse.
    """
    engine = engine_settings(locals())
    from persona_cli.cli.report import Report
    from persona_cli.engines import opener
    from persona_cli.fold import Checking
    from persona_cli.gather import settle
    from persona_cli.rebuild import rebuild as run_rebuild

    session = begin(root, **engine, candidates=candidates, questions=questions)
    store = session.store(name)
    archive = session.archive(store)
    report = Report(store.name, as_json=as_json)
    how = _how(dry_run=dry_run, no_commit=no_commit)
    kept = None if dry_run else store.state / READ
    with (
        session.at_work(store, "rebuild", **how),
        report,
        closing(opener(session.settings, tell=tell, states=kept)) as engines,
    ):
        before = store.load().profile
        steps = run_rebuild(
            store,
            archive,
            open_engine=report.opening(
                engines,
                lambda: len(archive.readable()),
                thoughts=thoughts,
            ),
            seed=session.settings.seed,
            now=now,
            checking=Checking(most=session.settings.questions, gate=not no_verify),
            **how,
        )
        for step in steps:
            report.rebuilt(step)
        if not dry_run:
            settle(archive)
        report.finish(before, dry_run=dry_run)


def _how(*, dry_run: bool, no_commit: bool) -> dict[str, bool]:
    """What a run may touch: a dry one neither the disk nor git."""
    return {"write": not dry_run, "commit": not (dry_run or no_commit)}
