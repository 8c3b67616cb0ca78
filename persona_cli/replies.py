"""What OpenAI-compatible servers say, read with care: anything may be anything.

Source: platform.openai.com/docs/api-reference/chat; llama.cpp, tools/server/README.md
"""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from persona_cli.pieces import AnswerStream

Json = dict[str, Any]

_ROUNDING = 1e-3  # by which a log-probability may be above 0
_MOST_TOKENS = 10**9  # what a server may say that it counted


def take(said: Json, stream: AnswerStream, room: int) -> int:
    """Feed what one event says: thoughts beside the answer, and the answer.

    Returns: what is left of the room
    """
    thought = said.get("reasoning_content") or said.get("reasoning")
    if isinstance(thought, str) and thought:
        stream.add_thought(thought[:room])
        room -= len(thought[:room])
    if isinstance(text := said.get("content"), str) and text:
        stream.feed(text[:room])
        room -= len(text[:room])
    return room


def is_name(value: object) -> bool:
    """Whether it can stand in a file, a request and a commit message."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= 200


def context_of(entry: Mapping[str, Any]) -> int | None:
    """Tokens of context, under the names that servers have for it."""
    found = as_object(entry.get("meta"))
    for value in (
        found.get("n_ctx"),  # llama-server: what it was started with
        entry.get("max_model_len"),  # vLLM
        entry.get("context_length"),
        found.get("n_ctx_train"),
    ):
        if type(value) is int and value > 0:
            return value
    return None


def first_logprobs(said: Json) -> dict[str, float]:
    """Token -> log-probability, of the first token of an answer; empty: not told.

    Of two tokens that are one without their blanks, the more probable counts.
    """
    choices = said.get("choices")
    choice = as_object(choices[0]) if isinstance(choices, list) and choices else {}
    told = as_object(choice.get("logprobs")).get("content")
    first = as_object(told[0]) if isinstance(told, list) and told else {}
    best = first.get("top_logprobs")
    found: dict[str, float] = {}
    for one in map(as_object, best if isinstance(best, list) else []):
        token, logprob = one.get("token"), one.get("logprob")
        if isinstance(token, str) and _is_logprob(logprob):
            key = token.strip()
            found[key] = max(found.get(key, -math.inf), float(logprob))
    return found


def _is_logprob(value: object) -> TypeGuard[float]:
    if type(value) is int:
        return -_MOST_TOKENS < value <= 0
    return isinstance(value, float) and math.isfinite(value) and value <= _ROUNDING


def as_object(value: object) -> Json:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def whole(value: object, otherwise: int) -> int:
    """A count that a server made, or our own where it made none that can be."""
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else otherwise
