"""The logits of one answer that is to say what sets its prompt apart from others.

At each token what the others' prompts make as likely is taken off, among the tokens
that the prompt itself makes plausible: what is left is what this prompt is about, and
no phrase that goes with everything.

Source: Li et al., Contrastive Decoding, arXiv 2210.15097; Shi et al., Context-aware
        Decoding, arXiv 2305.14739.
"""

import math
from collections.abc import Sequence
from typing import Any

from persona_cli.engine import GREEDY, Answer
from persona_cli.llama.dice import Dice
from persona_cli.llama.memory import LAST, Memory
from persona_cli.llama.writer import Limits, Writer
from persona_cli.pieces import THINK, AnswerStream

# A token is plausible with a tenth of the likeliest one's probability; Li et al.
PLAUSIBLE = 0.1

# Logits below which no plausible token is; the rest keep their order there.
_BELOW = 1e4


def contrasted(
    memory: Memory,
    prompts: Sequence[Sequence[int]],
    weights: Sequence[float],
    *,
    max_tokens: int,
    grammar: str | None,
    opening: int,
    until: str,
) -> Answer:
    """The answer of the first prompt; see ``Contrasts.contrast``."""
    told = Contrast(memory, prompts, weights, opening=opening)
    stream = AnswerStream(stop=(), tags=THINK, thinking=False)
    hand = Dice(memory, GREEDY, 0, grammar, logits=told.row)
    writer = Writer(memory.vocabulary, stream, Limits(max_tokens, None), hand=hand)
    try:
        while tokens := writer.next(LAST):
            if until and until in stream.text:
                told.end()
            told.follow(tokens)
        return writer.answer(len(prompts[0]))
    finally:
        writer.close()
        told.close()


class Contrast:
    """A prompt and its rivals, each in a sequence of its own, read side by side.

    prompts: tokens; the first is the one that is answered
    weights: of each rival, at least 0
    opening: tokens that come before the rivals count
    Raises:  ModelError
    """

    def __init__(
        self,
        memory: Memory,
        prompts: Sequence[Sequence[int]],
        weights: Sequence[float],
        *,
        opening: int = 0,
    ) -> None:
        self._memory, self._weights = memory, list(weights)
        self._opening = opening
        memory.clear()
        self._ends = [len(prompt) for prompt in prompts]
        # One after the other: the logits of a step are gone after the next.
        self._rows = [
            memory.logits(memory.feed([(sequence, 0, prompt)])[0]).copy()
            for sequence, prompt in enumerate(prompts, 1)
        ]

    def row(self, _place: int = -1) -> Any:
        """Logits of the next token: an array of float32."""
        import numpy as np

        own = self._rows[0]
        if self._opening > 0:
            return own
        told = own - sum(
            weight * rival
            for weight, rival in zip(self._weights, self._rows[1:], strict=True)
        )
        likely = own >= own.max() + math.log(PLAUSIBLE)
        # Order among the plausible by contrast, below them by likelihood.
        return np.where(likely, told - told[likely].max(), own - own.max() - _BELOW)

    def follow(self, tokens: Sequence[int]) -> None:
        """Let every sequence go on with what was drawn."""
        self._opening -= len(tokens)
        pieces = [(n, end, tokens) for n, end in enumerate(self._ends, 1)]
        spots = self._memory.feed(pieces)
        self._rows = [self._memory.logits(spot) for spot in spots]
        self._ends = [end + len(tokens) for end in self._ends]

    def end(self) -> None:
        """Contrast no more: what follows is as the prompt alone would have it."""
        self._weights = [0.0] * len(self._weights)

    def close(self) -> None:
        """Forget the sequences."""
        self._memory.clear()
