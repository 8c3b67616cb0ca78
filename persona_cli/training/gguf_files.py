"""GGUF files that training writes: whole or not at all, and saying what they are of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from persona_cli.errors import ModelError
from persona_cli.files import SUFFIX, sync_file, sync_folder
from persona_cli.models.adapters import BASE, LICENCE, RUN, VERSION

# Architectures whose weights llama.cpp keeps as transformers does, but for the order
# of rows that ``gguf_lora`` knows. Any other may be changed by its converter in ways
# that nobody checked here.
ARCHITECTURES = ("llama", "qwen2", "qwen3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What an exported file says of where it comes from.

    base:    sha256 of the GGUF that was trained on
    run:     sha256 of the run file
    version: of persona
    """

    base: str
    run: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How a GGUF model names and shapes its tensors.

    heads:  of queries, and of keys
    shapes: tensor -> (rows, columns), or (length,)
    """

    architecture: str
    blocks: int
    heads: tuple[int, int]
    shapes: Mapping[str, tuple[int, ...]]

    def names(self) -> gguf.TensorNameMap:
        """From transformers' names to the tensors'."""
        kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
        return gguf.get_tensor_name_map(kinds[self.architecture], self.blocks)


def layout(base: Path) -> Layout:
    """What the names and shapes of a model's tensors are.

    Raises: ModelError for no GGUF of an architecture that can be exported
    """
    reader = open_model(base)

    def value(key: str, missing: Any = None) -> Any:
        field = reader.get_field(key)
        if field is None and missing is None:
            raise ModelError(
                f"{base}: does not say its {key}",
                remedy="Train on a GGUF that llama.cpp's own converter made.",
            )
        return field.contents() if field else missing

    architecture = str(value("general.architecture"))
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"{base}: the architecture {architecture!r} can't be exported to",
            remedy=f"Train one of: {', '.join(ARCHITECTURES)}.",
        )
    heads = int(value(f"{architecture}.attention.head_count"))
    own = int(value(f"{architecture}.attention.head_count_kv", heads))
    shapes = {one.name: tuple(map(int, one.shape[::-1])) for one in reader.tensors}
    blocks = int(value(f"{architecture}.block_count"))
    return Layout(architecture, blocks, (heads, own), shapes)


def open_model(base: Path) -> gguf.GGUFReader:
    """A GGUF model, all of its tensors in one file.

    Raises: ModelError
    """
    from persona_cli.gguf import check

    if check(base).is_adapter:
        raise ModelError(
            f"{base}: is a LoRA adapter, not a model", remedy="Name its base model."
        )
    reader = gguf.GGUFReader(base)
    parts = reader.get_field("split.count")
    if parts is not None and int(parts.contents()) > 1:
        raise ModelError(
            f"{base}: is one part of a split model",
            remedy="Join the parts first: llama-gguf-split --merge.",
        )
    return reader


def bind(writer: gguf.GGUFWriter, binding: Binding) -> None:
    """Say in a file where it comes from."""
    writer.add_string(LICENCE, binding.licence)
    writer.add_string(BASE, binding.base)
    writer.add_string(RUN, binding.run)
    writer.add_string(VERSION, binding.version)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A file to write, which takes the target's place when it is whole.

    Raises: ModelError when it can't be written
    """
    part = target.with_name(f".{target.name[:80]}{SUFFIX}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        sync_file(part)
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise ModelError(
            f"{target}: {(error.strerror or str(error)).lower()}",
            remedy="See that there is room on the disk, and that you may write there.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
