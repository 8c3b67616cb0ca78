"""What a run learned, as GGUF: written, checked against transformers, registered."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftModel

from persona_cli import gguf
from persona_cli.each import choice_messages
from persona_cli.engine import Message
from persona_cli.engines import fastest_form
from persona_cli.errors import InputError, ModelError
from persona_cli.files import write_whole
from persona_cli.llama import LlamaEngine, quantize
from persona_cli.models.adapters import LICENCE
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import Shelf
from persona_cli.models.spec import TINY
from persona_cli.models.trained import Role, check_name, register
from persona_cli.tiny import embedded_model
from persona_cli.training import parity
from persona_cli.training.asked import asked
from persona_cli.training.base import load_base
from persona_cli.training.draw import read_corpus
from persona_cli.training.examples import Form, examples
from persona_cli.training.gguf_files import Binding
from persona_cli.training.gguf_lora import write_lora
from persona_cli.training.merge import write_merged
from persona_cli.training.runs import RUN_FILE, Run, digest_of, method_of, read_run
from persona_cli.training.users import read_split

ADAPTER, MODEL = "adapter.gguf", "model.gguf"

_PARITY_CONTEXT = 512
_PARITY_PAIRS = 4  # of a category
_NO_BASE = "Name the GGUF that it was trained on with --base."


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a run is exported.

    name:      under which ``--model`` takes it; None registers nothing
    merge:     write the whole model, with the adapter in its weights
    quantize:  the merged model, after it was checked; None leaves it F16
    positions: next tokens that are compared
    agree:     least share of them that are the same, in [0, 1]
    """

    name: str | None
    merge: bool
    positions: int
    agree: float
    quantize: Literal["Q8_0", "Q4_0"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What an adapter was trained to do, as its own run says.

    form:  of prompt; empty where nobody knows
    judge: form of question that it answers; empty for a writer
    """

    role: Role = "writer"
    form: str = ""
    judge: str = ""


def export(run: Run, *, shelf: Shelf, tell: Callable[[str], None]) -> dict[str, Any]:
    """Export a run.

    Returns: figures, as they stand in ``done.json``
    Raises:  InputError for a run that can't be exported; ModelError when llama.cpp
             says something else than transformers too often: then nothing is registered
    """
    method = method_of(run, Method)
    base, adapter = _named(run)
    if method.name is not None:
        check_name(method.name)
    trained = trained_for(adapter)
    run_sha256 = digest_of(run.out / RUN_FILE)
    binding = Binding(
        base=digest_of(base),
        run=run_sha256,
        version=run.persona,
        licence=gguf.check(base).text(LICENCE) or _licence(base),
    )
    tell("writing the adapter as GGUF")
    lora = run.out / ADAPTER
    tensors = write_lora(adapter, base, lora, binding=binding)
    merged = run.out / MODEL
    if method.merge:
        tell("merging the adapter into its base")
        write_merged(base, merged, adapter=adapter, binding=binding)
    tell(f"comparing {method.positions} next tokens with transformers'")
    found, whole = compared(run, lora, merged if method.merge else None, tell=tell)
    figures: dict[str, Any] = {
        "tensors": tensors,
        "size": lora.stat().st_size,
        "base": binding.base,
        **found.figures(),
    }
    if whole is not None:
        figures["merged"] = whole.rate
    _insist(found.strict, method, lora)
    if whole is not None:
        _insist(whole, method, merged)
        if method.quantize is not None:
            plain = run.out / f".{MODEL}"
            merged.replace(plain)
            quantize(plain, merged, method.quantize)
            plain.unlink()
    if method.name is not None:
        kept = register(
            merged if method.merge else lora,
            name=method.name,
            role="model" if method.merge else trained.role,
            shelf=shelf,
            at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            run=run_sha256,
            base="" if method.merge else _spec(base),
            like=_like(base),
            prompt=trained.form,
            judge=trained.judge,
        )
        tell(f"registered as {method.name}: {kept}")
    write_whole(run.out / "done.json", json.dumps(figures, indent=2).encode() + b"\n")
    return figures


def compared(
    run: Run, lora: Path, merged: Path | None, *, tell: Callable[[str], None]
) -> tuple[parity.Parity, Any]:
    """How far llama.cpp agrees with transformers, on real prompts.

    Returns: of the adapter, and of the merged model where there is one
    Raises:  InputError without prompts; ModelError
    """
    base, adapter = _named(run)
    used = fastest_form(base, tell=tell)
    model, tokenizer = load_base(base, dtype=torch.float32)
    engine = LlamaEngine(used, context=_PARITY_CONTEXT, gpu_layers=0)
    try:
        n = method_of(run, Method).positions
        asked = parity.stretches(real_prompts(run), engine, tokenizer, n)
    finally:
        engine.close()
    if not asked:
        raise InputError(
            f"{run.data.folder}: no users and no seed corpus to take prompts from",
            remedy="Name what `persona train data` wrote with --data.",
        )
    alone = parity.said_by_transformers(model, asked)
    taught = PeftModel.from_pretrained(model, str(adapter))
    said = parity.said_by_transformers(taught, asked)
    strict = run.out / ".base.gguf"
    try:
        write_merged(base, strict)
        told = parity.said_by_llama(strict, [lora], asked)
    finally:
        strict.unlink(missing_ok=True)
    whole = None
    if merged is not None:
        whole = parity.agreement(said, parity.said_by_llama(merged, [], asked))
    same = parity.agreement(said, alone)
    return (
        parity.Parity(
            strict=parity.agreement(said, told),
            used=parity.agreement(said, parity.said_by_llama(used, [lora], asked)),
            alone=parity.agreement(alone, parity.said_by_llama(used, [], asked)),
            changed=1 - same.rate,
        ),
        whole,
    )


def real_prompts(run: Run) -> Iterator[list[Message]]:
    """Prompts of people that nothing was learned from; or of the seed corpus."""
    form = trained_for(run.adapter).form if run.adapter else ""
    forms: dict[str, Form] = {one: one for one in ("infer", "summary", "each")}
    if list(run.data.folder.glob("val-*.jsonl")):
        for user in read_split(run.data.folder, "val"):
            for example in examples(user, form=forms.get(form, "each")):
                yield list(example.messages)
        return
    corpus = read_corpus(run.data.folder)
    for one in asked(
        corpus.contrasts, corpus.categories, seed=run.seed, pairs=_PARITY_PAIRS
    ):
        yield choice_messages(one.query, one.a, one.b)


def trained_for(adapter: Path) -> Trained:
    """What an adapter does, by the run file beside its folder; a writer without one."""
    path = adapter.parent / RUN_FILE
    if not path.is_file():
        return Trained()
    run = read_run(path)
    form = run.method.get("form")
    found = Trained(form=form if isinstance(form, str) else "")
    if run.stage == "judge":
        # Judges are taught to weigh claims after the prompt of a choice.
        return replace(found, role="judge", form="", judge="backward")
    return found


def _named(run: Run) -> tuple[Path, Path]:
    """The base, a GGUF, and the adapter.

    Raises: InputError where the run has none of them
    """
    place = run.out / RUN_FILE
    if run.base is None or not Path(run.base.model).is_file():
        raise InputError(f"{place}: its base is no GGUF", remedy=_NO_BASE)
    if run.adapter is None:
        raise InputError(
            f"{place}: names no adapter",
            remedy="Export a run that trained one; full weights need no export.",
        )
    return Path(run.base.model), run.adapter


def _insist(found: Any, method: Method, file: Path) -> None:
    if found.rate >= method.agree:
        return
    low, high = found.interval
    raise ModelError(
        f"{file}: llama.cpp and transformers name the same next token at"
        f" {found.right} of {found.asked} positions ({found.rate:.1%},"
        f" 95 %: {low:.1%} to {high:.1%}), and {method.agree:.0%} are wanted",
        remedy="Export from the very base that it was trained on; see --base.",
    )


def _spec(base: Path) -> str:
    return TINY if base == embedded_model().absolute() else str(base)


def _like(base: Path) -> str:
    sha256 = digest_of(base)
    return next((e.name for e in catalogue().values() if e.sha256 == sha256), "")


def _licence(base: Path) -> str:
    """What the catalogue says; a GGUF often says nothing."""
    found = catalogue().get(_like(base))
    return found.licence if found else "unknown"
