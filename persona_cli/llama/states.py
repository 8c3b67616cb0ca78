"""What a model has read of a prompt, on disk, so that the next run need not read it.

One file: a line of JSON, then the state as llama.cpp gives it. It is keyed by
model, adapters, build and tokens, and checked by a checksum before llama.cpp sees it.
It is only ever a cache: missing, damaged, of another model, it is passed over.
"""

import json
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from persona_cli.files import SUFFIX

# Bytes; a longer state is not kept. A model of 8B has 144 kB a token, and what lasts of
# a prompt is instructions and a profile: some 1,500 tokens.
LARGEST = 512 << 20


@dataclass(frozen=True, slots=True)
class State:
    """What the model's memory holds after some tokens.

    key:    of model, adapters and build
    tokens: read from the beginning of the context
    data:   as ``llama_state_seq_get_data`` gives it
    """

    key: str
    tokens: tuple[int, ...]
    data: bytes


def read_state(path: Path, key: str) -> State | None:
    """The state that was kept for this very model; None where there is none."""
    try:
        with path.open("rb") as file:
            head = json.loads(file.readline(1 << 20))
            if head["key"] != key or head["size"] > LARGEST:
                return None
            data = file.read(head["size"] + 1)
        found = State(key, tuple(map(int, head["tokens"])), data)
        whole = len(data) == head["size"] and _sum(found) == head["crc"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if whole else None


def is_whole(path: Path) -> bool:
    """Whether a file holds a state as it was written, of whatever model."""
    try:
        with path.open("rb") as file:
            key = json.loads(file.readline(1 << 20))["key"]
        return isinstance(key, str) and read_state(path, key) is not None
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_state(path: Path, state: State) -> None:
    """Keep a state in place of the one before. For its owner's eyes alone.

    A disk that is full or read-only is no fault: then nothing is kept.
    """
    if len(state.data) > LARGEST:
        return
    head = {
        "key": state.key,
        "size": len(state.data),
        "crc": _sum(state),
        "tokens": state.tokens,
    }
    # Of a run that dies here, the next one sweeps it up.
    part = path.with_name(f".{path.name}.{os.getpid()}{SUFFIX}")
    try:
        part.touch(0o600)
        with part.open("wb") as file:
            # Not flushed to the disk: after a power cut the checksum finds it out.
            file.write(json.dumps(head).encode() + b"\n")
            file.write(state.data)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()


def _sum(state: State) -> int:
    """Of the tokens too: data under another's name would speak of other words."""
    head = json.dumps([state.key, *state.tokens])
    return zlib.crc32(state.data, zlib.crc32(head.encode()))


def shared(one: Sequence[int], two: Sequence[int]) -> int:
    """How many tokens two prompts have in common from their beginning."""
    length = min(len(one), len(two))
    for place in range(length):
        if one[place] != two[place]:
            return place
    return length
