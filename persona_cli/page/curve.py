"""Accuracy over versions as a drawing: where each mark stands."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 14, 26

# So many labels of versions fit below the axis.
_LABELS = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """How well a version foresaw held-out choices.

    rate, interval: accuracy and its 95 % interval, in [0, 1]
    n:              choices asked
    baseline:       of an empty profile, or a stranger's: the better one
    """

    rate: float
    interval: tuple[float, float]
    n: int
    baseline: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One version on the drawing, in units of its view box.

    x, y:      of the point
    low, high: ends of the interval's bar; ``low`` is the lower rate, further down
    base:      height of the baseline
    """

    label: str
    x: float
    y: float
    low: float
    high: float
    base: float
    measured: Measured
    named: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """The whole drawing.

    path:  through the points, as SVG writes it
    lines: (height, what it says) of the grid
    """

    marks: tuple[Mark, ...]
    path: str
    lines: tuple[tuple[float, str], ...]


def curve(steps: Sequence[tuple[str, Measured]]) -> Curve | None:
    """Place the measured versions, oldest first; None when there are none."""
    if not steps:
        return None
    floor = min(min(m.interval[0], m.baseline) for _, m in steps)
    floor = min(0.4, int(floor * 10) / 10)

    def height(rate: float) -> float:
        room = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + (1 - rate) / (1 - floor) * room, 1)

    room = WIDTH - _LEFT - _RIGHT
    apart = room / max(1, len(steps) - 1)
    every = -(-len(steps) // _LABELS)
    marks = tuple(
        Mark(
            label,
            round(_LEFT + (place * apart if len(steps) > 1 else room / 2), 1),
            height(m.rate),
            height(m.interval[0]),
            height(m.interval[1]),
            height(m.baseline),
            m,
            place % every == 0,
        )
        for place, (label, m) in enumerate(steps)
    )
    grid = [tenth / 10 for tenth in range(round(floor * 10), 11, 2)]
    return Curve(
        marks,
        "M" + " L".join(f"{mark.x} {mark.y}" for mark in marks),
        tuple((height(rate), f"{rate:.0%}") for rate in grid),
    )
