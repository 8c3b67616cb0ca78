"""What ``persona doctor --tune`` measured, in the cache: which settings are fastest.

Keyed by the model's file, the build of llama.cpp and the machine: another of any of
these has other fastest settings, and then the defaults hold again.
"""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from persona_cli.files import make_private, write_whole
from persona_cli.llama.tuning import Tuning
from persona_cli.machine import cores, cpu_name

FILE = "tuned.json"


def known(cache: Path, model: Path, *, gpu_layers: int) -> Tuning | None:
    """What was measured for this model here; None when nothing was."""
    found = _read(cache).get(_key(model, gpu_layers))
    try:
        return Tuning(**found) if isinstance(found, dict) else None
    except TypeError:  # of another version of persona
        return None


def remember(cache: Path, model: Path, tuning: Tuning, *, gpu_layers: int) -> Path:
    """Keep what was measured, in place of what was known of this model."""
    every = _read(cache) | {_key(model, gpu_layers): asdict(tuning)}
    make_private(cache)
    write_whole(cache / FILE, json.dumps(every, indent=2).encode())
    return cache / FILE


def _read(cache: Path) -> dict[str, Any]:
    try:
        found = json.loads((cache / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(model: Path, gpu_layers: int) -> str:
    size = model.stat().st_size
    machine = f"{cpu_name()}, {cores()} of {platform.machine()}"
    build = version("llama-cpp-python")
    return f"{model.name}, {size}; {machine}; {build}; {gpu_layers} layers"
