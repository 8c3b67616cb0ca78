"""Examples as tokens, and several of them in one row.

TRL packs by best fit, and hands a row over as one sequence whose positions begin anew
with each example. From that transformers makes an attention in which no example sees
another, as long as there is neither a mask nor a cache; ``tests/test_sft_packing.py``
holds both libraries to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from persona_cli.training.base import encode, encode_answer
from persona_cli.training.examples import Example

# What counts for no loss.
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Count:
    """What became of some examples.

    kept:    examples that are learned from
    dropped: those that are longer than a row, and are never cut
    tokens:  of those kept, with their prompts
    learned: of those tokens, the completions'
    """

    kept: int
    dropped: int
    tokens: int
    learned: int


def tokenized(
    examples: Iterable[Example], tokenizer: Any, template: str, *, longest: int
) -> tuple[Dataset, Count]:
    """Examples as token ids, with labels on the completions alone.

    longest: tokens of prompt and completion; longer ones are dropped and counted
    Order:   as given
    """
    # Four bytes a token: as Python's own lists, some millions would fill a machine.
    ids: list[np.ndarray[Any, Any]] = []
    labels: list[np.ndarray[Any, Any]] = []
    dropped = tokens = learned = 0
    for example in examples:
        prompt = encode(tokenizer, template, example.messages)
        answer = encode_answer(tokenizer, example.completion)
        if len(prompt) + len(answer) > longest:
            dropped += 1
            continue
        ids.append(np.array(prompt + answer, np.int32))
        labels.append(np.array([IGNORED] * len(prompt) + answer, np.int32))
        tokens += len(prompt) + len(answer)
        learned += len(answer)
    rows = Dataset.from_dict({"input_ids": ids, "labels": labels})
    return rows, Count(len(ids), dropped, tokens, learned)
