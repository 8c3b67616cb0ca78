"""A question put to the person at the terminal."""

import sys

import typer

from persona_cli.errors import UsageError


def answer_from_terminal(prompt: str) -> str:
    """``y``, ``n`` or ``q``, asked until it is one of them.

    Of the terminal itself, since stdin may be the log.

    Raises: UsageError when there is none
    """
    if sys.stdin.isatty():
        source = sys.stdin
    else:
        try:
            source = open("/dev/tty", encoding="utf-8")  # noqa: PTH123, SIM115
        except OSError as error:
            raise UsageError(
                "--interactive needs a terminal to ask on",
                remedy="Leave --interactive away, or look first: --dry-run.",
            ) from error
    while True:
        typer.echo(prompt, nl=False, err=True)
        line = source.readline()
        if not line:
            return "q"
        if (answer := line.strip().casefold()[:1]) in ("y", "n", "q"):
            return answer
