"""Whether a majority means something, and how much."""

import math

# What was said outright stands above whatever was counted.
_SAID = 10.0


def clear(for_: int, against: int, *, chance: float = 0.05) -> bool:
    """Whether so many for and against are a majority that chance does not make.

    A two-sided sign test; and at least two in three, since with many interactions
    the test finds leanings that no one would call a preference.

    chance: of seeing as much where there is no leaning. Below one in twenty, since a
            dozen things are counted and each gets its chance
    """
    told = for_ + against
    tail = sum(math.comb(told, k) for k in range(for_, told + 1)) / 2.0**told
    return 3 * for_ >= 2 * told and 2 * tail < chance


def standing(for_: int, against: int, *, stated: bool = False) -> float:
    """Lower end of Wilson's 90% interval of the share, times log(1 + n).

    stated: said outright and for good: above whatever was counted
    """
    told, z = for_ + against, 1.645
    share = for_ / told
    centre = share + z * z / (2 * told)
    spread = z * math.sqrt(share * (1 - share) / told + z * z / (4 * told * told))
    counted = (centre - spread) / (1 + z * z / told) * math.log1p(told)
    return counted + (_SAID if stated else 0.0)
