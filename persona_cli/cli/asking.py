"""A question put to the person at the terminal."""

import sys
from typing import TextIO

import typer

from persona_cli.errors import UsageError


def answer_from_terminal(prompt: str) -> str:
    """``y``, ``n`` or ``q``, asked until it is one of them.

    Of the terminal itself, since stdin may be the log.

    Raises: UsageError when there is none
    """
    source = _terminal(
        "--interactive needs a terminal to ask on",
        remedy="Leave --interactive away, or look first: --dry-run.",
    )
    while True:
        typer.echo(prompt, nl=False, err=True)
        line = source.readline()
        if not line:
            return "q"
        if (answer := line.strip().casefold()[:1]) in ("y", "n", "q"):
            return answer


def is_sure(prompt: str, *, flag: str) -> bool:
    """Whether the person at the terminal says ``y``; anything else is no.

    flag:   that says so beforehand
    Raises: UsageError when there is no terminal
    """
    source = _terminal(
        f"{prompt.strip()} There is no terminal to ask on",
        remedy=f"Look first: --dry-run. Then say yes beforehand: {flag}.",
    )
    typer.echo(prompt, nl=False, err=True)
    return source.readline().strip().casefold() in ("y", "yes")


def _terminal(problem: str, *, remedy: str) -> TextIO:
    if sys.stdin.isatty():
        return sys.stdin
    try:
        return open("/dev/tty", encoding="utf-8")  # noqa: PTH123
    except OSError as error:
        raise UsageError(problem, remedy=remedy) from error
