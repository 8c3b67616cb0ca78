"""Accuracy over versions as a line, in characters or drawn; the curves of training."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from persona_cli.errors import InputError, UsageError

HEIGHT = 11  # rows; with a span of 1 a row is a tenth

_POINT, _BAR, _CHANCE, _LINE = "●", "│", "┄", "·"
_LEFT = 6  # characters of the axis: `0.70 ┤`
_WIDEST = 8  # columns a version
_MARKED = 40  # fewer points than that get a dot each

PICTURES = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class Point:
    """One version.

    label:    what stands below it
    rate:     in [0, 1]
    interval: (low, high)
    """

    label: str
    rate: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of a training run over its steps.

    series: name -> (step, value) points, in order of the steps
    """

    label: str
    series: Mapping[str, Sequence[tuple[float, float]]]


def draw(points: Sequence[Point], *, width: int) -> list[str]:
    """The line in characters: a dot a version, on a bar that is its interval.

    width: columns there are; more versions than fit are thinned out evenly
    Shape: lines; the dotted one is chance, at 0.5
    """
    room = max(width - _LEFT, _WIDEST)
    narrowest = max(len(point.label) for point in points) + 1
    shown = _thinned(points, max(2, room // narrowest))
    each = max(narrowest, min(_WIDEST, room // len(shown)))
    low, high = _span(shown)
    rows = [[" "] * (each * len(shown)) for _ in range(HEIGHT)]

    def row(rate: float) -> int:
        return round((high - rate) / (high - low) * (HEIGHT - 1))

    if low <= 0.5 <= high:
        rows[row(0.5)] = [_CHANCE] * (each * len(shown))
    for place, (one, two) in enumerate(pairwise(shown)):
        for step in range(1, each):
            rate = one.rate + (two.rate - one.rate) * step / each
            rows[row(rate)][place * each + each // 2 + step] = _LINE
    for place, point in enumerate(shown):
        column = place * each + each // 2
        for at in range(row(point.interval[1]), row(point.interval[0]) + 1):
            rows[at][column] = _BAR
        rows[row(point.rate)][column] = _POINT
    lines = []
    for at, cells in enumerate(rows):
        rate = high - (high - low) * at / (HEIGHT - 1)
        axis = f"{rate:.2f} ┤" if at % 2 == 0 else "     │"
        lines.append((axis + "".join(cells)).rstrip())
    labels = "".join(point.label.center(each) for point in shown)
    return [*lines, (" " * _LEFT + labels).rstrip()]


def save(points: Sequence[Point], path: Path, *, title: str) -> None:
    """The line as a picture, by matplotlib.

    path:   ends with .png or .svg
    Raises: UsageError for another ending, or without matplotlib; InputError when it
            cannot be written
    """
    check(path)
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    axes = figure.add_subplot()
    places = range(len(points))
    rates = [point.rate for point in points]
    axes.fill_between(
        places,
        [point.interval[0] for point in points],
        [point.interval[1] for point in points],
        alpha=0.2,
        label="95% interval",
    )
    axes.plot(places, rates, marker="o", label="accuracy")
    axes.axhline(0.5, linestyle=":", color="grey", label="chance")
    step = max(1, math.ceil(len(points) / 20))
    axes.set_xticks(places[::step], [point.label for point in points][::step])
    axes.set_xlabel("version")
    axes.set_ylabel("accuracy on held-out choices")
    axes.set_title(title)
    axes.legend()
    try:
        # Without the date and the ids that matplotlib would put in: the same figures
        # give the same file.
        more = {"Date": None} if path.suffix.lower() == ".svg" else None
        with matplotlib.rc_context({"svg.hashsalt": "persona"}):
            figure.savefig(path, dpi=150, metadata=more)
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="Name a file in a folder that is there, and that you may write to.",
        ) from error


def panels_png(panels: Sequence[Panel], *, title: str) -> bytes:
    """Curves as one picture, a panel a figure; PNG.

    panels: n >= 1
    Raises: UsageError without matplotlib
    """
    _want_matplotlib("a picture of the curves")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(4.5 * columns, 2.8 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for place, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, place)
        for name, points in panel.series.items():
            # Few points are measurements, and a line alone hides how few.
            mark = "o" if len(points) < _MARKED else None
            steps, values = zip(*points, strict=True)
            axes.plot(steps, values, marker=mark, markersize=3, label=name)
        axes.set_title(panel.label, fontsize="medium")
        axes.set_xlabel("step")
        if len(panel.series) > 1:
            axes.legend(fontsize="small")
    figure.suptitle(title)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, format="png")
    return drawn.getvalue()


def check(path: Path) -> None:
    """See that a picture can be made, before the work for it is done.

    Raises: UsageError
    """
    if path.suffix.lower() not in PICTURES:
        raise UsageError(
            f"--plot {path}: not a picture that can be drawn",
            remedy=f"Let it end with {' or '.join(PICTURES)}.",
        )
    _want_matplotlib("--plot")


def _want_matplotlib(wish: str) -> None:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise UsageError(
            f"{wish} needs matplotlib, which is not installed",
            remedy="Install it: pip install 'persona-cli[plot]'",
        )


def _thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many, evenly spread; the first and the last always."""
    if len(points) <= most:
        return list(points)
    last = len(points) - 1
    return [points[round(place * last / (most - 1))] for place in range(most)]


def _span(points: Sequence[Point]) -> tuple[float, float]:
    """Bounds of the axis, on tenths, with all intervals between them."""
    low = math.floor(min(point.interval[0] for point in points) * 10) / 10
    high = math.ceil(max(point.interval[1] for point in points) * 10) / 10
    return low, max(high, low + 0.1)
