"""``-o``: in which form a command prints its result; for every one that has --json.

text   lines for people, as they are when piped
json   the same as --json
table  drawn tables and colours, also where the output is piped
quiet  the result alone: no talk beside it, of errors only
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from typer.core import TyperOption

FORMS = ("text", "json", "table", "quiet")

# Of this process: a command is run once in it.
_chosen: list[str] = []


def drawn() -> bool:
    """Whether the output is to be drawn, for eyes."""
    return _chosen == ["table"] or (not _chosen and sys.stdout.isatty())


def quiet() -> bool:
    """Whether nothing is to be said beside the result."""
    return _chosen == ["quiet"]


def watched() -> bool:
    """Whether somebody sees how work goes on."""
    return sys.stderr.isatty() and not quiet()


def with_output(command: Any) -> Any:
    """The command, with ``-o`` when it knows ``--json``; a group, with all its own."""
    for inner in getattr(command, "commands", {}).values():
        with_output(inner)
    if "as_json" not in {param.name for param in command.params}:
        return command
    option = TyperOption(
        param_decls=["output", "-o", "--output"],
        metavar="|".join(FORMS),
        help="Form of the result.",
        callback=_checked,
    )
    command.params.append(option)
    command.callback = _choosing(command.callback)
    return command


def _choosing(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def chosen(*words: Any, output: str | None = None, **options: Any) -> Any:
        _chosen[:] = [output] if output else []
        if output == "json":
            options["as_json"] = True
        elif output and options.get("as_json"):
            _refuse(f"--json and -o {output} exclude each other")
        return run(*words, **options)

    return chosen


def _checked(_context: Any, _option: Any, value: str | None) -> str | None:
    if value is not None and value not in FORMS:
        _refuse(f"no form {value!r}")
    return value


def _refuse(fault: str) -> None:
    from persona_cli.errors import UsageError

    raise UsageError(fault, remedy=f"Take one of: {', '.join(FORMS)}.")
