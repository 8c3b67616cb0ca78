"""How probable whole answers are after one prompt."""

from collections.abc import Sequence
from typing import Any

from persona_cli.llama.memory import Memory


def weigh(
    memory: Memory, prompt: Sequence[int], answers: Sequence[Sequence[int]]
) -> list[float]:
    """Log-probability of each answer, in nats.

    answers: tokens, the one that ends an answer included; none is empty
    """
    if not answers:
        return []
    memory.read(prompt)
    # Now: the prompt's logits are gone after the next token. Those of one row are
    # enough, since every answer begins there.
    first = _logprobs(memory, -1)
    found: list[float] = []
    for tokens in answers:
        total = float(first[tokens[0]])
        for start in range(0, len(tokens) - 1, memory.batch):
            part = tokens[start : min(start + memory.batch, len(tokens) - 1)]
            if start == 0:
                memory.branch(1)
            spots = memory.follow([(1, len(prompt) + start, part)])
            for spot, following in zip(spots, tokens[start + 1 :], strict=False):
                total += float(_logprobs(memory, spot)[following])
        memory.drop(1)
        found.append(min(total, 0.0))
    return found


def _logprobs(memory: Memory, place: int) -> Any:
    import numpy as np

    row = memory.logits(place).astype(np.float64)
    return row - np.logaddexp.reduce(row)
