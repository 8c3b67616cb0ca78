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

# Nats by which a claim about something else differs: less than so much is mostly noise.
# Both are fitted by scripts/bench/judge.py; see the log of experiments.
QUIET = 5.0

# From nats to log-odds, so that what is said with 80 % comes true in about 80 %.
SCALE = 1.0


def backward_messages(query: str, took: str, left: str) -> list[Message]:
    """The prompt whose answer a claim would be."""
    return choice_messages(query, took, left)


def claims_of(profile: str) -> list[str]:
    """The claims of a profile's text: its list items, or else its sentences."""
    lines = [line.strip() for line in profile.splitlines()]
    items = [line[2:].strip() for line in lines if line.startswith(("- ", "* "))]
    return items or [line for line in lines if line and not line.startswith("#")]


def combine(
    ratios: Sequence[float], *, quiet: float = QUIET, scale: float = SCALE
) -> float:
    """Probability of the first item, from what each claim says for it, in nats.

    quiet: below it a ratio counts by its square only, beyond it nearly as it is: many
           claims about something else must not outvote the one that is about this
    scale: from nats to log-odds

    >>> combine([])
    0.5
    >>> round(combine([3.0, -0.5, -0.5]), 2)
    0.74
    """
    kept = (r * abs(r) / (abs(r) + quiet) if r else 0.0 for r in ratios)
    return sigmoid(scale * math.fsum(kept))
