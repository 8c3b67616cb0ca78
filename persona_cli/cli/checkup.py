"""Commands about persona itself: doctor and completion."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, GpuLayers, Model, Root
from persona_cli.cli.session import begin, emit, emit_json, tell

if TYPE_CHECKING:
    from persona_cli.llama import Speed
    from persona_cli.settings import Settings

commands = command_group()


@commands.command()
def doctor(
    model: Model = None,
    measure: Annotated[
        bool, typer.Option(help="Load the model, and measure its speed.")
    ] = True,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Find the fastest settings for the model here, and keep them.",
        ),
    ] = False,
    as_json: AsJson = False,
    gpu_layers: GpuLayers = None,
    root: Root = None,
) -> None:
    """Check this machine, and say what is wrong and what to try.

    Versions, root, git, the engine's build, the model in use and how fast it is. Ends
    with 3 when something is wrong.
    """
    from persona_cli.doctor import examine
    from persona_cli.engines import admitted, tuning_of
    from persona_cli.llama import facts
    from persona_cli.llama import measure as run_measure
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model
    from persona_cli.settings import find_root

    def load() -> "Settings":
        return begin(root, model=model, gpu_layers=gpu_layers).settings

    def timed(_path: Path) -> "Speed":
        settings = load()
        path, _template = admitted(resolve_model(settings.model), settings, tell=tell)
        if tune:
            _tune(path, settings.gpu_layers)
        return run_measure(path, tuning=tuning_of(path, settings))

    checks = examine(
        find_root(root, os.environ, Path.cwd()),
        load,
        environ=os.environ,
        shelf=default_shelf(),
        engine_facts=facts,
        measure=timed if measure or tune else None,
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


def _tune(path: Path, gpu_layers: int) -> None:
    from persona_cli.engines import cache_folder
    from persona_cli.llama import described, tune
    from persona_cli.tuned import remember

    tell(f"tuning for {path.name}: minutes, and more on a machine that is busy")
    found = tune(path, gpu_layers=gpu_layers, tell=tell)
    kept = remember(cache_folder(), path, found, gpu_layers=gpu_layers)
    tell(f"fastest here: {described(found)}; kept in {kept}")


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
