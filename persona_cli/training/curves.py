"""The curve of a run: one JSON a logged step, and a picture of it.

The ledger only grows, so a run that is killed keeps what it had written. One that goes
on from a checkpoint writes the steps after it anew: what the dead run had written of
them is cut off first, and no step stands there twice.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from persona_cli.chart import Panel, panels_png
from persona_cli.errors import InputError
from persona_cli.files import append_whole, heal_tail, read_whole, write_whole

# What says where a line stands, and is no figure of its own.
PLACES = ("step", "of", "tokens", "epoch", "time")

# Measured on other data than the training figures, and drawn beside them.
BESIDE = ("val_", "test_", "eval_", "train_")


class Curve:
    """The ledger of one run; for its main process alone.

    path:        ``…/curve.jsonl``; the picture stands beside it
    resume_step: the run goes on behind this step: later lines are cut off; None cuts
                 from the first step that is added
    """

    def __init__(self, path: Path, *, resume_step: int | None = None) -> None:
        self.path = path
        self._resume_step = resume_step
        self._last: int | None = None

    def add(self, *, step: int, **figures: float | int | None) -> None:
        """Write the figures of a step; on disk when this returns.

        A figure that is no number (``nan``, ``inf``) is written as null: JSON has no
        other word for it.

        Raises: InputError; ValueError for a step before the last one
        """
        if self._last is None:
            behind = step - 1 if self._resume_step is None else self._resume_step
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._cut_back(min(behind, step - 1))
        elif step < self._last:
            raise ValueError(f"step {step} after step {self._last}")
        self._last = step
        line = {"step": step, **{k: _finite(v) for k, v in figures.items()}}
        append_whole(self.path, json.dumps(line).encode("ascii") + b"\n")

    def plot(self, *, title: str = "") -> Path | None:
        """Draw all figures beside the ledger, as ``curve.png``.

        Shape:  the path; None when there is nothing to draw
        Raises: InputError; UsageError without matplotlib
        """
        panels = list(panels_of(read_curve(self.path)))
        if not panels:
            return None
        picture = self.path.with_suffix(".png")
        drawn = panels_png(panels, title=title or self.path.parent.name)
        write_whole(picture, drawn, mode=0o644)
        return picture

    def _cut_back(self, step: int) -> None:
        """Drop the lines behind ``step``."""
        heal_tail(self.path)
        lines = (read_whole(self.path) or b"").splitlines(keepends=True)
        kept = [line for line in lines if _step(line, self.path) <= step]
        if len(kept) < len(lines):
            write_whole(self.path, b"".join(kept))


def read_curve(path: Path) -> list[Mapping[str, float | None]]:
    """The lines of a ledger, in order of time; none where there is none.

    A torn last line, of a run that is being killed, is left out.

    Raises: InputError for another line that is no JSON object
    """
    content = read_whole(path) or b""
    whole = content[: content.rfind(b"\n") + 1]
    return [_line(line, path) for line in whole.splitlines()]


def panels_of(lines: Iterable[Mapping[str, float | None]]) -> Iterator[Panel]:
    """A panel a figure, in order of appearance; measured beside trained."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for line in lines:
        step = line.get("step")
        for name, value in line.items():
            if name in PLACES or step is None or value is None:
                continue
            bare = name
            for prefix in BESIDE:
                bare = bare.removeprefix(prefix)
            found.setdefault(bare, {}).setdefault(name, []).append((step, value))
    for bare, series in found.items():
        yield Panel(bare, {name: tuple(points) for name, points in series.items()})


def _line(line: bytes, path: Path) -> dict[str, Any]:
    try:
        match json.loads(line):
            case {"step": int(), **_rest} as found:
                return dict(found)
        raise ValueError("no step in it")
    except ValueError as error:
        raise InputError(
            f"{path}: not a line of a curve: {error}",
            remedy="Take it out of the file, or begin a new run folder.",
        ) from error


def _step(line: bytes, path: Path) -> int:
    return int(_line(line, path)["step"])


def _finite(value: float | None) -> float | int | None:
    return value if value is None or math.isfinite(value) else None
