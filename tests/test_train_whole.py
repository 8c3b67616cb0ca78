"""Two layers, from nothing to an update: data, sft, judge, rl, export, use.

All by the command, as a user would. What is asked of it is little: that everything fits
together, and that each stage makes better what it is there for.
"""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from conftest import Persona  # noqa: E402  needs torch
from toy_corpus import write_corpus  # noqa: E402
from toy_models import write_toy  # noqa: E402

from persona_cli.training.curves import read_curve  # noqa: E402


def curve(run: Path, key: str) -> list[float]:
    return [line[key] for line in read_curve(run / "curve.jsonl") if key in line]
