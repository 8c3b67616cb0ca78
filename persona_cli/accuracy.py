"""How sure a share of right answers is, and whether two of them differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Accuracy:
    """``right`` of ``asked`` choices; chance is 1/2 between two items."""

    right: int
    asked: int

    @property
    def rate(self) -> float:
        """Share of choices that were right, in [0, 1]; NaN when none was asked."""
        return self.right / self.asked if self.asked else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval for ``rate``, as (low, high) in [0, 1].

        Not the textbook p +- z*sqrt(p(1-p)/n): that one has no width at p = 0 or 1,
        where a small held-out set often ends.

        Source: E. B. Wilson, "Probable Inference, the Law of Succession, and
                Statistical Inference", JASA 22 (1927), 209-212.
        """
        if not self.asked:
            return 0.0, 1.0
        p, n = self.rate, self.asked
        middle = p + Z95**2 / (2 * n)
        spread = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
        scale = 1 + Z95**2 / n
        # Rounding can put a bound a hair on the wrong side of 0, of 1 and of the rate.
        low, high = (middle - spread) / scale, (middle + spread) / scale
        return max(min(low, p), 0.0), min(max(high, p), 1.0)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two judges on the same questions; only where they differ says which is better.

    gained: questions that the new one has right and the old one wrong
    lost:   the other way round
    """

    gained: int
    lost: int

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided, in (0, 1].

        How probable a split at least as uneven is, were both equally good. Exact and
        not the chi-square approximation, which needs 25 differing answers or so.

        Source: Q. McNemar, "Note on the sampling error of the difference between
                correlated proportions or percentages", Psychometrika 12 (1947).
        """
        n, fewer = self.gained + self.lost, min(self.gained, self.lost)
        tail = sum(math.comb(n, k) for k in range(fewer + 1))
        return min(1.0, tail / 2.0 ** (n - 1))

    @property
    def worse(self) -> bool:
        """Whether the new one is worse beyond chance, at p < 0.05."""
        return self.lost > self.gained and self.p_value < LEVEL


LEVEL = 0.05

# With fewer questions, all lost and none gained, the test cannot reach LEVEL.
FEWEST = 6


def paired(old: Sequence[bool], new: Sequence[bool]) -> Paired:
    """Compare two lists of right and wrong, question by question.

    Shape:  equally long
    Raises: ValueError when they are not
    """
    both = list(zip(old, new, strict=True))
    return Paired(
        gained=sum(now and not before for before, now in both),
        lost=sum(before and not now for before, now in both),
    )
