"""How probable whole answers are after one prompt."""

import math
from collections.abc import Iterator, Sequence

from persona_cli.llama.memory import Memory


def weigh(
    memory: Memory,
    prompt: Sequence[int],
    answers: Sequence[Sequence[int]],
    *,
    context: int,
) -> list[float]:
    """Log-probability of each answer, in nats.

    Short answers are read together, each in a sequence of its own that sees the prompt
    and itself. What is read with it changes an answer's figure by rounding alone.

    answers: tokens, the one that ends an answer included; none is empty
    context: tokens that prompt and answers may take together
    """
    if not answers:
        return []
    memory.read(prompt)
    # Now: the prompt's logits are gone after the next token. Those of one row are
    # enough, since every answer begins there.
    (first,) = _logprobs(memory, [-1], [[tokens[0] for tokens in answers]])
    found = list(first)
    room = min(memory.batch, context - len(prompt))
    for group in _groups(answers, room=room, most=memory.branches):
        if len(group) == 1:
            found[group[0]] += _of_one(memory, len(prompt), answers[group[0]])
            continue
        pieces = []
        for sequence, place in enumerate(group, 1):
            memory.branch(sequence)
            pieces.append((sequence, len(prompt), answers[place][:-1]))
        spots = iter(memory.follow(pieces))
        for sequence, place in enumerate(group, 1):
            following = answers[place][1:]
            own = [next(spots) for _ in following]
            told = _logprobs(memory, own, [[token] for token in following])
            found[place] += math.fsum(one for (one,) in told)
            memory.drop(sequence)
    return [min(total, 0.0) for total in found]


def _of_one(memory: Memory, begin: int, tokens: Sequence[int]) -> float:
    """Of an answer's tokens but the first, in as many steps as they need."""
    total = 0.0
    memory.branch(1)
    for start in range(0, len(tokens) - 1, memory.batch):
        end = min(start + memory.batch, len(tokens) - 1)
        spots = memory.follow([(1, begin + start, tokens[start:end])])
        following = [[token] for token in tokens[start + 1 : end + 1]]
        total += math.fsum(one for (one,) in _logprobs(memory, spots, following))
    memory.drop(1)
    return total


def _groups(
    answers: Sequence[Sequence[int]], *, room: int, most: int
) -> Iterator[list[int]]:
    """Places of the answers that are read in one step; one that is longer is alone.

    room: tokens of a step
    most: sequences of a step
    """
    group: list[int] = []
    taken = 0
    for place, tokens in enumerate(answers):
        size = len(tokens) - 1
        if not size:  # the prompt's own end says it all
            continue
        if group and (taken + size > room or len(group) == most):
            yield group
            group, taken = [], 0
        group.append(place)
        taken += size
    if group:
        yield group


def _logprobs(
    memory: Memory, places: Sequence[int], wanted: Sequence[Sequence[int]]
) -> list[list[float]]:
    """Log-probabilities of some tokens each at some places."""
    import numpy as np

    found = []
    for place, tokens in zip(places, wanted, strict=True):
        row = memory.logits(place)
        top = float(row.max())
        total = top + math.log(float(np.exp(row - top).sum(dtype=np.float64)))
        found.append([float(row[token]) - total for token in tokens])
    return found
