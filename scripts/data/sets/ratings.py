"""What the sets of ratings share: items a user rated, in time, become triples.

Two recipes for what was rejected:

    unseen    the method's: everything the user rated counts as chosen, whatever the
              score; rejected is an item that they never rated, drawn from all items
    disliked  chosen is what they scored 4 or more, rejected what they themselves
              scored 2 or less; harder, because popularity gives less away

No item is drawn twice for one user, so a target's rejected was never shown before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .draw import draw_others, rank
from .public import Ask
from .sample import Sample, Skip, Triple, settle

LIKED, DISLIKED = 4.0, 2.0


@dataclass(frozen=True, slots=True)
class Rating:
    """A score that a user gave an item.

    score: stars, 0.5 to 5
    at:    seconds or milliseconds since 1970; only the order matters
    """

    item: str
    score: float
    at: int


def sample_from(
    user: str,
    ratings: Sequence[Rating],
    texts: Mapping[str, str],
    catalogue: Sequence[str],
    *,
    source: str,
    ask: Ask,
) -> Sample | Skip:
    """One user's ratings as a history and a target, which is the latest chosen.

    An item rated twice counts once, the first time. An item without a text is left
    out, as if it had never been rated.

    ratings:   in any order; of two at the same time, the one that came first
    texts:     item to what is shown of it
    catalogue: all items that have a text
    """
    first: dict[str, Rating] = {}
    for rating in sorted(ratings, key=lambda r: r.at):
        if rating.item in texts:
            first.setdefault(rating.item, rating)
    kept = list(first.values())
    if ask.rejected == "disliked":
        pairs = _disliked(kept, user, ask)
    else:
        pairs = _unseen(kept, {r.item for r in ratings}, catalogue, user, ask)
    if isinstance(pairs, Skip):
        return pairs
    try:
        triples = [
            Triple(None, texts[chosen], None if other is None else texts[other])
            for chosen, other in pairs
        ]
    except ValueError:
        return Skip("two items that read the same")
    name = source.split("/")[0]
    return settle(
        f"{name}-{user}",
        source,
        triples,
        shortest=ask.shortest,
        longest=ask.longest,
    )


Pairs = list[tuple[str, str | None]]


def _unseen(
    kept: list[Rating],
    seen: set[str],
    catalogue: Sequence[str],
    user: str,
    ask: Ask,
) -> Pairs | Skip:
    if len(kept) < ask.shortest + 1:
        return Skip("too short a history")
    kept = kept[-ask.longest - 1 :]
    others = draw_others(catalogue, seen, len(kept), ask.seed, user)
    if len(others) < len(kept):
        return Skip("too few items that the user never rated")
    return [(r.item, other) for r, other in zip(kept, others, strict=True)]


def _disliked(kept: list[Rating], user: str, ask: Ask) -> Pairs | Skip:
    liked = [r.item for r in kept if r.score >= LIKED][-ask.longest - 1 :]
    disliked = [r.item for r in kept if r.score <= DISLIKED]
    if not disliked:
        return Skip("nothing rated low")
    disliked.sort(key=lambda item: rank(ask.seed, user, item))
    # From the latest back: the target has a rejected for certain, old ones may not.
    pairs = list(zip_longest(reversed(liked), disliked[: len(liked)]))
    return pairs[::-1]
