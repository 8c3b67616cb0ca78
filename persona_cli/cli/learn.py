"""Commands that make a profile, and make it anew: init, rebuild."""

from contextlib import closing
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
from persona_cli.cli.session import begin, emit, how_to_run, now, tell
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
    merge_driver: Annotated[
        bool,
        typer.Option(
            "--merge-driver",
            help="Make none: have git merge what is here by claim, in this clone.",
        ),
    ] = False,
    root: Root = None,
) -> None:
    """Make an empty profile, and the git repository around it.

    In a repository that is there it adds, and never touches what it finds.
    """
    from persona_cli.init import init as run_init
    from persona_cli.init import merge_by_claim

    session = begin(Path("profiles") if here and root is None else root)
    if merge_driver:
        added = merge_by_claim(session.root)
        tell(f"git merges the profiles in {session.root} claim by claim, in this clone")
        if added is not None:
            tell(f"added to {added}; commit it")
        return
    made = run_init(session.root, name, title=title)
    if made.repository:
        tell(f"made a git repository in {made.repository}")
    if made.profile is None:
        tell(f"{name} is there already; nothing was changed")
    emit(str(made.path))


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
    how = how_to_run(dry_run=dry_run, no_commit=no_commit)
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
