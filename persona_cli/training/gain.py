"""What reinforcement gained: the same users before and after, second step included."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from persona_cli.files import read_whole, write_whole
from persona_cli.training.rollouts import Group

# Standard errors in half of a 95 % interval.
_WIDE = 1.96


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean rewards of each user's rollouts, without bonus.

    users: ids, in the order of r1 and r2
    """

    users: tuple[str, ...]
    r1: tuple[float, ...]
    r2: tuple[float, ...]


def scores_of(users: Sequence[str], found: Sequence[tuple[Group, Group]]) -> Scores:
    """What some users' rollouts were worth.

    users: ids, in the order of ``found``
    """
    r1, r2 = (
        tuple(fmean(one.p for one in groups[stage].rollouts) for groups in found)
        for stage in (0, 1)
    )
    return Scores(tuple(users), r1, r2)


def write_scores(scores: Scores, path: Path) -> None:
    """Keep what was measured before, for a run that is gone on with."""
    rows = {"users": scores.users, "r1": scores.r1, "r2": scores.r2}
    write_whole(path, json.dumps(rows).encode("utf-8") + b"\n")


def read_scores(path: Path) -> Scores | None:
    """What was measured before; None when nothing was."""
    content = read_whole(path)
    if content is None:
        return None
    rows = json.loads(content)
    return Scores(tuple(rows["users"]), tuple(rows["r1"]), tuple(rows["r2"]))


def gained(before: Scores, after: Scores) -> Mapping[str, float]:
    """Means before and after, and the paired gain with its 95 % interval.

    Raises: ValueError when other users were measured

    >>> one, two = Scores(("u", "v"), (0.5, 0.5), (0.5, 0.6)), Scores(
    ...     ("u", "v"), (0.5, 0.5), (0.7, 0.8))
    >>> {k: round(v, 3) for k, v in gained(one, two).items() if "r2" in k}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'val_r2_before': 0.55, 'val_r2': 0.75, 'val_r2_gain': 0.2, 'val_r2_gain_low': 0.2,
     'val_r2_gain_high': 0.2}
    """
    if before.users != after.users:
        raise ValueError("before and after are of other users")
    found: dict[str, float] = {"val_n": len(after.users)}
    for name, was, now in (("r1", before.r1, after.r1), ("r2", before.r2, after.r2)):
        gains = [b - a for a, b in zip(was, now, strict=True)]
        wide = _WIDE * stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 1.0
        gain = fmean(gains)
        found |= {
            f"val_{name}_before": fmean(was),
            f"val_{name}": fmean(now),
            f"val_{name}_gain": gain,
            f"val_{name}_gain_low": gain - wide,
            f"val_{name}_gain_high": gain + wide,
        }
    return found
