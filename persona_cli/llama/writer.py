"""One answer, token by token: thoughts first where the model thinks, then the text."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.engine import Answer
from persona_cli.llama.dice import Dice
from persona_cli.llama.vocabulary import Vocabulary
from persona_cli.pieces import AnswerStream, Tags


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an answer may be, in tokens.

    answer:   of the text
    thoughts: before it; None for a model that has none
    """

    answer: int
    thoughts: int | None


class Writer:
    """Draws one answer. Whoever computes asks it what comes next.

    mind:  draws the thoughts; None for a model that has none
    hand:  draws the text
    tags:  around thoughts; the opening one is part of the prompt
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        stream: AnswerStream,
        limits: Limits,
        *,
        hand: Dice,
        mind: Dice | None = None,
        tags: Tags | None = None,
    ) -> None:
        self._vocabulary, self._stream, self._limits = vocabulary, stream, limits
        self._hand, self._mind, self._tags = hand, mind, tags
        self._drawn = 0  # tokens of the phase it is in
        self._thoughts = 0  # tokens of the thoughts, and what closed them
        self._cut = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def next(self, place: int) -> Sequence[int]:
        """The tokens that come next; none when the answer is over.

        place:  of the logits after the last token
        Raises: ModelError
        """
        if self._mind is not None:
            return self._think(place, self._mind)
        return self._write(place)

    def answer(self, prompt_tokens: int) -> Answer:
        """What was written, once it is over."""
        self._stream.finish()
        return Answer(
            self._stream.text,
            thoughts=self._stream.thoughts,
            cut=self._cut,
            prompt_tokens=prompt_tokens,
            answer_tokens=self._thoughts + self._drawn,
        )

    def close(self) -> None:
        """Free the samplers."""
        self._hand.close()
        if self._mind is not None:
            self._mind.close()

    def _write(self, place: int) -> Sequence[int]:
        token = self._hand.draw(place)
        if self._vocabulary.ends(token) or self._drawn == self._limits.answer:
            self._cut = not self._vocabulary.ends(token)
            self._stream.feed(self._decoder.decode(b"", final=True))
            return ()
        self._drawn += 1
        self._feed(token, special=False)
        return () if self._stream.stopped else (token,)

    def _think(self, place: int, mind: Dice) -> Sequence[int]:
        """Let the model think, and see that it ends."""
        token = mind.draw(place) if self._limits.thoughts else -1
        over = self._drawn == (self._limits.thoughts or 0)
        if over or self._vocabulary.ends(token):
            return self._conclude([], closing(self._vocabulary, self._tags))
        self._drawn += 1
        self._feed(token, special=True)  # so that a tag among them is seen
        if self._stream.thinking:
            return (token,)
        return self._conclude([token], self._vocabulary.tokens("\n\n"))

    def _conclude(self, drawn: list[int], then: list[int]) -> Sequence[int]:
        self._stream.feed(self._decoder.decode(b"", final=True))
        if self._stream.thinking:
            self._stream.feed(self._tags[1] if self._tags else "")
        tokens = [*drawn, *then]
        self._thoughts = self._drawn + len(then)
        self._drawn = 0
        if self._mind is not None:
            self._mind.close()
            self._mind = None
        return tokens

    def _feed(self, token: int, *, special: bool) -> None:
        piece = self._vocabulary.piece(token, special=special)
        # A character may be spread over several tokens.
        self._stream.feed(self._decoder.decode(piece))


def closing(vocabulary: Vocabulary, tags: Tags | None) -> list[int]:
    """What ends thoughts that do not end by themselves; empty without thoughts."""
    if tags is None:
        return []
    return vocabulary.tokens(f"\n{tags[1]}\n\n", special=True)
