"""The command that says where a claim holds: promote."""

from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, ClaimId, Name, NoCommit, Root
from persona_cli.cli.session import begin, emit_json, tell

commands = command_group()


@commands.command()
def promote(
    claim: ClaimId,
    name: Name = None,
    to: Annotated[
        str,
        typer.Option(metavar="SCOPE", help="global, or project:NAME."),
    ] = "global",
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Say where a claim holds: everywhere, or in one project.

    Its evidence stays. It is yours from then on: no update rewords or moves it.
    """
    from persona_cli.cli.lines import claim_record
    from persona_cli.promote import promote as run_promote
    from persona_cli.reveal import revealed

    session = begin(root)
    store = session.store(name)
    with session.at_work(store, "promote", write=True, commit=not no_commit):
        done = run_promote(store, claim, to=to, commit=not no_commit)
    if as_json:
        emit_json(
            {
                "profile": store.name,
                "version": done.version,
                "before": done.before,
                **claim_record(done.claim),
            }
        )
        return
    where = revealed(done.claim.scope)
    if done.before == done.claim.scope:
        tell(f"{store.name}: {claim} holds there already ({where})")
    else:
        said = f"{done.claim.id} held in {revealed(done.before)}, and now in {where}"
        tell(f"{store.name} v{done.version}: {said}")
