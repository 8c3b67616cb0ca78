"""What a judge is taught by: a choice, and claims that speak for either side of it.

Of the same query and the same two items either may have been taken: only the claims
tell. So a judge that learns what right answers look like learns nothing.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persona_cli.training.seed import Contrast
from persona_cli.training.things import Category, Thing

# Claims about something else that a question is asked with: they must leave it open.
UNRELATED = 2

_TRIES = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """Two items, and claims with what they say about them.

    claims: (claim, 1 for ``a``, -1 for ``b``, 0 when it is about something else)
    origin: of which contrast or category it is
    """

    query: str
    a: str
    b: str
    claims: tuple[tuple[str, int], ...]
    origin: str


def asked(
    contrasts: Sequence[Contrast],
    categories: Sequence[Category],
    *,
    seed: int,
    pairs: int,
) -> Iterator[Asked]:
    """One round of questions: each situation once, and of each category some pairs.

    seed:  of the round: another has other items, wordings and pairs
    pairs: pairs of things a category, each with one item either side
    """
    dice = random.Random(seed)  # noqa: S311  drawn again, not kept secret
    every = [
        (contrast.id, claim)
        for contrast in contrasts
        for side in contrast.sides.values()
        for claim in side.claims
    ] + [
        (category.id, claim)
        for category in categories
        for thing in category.things
        for sign in ("likes", "dislikes")
        for claim in wordings(thing, sign)
    ]
    for contrast in contrasts:
        for situation in contrast.situations:
            claims = [
                (claim, sign)
                for name, sign in (("a", 1), ("b", -1))
                for claim in dice.sample(contrast.sides[name].claims, 2)
            ]
            a, b = (dice.choice(situation.items[name]) for name in ("a", "b"))
            about_other = _unrelated(every, contrast.id, dice)
            yield _turned(
                Asked(situation.query, a, b, (*claims, *about_other), contrast.id),
                dice,
            )
    for category in categories:
        for _ in range(pairs):
            x, y, z = dice.sample(category.things, 3)
            claims = [
                (dice.choice(wordings(x, "likes")), 1),
                (dice.choice(wordings(x, "dislikes")), -1),
                (dice.choice(wordings(y, "likes")), -1),
                (dice.choice(wordings(y, "dislikes")), 1),
                dice.choice(
                    (
                        (f"Prefers {x.name} to {y.name}.", 1),
                        (f"Prefers {y.name} to {x.name}.", -1),
                        (f"Would rather have {x.name} than {y.name}.", 1),
                        (f"Takes {y.name} over {x.name}.", -1),
                    )
                ),
                (dice.choice(wordings(z, dice.choice(("likes", "dislikes")))), 0),
                *_unrelated(every, category.id, dice)[:1],
            ]
            yield _turned(
                Asked(
                    dice.choice(category.queries),
                    dice.choice(x.items),
                    dice.choice(y.items),
                    tuple(claims),
                    category.id,
                ),
                dice,
            )


def wordings(thing: Thing, sign: str) -> list[str]:
    """Claims that like a thing, or dislike it, in all its wordings."""
    verb = "Likes" if sign == "likes" else "Dislikes"
    return [f"{verb} {thing.name}.", *thing.claims[sign]]


def _unrelated(
    every: Sequence[tuple[str, str]], own: str, dice: random.Random
) -> list[tuple[str, int]]:
    """Claims of another origin; fewer than wanted where there are none."""
    found: list[tuple[str, int]] = []
    for _ in range(_TRIES):
        origin, claim = dice.choice(every)
        if origin.rpartition("-")[0] != own.rpartition("-")[0]:
            found.append((claim, 0))
            if len(found) == UNRELATED:
                break
    return found


def _turned(one: Asked, dice: random.Random) -> Asked:
    """The same with its items changed round, half of the time."""
    if dice.random() < 0.5:
        return one
    claims = tuple((claim, -sign) for claim, sign in one.claims)
    return Asked(one.query, one.b, one.a, claims, one.origin)
