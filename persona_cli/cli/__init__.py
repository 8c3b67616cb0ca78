"""The command line: thin commands over verbs that any caller could use.

Results go to stdout, talk to stderr. Failures with a name become two lines and an
exit code in one place (``app.PersonaGroup``). Verbs and models are imported inside
the commands: ``persona --help`` and ``persona apply`` start as fast as typer does.
"""

from persona_cli.cli import checkup, learn, models, read, use, versions
from persona_cli.cli.app import app

__all__ = ["app", "checkup", "learn", "models", "read", "use", "versions"]
