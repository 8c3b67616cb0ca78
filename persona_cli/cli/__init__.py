"""The command line: thin commands over verbs that any caller could use.

Results go to stdout, talk to stderr. Failures with a name become two lines and an
exit code in one place (``app.PersonaGroup``). Verbs and models are imported inside
the commands: ``persona --help`` and ``persona apply`` start about as fast as typer.
"""

from persona_cli.cli.app import app, run

__all__ = ["app", "run"]
