"""The application itself, and the one place where failures become words."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from persona_cli import __version__
from persona_cli.errors import PersonaError


class PersonaGroup(TyperGroup):
    """Ends every failure that has a name with two lines and its own exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except PersonaError as error:
            typer.secho(f"error: {error}", fg="red", err=True)
            typer.echo(f"  try: {error.remedy}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo("interrupted; what was finished is kept", err=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # Whoever read us has seen enough. Python would complain once more when it
            # flushes stdout at exit, so give it somewhere to flush to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None


app = typer.Typer(
    cls=PersonaGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"persona {__version__}")
        raise typer.Exit


@app.callback()
def persona(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Keep your preferences as a text.

    persona reads the logs of what you asked, chose, rejected and wrote, infers what
    you like, and keeps it as a git-tracked markdown profile that you can read, edit
    and hand to any model.
    """
