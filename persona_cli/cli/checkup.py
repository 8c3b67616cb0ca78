"""Commands about persona itself: doctor and completion."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Model, Root
from persona_cli.cli.session import begin, emit, emit_json, tell

commands = command_group()


@commands.command()
def doctor(
    model: Model = None,
    measure: Annotated[
        bool, typer.Option(help="Load the model, and measure its speed.")
    ] = True,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Check this machine, and say what is wrong and what to try.

    Versions, root, git, the engine's build, the model in use and how fast it is. Ends
    with 3 when something is wrong.
    """
    from persona_cli.doctor import examine
    from persona_cli.engines import fastest_form
    from persona_cli.llama import Speed, facts
    from persona_cli.llama import measure as run_measure
    from persona_cli.models.shelf import default_shelf
    from persona_cli.settings import find_root

    def timed(path: Path) -> Speed:
        return run_measure(fastest_form(path, tell=tell))

    checks = examine(
        find_root(root, os.environ, Path.cwd()),
        lambda: begin(root, model=model).settings,
        environ=os.environ,
        shelf=default_shelf(),
        engine_facts=facts,
        measure=timed if measure else None,
    )
    rows: list[dict[str, Any]] = []
    for check in checks:
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


@commands.command()
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Which shell.")],
) -> None:
    """Print a completion script, for names and claim ids too.

    bash: persona completion bash > ~/.local/share/bash-completion/completions/persona
    """
    from typer._completion_shared import get_completion_script

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
