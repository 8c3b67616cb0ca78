"""The command that writes a profile into the files of other tools: export."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    AsJson,
    Budget,
    Name,
    Root,
    Sections,
    Tentative,
)
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.export import Plan
    from persona_cli.store import Loaded
    from persona_cli.targets.rendering import ExportRequest, Rendered
    from persona_cli.targets.target import Target

commands = command_group()


def _targets(incomplete: str) -> Iterator[str]:
    from persona_cli.targets.known import TARGETS

    yield from (name for name in TARGETS if name.startswith(incomplete))


class _Wish(NamedTuple):
    """Which claims, as the command line says; a scope of None is that of the file."""

    name: str
    budget: int | None
    sections: tuple[str, ...]
    scope: str | None
    tentative: bool


@commands.command()
def export(
    name: Name = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET",
            autocompletion=_targets,
            help="agents, claude, claude-rules, codex, cursor, copilot; chatgpt,"
            " claude-import, gemini, plain; ollama, llm, aichat, fabric, markdown;"
            " pam. May be repeated; else what `exports` in persona.yaml names.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="This file and not the usual one; - prints."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 6 when a file is stale."),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the profile out of the file.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also over a block that was edited by hand.")
    ] = False,
    field: Annotated[
        int | None,
        typer.Option(
            metavar="1|2", min=1, help="Of ChatGPT's two fields this one alone."
        ),
    ] = None,
    budget: Budget = None,
    section: Sections = None,
    scope: Annotated[
        str | None,
        typer.Option(
            metavar="SCOPE",
            help="global, or project:NAME; else the project that the file is in.",
        ),
    ] = None,
    tentative: Tentative = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Write a profile into the file of another tool, or print it.

    Of a file that is yours only the block between persona's two marks is changed, and
    not without --force when you edited it. What a tool's size limit leaves out, the
    least borne out first, is said. With --check, 6 is the exit code of a file that is
    not what would be written.
    """
    from persona_cli.targets.asked import is_printed, require_possible
    from persona_cli.targets.known import target

    session = begin(root, budget=budget)
    targets = [target(one) for one in dict.fromkeys(to or session.settings.exports)]
    require_possible(targets, out=out, check=check, remove=remove, field=field)
    store = session.store(name)
    loaded = store.load()
    wish = _Wish(
        store.name,
        session.settings.budget,
        tuple(section or ()),
        scope,
        tentative,
    )
    if is_printed(targets[0], out):
        _print(loaded, targets[0], wish, field=field, as_json=as_json)
        return
    plans = _plans(
        loaded, targets, wish, out=out, check=check, remove=remove, force=force
    )
    _report(plans, check=check, as_json=as_json)


def _request(
    loaded: "Loaded", target: "Target", wish: _Wish, folder: Path
) -> "ExportRequest":
    from persona_cli.cli.use import project_here
    from persona_cli.targets.rendering import ExportRequest, written_at

    profile = loaded.profile
    scope = wish.scope or (None if target.wide else project_here(folder))
    return ExportRequest(
        name=wish.name,
        at=written_at(profile),
        links={claim.id: loaded.evidence.links(claim.id) for claim in profile.claims}
        if target.whole
        else {},
        budget=wish.budget,
        sections=wish.sections,
        scope=scope,
        tentative=wish.tentative,
    )


def _print(
    loaded: "Loaded", target: "Target", wish: _Wish, *, field: int | None, as_json: bool
) -> None:
    from persona_cli.targets.rendering import printed

    request = _request(loaded, target, wish, Path.cwd())
    part = None if field is None else field - 1
    made, text = printed(loaded.profile.claims, target, request, part)
    _say_what_is_missing(target, made)
    if as_json:
        emit_json({**_record(target, made), "text": text})
        return
    if not made.kept:
        tell(f"{target.name}: no claim applies")
    if text:
        emit(text)


def _plans(
    loaded: "Loaded",
    targets: "Sequence[Target]",
    wish: _Wish,
    *,
    out: str | None,
    check: bool,
    remove: bool,
    force: bool,
) -> "list[Plan]":
    """What is to become of each file; two targets that lead to one file are one."""
    from persona_cli.export import checked, plan, plan_removal
    from persona_cli.targets.place import place_of, reached

    here, claims = Path.cwd(), loaded.profile.claims
    plans: dict[Path, Plan] = {}
    for target in targets:
        if out is None:
            path = place_of(target, here, os.environ)
            path = reached(path, within=None if target.wide else here)
        else:
            path = reached(here / Path(out).expanduser(), within=None)
        if path in plans:
            first = plans[path].target.name
            tell(f"{target.name}: {path} is the file of {first} too; left as that")
            continue
        request = _request(loaded, target, wish, path.parent)
        if remove:
            plans[path] = plan_removal(target, wish.name, path, force=force)
        elif check:
            plans[path] = checked(claims, target, request, path)
        else:
            plans[path] = plan(claims, target, request, path, force=force)
    return list(plans.values())


def _report(plans: "list[Plan]", *, check: bool, as_json: bool) -> None:
    """Carry the plans out, and say of each file what became of it.

    Raises: ChangeError when it was asked whether all are up to date, and one is not
    """
    from persona_cli.errors import ChangeError
    from persona_cli.export import carry_out

    records: list[dict[str, Any]] = []
    for one in plans:
        carry_out(one)
        _say_what_is_missing(one.target, one.rendered)
        path = _shown_path(one.path)
        why = f": {one.why}" if one.why else ""
        if as_json:
            records.append(
                {
                    **_record(one.target, one.rendered),
                    "path": path,
                    "state": one.state,
                    "why": one.why,
                }
            )
        else:
            emit(f"{one.target.name}  {path}  {one.state}{why}")
    if as_json:
        emit_json(records)
    stale = [one.target.name for one in plans if one.state == "stale"]
    if check and stale:
        sys.stdout.flush()
        names = " ".join(f"--to {name}" for name in stale)
        raise ChangeError(
            f"not up to date: {', '.join(stale)}",
            remedy=f"Write what is missing: persona export {names}",
        )


def _record(target: "Target", made: "Rendered") -> dict[str, Any]:
    return {
        "target": target.name,
        "claims": [claim.id for claim in made.kept],
        "left_out": dict(made.reasons),
    }


def _say_what_is_missing(target: "Target", made: "Rendered") -> None:
    """Name what nobody asked to be left out; a section was asked for."""
    for reason in ("size", "budget", "scope", "overruled", "tentative"):
        ids = [c.id for c in made.left_out if made.reasons[c.id] == reason]
        if ids:
            tell(f"{target.name}: left out by {reason}: {', '.join(ids)}")


def _shown_path(path: Path) -> str:
    from persona_cli.reveal import revealed

    here = Path.cwd().resolve()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return revealed(str(shown))
