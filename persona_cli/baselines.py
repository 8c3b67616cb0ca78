"""What foresees choices without a model: an accuracy that does not beat these is none.

Each gives a choice a point, half a point where it cannot tell, so that a baseline
that knows nothing comes to 0.5. (A judge gets nothing for a tie: it was asked.)
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from persona_cli.interaction import Interaction
from persona_cli.judge import Question

# Chinese, Japanese and Korean by character, other words of two letters and more.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]{{2,}}")

# Two sums of the same numbers in another order differ by less.
_SAME = 1e-12


def longer(question: Question) -> float:
    """Whether the longer item was chosen, by characters: 1, 0.5 or 0."""
    return _point(len(question.chosen), len(question.rejected))


class Popularity:
    """How often people take an item, less how often they pass it over.

    A rating below the middle counts as passed over.
    """

    def __init__(self, history: Iterable[Interaction] = ()) -> None:
        self._net: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self.add(history)

    def add(self, history: Iterable[Interaction], *, times: int = 1) -> None:
        """Count a history in; ``times=-1`` takes it out again."""
        for deed in history:
            liked = -1 if deed.rating is not None and deed.rating < 0.5 else 1
            for item, way in ((deed.chosen, liked), (deed.rejected, -1)):
                if item:
                    self._net[item] += way * times
                    self._seen[item] += times

    def known(self, question: Question) -> bool:
        """Whether anybody came across one of the two items."""
        return self._seen[question.chosen] > 0 or self._seen[question.rejected] > 0

    def point(
        self, question: Question, *, without: Iterable[Interaction] = ()
    ) -> float:
        """Whether the more popular item was chosen: 1, 0.5 or 0.

        without: the person's own history, where it was counted in: what they took
                 themselves is no popularity
        """
        own = Popularity(without)
        here, there = (
            self._net[item] - own._net[item]
            for item in (question.chosen, question.rejected)
        )
        return _point(here, there)


class TfIdf:
    """Likeness to what somebody chose: the cosine of words and pairs of words.

    Rare ones count more; how rare one is, is counted over documents.

    documents: at best many people's; one person's choices each alone will do
    Source:    K. Sparck Jones, "A statistical interpretation of term specificity and
               its application in retrieval", Journal of Documentation 28 (1972);
               smoothed as if one document more held every word
    """

    def __init__(self, documents: Iterable[str]) -> None:
        self._seen_in: Counter[str] = Counter()
        self._documents = 0
        for text in documents:
            self._documents += 1
            self._seen_in.update(set(_terms(text)))

    def taste(self, chosen: Iterable[str]) -> Mapping[str, float]:
        """All that was chosen, as weights of words; only their ratios count."""
        total: dict[str, float] = {}
        for text in chosen:
            for term, weight in self._weights(text).items():
                total[term] = total.get(term, 0.0) + weight
        return total

    def point(self, question: Question, taste: Mapping[str, float]) -> float:
        """Whether the item was chosen that is more like the taste: 1, 0.5 or 0."""
        here, there = (
            math.fsum(weight * taste.get(term, 0.0) for term, weight in found.items())
            for found in (
                self._weights(question.chosen),
                self._weights(question.rejected),
            )
        )
        return _point(here, there)

    def _weights(self, text: str) -> dict[str, float]:
        """The text as a vector of length 1."""
        weights = {
            term: often * self._rarity(term)
            for term, often in Counter(_terms(text)).items()
        }
        length = math.sqrt(math.fsum(w * w for w in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def _rarity(self, term: str) -> float:
        return math.log((1 + self._documents) / (1 + self._seen_in[term])) + 1


def liked(history: Iterable[Interaction]) -> list[str]:
    """What somebody took, wrote, or rated at the middle or above."""
    return [
        deed.chosen for deed in history if deed.rating is None or deed.rating >= 0.5
    ]


def share(points: Sequence[float]) -> float:
    """The mean of some points, in [0, 1]; NaN of none."""
    return math.fsum(points) / len(points) if points else math.nan


def _point(chosen: float, rejected: float) -> float:
    if abs(chosen - rejected) <= _SAME:
        return 0.5
    return float(chosen > rejected)


def _terms(text: str) -> list[str]:
    found = _WORD.findall(text.casefold())
    return found + [" ".join(two) for two in pairwise(found)]
