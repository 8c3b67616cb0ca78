"""The command that hands a profile to a model: apply."""

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from persona_cli.cli.app import command_group, leave
from persona_cli.cli.options import (
    Budget,
    Model,
    Root,
    ScopeHere,
    Sections,
    Seed,
    Tentative,
    Thoughts,
)
from persona_cli.cli.session import Session, begin, split_name, tell

if TYPE_CHECKING:
    from persona_cli.apply import Applied, ApplyRequest
    from persona_cli.chat_forms import Format
    from persona_cli.profile import Claim


commands = command_group()


@commands.command()
def apply(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME] [PROMPT]",
            help="Whose profile, then the prompt; piped text goes before it.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="text, messages (OpenAI JSON), anthropic, gemini or chatml.",
        ),
    ] = None,
    budget: Budget = None,
    section: Sections = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What matters for this task first."),
    ] = None,
    scope: ScopeHere = None,
    tentative: Tentative = False,
    run: Annotated[
        bool, typer.Option("--run", help="Answer it, with the model in use.")
    ] = False,
    model: Model = None,
    seed: Seed = None,
    thoughts: Thoughts = False,
    root: Root = None,
) -> None:
    """Put a profile in front of a prompt, for any model.

    A chat on stdin, as JSON or JSON lines, gets the profile into its system message.
    """
    from persona_cli.apply import ApplyRequest
    from persona_cli.apply import apply as run_apply
    from persona_cli.places import decoded, profile_path, read_bytes
    from persona_cli.profile import parse

    session = begin(root, budget=budget, model=model, seed=seed)
    name, prompt = split_name(words or [], session, one="prompt")
    # The profile alone, without its evidence and git: this has to start at once.
    path = profile_path(session.root, name)
    profile = parse(decoded(read_bytes(path), path), place=str(path), hurried=True)
    request = ApplyRequest(
        name=name,
        version=profile.version,
        argument=" ".join(prompt) or None,
        format=_form(format) if format else None,
        budget=session.settings.budget,
        task=task,
        sections=tuple(section or ()),
        scope=scope or project_here(Path.cwd()),
        tentative=tentative,
    )
    if not sys.stdin.isatty():
        streams = not run and request.argument is None
        piped = _read_stdin(profile.claims, request, streams=streams)
        if piped is None:
            return
        request = replace(request, piped=piped)
    if run:
        _answer(session, profile.claims, request, thoughts=thoughts)
        return
    applied = run_apply(profile.claims, request)
    _say_what_is_missing(applied)
    sys.stdout.write(applied.output)
    leave()


def _say_what_is_missing(applied: "Applied") -> None:
    """Name what nobody asked to be left out; a section was asked for."""
    for reason in ("budget", "scope", "overruled", "tentative"):
        ids = [c.id for c in applied.left_out if applied.reasons[c.id] == reason]
        if ids:
            tell(f"left out by {reason}: {', '.join(ids)}")


def _form(wanted: str) -> "Format":
    from persona_cli.chat_forms import FORMATS
    from persona_cli.errors import UsageError

    for form in FORMATS:
        if form == wanted:
            return form
    raise UsageError(
        f"no format {wanted!r}", remedy=f"Take one of: {', '.join(FORMATS)}."
    )


def project_here(folder: Path) -> str | None:
    """The scope of the project that a folder is in: the nearest git checkout's name."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return f"project:{place.name}"
    return None


def _read_stdin(
    claims: "Sequence[Claim]", request: "ApplyRequest", *, streams: bool
) -> str | None:
    """What was piped; None when it was lines of chats, which went through already."""
    try:
        stdin = _lines_through(claims, request, sys.stdin) if streams else sys.stdin
        return stdin.read() if stdin is not None else None
    except UnicodeDecodeError as error:
        from persona_cli.errors import InputError

        byte = error.object[error.start]
        raise InputError(
            f"stdin: not UTF-8 text (byte {byte:#04x})",
            remedy="Convert it: iconv -t utf-8.",
        ) from error


def _lines_through(
    claims: "Sequence[Claim]", request: "ApplyRequest", stdin: TextIO
) -> TextIO | None:
    """Stream chats, one out for each one in; or give stdin back, to be read whole.

    JSON lines may have no end, so they are not read to it: the first line decides.
    """
    from persona_cli.apply import apply_lines, may_be_chat

    first = stdin.readline()
    if not may_be_chat(first):
        return io.StringIO(first + stdin.read())
    from persona_cli.chats import is_line

    second = stdin.readline() if is_line(first) else ""
    if not second.strip():  # one chat, or a prompt
        return io.StringIO(first + second + stdin.read())
    for line in apply_lines(claims, request, chain([first, second], stdin)):
        sys.stdout.write(line)
        sys.stdout.flush()
    return None


def _answer(
    session: Session,
    claims: "Sequence[Claim]",
    request: "ApplyRequest",
    *,
    thoughts: bool,
) -> None:
    """Let the engine answer, streaming to stdout."""
    from contextlib import closing

    from persona_cli.apply import messages
    from persona_cli.engines import opener

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def muse(text: str) -> None:
        typer.secho(text, nl=False, err=True, dim=True)

    with closing(opener(session.settings, tell=tell)) as engines:
        engine, asking = engines.open()
        answer = engine.complete(
            messages(claims, request),
            max_tokens=session.settings.answer_tokens,
            sampling=asking.manners.sampling,
            seed=session.settings.seed,
            on_text=show,
            on_thought=muse if thoughts else None,
        )
    sys.stdout.write("\n")
    if answer.cut:
        tell(f"cut at {session.settings.answer_tokens} tokens; raise answer_tokens")
