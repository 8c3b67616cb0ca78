"""The command line as a manual page and as a table, both from its help texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer
import typer.main

from persona_cli import __version__
from persona_cli.cli.app import app, command_group
from persona_cli.cli.session import emit

commands = command_group()

# What a program may end with; design of exit codes in README.
_STATUS = (
    ("0", "Done; also: nothing new."),
    ("1", "A bug."),
    ("2", "Wrong usage."),
    ("3", "An input file is wrong."),
    ("4", "The model is missing, does not fit, or answered badly."),
    ("5", "The training script failed."),
    ("6", "The profile is locked, or something is not as it should be."),
    ("130", "Interrupted."),
)


@dataclass(frozen=True)
class Page:
    """What is to be said about one command.

    name:    as it is typed, without ``persona``: ``model pull``
    usage:   what follows the name: ``[OPTIONS] [NAME]``
    summary: one sentence
    more:    further paragraphs
    terms:   (an argument or an option as it is typed, what it does)
    """

    name: str
    usage: str
    summary: str
    more: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]


@commands.command()
def man() -> None:
    """Print persona's manual page: persona man | man -l -."""
    emit(manual_page())


def manual_page() -> str:
    """All commands as one page in the language of ``man``, section 1."""
    whole = typer.main.get_command(app)
    intro = _paragraphs(whole.help)
    lines = [
        f'.TH PERSONA 1 "" "persona {__version__}"',
        ".SH NAME",
        f"persona \\- {_roff(_as_name(intro[0]))}",
        ".SH SYNOPSIS",
        ".B persona",
        ".I COMMAND",
        "[\\fIARGUMENT\\fR]...",
        ".SH DESCRIPTION",
        *_roff_paragraphs(intro[1:]),
        ".SH COMMANDS",
    ]
    for page in pages():
        lines.append(f".SS persona {_roff(page.name)} {_roff(page.usage)}".rstrip())
        lines += _roff_paragraphs((page.summary, *page.more))
        for term, said in page.terms:
            lines += [".TP", f".B {_roff(term)}", _roff(said)]
    lines.append(".SH EXIT STATUS")
    for code, said in _STATUS:
        lines += [".TP", f".B {code}", _roff(said)]
    return "\n".join(lines)


def reference() -> str:
    """All commands as a table in markdown."""
    rows = ["| command | does | options |", "| --- | --- | --- |"]
    for page in pages():
        options = [term for term, _ in page.terms if term.startswith("-")]
        typed = f"persona {page.name} {_without_options(page.usage)}".strip()
        shown = ", ".join(f"`{_cell(option)}`" for option in options)
        rows.append(f"| `{_cell(typed)}` | {_cell(page.summary)} | {shown} |")
    return "\n".join(rows)


def pages() -> Iterator[Page]:
    """A page for each command, in the order of --help."""
    whole = typer.main.get_command(app)
    yield from _pages_below(whole, "", typer.Context(whole, info_name="persona"))


def _pages_below(group: Any, before: str, context: Any) -> Iterator[Page]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        full = f"{before} {name}".strip()
        inner = typer.Context(command, info_name=name, parent=context)
        if hasattr(command, "list_commands"):
            yield from _pages_below(command, full, inner)
        else:
            yield _page(command, full, inner)


def _page(command: Any, name: str, context: Any) -> Page:
    summary, *more = _paragraphs(command.help)
    terms = [
        record
        for param in command.get_params(context)
        if (record := param.get_help_record(context)) is not None
        and "--help" not in param.opts
    ]
    return Page(
        name,
        " ".join(command.collect_usage_pieces(context)),
        summary,
        tuple(more),
        tuple((" ".join(term.split()), " ".join(said.split())) for term, said in terms),
    )


def _paragraphs(help: str | None) -> list[str]:
    text = (help or "").strip().replace("\b", "")
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]


def _as_name(sentence: str) -> str:
    """A sentence as the head of a page has it: no capital, no full stop."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _without_options(usage: str) -> str:
    return usage.removeprefix("[OPTIONS]").strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _roff_paragraphs(parts: list[str] | tuple[str, ...]) -> list[str]:
    return [line for part in parts for line in (".PP", _roff(part))]


def _roff(text: str) -> str:
    """Text that ``man`` shows as it is: no line of it begins a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
