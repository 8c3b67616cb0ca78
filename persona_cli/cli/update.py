"""The command that folds in what is new: update."""

from contextlib import closing
from datetime import UTC, datetime
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
    LockTimeout,
    Lora,
    Me,
    Model,
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
from persona_cli.cli.session import begin, how_to_run, now, split_name, tell
from persona_cli.places import READ

commands = command_group()


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
    all_: Annotated[
        bool,
        typer.Option("--all", help="Read all that is enabled: see persona sources."),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Read as this format; else it is sniffed."),
    ] = None,
    me: Me = None,
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
    lock_timeout: LockTimeout = None,
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
    from persona_cli.cli.following import Following, Naming
    from persona_cli.cli.report import Report
    from persona_cli.engines import opener
    from persona_cli.errors import ChangeError
    from persona_cli.fold import Checking
    from persona_cli.gather import settle
    from persona_cli.update import update as run_update

    flags = {**engine, "candidates": candidates, "questions": questions}
    session = begin(root, **flags, lock_timeout=lock_timeout, me=me)
    name, logs = split_name(words or [], session, one="log")
    store = session.store(name)
    store.require()
    settings = session.settings
    archive = session.archive(store)
    report = Report(store.name, as_json=as_json)
    reading = (
        Following(session, logs, format)
        if all_
        else Naming(session, store.name, logs, format)
    )
    reading.require_something(
        left_over=lambda: bool(store.unfinished or archive.pending(retry=retry))
    )
    if reading.up_to_date(archive) and not (store.unfinished or retry):
        report.nothing_new()
        return
    how = how_to_run(dry_run=dry_run, no_commit=no_commit)
    kept = None if dry_run else store.state / READ
    with (
        session.at_work(store, "update", **how),
        report,
        closing(opener(settings, tell=tell, states=kept)) as engines,
    ):
        before = store.load().profile
        report.gathered(
            reading.gather(
                archive,
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
    reading.require_all_read()
