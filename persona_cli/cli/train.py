"""Commands about training: data, sft, judge, rl, export, resume, cost."""

from pathlib import Path
from typing import Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import AsJson, Model, Root, Seed
from persona_cli.cli.session import begin, emit, emit_json, tell
from persona_cli.cli.train_options import (
    FORMS,
    READER_FORMS,
    REWARDS,
    Adapter,
    BaseSpec,
    DataFolder,
    DryRun,
    Form,
    Full,
    Launch,
    LoraRank,
    Out,
    RecipeName,
    Set,
    all_weights,
    exclude,
    one_of,
    seed_of,
    wants,
)
from persona_cli.cli.train_run import run_stage, show

commands = command_group()
train = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Train a writer or a judge of your own (extra: train).",
)
commands.add_typer(train, name="train")


@train.command()
def data(
    simulate: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Simulate so many users."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="LOG",
            help="Real behaviour instead: a log or a profile; may be repeated.",
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Simulate from this seed corpus; else persona's own."
        ),
    ] = None,
    model: Model = None,
    shard_users: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Simulated users of a file.")
    ] = None,
    out: Out = None,
    seed: Seed = None,
    recipe: RecipeName = None,
    change: Set = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Make what a model is trained on: simulated users, or real ones' behaviour.

    Of real behaviour, --model is the teacher that writes summaries, which are kept when
    they predict what the user did next.
    """
    session = begin(root)
    if simulate is not None and source:
        exclude("--simulate", "--from")
    if corpus is not None and source:
        exclude("--corpus", "--from")
    if model is not None and not source:
        wants("--model", "--from: simulated users need no teacher")
    paths = [_source(word, session.root) for word in source or ()]
    run_stage(
        "data",
        given={
            "simulate": simulate,
            "shard_users": shard_users,
            **({"simulate": None, "from": [*map(str, paths)]} if paths else {}),
        },
        forced=("simulate",) if paths else (),
        change=change,
        dry_run=dry_run,
        as_json=as_json,
        out=out,
        seed=seed_of(seed, session.settings.seed),
        recipe=recipe,
        base=(model or session.settings.model) if paths else None,
        data=corpus,
        sources=tuple(paths),
    )


@train.command()
def sft(
    data: DataFolder,
    base: BaseSpec = None,
    adapter: Adapter = None,
    form: Form = None,
    lora_rank: LoraRank = None,
    full: Full = False,
    out: Out = None,
    seed: Seed = None,
    recipe: RecipeName = None,
    change: Set = None,
    launch: Launch = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Teach a writer by true summaries: supervised fine-tuning."""
    one_of("--form", form, FORMS)
    run_stage(
        "sft",
        given={"form": form, "rank": lora_rank},
        forced=all_weights(full, lora_rank),
        change=change,
        dry_run=dry_run,
        as_json=as_json,
        out=out,
        seed=seed_of(seed, begin(root).settings.seed),
        recipe=recipe,
        base=base,
        data=data,
        adapter=adapter,
        launch=launch,
    )


@train.command()
def judge(
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A seed corpus; else persona's own."),
    ] = None,
    base: BaseSpec = None,
    adapter: Adapter = None,
    lora_rank: LoraRank = None,
    out: Out = None,
    seed: Seed = None,
    recipe: RecipeName = None,
    change: Set = None,
    launch: Launch = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Teach a judge to foretell a choice from a claim."""
    run_stage(
        "judge",
        given={"rank": lora_rank},
        change=change,
        dry_run=dry_run,
        as_json=as_json,
        out=out,
        seed=seed_of(seed, begin(root).settings.seed),
        recipe=recipe,
        base=base,
        data=data,
        adapter=adapter,
        launch=launch,
    )


@train.command()
def rl(
    data: DataFolder,
    reader: Annotated[
        str,
        typer.Option(
            metavar="RUN|MODEL", help="Who pays: the run of a judge, or a model."
        ),
    ],
    base: BaseSpec = None,
    adapter: Adapter = None,
    reader_form: Annotated[
        str | None,
        typer.Option(metavar="pair|item|backward", help="How the reader is asked."),
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(
            metavar="streaming|r1", help="Pay for what is built upon, or for now alone."
        ),
    ] = None,
    form: Form = None,
    lora_rank: LoraRank = None,
    full: Full = False,
    out: Out = None,
    seed: Seed = None,
    recipe: RecipeName = None,
    change: Set = None,
    launch: Launch = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Teach a writer by what its summaries are worth to a reader: streaming GRPO."""
    one_of("--form", form, FORMS)
    one_of("--reader-form", reader_form, READER_FORMS)
    one_of("--reward", reward, REWARDS)
    run_stage(
        "rl",
        given={"form": form, "rank": lora_rank, "reward": reward},
        forced=all_weights(full, lora_rank),
        change=change,
        dry_run=dry_run,
        as_json=as_json,
        out=out,
        seed=seed_of(seed, begin(root).settings.seed),
        recipe=recipe,
        base=base,
        data=data,
        adapter=adapter,
        reader=reader,
        reader_form=reader_form,
        launch=launch,
    )


