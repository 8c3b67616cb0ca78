"""Reading a profile backwards: which of two choices foretells it.

A small model that is asked "A or B?" answers by what right answers look like, and
binds letters badly. Turned round, there is nothing to guess by: how well is the claim
foretold by having taken A and left B, and how well by the reverse? By Bayes' rule the
difference of the two log-probabilities is the evidence of the claim for A. It is 0 for
an empty profile, changes its sign with the order of the items, and binds no letter.

Most claims of a profile are about something else, and their differences are noise. What
a claim is about shows, too: neither choice makes it likelier than it is anyway.
"""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple

from persona_cli.each import choice_messages
from persona_cli.engine import Engine, Message, sigmoid
from persona_cli.errors import ModelError

# Choices of which nothing can be told: after them a claim is as likely as it is anyway.
NEUTRAL = (
    ("", "one of them", "the other"),
    ("What should I do?", "this", "that"),
    ("", "something", "something else"),
)

# Nats over what it weighs anyway at which a claim counts by half: less, and it is more
# likely about something else.
MATTERS = 5.0

# From nats to log-odds. Both are fitted by scripts/bench/judge.py, on validation.
SCALE = 1.5

Weighing = Callable[[Sequence[Message], Sequence[str]], Sequence[float]]


class Weight(NamedTuple):
    """Log-probabilities of a claim, nats.

    there, back: after the choice of the first item, and of the second
    anyway:      mean over the choices of which nothing can be told
    """

    there: float
    back: float
    anyway: float

    @property
    def ratio(self) -> float:
        """What it says for the first item, if it is about the choice."""
        return self.there - self.back

    def evidence(self, *, matters: float = MATTERS) -> float:
        """The ratio, as far as the claim is about the choice; nats."""
        about = sigmoid(max(self.there, self.back) - self.anyway - matters)
        return self.ratio * about


class Scales:
    """What an engine thinks claims weigh: after a choice, its reverse, and anyway.

    remedy: what to do when it cannot tell
    Raises: ModelError, here for an engine that does not weigh, and later for one whose
            weights are no log-probabilities
    """

    def __init__(self, engine: Engine, *, remedy: str) -> None:
        self._name, self._remedy = engine.name, remedy
        weigh: Weighing | None = getattr(engine, "weigh", None)
        if weigh is None:
            raise self._error("cannot tell how probable an answer is")
        self._ask = weigh
        self._anyway: dict[str, float] = {}

    def learn(self, claims: Sequence[str]) -> None:
        """See what claims weigh anyway; those that are known are not asked again.

        Sooner or later this is done for each: cheapest for all at once.
        """
        new = [one for one in dict.fromkeys(claims) if one not in self._anyway]
        if not new:
            return
        rows = [self._weigh(backward_messages(*choice), new) for choice in NEUTRAL]
        for claim, *told in zip(new, *rows, strict=True):
            self._anyway[claim] = fmean(told)

    def weights(
        self, query: str, took: str, left: str, claims: Sequence[str]
    ) -> list[Weight]:
        """What each claim weighs after a choice, and after its reverse."""
        self.learn(claims)
        there = self._weigh(backward_messages(query, took, left), claims)
        back = self._weigh(backward_messages(query, left, took), claims)
        anyway = [self._anyway[claim] for claim in claims]
        return [Weight(*one) for one in zip(there, back, anyway, strict=True)]

    def lift(self, messages: Sequence[Message], claim: str) -> float:
        """How much likelier a claim is after a prompt than anyway; nats."""
        self.learn([claim])
        (there,) = self._weigh(messages, [claim])
        return there - self._anyway[claim]

    def _weigh(
        self, messages: Sequence[Message], claims: Sequence[str]
    ) -> Sequence[float]:
        told = self._ask(messages, claims)
        if not all(math.isfinite(nats) for nats in told):
            raise self._error("what it tells are no probabilities")
        return told

    def _error(self, fault: str) -> ModelError:
        return ModelError(f"{self._name}: {fault}", remedy=self._remedy)


def backward_messages(query: str, took: str, left: str) -> list[Message]:
    """The prompt whose answer a claim would be."""
    return choice_messages(query, took, left)


def claims_of(profile: str) -> list[str]:
    """The claims of a profile's text: its list items, or else its sentences."""
    lines = [line.strip() for line in profile.splitlines()]
    items = [line[2:].strip() for line in lines if line.startswith(("- ", "* "))]
    return items or [line for line in lines if line and not line.startswith("#")]


def combine(
    weights: Sequence[Weight], *, matters: float = MATTERS, scale: float = SCALE
) -> float:
    """Probability of the first item, from what each claim says for it.

    matters, scale: see ``MATTERS``

    >>> combine([])
    0.5
    >>> round(combine([Weight(-20, -22, -30)]), 2)
    0.95
    >>> round(combine([Weight(-30, -32, -30)]), 2)
    0.51
    """
    return sigmoid(scale * math.fsum(one.evidence(matters=matters) for one in weights))
