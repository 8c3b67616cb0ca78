"""Commands about models: list, pull, use, path, rm."""

from typing import Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Root, complete_models
from persona_cli.cli.output import watched
from persona_cli.cli.session import begin, emit, emit_json, now, tell

commands = command_group()
model = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, fetch, choose and remove models.",
)
commands.add_typer(model, name="model")

Spec = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A catalogue name, .gguf file, hf:owner/repo[:quant] or http(s)://.../v1.",
        autocompletion=complete_models,
    ),
]


@model.command("list")
def list_models(as_json: AsJson = False, root: Root = None) -> None:
    """List the catalogue, and what else is here.

    A star marks the model in use; unverified ones were never run by those who made
    persona.
    """
    from persona_cli.models.catalogue import catalogue
    from persona_cli.models.installed import installed, size_text
    from persona_cli.models.shelf import default_shelf

    used = begin(root).settings.model
    here = {one.name: one for one in installed(default_shelf())}
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "used": entry.name == used,
            "here": entry.name in here,
            "verified": entry.verified,
            "size": here[entry.name].size if entry.name in here else entry.size,
            "licence": entry.licence,
            "context": entry.context,
            "says": entry.says,
        }
        for entry in catalogue().values()
    ]
    rows += [
        {
            "name": one.name,
            "used": one.name == used,
            "here": True,
            "verified": False,
            "size": one.size,
            "licence": None,
            "context": None,
            "says": str(one.path),
        }
        for one in here.values()
        if one.name not in catalogue()
    ]
    if as_json:
        emit_json(rows)
        return
    for row in rows:
        mark = "*" if row["used"] else " "
        size = size_text(row["size"]) if row["size"] else "?"
        state = "here" if row["here"] else "-"
        checked = "" if row["verified"] else "  unverified"
        licence = row["licence"] or "licence unknown"
        emit(f"{mark} {row['name']:<24} {state:<5} {size:>8}  {licence}{checked}")
        emit(f"      {row['says']}")
    if used not in {row["name"] for row in rows}:
        emit(f"* {used}")


@model.command()
def pull(
    spec: Spec,
    token: Annotated[
        str | None,
        typer.Option(envvar="HF_TOKEN", metavar="TOKEN", help="For a gated model."),
    ] = None,
) -> None:
    """Download a model, check it, and record what it is.

    The one command that uses the network. Broken off, it goes on where it stopped.
    """
    from persona_cli.fold import stamped
    from persona_cli.models.pull import pull as run_pull
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model

    with _Bar(spec) as bar:
        path = run_pull(
            resolve_model(spec),
            default_shelf(),
            at=stamped(now()),
            on_progress=bar.show,
            token=token,
        )
    emit(str(path))
    tell(f"use it from now on: persona model use {spec}")


@model.command()
def use(spec: Spec) -> None:
    """Take this model from now on, where no other is named."""
    from persona_cli.models.installed import local_path
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model
    from persona_cli.settings import set_user_setting

    ref = resolve_model(spec)
    path = set_user_setting("model", ref.spec)
    tell(f"{ref.spec} is in use from now on ({path})")
    if ref.kind != "remote" and local_path(ref, default_shelf()) is None:
        tell(f"it is not here yet: persona model pull {ref.spec}")


@model.command("path")
def model_path(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="The one in use when left out.",
            autocompletion=complete_models,
        ),
    ] = None,
    root: Root = None,
) -> None:
    """Print where a model lies."""
    from persona_cli.models.installed import locate
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model

    ref = resolve_model(spec or begin(root).settings.model)
    emit(str(locate(ref, default_shelf())))


@model.command("rm")
def remove(spec: Spec) -> None:
    """Take a downloaded model off this machine."""
    from persona_cli.models.installed import remove as run_remove
    from persona_cli.models.installed import size_text
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model

    freed = run_remove(resolve_model(spec), default_shelf())
    tell(f"{spec} is gone; {size_text(freed)} are free again")


class _Bar:
    """A progress bar in bytes on stderr; a line every tenth where there is none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bar: Any = None
        self._task: Any = None
        self._tenth = -1

    def __enter__(self) -> "_Bar":
        if watched():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn(self.name),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """So many bytes are here."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        tenth = done * 10 // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            tell(f"{self.name}: {tenth * 10} %")
