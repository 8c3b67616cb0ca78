"""What a rollout is paid: by its own choice, and by what can be built upon it.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963, section on reinforcement learning.
"""

import random
from collections.abc import Sequence


def drawn(formed: Sequence[bool], dice: random.Random) -> int | None:
    """Which rollout of a group becomes the past of the next stage.

    formed: whether each is of the right form: there is nothing to build on others
    Shape:  its place; None when no rollout can be built upon

    >>> drawn([False, True, False], random.Random(0))
    1
    >>> drawn([False, False], random.Random(0)) is None
    True
    """
    places = [place for place, right in enumerate(formed) if right]
    return dice.choice(places) if places else None


def streaming(
    first: Sequence[float],
    later: Sequence[float],
    built_on: int | None,
    *,
    future: float,
    neutral: float,
) -> list[float]:
    """Rewards of a group of the first stage.

    The one that was built upon is paid for what came of it. The others get a constant
    in its place, so that they are not punished for not being drawn.

    first:    R1 of each, 0 where the form was wrong
    later:    R2 of each rollout of the second stage
    built_on: place of the drawn one; None pays the constant to all
    future:   weight of the mean of ``later``
    neutral:  the constant: ``future`` times what a guess is worth

    >>> streaming([0.5, 0.75], [1.0, 0.5], 1, future=0.8, neutral=0.4)
    [0.9, 1.35]
    >>> streaming([0.0, 0.0], [0.5, 0.5], None, future=0.8, neutral=0.4)
    [0.4, 0.4]
    """
    if built_on is None:
        return [own + neutral for own in first]
    came_of_it = future * sum(later) / len(later)
    return [
        own + (came_of_it if place == built_on else neutral)
        for place, own in enumerate(first)
    ]
