"""The command that takes back what was learned."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.forgotten import foretold, past_record, record, say, unreached
from persona_cli.cli.options import AsJson, DryRun, NoCommit, Root, Whose
from persona_cli.cli.session import Session, begin, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.forget import Chosen
    from persona_cli.store import Store

commands = command_group()


@commands.command()
def forget(
    claim: Annotated[
        str | None, typer.Argument(metavar="[CLAIM]", help="The id of a claim.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="ID", help="All that came from a source, or a reader."),
    ] = None,
    interaction: Annotated[
        str | None, typer.Option(metavar="ID", help="One interaction.")
    ] = None,
    matching: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="All that says this, in whatever case."),
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            metavar="DATE",
            help="All that is older, as far as it has a date.",
        ),
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history", help="From older commits too: they are written anew."
        ),
    ] = False,
    all_branches: Annotated[
        bool,
        typer.Option(
            "--all-branches", help="With --history: of every local branch and tag."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before history is rewritten.")
    ] = False,
    dry_run: DryRun = False,
    profile: Whose = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Take a claim back, or all that some interactions said.

    What depended on it goes too, and no update, rebuild, undo or merge brings it back.
    Older commits keep what they hold, unless --history is given; with nothing else
    named, that is for what was forgotten before.
    """
    from persona_cli.errors import UsageError
    from persona_cli.forget import Chosen

    given = [claim, source, interaction, matching, before]
    count = sum(one is not None for one in given)
    if count > 1 or (count == 0 and not history):
        raise UsageError(
            "forget takes a claim, or one of --source, --interaction, --matching and"
            " --before",
            remedy="Run persona forget CLAIM, or persona forget --source ID.",
        )
    if history and no_commit:
        raise UsageError("--history is about commits", remedy="Leave --no-commit away.")
    if all_branches and not history:
        raise UsageError(
            "--all-branches is about history", remedy="Give --history with it."
        )
    chosen = Chosen(
        claim=claim,
        source=source,
        interaction=interaction,
        matching=matching,
        before=before.replace(tzinfo=before.tzinfo or UTC) if before else None,
    )
    session = begin(root)
    store = session.store(profile)
    commit = not (no_commit or dry_run)
    with session.at_work(store, "forget", write=not dry_run, commit=commit):
        if history:
            _history(
                *(session, store, chosen),
                every=all_branches,
                ask=not yes,
                dry_run=dry_run,
                as_json=as_json,
            )
        else:
            _present(
                *(session, store, chosen),
                commit=commit,
                dry_run=dry_run,
                as_json=as_json,
            )


def _present(
    session: Session,
    store: "Store",
    chosen: "Chosen",
    *,
    commit: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from persona_cli.errors import UsageError
    from persona_cli.forget import chosen_in, plan
    from persona_cli.forget import forget as run_forget

    archive, loaded = session.archive(store), store.load()
    found = plan(loaded, archive, chosen, chosen_in(loaded, chosen))
    if found.empty:
        raise UsageError(
            f"{store.name}: nothing here is of {chosen}",
            remedy="See what there is: persona show --ids, persona why CLAIM.",
        )
    done = None if dry_run else run_forget(store, archive, found, commit=commit)
    if as_json:
        emit_json(record(store, found, done))
        return
    say(store, found, done)
    if done is not None:
        tell("older commits still hold what they held; rewrite them: --history")


def _history(
    session: Session,
    store: "Store",
    chosen: "Chosen",
    *,
    every: bool,
    ask: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from persona_cli.cli.asking import is_sure
    from persona_cli.oblivion import forget_all, plan_all

    archive = session.archive(store)
    found = plan_all(store, archive, chosen, every=every)
    if dry_run or ask:
        for line in foretold(found):
            tell(line)
    done = None
    if not dry_run:
        if ask and not is_sure("rewrite the history? [y/N] ", flag="--yes"):
            tell("nothing was changed")
            raise typer.Exit(130)
        done = forget_all(store, archive, found, every=every)
    if as_json:
        emit_json(
            {
                **record(store, found.present, done.present if done else None),
                **past_record(found, done),
            }
        )
        return
    say(store, found.present, done.present if done else None)
    if done is not None:
        tell(f"{done.commits} commits written anew; the old ones are gone")
        for line in unreached(done):
            tell(line)
