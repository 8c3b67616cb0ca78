"""From a model's name to an engine that is loaded, and how to ask it.

The one place that knows every kind of engine. Nothing is loaded, and nobody is
connected to, before ``open``.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_cli.engine import Engine, OnText, Sampling
from persona_cli.errors import ModelError, UsageError
from persona_cli.infer import Asking
from persona_cli.models.catalogue import Manners, catalogue
from persona_cli.models.spec import TINY, ModelRef, resolve_model
from persona_cli.settings import Settings

if TYPE_CHECKING:
    from persona_cli.llama import Tuning
    from persona_cli.models.adapters import Adapters

# Drafts of a window where several cost little more than one: on a GPU they are decoded
# as one batch.
DRAFTS_ON_GPU = 4

# What the README says too: the smallest model of the catalogue that infers well.
BETTER = "qwen3-8b"


class Opener:
    """Opens the engine that the settings name, once, and closes it again."""

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[str], None],
        states: Path | None = None,
    ) -> None:
        self._settings, self._tell, self._states = settings, tell, states
        self._engine: Engine | None = None

    def open(
        self, *, on_text: OnText | None = None, on_thought: OnText | None = None
    ) -> tuple[Engine, Asking]:
        """Load the model.

        Raises: ModelError when it is missing, does not fit, or does not answer
        """
        settings = self._settings
        ref = resolve_model(settings.model)
        if settings.lora and ref.kind == "embedded":
            # Its adapters make room for these, and so do the forms they were taught.
            ref = replace(ref, own=None)
        engine = self._engine = load_engine(
            ref, settings, tell=self._tell, states=self._states
        )
        if ref.spec == TINY:
            size = catalogue()[BETTER].memory
            self._tell(
                "tiny is a 135M model: what it writes is checked against counts, and"
                " mostly counts speak.\n"
                f"  better: persona model pull {BETTER} && persona model use {BETTER}"
                f" ({size})"
            )
        asking = Asking(
            manners=_drawn(ref.manners, settings),
            candidates=settings.candidates
            or (DRAFTS_ON_GPU if getattr(engine, "offloads", False) else 1),
            answer_tokens=min(
                settings.answer_tokens,
                ref.manners.answer_tokens or settings.answer_tokens,
            ),
            window_tokens=settings.window_tokens,
            on_text=on_text,
            on_thought=on_thought,
        )
        return engine, asking

    def close(self) -> None:
        """Free the model, if one was loaded."""
        if self._engine is not None:
            self._engine.close()


def opener(
    settings: Settings, *, tell: Callable[[str], None], states: Path | None = None
) -> Opener:
    """An opener for these settings.

    states: see ``load_engine``
    """
    return Opener(settings, tell, states)


def load_engine(
    ref: ModelRef,
    settings: Settings,
    *,
    tell: Callable[[str], None],
    states: Path | None = None,
) -> Engine:
    """Load a local model, or make ready to speak to a remote one.

    states: file that keeps what a local model read of its last prompt
    Raises: ModelError
    """
    if ref.url is not None:
        from persona_cli.remote import RemoteEngine

        return RemoteEngine(
            ref.url,
            model=ref.model,
            api_key=settings.api_key,
            context=settings.context_tokens,
        )
    from persona_cli.llama import LlamaEngine

    more: dict[str, Any] = {}
    if settings.context_tokens is not None:
        more["context"] = settings.context_tokens
    path, template = admitted(ref, settings, tell=tell)
    adapters = adapters_over(ref, settings)
    return LlamaEngine(
        path,
        chat_template=template,
        name=_name(ref),
        gpu_layers=settings.gpu_layers,
        tuning=tuning_of(path, settings),
        lora=adapters.writer,
        judging=adapters.judge,
        thinking=ref.manners.thinking,
        states=states,
        **more,
    )


def _name(ref: ModelRef) -> str | None:
    """What an engine is called in provenance; None is the file's name."""
    if ref.kind == "trained":
        return ref.spec
    return ref.entry.name if ref.entry else None


def tuning_of(path: Path, settings: Settings) -> "Tuning":
    """How llama.cpp is set for a model: the settings, then what was measured.

    Raises: UsageError for settings that exclude each other
    """
    from persona_cli.llama import Tuning
    from persona_cli.tuned import known

    found = known(cache_folder(), path, gpu_layers=settings.gpu_layers) or Tuning()
    names = {
        "threads": settings.threads,
        "batch": settings.batch_tokens,
        "ubatch": settings.ubatch_tokens,
        "flash": settings.flash_attention,
        "kv_type": settings.kv_type,
    }
    given: dict[str, Any] = {n: v for n, v in names.items() if v is not None}
    if settings.flash_attention == "off":
        # What was measured gives way; what was asked for does not.
        given.setdefault("kv_type", "f16")
        if given["kv_type"] != "f16":
            raise UsageError(
                f"kv_type {settings.kv_type} needs flash attention, and it is off",
                remedy="Leave out one of kv_type and flash_attention.",
            )
    return replace(found, **given)


def admitted(
    ref: ModelRef, settings: Settings, *, tell: Callable[[str], None]
) -> tuple[Path, str | None]:
    """The GGUF of a local model, which this process may load, and its chat template.

    The embedded model comes as repacked for this CPU. The template is None where the
    model's own is used.

    Raises: ModelError when it is not here, or came to grief in a trial
    """
    from persona_cli.models.installed import locate
    from persona_cli.models.shelf import default_shelf
    from persona_cli.trials import admit

    shelf = default_shelf()
    path = locate(ref, shelf)
    # What is laid over it without being named was loaded as it was made.
    template = admit(
        ref.base or ref,
        path,
        lora=settings.lora,
        shelf=shelf,
        cache=cache_folder(),
        tell=tell,
    )
    return fastest_form(path, tell=tell), template


def adapters_over(ref: ModelRef, settings: Settings) -> "Adapters":
    """What is laid over a local model that was admitted: for writing, for judging.

    Raises: ModelError for an adapter that belongs to another base
    """
    from persona_cli.models.adapters import adapters_of
    from persona_cli.models.installed import local_path
    from persona_cli.models.shelf import default_shelf

    shelf = default_shelf()
    path = local_path(ref, shelf)
    if path is None:
        raise ModelError(f"{ref.spec} is not here", remedy="See: persona model list")
    return adapters_of(ref, path, lora=settings.lora, shelf=shelf)


def fastest_form(path: Path, *, tell: Callable[[str], None]) -> Path:
    """The file that is loaded for this one: the embedded model's is repacked once."""
    from persona_cli.tiny import embedded_model, repacked

    if path != embedded_model():
        return path
    return repacked(cache_folder(), on_note=tell)


def cache_folder() -> Path:
    """Where what can be made again is kept."""
    from platformdirs import user_cache_path

    return user_cache_path("persona", appauthor=False) / "models"


def _drawn(manners: Manners, settings: Settings) -> Manners:
    """The model's own sampling, less what the settings say otherwise."""
    names = ("temperature", "top_p", "top_k", "min_p")
    given = {n: v for n in names if (v := getattr(settings, n)) is not None}
    sampling: Sampling = replace(manners.sampling, **given)
    return replace(manners, sampling=sampling)
