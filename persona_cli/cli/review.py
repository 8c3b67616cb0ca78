"""The command that puts claims before a person which no profile takes in unseen."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Name, NoCommit, Root
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.review import Held

# Pieces of evidence shown with a claim; the rest are counted.
MOST_QUOTES = 3

commands = command_group()


@commands.command()
def review(
    name: Name = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM", help="Take it over; may be repeated."),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM", help="Turn it down for good; may be repeated."),
    ] = None,
    everything: Annotated[
        str | None,
        typer.Option("--all", metavar="accept|reject", help="Decide on all that wait."),
    ] = None,
    as_json: AsJson = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Decide on claims that wait for you.

    What would run commands, weaken safety, send data out, name a seller, erase other
    claims or speak of the assistant's rules is no part of the profile before you have
    seen it, whoever said it; nor is what only another tool remembers of you. On a
    terminal it asks, claim by claim.
    """
    from persona_cli.errors import UsageError
    from persona_cli.review import held
    from persona_cli.review import review as run_review

    if everything not in (None, "accept", "reject"):
        raise UsageError(
            f"--all {everything}: accept or reject", remedy="Say --all reject, say."
        )
    session = begin(root)
    store = session.store(name)
    waiting = held(store.load())
    every = [one.claim.id for one in waiting]
    taken = [*(accept or []), *(every if everything == "accept" else [])]
    refused = [*(reject or []), *(every if everything == "reject" else [])]
    if not (taken or refused):
        if as_json:
            emit_json({"profile": store.name, "waiting": [*map(_record, waiting)]})
            return
        if not waiting:
            tell(f"{store.name}: no claim waits for review")
            return
        if not sys.stdin.isatty():
            _list(store.name, waiting)
            return
        taken, refused = _ask(waiting)
        if not (taken or refused):
            return
    with session.at_work(store, "review", write=True, commit=not no_commit):
        done = run_review(store, accept=taken, reject=refused, commit=not no_commit)
    if as_json:
        emit_json(
            {
                "profile": store.name,
                "version": done.version,
                "accepted": [claim.id for claim in done.accepted],
                "rejected": [claim.id for claim in done.rejected],
                "left": done.left,
                "commit": done.commit,
            }
        )
        return
    for verb, claims in (("accepted", done.accepted), ("rejected", done.rejected)):
        for claim in claims:
            emit(f"{verb:<10}  {claim.id:<5}  {_line(claim.section, claim.text)}")
    left = f"{done.left} still wait" if done.left else "none waits"
    tell(f"{store.name} v{done.version}: {left}")


def _list(name: str, waiting: "list[Held]") -> None:
    for one in waiting:
        emit("\n".join(_told(one)))
    count = f"{len(waiting)} claims wait" if len(waiting) > 1 else "1 claim waits"
    tell(f"{count}; decide: persona review {name} --accept CLAIM, or --reject CLAIM")


def _ask(waiting: "list[Held]") -> tuple[list[str], list[str]]:
    """Ids to accept and to reject, as the person at the terminal says."""
    taken: list[str] = []
    refused: list[str] = []
    for one in waiting:
        emit("\n".join(_told(one)))
        prompt = "  take it over? [y]es, [n]o and never again, [l]ater, [q]uit: "
        answer = ""
        while answer not in ("y", "n", "l", "q"):
            typer.echo(prompt, nl=False, err=True)
            line = sys.stdin.readline()
            answer = line.strip().casefold()[:1] if line else "q"
        if answer == "q":
            break
        if answer != "l":
            (taken if answer == "y" else refused).append(one.claim.id)
    return taken, refused


def _told(one: "Held") -> list[str]:
    from persona_cli.reveal import revealed

    claim = one.claim
    last = f", last {claim.last.isoformat()}" if claim.last else ""
    scope = f", {revealed(claim.scope)}" if claim.scope != "global" else ""
    seen = f"{claim.count}x{last}{scope}"
    lines = [
        f"{claim.id}  {_line(claim.section, claim.text)}",
        f"    it {revealed(one.why)}; {seen}, by {revealed(one.by)}",
    ]
    for link in one.links[:MOST_QUOTES]:
        day = link.at.date().isoformat() if link.at else "undated   "
        side = "" if link.side == "for" else "against  "
        lines.append(f'    {day}  {side}"{revealed(link.quote)}"')
        lines.append(f"                {revealed(link.interaction)}")
    if len(one.links) > MOST_QUOTES:
        lines.append(f"    and {len(one.links) - MOST_QUOTES} more")
    return lines


def _line(section: str, text: str) -> str:
    from persona_cli.reveal import marked, revealed

    return f"{revealed(section)}: {marked(text)}"


def _record(one: "Held") -> dict[str, Any]:
    from persona_cli.cli.lines import claim_record
    from persona_cli.inject import claim_line
    from persona_cli.reveal import suspicions

    return {
        **claim_record(one.claim),
        "by": one.by,
        "why": one.why,
        "shown": claim_line(one.claim),
        "suspicions": suspicions(one.claim.text),
        "evidence": [link.record() for link in one.links],
    }
