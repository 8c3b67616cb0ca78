"""Whether llama.cpp says, with an exported adapter, what transformers says with PEFT.

Compared is the likeliest next token at every position of real prompts. A wrong order of
rows, a wrong scale or an adapter of another base shows there at once, and rounding
costs a few positions in a thousand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from persona_cli.accuracy import Accuracy
from persona_cli.engine import Message
from persona_cli.errors import ModelError
from persona_cli.llama import LlamaEngine, Tuning
from persona_cli.llama.states import shared
from persona_cli.training.base import encode

# Tokens of a prompt that are compared; the next ones come from another prompt.
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Stretch:
    """A prompt, and from where on its positions count.

    start: what comes before stood in the prompt before it too
    """

    tokens: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How often both name the same next token.

    strict:  on the base in F16: what differs is rounding alone
    used:    on the base as it is used, which may be quantized once more
    alone:   the same, both without the adapter: what that costs by itself
    changed: share of the positions where the adapter changes what is likeliest; where
             it changes nothing, agreement means nothing
    """

    strict: Accuracy
    used: Accuracy
    alone: Accuracy
    changed: float

    def figures(self) -> dict[str, float]:
        """For ``done.json``: rates, n, and Wilson's 95 % intervals."""
        found: dict[str, float] = {"positions": self.strict.asked}
        named = {"strict": self.strict, "used": self.used, "alone": self.alone}
        for name, one in named.items():
            low, high = one.interval
            found |= {name: one.rate, f"{name}_low": low, f"{name}_high": high}
        return found | {"changed": self.changed}


def stretches(
    prompts: Iterable[Sequence[Message]], engine: LlamaEngine, tokenizer: Any, n: int
) -> list[Stretch]:
    """Prompts with ``n`` positions that count, or with fewer where there are no more.

    Raises: ModelError when the tokenizer and llama.cpp's make different tokens
    """
    found: list[Stretch] = []
    taken = 0
    last: tuple[int, ...] = ()
    template = engine.template
    for messages in prompts:
        theirs = tuple(encode(tokenizer, template, messages))
        if theirs != tuple(engine.prompt_tokens(messages)):
            raise ModelError(
                f"{engine.name}: llama.cpp and transformers break a prompt into"
                f" different tokens: {messages[-1].content[:60]!r}",
                remedy="Train on a GGUF with the tokenizer of the model it came from.",
            )
        tokens = theirs[:_LONGEST]
        start = shared(last, tokens)
        if start == len(tokens):
            continue
        tokens = tokens[: start + n - taken]
        found.append(Stretch(tokens, start))
        taken, last = taken + len(tokens) - start, tokens
        if taken == n:
            break
    return found


def said_by_transformers(model: Any, asked: Sequence[Stretch]) -> list[int]:
    """The likeliest next token at every position that counts."""
    model.eval()
    found: list[int] = []
    with torch.inference_mode():
        for one in asked:
            tokens = torch.tensor([one.tokens], device=model.device)
            rows = model(input_ids=tokens).logits[0, one.start :]
            found += rows.float().argmax(-1).tolist()
    return found


def said_by_llama(
    base: Path,
    adapters: Sequence[Path],
    asked: Sequence[Stretch],
    *,
    tuning: Tuning = Tuning(),  # noqa: B008 (frozen)
) -> list[int]:
    """The same by llama.cpp, on the CPU.

    Raises: ModelError
    """
    engine = LlamaEngine(
        base, context=_LONGEST, gpu_layers=0, tuning=tuning, lora=adapters
    )
    try:
        return list(_said(engine, asked))
    finally:
        engine.close()


def agreement(one: Sequence[int], other: Sequence[int]) -> Accuracy:
    """At how many positions both say the same."""
    same = sum(a == b for a, b in zip(one, other, strict=True))
    return Accuracy(same, len(one))


def _said(engine: LlamaEngine, asked: Sequence[Stretch]) -> Iterator[int]:
    memory = engine.loaded()
    for one in asked:
        memory.clear()
        for start in range(0, len(one.tokens), memory.batch):
            part = one.tokens[start : start + memory.batch]
            for place, spot in enumerate(memory.follow([(0, start, part)]), start):
                if place >= one.start:
                    yield int(np.argmax(memory.logits(spot)))
