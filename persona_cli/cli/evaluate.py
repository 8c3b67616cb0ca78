"""The command that measures: eval."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    AsJson,
    BatchTokens,
    FlashAttention,
    GpuLayers,
    KvType,
    Lora,
    Model,
    Root,
    Seed,
    Threads,
    UbatchTokens,
    complete_models,
    engine_settings,
)
from persona_cli.cli.session import begin

commands = command_group()

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]", help="Whose profile; after --suite, more files of it."
    ),
]
Questions = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Ask at most so many of the held-out choices."
    ),
]
Versions = Annotated[
    bool, typer.Option("--versions", help="Draw the accuracy of each version.")
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw it into a .png or .svg (extra: plot)."),
]
Suite = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Many users instead: JSON lines of uid, source, history, target.",
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(
        metavar="MODE", help="full: as few windows as fit; stream: several windows."
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Interactions of a window; else half the history."
    ),
]
Reader = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="The model that reads the profiles; else the one that writes.",
        autocompletion=complete_models,
    ),
]
Direct = Annotated[
    bool, typer.Option("--direct", help="Read the raw history, and no profile.")
]
Tentative = Annotated[
    bool | None,
    typer.Option(
        "--tentative/--no-tentative",
        help="Read claims seen once too: a suite's histories are short. [on]",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Users of each source, by seed.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Keep profiles and answers there; go on from there."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Requests to a server at a time. [4]"),
]


@commands.command("eval")
def evaluate(
    words: Words = None,
    model: Model = None,
    questions: Questions = None,
    versions: Versions = False,
    plot: Plot = None,
    suite: Suite = None,
    mode: Mode = None,
    window: Window = None,
    reader: Reader = None,
    direct: Direct = False,
    tentative: Tentative = None,
    limit: Limit = None,
    out: Out = None,
    jobs: Jobs = None,
    seed: Seed = None,
    as_json: AsJson = False,
    gpu_layers: GpuLayers = None,
    threads: Threads = None,
    batch_tokens: BatchTokens = None,
    ubatch_tokens: UbatchTokens = None,
    flash_attention: FlashAttention = None,
    kv_type: KvType = None,
    lora: Lora = None,
    root: Root = None,
) -> None:
    """Measure how well a profile foresees choices.

    Asks the choices that were kept from inference: how well do this profile, none,
    other people's, and simple rules foresee them? With --suite, it writes profiles
    for the users of a file, and asks what each chose next.
    """
    engine = engine_settings(locals())
    of_profile = {"--questions": questions, "--versions": versions, "--plot": plot}
    of_suite = {
        "--mode": mode,
        "--window": window,
        "--reader": reader,
        "--direct": direct,
        "--tentative": tentative,
        "--limit": limit,
        "--out": out,
        "--jobs": jobs,
    }
    session = begin(root, **engine)
    names = words or []
    if suite:
        from persona_cli.cli.suite import Run, run_suite
        from persona_cli.suite import Plan

        _refuse(of_profile, "is about a profile's own choices: not with --suite")
        if direct:
            writing = {"--mode": mode, "--window": window, "--tentative": tentative}
            _refuse(writing, "is about written profiles: not with --direct")
        plan = Plan(mode=_mode(mode, window), window=window, seed=session.settings.seed)
        run = Run(
            plan=plan,
            direct=direct,
            tentative=tentative is not False,
            reader=reader,
            limit=limit,
            out=out,
            jobs=jobs,
        )
        files = [*suite, *map(Path, names)]
        if reader is not None:
            _require(reader)
        run_suite(files, run, session.settings, as_json=as_json)
        return
    from persona_cli.cli.measure import measure_profile

    _refuse(of_suite, "is about a suite: it needs --suite FILE")
    if len(names) > 1:
        _refuse({names[1]: True}, "is one name too many")
    measure_profile(
        session,
        names[0] if names else None,
        most=questions,
        versions=versions or plot is not None,
        plot=plot,
        as_json=as_json,
    )


def _mode(wanted: str | None, window: int | None) -> Any:
    from persona_cli.errors import UsageError

    if wanted not in (None, "full", "stream"):
        raise UsageError(f"no mode {wanted!r}", remedy="Take full or stream.")
    if window is not None and wanted == "full":
        raise UsageError(
            "--window is about a stream", remedy="Take --mode stream, or leave it away."
        )
    return wanted or ("full" if window is None else "stream")


def _require(reader: str) -> None:
    """See that the reader is here, before the writer works for hours.

    Raises: ModelError
    """
    from persona_cli.models.installed import locate
    from persona_cli.models.shelf import default_shelf
    from persona_cli.models.spec import resolve_model

    ref = resolve_model(reader)
    if ref.kind != "remote":
        locate(ref, default_shelf())


def _refuse(options: Mapping[str, Any], why: str) -> None:
    """Refuse what does not belong to what was asked for.

    Raises: UsageError
    """
    from persona_cli.errors import UsageError

    given = [name for name, value in options.items() if value not in (None, False)]
    # `--no-tentative` is given, and False.
    if options.get("--tentative") is False:
        given.append("--tentative")
    if given:
        raise UsageError(f"{given[0]} {why}", remedy="See persona eval --help.")