@train.command()
def export(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a run that is done.")
    ],
    base: BaseSpec = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Prompts of the check; else the run's own."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Let --model take it under this name."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Write a whole model, no adapter.")
    ] = False,
    out: Out = None,
    seed: Seed = None,
    recipe: RecipeName = None,
    change: Set = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Write what a run learned as a GGUF, and check it against llama.cpp."""
    from persona_cli.training.plan import MODEL
    from persona_cli.training.runs import RUN_FILE, read_run

    trained = read_run(run / RUN_FILE)
    whole = (run / MODEL / "config.json").is_file()  # every weight was trained
    if base is None:
        base = trained.base.model if trained.base else None
        base = str(run) if whole else base
    run_stage(
        "export",
        given={"name": name, "merge": merge or None},
        change=change,
        dry_run=dry_run,
        as_json=as_json,
        out=out,
        seed=seed_of(seed, begin(root).settings.seed),
        recipe=recipe,
        base=base,
        data=data or trained.data.folder,
        adapter=None if whole else run,
    )


@train.command()
def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was cut off.

    Refused when the data, the base or an adapter is not what the run began with.
    """
    from persona_cli.train import resume as run_resume

    show(run_resume(run, tell=tell), as_json=as_json)


@train.command()
def cost(
    tokens: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Tokens of all epochs, padding included."
        ),
    ],
    tokens_per_second: Annotated[
        float, typer.Option(metavar="X", min=0.001, help="Measured, on one device.")
    ],
    recipe: RecipeName = None,
    measured_on: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Recipe of the model that was measured; else the same.",
        ),
    ] = None,
    devices: Annotated[
        int, typer.Option(metavar="N", min=1, help="Devices at work at once.")
    ] = 1,
    price: Annotated[
        float | None,
        typer.Option(metavar="X", min=0.0, help="Of an hour of one device."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what an sft run would cost, from a throughput that was measured."""
    from persona_cli.training.cost import cost_of, flop_of_token
    from persona_cli.training.recipes import USUAL, find_recipe

    plan = find_recipe(recipe or USUAL, "sft")
    small = find_recipe(measured_on, "sft") if measured_on else plan
    each, measured = (
        flop_of_token(one.parameters or 0, adapter=one.method["rank"] is not None)
        for one in (plan, small)
    )
    found = cost_of(
        tokens,
        each=each,
        speed=tokens_per_second,
        measured=measured,
        devices=devices,
    )
    total = None if price is None else price * found.device_hours
    if as_json:
        emit_json(
            {
                "flop": found.flop,
                "flop_per_second": found.rate,
                "tokens_per_second": found.speed,
                "hours": found.seconds / 3600,
                "device_hours": found.device_hours,
                "price": total,
            }
        )
        return
    emit(
        f"{found.flop:.3g} FLOP, at {found.rate:.3g} FLOP/s"
        f" ({found.speed:.4g} tokens/s) a device"
    )
    emit(f"{found.seconds / 3600:.4g} h; {found.device_hours:.4g} device hours")
    if total is not None:
        emit(f"price: {total:.2f}")


def _source(word: str, root: Path) -> Path:
    """A log, or the folder of a profile of this name."""
    from persona_cli.places import profile_names

    path = Path(word).expanduser()
    if not path.exists() and word in profile_names(root):
        return (root / word).absolute()
    return path.absolute()
