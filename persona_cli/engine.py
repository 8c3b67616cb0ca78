"""What persona asks of a chat model, local or remote.

One protocol, so that inference knows nothing of llama.cpp or HTTP, and one
contract suite (``tests/test_engine_contract.py``) that every engine passes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    content: plain text. Whatever it holds, no engine lets it become a control
             token: a log line with ``<|im_end|>`` in it stays a log line
    """

    role: Role
    content: str


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


OnText = Callable[[str], None]


class Engine(Protocol):
    """A chat model that is loaded and ready."""

    @property
    def name(self) -> str:
        """Goes into the provenance of what the engine helped to write."""
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

    def close(self) -> None:
        """Free the model's memory. A closed engine answers nothing."""
        ...
