"""What a simulated user can prefer, and the scenes in which it shows.

Two corpora give the same thing: a preference, its opposite, and pairs of items of which
it takes one and its opposite, asked the same, takes the other.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from persona_cli.training.seed import (
    SIDES,
    Contrast,
    Sign,
    Split,
    Strength,
    contrasts,
    lot,
    split,
)
from persona_cli.training.things import (
    Category,
    Thing,
    categories,
    split_category,
)

Unseen = Literal["domain", "preference", "category", ""]

# Items of a thing that are kept for what is to be foreseen.
KEPT_ITEMS = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """A query, an item that fits a preference, and one that its opposite takes.

    says: what such a person says: ``choose``, ``accept``, ``correct``; empty where the
          corpus has no words for it
    """

    query: str
    fits: str
    other: str
    says: Mapping[str, str]

    @property
    def turned(self) -> "Scene":
        """The same as one who prefers the opposite acts in it; without words."""
        return Scene(self.query, self.other, self.fits, {})


@dataclass(frozen=True)
class Preference:
    """One side of something.

    id:      ``<contrast>/<side>``, or ``<category>/<likes|dislikes|prefers>:<thing>``
    origin:  contrast or category that it is of: nobody has two of one
    claims:  wordings
    implied: what such a person says without stating it
    shown:   scenes in which it may show
    kept:    scenes that are to be foreseen; no query-and-items of them is in ``shown``
    """

    id: str
    origin: str
    section: str
    claims: tuple[str, ...]
    sign: Sign
    strength: Strength
    implied: tuple[str, ...]
    shown: tuple[Scene, ...]
    kept: tuple[Scene, ...]


@dataclass(frozen=True)
class Corpus:
    """Both seed corpora, by split."""

    contrasts: tuple[Contrast, ...]
    categories: tuple[Category, ...]

    @cached_property
    def by_split(self) -> Mapping[Split, tuple[tuple[Contrast | Category, ...], ...]]:
        """Split -> (contrasts, categories)."""
        return {
            name: (
                tuple(one for one in self.contrasts if split(one) == name),
                tuple(one for one in self.categories if split_category(one) == name),
            )
            for name in ("train", "val", "test")
        }


def read_corpus(folder: Path) -> Corpus:
    """The contrasts of a folder, and the lexicon in ``things`` below it.

    Raises: ValueError with the place of what is not of its form
    """
    return Corpus(tuple(contrasts(folder)), tuple(categories(folder / "things")))


def unseen(origin: Contrast | Category) -> Unseen:
    """Why nothing was learned from it; empty when something was."""
    if isinstance(origin, Category):
        return "" if split_category(origin) == "train" else "category"
    if split(origin) == "train":
        return ""
    return "domain" if lot(f"domain:{origin.domain}") < 0.3 else "preference"


def both(
    origin: Contrast | Category, dice: random.Random
) -> tuple[Preference, Preference]:
    """A preference and its opposite, drawn from a contrast or a category.

    The scenes that are kept are the same for both, turned.
    """
    if isinstance(origin, Contrast):
        return _of_contrast(origin, dice)
    return _of_category(origin, dice)


def _of_contrast(
    origin: Contrast, dice: random.Random
) -> tuple[Preference, Preference]:
    kept = dice.randrange(len(origin.situations))
    one, two = (
        Preference(
            id=f"{origin.id}/{side}",
            origin=origin.id,
            section=origin.section,
            claims=origin.sides[side].claims,
            sign=origin.sides[side].sign,
            strength=origin.sides[side].strength,
            implied=origin.sides[side].implied,
            shown=tuple(_scenes(origin, side, kept, kept_ones=False)),
            kept=tuple(_scenes(origin, side, kept, kept_ones=True)),
        )
        for side in SIDES
    )
    return (one, two) if dice.random() < 0.5 else (two, one)


def _scenes(origin: Contrast, side: str, kept: int, *, kept_ones: bool) -> list[Scene]:
    opposite = SIDES[1 - SIDES.index(side)]
    return [
        Scene(one.query, fits, other, one.says[side])
        for number, one in enumerate(origin.situations)
        if (number == kept) == kept_ones
        for fits in one.items[side]
        for other in one.items[opposite]
    ]


def _of_category(
    origin: Category, dice: random.Random
) -> tuple[Preference, Preference]:
    """Likes and dislikes one thing, or prefers one of two to the other."""
    x, y = dice.sample(origin.things, 2)
    rest = [thing for thing in origin.things if thing is not x]
    items = {thing.name: dice.sample(thing.items, len(thing.items)) for thing in rest}
    own = dice.sample(x.items, len(x.items))
    queries = dice.sample(origin.queries, len(origin.queries))
    if dice.random() < 0.3:
        others = [y]
        first = (f"{origin.id}/prefers:{x.name}>{y.name}", _preferring(x, y))
        second = (f"{origin.id}/prefers:{y.name}>{x.name}", _preferring(y, x))
        signs: tuple[Sign, Sign] = ("likes", "likes")
    else:
        others = rest
        first = (f"{origin.id}/likes:{x.name}", _wordings(x, "likes"))
        second = (f"{origin.id}/dislikes:{x.name}", _wordings(x, "dislikes"))
        signs = ("likes", "dislikes")
    shown = _meetings(queries, own[KEPT_ITEMS:], others, items, slice(KEPT_ITEMS, None))
    kept = _meetings(queries, own[:KEPT_ITEMS], others, items, slice(KEPT_ITEMS))
    dice.shuffle(shown)
    dice.shuffle(kept)
    strength: Strength = dice.choice(("strong", "mild"))

    def preference(
        named: tuple[str, tuple[str, ...]], sign: Sign, *, turned: bool
    ) -> Preference:
        name, claims = named
        return Preference(
            id=name,
            origin=origin.id,
            section=origin.section,
            claims=claims,
            sign=sign,
            strength=strength,
            implied=(),
            shown=tuple(s.turned for s in shown) if turned else tuple(shown),
            kept=tuple(s.turned for s in kept) if turned else tuple(kept),
        )

    one = preference(first, signs[0], turned=False)
    two = preference(second, signs[1], turned=True)
    return (one, two) if dice.random() < 0.5 else (two, one)


def _meetings(
    queries: Sequence[str],
    own: Sequence[str],
    others: Sequence[Thing],
    items: Mapping[str, Sequence[str]],
    part: slice,
) -> list[Scene]:
    """An item of the thing against one of another, each with some query."""
    pairs = [
        (mine, theirs)
        for mine in own
        for other in others
        for theirs in items[other.name][part]
    ]
    return [
        Scene(queries[number % len(queries)], mine, theirs, {})
        for number, (mine, theirs) in enumerate(pairs)
    ]


def _wordings(thing: Thing, sign: Literal["likes", "dislikes"]) -> tuple[str, ...]:
    verb = "Likes" if sign == "likes" else "Dislikes"
    return tuple(dict.fromkeys((f"{verb} {thing.name}.", *thing.claims[sign])))


def _preferring(x: Thing, y: Thing) -> tuple[str, ...]:
    return (
        f"Prefers {x.name} to {y.name}.",
        f"Would rather have {x.name} than {y.name}.",
        f"Takes {x.name} over {y.name}.",
    )
