"""Arguments and options that several commands share, each declared once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer


def complete_names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Names of the profiles that begin so."""
    from persona_cli.cli.session import begin
    from persona_cli.places import profile_names

    names = profile_names(begin(ctx.params.get("root")).root)
    yield from (name for name in names if name.startswith(incomplete))


def _claims(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from persona_cli.cli.session import begin
    from persona_cli.errors import PersonaError
    from persona_cli.places import profile_names

    session = begin(ctx.params.get("root"))
    given = ctx.params.get("name") or session.settings.profile
    for name in [given] if given else profile_names(session.root):
        try:
            claims = session.store(name).load().profile.claims
        except PersonaError:
            continue
        for claim in claims:
            if claim.id.startswith(incomplete):
                yield claim.id, claim.text


def complete_models(incomplete: str) -> Iterator[str]:
    """Names that begin so: of the catalogue, and of what was trained here."""
    from persona_cli.models.catalogue import catalogue
    from persona_cli.models.trained import trained_names

    names = (*catalogue(), *trained_names())
    yield from (name for name in names if name.startswith(incomplete))


def engine_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Of a command's arguments, those that set how its model is loaded and run.

    arguments: ``locals()``, at the command's first line
    """
    return {name: arguments[name] for name in _ENGINE}


_ENGINE = (
    "model",
    "seed",
    "gpu_layers",
    "threads",
    "batch_tokens",
    "ubatch_tokens",
    "flash_attention",
    "kv_type",
    "lora",
)

Name = Annotated[
    str | None,
    typer.Argument(
        help="Whose profile; may be left out when there is one.",
        autocompletion=complete_names,
        show_default=False,
    ),
]
ClaimId = Annotated[
    str,
    typer.Argument(metavar="CLAIM", help="The id of a claim.", autocompletion=_claims),
]
Whose = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="Whose profile.",
        autocompletion=complete_names,
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of profiles.", show_default=False),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A catalogue name, .gguf file, hf:owner/repo or http(s)://.../v1.",
        autocompletion=complete_models,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NoCommit = Annotated[bool, typer.Option("--no-commit", help="Leave git alone.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would change; write nothing.")
]
LockTimeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Wait so long for another persona at work."),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Same seed, same answer.")]
Thoughts = Annotated[
    bool, typer.Option("--thoughts", help="Show what a thinking model thinks.")
]
GpuLayers = Annotated[
    int | None,
    typer.Option(metavar="N", help="Layers on the GPU; -1 is all of them."),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", help="Threads of the CPU; else one a core.")
]
BatchTokens = Annotated[
    int | None,
    typer.Option(metavar="N", help="Tokens given to llama.cpp at a time."),
]
UbatchTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Tokens computed at a time.")
]
FlashAttention = Annotated[
    str | None, typer.Option(metavar="auto|on|off", help="Flash attention.")
]
KvType = Annotated[
    str | None,
    typer.Option(metavar="f16|q8_0|q4_0", help="Type of the cache of keys and values."),
]
Candidates = Annotated[
    int | None,
    typer.Option(metavar="N", help="Drafts of a window, of which the best is taken."),
]
Questions = Annotated[
    int | None,
    typer.Option(metavar="N", help="Held-out choices to check by, at most; 0 is none."),
]
NoVerify = Annotated[
    bool, typer.Option("--no-verify", help="Keep what held-out choices speak against.")
]
Lora = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="A LoRA adapter (GGUF); may be repeated."),
]
Budget = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", help="Longest profile; says what it left out."),
]
Sections = Annotated[
    list[str] | None,
    typer.Option(
        "--section", metavar="SECTION", help="Only this section; may be repeated."
    ),
]
ScopeHere = Annotated[
    str | None,
    typer.Option(
        "--scope",
        metavar="SCOPE",
        help="global, or project:NAME; else the project you stand in.",
    ),
]
Tentative = Annotated[
    bool, typer.Option("--tentative", help="Take claims that were seen once too.")
]
Me = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDR", help="Your mail address, for mailboxes; may be repeated."
    ),
]
