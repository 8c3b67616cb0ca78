"""Reading a profile backwards: which of two choices foretells it.

A small model that is asked "A or B?" answers by what right answers look like, and
binds letters badly. Turned round, there is nothing to guess by: how well is the claim
foretold by having taken A and left B, and how well by the reverse? By Bayes' rule the
difference of the two log-probabilities is the evidence of the claim for A. It is 0 for
an empty profile, changes its sign with the order of the items, and binds no letter.
"""

import math
from collections.abc import Sequence

from persona_cli.each import choice_messages
from persona_cli.engine import Message, sigmoid

# Nats below which a claim has nothing to say about a choice. Claims that are about
# something else differ by so much; see the log of experiments.
QUIET = 1.0

# From nats to log-odds, so that what is said with 80 % comes true in about 80 %.
SCALE = 0.5


def backward_messages(query: str, took: str, left: str) -> list[Message]:
    """The prompt whose answer a claim would be."""
    return choice_messages(query, took, left)


def claims_of(profile: str) -> list[str]:
    """The claims of a profile's text: its list items, or else its sentences."""
    lines = [line.strip() for line in profile.splitlines()]
    items = [line[2:].strip() for line in lines if line.startswith(("- ", "* "))]
    return items or [line for line in lines if line and not line.startswith("#")]


def combine(ratios: Sequence[float]) -> float:
    """Probability of the first item, from what each claim says for it, in nats.

    >>> combine([])
    0.5
    >>> combine([0.4, -0.3])
    0.5
    """
    return sigmoid(SCALE * math.fsum(map(_loud, ratios)))


def _loud(ratio: float) -> float:
    """What is left of a ratio beyond the noise, with its sign."""
    return math.copysign(max(0.0, abs(ratio) - QUIET), ratio)
