"""Chance that is the same on every run: a hash of the seed and of what is drawn for."""

from collections.abc import Sequence, Set
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


def rank(*key: str | int) -> int:
    """A number that looks random and depends on ``key`` alone, in [0, 2**64)."""
    text = "\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(sha256(text).digest()[:8])


def draw(options: Sequence[T], *key: str | int) -> T:
    """One of the options, of which there is at least one."""
    return options[rank(*key) % len(options)]


def draw_others(
    catalogue: Sequence[str], taken: Set[str], count: int, *key: str | int
) -> list[str]:
    """Different items of a catalogue, none of them taken.

    Shape: ``count`` items, or all there are when there are fewer
    """
    if len(catalogue) > 4 * (len(taken) + count):
        # Most of the catalogue is free: guess until it fits, however large it is.
        found: dict[str, None] = {}
        turn = 0
        while len(found) < count:
            item = draw(catalogue, *key, turn)
            turn += 1
            if item not in taken:
                found[item] = None
        return list(found)
    free = sorted({item for item in catalogue if item not in taken})
    return sorted(free, key=lambda item: rank(*key, item))[:count]


def is_test(user: str) -> bool:
    """Whether a user is one of the fifth that is kept for testing.

    No seed has a say in it: nobody moves between training and test.
    """
    return rank("split", user) % 5 == 0
