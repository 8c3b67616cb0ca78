"""The command that takes back what was learned."""

from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, NoCommit, Root, Whose
from persona_cli.cli.session import begin, emit, emit_json, tell

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
    profile: Whose = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Take a claim back, or all that came from a source.

    What depended on it goes too; the command says what it did. Older commits keep
    what they hold.
    """
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
    with session.at_work(store, "forget", write=True, commit=commit):
        if claim is not None:
            done = forget_claim(store, claim, commit=commit)
        else:
            archive = session.archive(store)
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
