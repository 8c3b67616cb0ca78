"""The application itself, and the one place where failures become words."""

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
import typer.main
from typer.core import TyperGroup

from persona_cli import __version__
from persona_cli.cli.output import with_output
from persona_cli.errors import PersonaError

# Where each command lives, in the order of --help. A module is imported when one of
# its commands is asked for, so that none pays for what the others need.
COMMANDS = {
    "init": "learn",
    "update": "update",
    "sources": "sources",
    "watch": "watch",
    "rebuild": "learn",
    "apply": "use",
    "export": "export",
    "serve": "serve",
    "mcp": "mcp",
    "show": "read",
    "list": "read",
    "edit": "read",
    "path": "read",
    "why": "read",
    "report": "page",
    "review": "review",
    "merge": "merge",
    "merge-driver": "merge",
    "promote": "promote",
    "forget": "forget",
    "allow": "allow",
    "eval": "evaluate",
    "train": "train",
    "log": "versions",
    "diff": "versions",
    "undo": "versions",
    "verify": "soundness",
    "restore": "soundness",
    "model": "models",
    "doctor": "checkup",
    "completion": "checkup",
    "man": "manual",
}


class PersonaGroup(TyperGroup):
    """Finds commands by need; ends each named failure with its remedy and exit code."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  typer's signature
        """Names of the commands, in the order of --help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  likewise
        """The command of this name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"persona_cli.cli.{COMMANDS[cmd_name]}")
        return with_output(typer.main.get_group(module.commands).commands[cmd_name])

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except PersonaError as error:
            with suppress(OSError):  # the exit code says it too
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


def command_group() -> typer.Typer:
    """What a module of commands declares them on."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)


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


def leave() -> NoReturn:
    """End the process, all of it said.

    Python would now take itself apart, module by module: a tenth of the time of a
    command that has nothing open and nothing to free.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def run() -> None:
    """Run the command line of this process."""
    if "_PERSONA_COMPLETE" in os.environ:  # a shell asks what could come next
        from typer._completion_classes import completion_init

        completion_init()
    app(prog_name="persona")
