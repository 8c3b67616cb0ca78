"""Commands that look at profiles: show, list, path, edit, why."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, ClaimId, Name, NoCommit, Root, Whose
from persona_cli.cli.output import drawn
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.profile import Claim, Profile


commands = command_group()


@commands.command()
def show(
    name: Name = None,
    ids: Annotated[bool, typer.Option("--ids", help="With the ids of claims.")] = False,
    section: Annotated[
        list[str] | None, typer.Option(metavar="SECTION", help="Only this section.")
    ] = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Show a profile: its claims, and how well each is borne out."""
    store = begin(root).store(name)
    loaded = store.load()
    profile = loaded.profile
    wanted = {one.casefold() for one in section or ()}
    claims = [c for c in profile.claims if not wanted or c.section in wanted]
    if as_json:
        from persona_cli.cli.lines import claim_record

        emit_json(
            {
                "profile": store.name,
                "title": profile.title,
                "version": profile.version,
                "claims": [claim_record(claim) for claim in claims],
            }
        )
    elif drawn():
        _show_in_colour(profile, claims, ids=ids)
    else:
        emit("\n".join(_plain(profile, claims, ids=ids)))


@commands.command("list")
def list_profiles(as_json: AsJson = False, root: Root = None) -> None:
    """List the profiles."""
    from persona_cli.errors import PersonaError
    from persona_cli.places import profile_names

    session = begin(root)
    rows = []
    for name in profile_names(session.root):
        try:
            profile = session.store(name).load().profile
        except PersonaError as error:
            tell(f"note: {error}")
            continue
        rows.append((name, profile))
    if as_json:
        emit_json(
            [
                {
                    "profile": name,
                    "title": profile.title,
                    "version": profile.version,
                    "claims": len(profile.claims),
                    "path": str(session.store(name).path),
                }
                for name, profile in rows
            ]
        )
        return
    for name, profile in rows:
        emit(f"{name:<16} v{profile.version:<4} {len(profile.claims)} claims")
    if not rows:
        tell(f"no profile in {session.root}; make one: persona init")


@commands.command()
def path(name: Name = None, root: Root = None) -> None:
    """Print the path of a profile."""
    store = begin(root).store(name)
    store.require()
    emit(str(store.path))


@commands.command()
def edit(name: Name = None, no_commit: NoCommit = False, root: Root = None) -> None:
    """Open a profile in $EDITOR, and see that it still is one."""
    from persona_cli.edit import edit as run_edit

    session = begin(root)
    store = session.store(name)
    done = run_edit(
        store,
        environ=os.environ,
        lock_timeout=session.settings.lock_timeout,
        commit=not no_commit,
    )
    tell(f"{store.name}: {'saved' if done.changed else 'not changed'}")


@commands.command()
def why(
    claim: ClaimId, profile: Whose = None, as_json: AsJson = False, root: Root = None
) -> None:
    """Show what a claim rests on, in your own words."""
    from persona_cli.cli.lines import claim_record
    from persona_cli.reveal import marked, revealed
    from persona_cli.trace import trace

    store = begin(root).store(profile)
    found = trace(store.load(), claim)
    if as_json:
        emit_json(
            {
                **claim_record(found.claim),
                "evidence": [link.record() for link in found.links],
                "wordings": [wording.record() for wording in found.wordings],
            }
        )
        return
    one = found.claim
    emit(f"{one.id}  {revealed(one.section)}: {marked(one.text)}")
    emit(f"    {_support(one)}")
    for link in found.links:
        day = link.at.date().isoformat() if link.at else "undated   "
        side = "" if link.side == "for" else "against  "
        emit(f'  {day}  {side}"{revealed(link.quote)}"')
        emit(f"              {link.interaction}")
    if not found.links:
        emit("  a person wrote it; there is no evidence, and none is needed")
    for earlier in found.wordings[:-1]:
        emit(f"  v{earlier.version} said: {revealed(earlier.words)}  (by {earlier.by})")


def _support(claim: "Claim") -> str:
    from persona_cli.reveal import revealed

    said = [f"{claim.count}x"]
    if claim.last:
        said.append(f"last {claim.last.isoformat()}")
    said += [revealed(claim.scope)] if claim.scope != "global" else []
    said += ["stated outright"] if claim.stated else []
    said += ["tentative"] if claim.tentative else []
    said += [f"by {claim.by}"] if claim.by else []
    return ", ".join(said)


def _plain(profile: "Profile", claims: "list[Claim]", *, ids: bool) -> Iterator[str]:
    from persona_cli.reveal import marked, revealed

    yield f"# {profile.title}"
    for section in dict.fromkeys(claim.section for claim in claims):
        yield f"\n## {revealed(section)}"
        for claim in claims:
            if claim.section == section:
                lead = f"{claim.id}  " if ids else ""
                yield f"- {lead}{marked(claim.text)} ({_support(claim)})"


def _show_in_colour(profile: "Profile", claims: "list[Claim]", *, ids: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from persona_cli.reveal import marked, revealed

    console = Console()
    console.print(Text(profile.title, style="bold"), end="  ")
    console.print(Text(f"v{profile.version}", style="dim"))
    for section in dict.fromkeys(claim.section for claim in claims):
        console.print(Text(f"\n{revealed(section)}", style="bold cyan"))
        for claim in claims:
            if claim.section != section:
                continue
            line = Text("  ")
            if ids:
                line.append(f"{claim.id:<6}", style="yellow")
            line.append(marked(claim.text), style="dim" if claim.tentative else "")
            line.append(f"  {_support(claim)}", style="dim")
            console.print(line)
