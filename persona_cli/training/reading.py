"""What a frozen reader is asked, and what it is: the interface that rewards come by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """A choice to be foreseen from a profile.

    profile: text, as ``judge.profile_text`` makes it; empty is a person nobody knows
    """

    profile: str
    query: str
    chosen: str
    rejected: str


class Reader(Protocol):
    """A model that never learns, and foresees choices."""

    def p(self, readings: Sequence[Reading]) -> list[float]:
        """Probability of the true choice, in [0, 1].

        Shape: one a reading, the same whatever else is asked along with it
        """
        ...
