"""The command that makes a page to look at: report."""

from pathlib import Path
from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import Name, Root
from persona_cli.cli.session import begin, emit, now, tell

commands = command_group()


@commands.command()
def report(
    name: Name = None,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="- prints it.")
    ] = "-",
    root: Root = None,
) -> None:
    """Make a page to look at: claims, what bears them out, versions.

    One HTML file that asks for nothing else, by itself or over a network. It quotes
    you: as private as the profile's evidence.
    """
    from persona_cli.files import write_whole
    from persona_cli.page import gather, html

    store = begin(root).store(name)
    page = html(gather(store, now=now()))
    if out == "-":
        emit(page)
        return
    write_whole(Path(out), page.encode())
    tell(f"{out}: {store.name}, for any browser; only you can read it")
