"""What persona asks of a chat model, local or remote.

One protocol, so that inference knows nothing of llama.cpp or HTTP, and one
contract suite (``tests/test_engine_contract.py``) that every engine passes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    content: plain text. Whatever it holds, no engine lets it become a control
             token: a log line with ``<|im_end|>`` in it stays a log line
    lasting: characters at its beginning that the next prompt will begin with too, so
             that it pays to keep what was read of them; only ever a hint
    """

    role: Role
    content: str
    lasting: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn.

    temperature: 0 is greedy; then top_p, top_k and min_p have no say
    top_p:       in (0, 1]
    top_k:       tokens; 0 is all
    min_p:       in [0, 1)
    repeat_penalty: 1.0 is none
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0


GREEDY = Sampling()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine said.

    text:          the answer, without thoughts
    thoughts:      what a thinking model wrote before it; empty for others
    cut:           True when ``max_tokens`` ended it, not the model
    prompt_tokens: length of the prompt, in the model's tokens
    answer_tokens: thoughts included
    """

    text: str
    thoughts: str = field(default="", kw_only=True)
    cut: bool = field(default=False, kw_only=True)
    prompt_tokens: int = field(default=0, kw_only=True)
    answer_tokens: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """How probable two answers are, by the logits of their first tokens.

    first, second: log-probabilities over the whole vocabulary, at most 0
    """

    first: float
    second: float

    @property
    def p(self) -> float:
        """Probability of the first when it must be one of the two, in [0, 1]."""
        return sigmoid(self.first - self.second)


def sigmoid(odds: float) -> float:
    """The probability that log-odds stand for, in [0, 1]."""
    return 1 / (1 + math.exp(min(-odds, 700.0)))  # beyond it, exp overflows


LETTERS = ("A", "B")

OnText = Callable[[str], None]


class Engine(Protocol):
    """A chat model that is loaded and ready."""

    @property
    def name(self) -> str:
        """Goes into the provenance of what the engine helped to write."""
        ...

    @property
    def identity(self) -> str:
        """Names model, adapters and build: the same identity answers the same."""
        ...

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        ...

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt that ``messages`` become, template included.

        Exact for a local model; a remote one that cannot count gives an upper
        estimate.
        """
        ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> Answer:
        """Answer a chat whose last message is the user's.

        max_tokens: of the answer; a thinking model gets as many again to think
        seed:       same seed, model and build: same answer
        grammar:    GBNF that the answer (not the thoughts) is held to. An
                    engine that cannot hold one answers freely: check the form
        stop:       texts that end the answer; they are not part of it
        on_text:    called with each piece of the answer as it comes
        on_thought: the same for thoughts
        Raises:     ModelError when the prompt does not fit the context, the
                    grammar does not compile, or the model cannot be reached
        """
        ...

    def draft(
        self,
        messages: Sequence[Message],
        n: int,
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> list[Answer]:
        """Answer a chat ``n`` times, and read its prompt once.

        n:       >= 1
        on_text: called with the pieces of all answers as they come
        Shape:   n answers; answer k is the one ``complete`` gives with seed + k,
                 bit for bit where an engine decodes one sequence at a time
        Raises:  as ``complete``
        """
        ...

    def choose(
        self,
        prefix: Sequence[Message],
        questions: Sequence[str],
        *,
        answers: tuple[str, str] = LETTERS,
    ) -> list[Choice]:
        """How probable each of two answers is, question by question.

        A model that thinks is told not to. The prefix is read once for all questions.

        prefix:    what comes before the question: the system's message, with the
                   profile in it
        questions: each the content of a user's message of its own
        answers:   two texts, each one token of the model's
        Shape:     one choice a question, whatever else is asked along with it
        Raises:    ModelError when a prompt does not fit, an answer is no token, or the
                   engine cannot tell probabilities
        """
        ...

    def close(self) -> None:
        """Free the model's memory. A closed engine answers nothing."""
        ...


class Weighs(Protocol):
    """An engine that can tell how probable a whole answer is. Not every one can."""

    def weigh(self, messages: Sequence[Message], texts: Sequence[str]) -> list[float]:
        """Log-probability of each text as the whole answer, its end included, in nats.

        The prompt is read once for all texts.

        Shape:  one number a text, at most 0, whatever else is asked along with it
        Raises: ModelError when prompt and text do not fit the context
        """
        ...


class Contrasts(Protocol):
    """An engine that can say what sets a chat apart. Not every one can."""

    def contrast(
        self,
        messages: Sequence[Message],
        rivals: Sequence[tuple[Sequence[Message], float]],
        *,
        max_tokens: int,
        grammar: str | None = None,
        opening: int = 0,
        until: str = "",
    ) -> Answer:
        """Answer a chat by what it makes likelier than its rivals do; greedily.

        Of the plausible tokens the one is taken that loses least when the log-
        probabilities after the rivals are taken off, each times its weight. Without
        rivals it is the likeliest.

        rivals:  other chats, and their weights, at least 0
        opening: tokens of the answer before the rivals count
        until:   once the answer holds this text, the rivals count no more
        Raises:  ModelError when the chats do not fit the context together, when they
                 are more than it reads side by side, or when the grammar does not
                 compile
        """
        ...
