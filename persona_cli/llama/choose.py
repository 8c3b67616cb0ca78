"""How probable each of two answers is after many prompts that begin alike."""

from collections.abc import Iterator, Sequence

from persona_cli.engine import Choice
from persona_cli.llama.memory import Memory


def chosen(
    memory: Memory,
    prompts: Sequence[Sequence[int]],
    common: int,
    wanted: Sequence[int],
    *,
    context: int,
) -> list[Choice]:
    """What comes next after each prompt: one of two tokens.

    prompts: tokens; at least one
    common:  tokens that all begin with, which memory has read
    wanted:  the two
    context: tokens that it holds
    """
    found: list[Choice] = []
    for group in _groups(prompts, common, memory, context):
        found += _choices(memory, group, common, wanted)
    return found


def _groups(
    prompts: Sequence[Sequence[int]], common: int, memory: Memory, context: int
) -> Iterator[list[Sequence[int]]]:
    """Questions that are computed in one batch; one at a time on a CPU."""
    group: list[Sequence[int]] = []
    taken = 0
    for prompt in prompts:
        own = len(prompt) - common
        full = len(group) == memory.parallel or taken + own > memory.batch
        if group and (full or common + taken + own > context):
            yield group
            group, taken = [], 0
        group.append(prompt)
        taken += own
    yield group


def _choices(
    memory: Memory,
    prompts: Sequence[Sequence[int]],
    common: int,
    wanted: Sequence[int],
) -> Iterator[Choice]:
    """Compute what questions have beyond the prefix, and read two logits of each."""
    import numpy as np

    sequences = range(1, 1 + len(prompts))
    try:
        for sequence in sequences:
            memory.branch(sequence)
        spots = memory.feed(
            [(s, common, p[common:]) for s, p in zip(sequences, prompts, strict=True)]
        )
        for spot in spots:
            row = memory.logits(spot).astype(np.float64)
            all_of_it = float(np.logaddexp.reduce(row))
            first, second = (float(row[token]) - all_of_it for token in wanted)
            yield Choice(min(first, 0.0), min(second, 0.0))
    finally:
        for sequence in sequences:
            memory.drop(sequence)
