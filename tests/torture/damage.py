"""Model files gone wrong, by accident and by design, made from a small whole one."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.gguf_files import write_model

NO_MODELS = {
    "empty": b"",
    "a page": b"<!DOCTYPE html><html><title>404</title></html>",
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    "zeros": b"\0" * 100_000,
    "random": random.Random(3).randbytes(100_000),
}

# One wrong number or text in an otherwise whole header. Each of these ends the process
# that loads it, with the llama.cpp of today.
DEADLY: dict[str, dict[str, Any]] = {
    "no layers": {"llama__block_count": 0},
    "layers without end": {"llama__block_count": 100_000},
    "a context of one": {"llama__context_length": 1},
    "an epsilon below zero": {"llama__attention__layer_norm_rms_epsilon": -1.0},
    "an epsilon that is none": {
        "llama__attention__layer_norm_rms_epsilon": float("nan")
    },
    "one expert": {"llama__expert_count": 1},
    "experts without end": {"llama__expert_count": 1_000_000},
    "a scaling nobody knows": {"llama__rope__scaling__type": "x"},
    "another tokenizer": {"tokenizer__ggml__model": "bert"},
    "no tokenizer": {"tokenizer__ggml__model": "none"},
    "tokens all alike": {"tokenizer__ggml__tokens": ["a"] * 293},
    "empty tokens": {"tokenizer__ggml__tokens": [""] * 293},
    "bytes that are none": {"tokenizer__ggml__tokens": ["<0xZZ>"] * 293},
    "bytes cut short": {"tokenizer__ggml__tokens": ["<0x"] * 293},
}

# And this one never comes back.
ENDLESS: dict[str, Any] = {"tokenizer__ggml__model": "rwkv"}


def cut_short(whole: Path, folder: Path, count: int) -> Iterator[Path]:
    """The beginning of a model, in ``count`` lengths."""
    content = whole.read_bytes()
    for number in range(count):
        path = folder / f"cut-{number}.gguf"
        path.write_bytes(content[: len(content) * (number + 1) // (count + 1)])
        yield path


def flipped(
    whole: Path, folder: Path, count: int, *, weights: bool, seed: int
) -> Iterator[Path]:
    """A model with some bytes changed, in its header or in its weights."""
    content, dice = whole.read_bytes(), random.Random(seed)
    # The last of the weights' names, and the numbers that follow it.
    edge = min(content.rindex(b".weight") + 64, len(content))
    for number in range(count):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 2000 if weights else 4)):
            span = (edge, len(content)) if weights else (8, edge)
            damaged[dice.randrange(*span)] = dice.randrange(256)
        path = folder / f"{'weights' if weights else 'header'}-{number}.gguf"
        path.write_bytes(damaged)
        yield path


def no_models(folder: Path) -> Iterator[Path]:
    """Files of that name which are something else."""
    for name, content in NO_MODELS.items():
        path = folder / f"{name}.gguf"
        path.write_bytes(content)
        yield path


def without_layers(whole: Path, folder: Path) -> Path:
    """A model with one number of its header changed: it has no layers, says that."""
    content = bytearray(whole.read_bytes())
    # A key is followed by the type of its value, of four bytes; a number has four more.
    start = content.index(b"llama.block_count") + len(b"llama.block_count") + 4
    content[start : start + 4] = bytes(4)
    path = folder / "without-layers.gguf"
    path.write_bytes(content)
    return path


def deadly(folder: Path) -> Iterator[Path]:
    """Models that end the process which loads them."""
    for name, keys in DEADLY.items():
        yield write_model(folder / f"{name}.gguf", **keys)
