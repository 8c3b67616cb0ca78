"""Words that set what was taken apart from what was passed over.

Source: Monroe, Colaresi and Quinn, "Fightin' Words", Political Analysis 16 (2008):
        log-odds ratio with an informative Dirichlet prior, and its z-score.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.digest.plain_words import PLAIN

Z = 1.96
SUPPORT = 3

# Of the pooled counts, the share that is believed beforehand of both sides. Larger
# shrinks rare words more.
_PRIOR = 0.2

# Of words that did not occur: where there is but one word, it has odds too.
_REST = 0.5

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_+#]*(?:[-'’.][A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Telling:
    """A word, or two in a row, that sets one side apart.

    z:       of its log-odds ratio; > 0 leans to the first side
    for_:    places (indexes) where only the first side has it
    against: places where only the second has it
    """

    word: str
    z: float
    for_: tuple[int, ...]
    against: tuple[int, ...]


def content_words(text: str) -> frozenset[str]:
    """The words of a text that mean something, and pairs of them that stand together.

    Shape: lower case; each once
    """
    found: set[str] = set()
    before = ""
    end = -1
    for token in _TOKEN.finditer(text):
        word = token[0].lower().replace("’", "'").removesuffix("'s")
        telling = len(word) > 1 and word not in PLAIN
        if telling:
            found.add(word)
            if before and text[end : token.start()] == " ":
                found.add(f"{before} {word}")
        before = word if telling else ""
        end = token.end()
    return frozenset(found)


def telling_words(
    first: Sequence[frozenset[str]], second: Sequence[frozenset[str]]
) -> list[Telling]:
    """Words that set one side of paired texts apart from the other.

    first, second: the content words of each pair's sides, in one order
    Shape:  only words with |z| >= Z and at least SUPPORT pairs on their side; of a
            word and a pair of words that holds it, only the pair
    Order:  by |z|, largest first, then by word
    """
    scores = log_odds(_counted(first), _counted(second))
    sides = list(enumerate(zip(first, second, strict=True)))
    found: list[Telling] = []
    for word, z in scores.items():
        if abs(z) < Z:
            continue
        for_ = tuple(n for n, (a, b) in sides if word in a and word not in b)
        against = tuple(n for n, (a, b) in sides if word in b and word not in a)
        if len(for_ if z > 0 else against) >= SUPPORT:
            found.append(Telling(word, z, for_, against))
    return _ranked(found)


def common_words(
    first: Sequence[frozenset[str]], second: Sequence[frozenset[str]]
) -> list[Telling]:
    """Words that many of the first texts hold, and few of the second.

    first, second: content words, of texts that are not paired
    Shape:  as of ``telling_words``; ``for_`` points into first, ``against`` into second
    """
    scores = log_odds(_counted(first), _counted(second))
    found: list[Telling] = []
    for word, z in scores.items():
        for_ = tuple(n for n, words in enumerate(first) if word in words)
        against = tuple(n for n, words in enumerate(second) if word in words)
        if z >= Z and len(for_) >= SUPPORT:
            found.append(Telling(word, z, for_, against))
    return _ranked(found)


def partner(
    places: Sequence[int],
    taken: Sequence[frozenset[str]],
    passed: Sequence[frozenset[str]],
) -> str | None:
    """The word that was passed over wherever another was taken.

    places: where the other was
    Shape:  None when no word was, in SUPPORT of them and in most
    """
    counts = Counter(word for n in places for word in passed[n] - taken[n])
    enough = max(SUPPORT, 0.6 * len(places))
    return min(
        (word for word, count in counts.items() if count >= enough),
        key=lambda word: (-counts[word], word),
        default=None,
    )


def log_odds(ours: Counter[str], theirs: Counter[str]) -> dict[str, float]:
    """z-score of each word's log-odds ratio between two counts.

    The prior is the pooled counts, scaled down: what both sides share is expected
    of both.
    """
    pooled = ours + theirs
    total = sum(pooled.values())
    prior = _PRIOR * total
    n_ours, n_theirs = sum(ours.values()), sum(theirs.values())
    scores: dict[str, float] = {}
    for word, count in pooled.items():
        believed = prior * count / total
        a, b = ours[word] + believed, theirs[word] + believed
        rest_ours = n_ours + prior - a + _REST
        rest_theirs = n_theirs + prior - b + _REST
        ratio = math.log(a / rest_ours) - math.log(b / rest_theirs)
        scores[word] = ratio / math.sqrt(1 / a + 1 / b)
    return scores


def _counted(texts: Sequence[frozenset[str]]) -> Counter[str]:
    return Counter(word for words in texts for word in words)


def _ranked(found: Sequence[Telling]) -> list[Telling]:
    inside = {part for one in found if " " in one.word for part in one.word.split()}
    kept = [one for one in found if one.word not in inside]
    return sorted(kept, key=lambda one: (-abs(one.z), one.word))
