"""Commands about persona itself: doctor and completion."""

import os
from typing import Annotated, Any

import typer

from persona_cli.cli.app import app
from persona_cli.cli.options import AsJson, Model, Root
from persona_cli.cli.session import begin, emit, emit_json, tell


@app.command()
def doctor(
    model: Model = None,
    measure: Annotated[
        bool, typer.Option(help="Load the model, and measure its speed.")
    ] = True,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Check this machine: versions, root, git, engine, model, and what is wrong.

    Ends with 3 when something is, after saying what to do about each.
    """
    from persona_cli.doctor import examine

    session = begin(root, model=model)
    checks = examine(session.root, session.settings, environ=os.environ, tell=tell)
    rows: list[dict[str, Any]] = []
    for check in checks(measure=measure):
        rows.append(
            {
                "name": check.name,
                "ok": check.ok,
                "says": check.says,
                "remedy": check.remedy,
            }
        )
        if as_json:
            continue
        mark = {True: "ok", False: "WRONG", None: "-"}[check.ok]
        emit(f"{mark:<6} {check.name}: {check.says}")
        if check.remedy:
            emit(f"       try: {check.remedy}")
    if as_json:
        emit_json(rows)
    if any(row["ok"] is False for row in rows):
        raise typer.Exit(3)


@app.command()
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Which shell.")],
) -> None:
    """Print a completion script, for names and claim ids too.

    bash: persona completion bash > ~/.local/share/bash-completion/completions/persona
    """
    from typer.completion import get_completion_script

    from persona_cli.errors import UsageError

    if shell not in ("bash", "zsh", "fish"):
        raise UsageError(
            f"no completion for {shell!r}", remedy="Take bash, zsh or fish."
        )
    emit(
        get_completion_script(
            prog_name="persona", complete_var="_PERSONA_COMPLETE", shell=shell
        )
    )
