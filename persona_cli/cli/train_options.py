"""Options that the stages of training share, and what they refuse."""

from pathlib import Path
from typing import Annotated

import typer

from persona_cli.cli.options import complete_models
from persona_cli.errors import UsageError

FORMS = ("infer", "summary", "each")
READER_FORMS = ("pair", "item", "backward")
REWARDS = ("streaming", "r1")

Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of the run; else a new one in runs/, by the date."
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe", metavar="NAME|FILE", help="Where hyper-parameters come from."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="One of them otherwise; may be repeated."
    ),
]
Launch = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Config of accelerate: cpu, gpu, fsdp, deepspeed-zero3, nodes; else what"
        " fits this machine.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the command and the run file; do nothing."),
]
DataFolder = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="What `train data` wrote.")
]
BaseSpec = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="MODEL",
        help="The model to train: a name, a .gguf, or a folder of transformers'.",
        autocompletion=complete_models,
    ),
]
Adapter = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR|GGUF", help="Start from this PEFT adapter, or that of a run."
    ),
]
Form = Annotated[
    str | None,
    typer.Option(metavar="infer|summary|each", help="Form of the writer's prompt."),
]
LoraRank = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Rank of the LoRA.")
]
Full = Annotated[bool, typer.Option("--full", help="Train every weight; no LoRA.")]


def seed_of(given: int | None, usual: int) -> int:
    """The seed of a run; 0 is one too."""
    return usual if given is None else given


def all_weights(full: bool, rank: int | None) -> tuple[str, ...]:
    """``rank`` when it is to be null, whatever the recipe says."""
    if full and rank is not None:
        exclude("--full", "--lora-rank")
    return ("rank",) if full else ()


def exclude(one: str, other: str) -> None:
    """Refuse two options that say different things.

    Raises: UsageError
    """
    raise UsageError(f"{one} and {other} exclude each other", remedy="Leave out one.")


def wants(one: str, other: str) -> None:
    """Refuse an option without the one that it belongs to.

    Raises: UsageError
    """
    raise UsageError(f"{one} goes with {other}", remedy=f"Leave out {one}.")


def one_of(option: str, value: str | None, values: tuple[str, ...]) -> None:
    """See that an option has one of its values, or none.

    Raises: UsageError
    """
    if value is not None and value not in values:
        raise UsageError(
            f"{option} {value}: not one of them",
            remedy=f"Take one of: {', '.join(values)}.",
        )
