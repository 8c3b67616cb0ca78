"""Which adapters a model is used with: its own, shipped or trained here.

Over another base an adapter is noise, and nothing shows it: the shapes fit, and so
does the architecture. So an exported adapter names its base by sha256. Adapters of
other tools name none, and are taken as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_cli import gguf
from persona_cli.errors import ModelError
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import Shelf, sha256_of
from persona_cli.models.spec import ModelRef
from persona_cli.tiny import embedded_model

# Of the metadata of what persona exports.
BASE, RUN, VERSION = "persona.base.sha256", "persona.run.sha256", "persona.version"
LICENCE = "general.license"


@dataclass(frozen=True, slots=True)
class Adapters:
    """What is laid over a model for each task.

    judge: None is the same as for writing
    """

    writer: tuple[Path, ...] = ()
    judge: tuple[Path, ...] | None = None

    @property
    def every(self) -> tuple[Path, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys([*self.writer, *(self.judge or ())]))


def adapters_of(
    ref: ModelRef, base: Path, *, lora: Sequence[Path], shelf: Shelf
) -> Adapters:
    """The adapters of a model, each seen to belong to it.

    base:   the model's file, as it was trained on
    lora:   named by the user; they take the place of the model's own
    Raises: ModelError for an adapter of another base, that says which
    """
    found = Adapters(tuple(lora)) if lora else _own(ref)
    _check_bound(found.every, base, shelf)
    return found


def _own(ref: ModelRef) -> Adapters:
    """Of what was trained here; or of the plain install, which are shipped."""
    if ref.kind == "trained":
        writer, judge = ref.writer, ref.judge
        if ref.base is not None and ref.base.kind != "trained":
            # Whoever trains a writer alone keeps the judge that the base has.
            usual = _own(ref.base)
            if writer is None:
                return Adapters(usual.writer, (judge,) if judge else None)
            if judge is None and usual.judge is not None:
                return Adapters((writer,), usual.judge)
    elif ref.kind == "embedded" and ref.entry is not None:
        there = {role: one.path for role, one in ref.entry.adapters.items()}
        writer, judge = there.get("writer"), there.get("judge")
    else:
        return Adapters()
    return Adapters((writer,) if writer else (), (judge,) if judge else None)


def _check_bound(adapters: Sequence[Path], base: Path, shelf: Shelf) -> None:
    wanted = {path: gguf.read_header(path).text(BASE) for path in adapters}
    if not any(wanted.values()):
        return
    found = _sha256(base, shelf)
    for path, sha256 in wanted.items():
        if sha256 and sha256 != found:
            raise ModelError(
                f"{path}: is an adapter for {_named(sha256)}, and {base.name} is"
                f" another: {found[:12]}",
                remedy="Name its own base with --model, or train it anew on this one.",
            )


def _sha256(path: Path, shelf: Shelf) -> str:
    """As recorded, or read now."""
    held = shelf.held(path)
    if held is not None:  # it was verified when it was located
        return held.sha256
    try:
        size = path.stat().st_size
        for entry in catalogue().values():  # the embedded one, as it was admitted
            embedded = entry.repo is None and path.name == entry.file
            if embedded and size == entry.size and path == embedded_model():
                return str(entry.sha256)
        return sha256_of(path)
    except OSError as error:
        raise ModelError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="Check that you may read it.",
        ) from error


def _named(sha256: str) -> str:
    """A base in words: its name, where the catalogue has one, and its hash."""
    for entry in catalogue().values():
        if entry.sha256 == sha256:
            return f"{entry.name} ({entry.file or entry.quant}, {sha256[:12]})"
    return f"the model whose sha256 begins with {sha256[:12]}"
