"""What a GGUF file says about itself, read without llama.cpp.

llama.cpp's own word for a download gone wrong is "failed to load model". The
faults that people meet (an HTML page, a git-lfs pointer, half a file) show in the
header, and the header also says how long the file must be.

Source: ggml-org/ggml, docs/gguf.md; ggml.h and ggml-common.h for the block sizes
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NoReturn

from persona_cli.errors import ModelError

Value = int | float | bool | str | tuple[int | float | bool, ...]

MAGIC = b"GGUF"
VERSIONS = (2, 3)

# ggml type -> (values in a block, bytes of a block)
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24),
    8: (32, 34), 9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144),
    13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip

# general.file_type -> the name people know it by
_QUANTIZATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
    10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S",
    15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S",
    25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

# metadata type -> struct code; 8 is a string, 9 an array
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?",
    10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9

# A vocabulary has 10^5 entries, and nothing here needs them.
_LONGEST_KEPT_ARRAY = 64

# What a header may claim. A larger count is damage, and would cost minutes to walk.
_MOST_ENTRIES = 10_000_000

_AGAIN = "Download it again, or name another file with --model."


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights.

    version:    of the GGUF format
    tensors:    number of tensors
    parameters: number of weights
    metadata:   scalars, texts and short arrays of numbers, by key
    size:       of the file on disk, bytes
    expected:   size that the tensors need, bytes; None where a tensor has a type
                that this table does not know
    """

    version: int
    tensors: int
    parameters: int
    metadata: Mapping[str, Value]
    size: int
    expected: int | None

    @property
    def architecture(self) -> str:
        """``llama``, ``qwen3``, ``gemma3``, ...; empty when the file has none."""
        return self.text("general.architecture")

    @property
    def chat_template(self) -> str | None:
        """The Jinja source, or None for a model that was not made to chat."""
        return self.text("tokenizer.chat_template") or None

    @property
    def context_length(self) -> int | None:
        """Tokens that the model was trained to read."""
        return self.number("context_length")

    @property
    def quantization(self) -> str:
        """``Q4_K_M`` and the like; ``unknown`` when the file does not say."""
        found = self.metadata.get("general.file_type")
        return _QUANTIZATIONS.get(found, "unknown") if type(found) is int else "unknown"

    @property
    def is_adapter(self) -> bool:
        """Whether this is a LoRA adapter and not a model."""
        return self.text("general.type") == "adapter"

    def text(self, key: str) -> str:
        """A text of the metadata; empty when it is not there, or no text."""
        found = self.metadata.get(key)
        return found if isinstance(found, str) else ""

    def number(self, name: str) -> int | None:
        """A whole number under the architecture's own prefix.

        An array (one value a layer) counts as its largest.
        """
        found = self.metadata.get(f"{self.architecture}.{name}")
        if isinstance(found, tuple):
            whole = [n for n in found if isinstance(n, int)]
            return max(whole, default=None)
        return found if type(found) is int else None


def check(path: Path) -> Header:
    """Read the header, and see that the file is whole.

    Raises: ModelError when it is missing, no GGUF, or shorter than it must be
    """
    header = read_header(path)
    if header.expected is not None and header.size < header.expected:
        have, want, unit = _amounts(header.size, header.expected)
        _fail(path, f"is cut short: {have} of {want} {unit}")
    return header


def read_header(path: Path) -> Header:
    """Read what stands before the weights.

    Raises: ModelError when the file is missing, or its header is damaged
    """
    if path.is_dir():
        _fail(path, "is a folder, not a model", "Name the .gguf file inside it.")
    if not path.is_file():
        remedy = "Check the path, or see `persona model list`."
        _fail(path, "no such model", remedy)
    try:
        with path.open("rb") as file:
            if fault := _fault(file.read(4096)):
                _fail(path, fault)
            with mmap(file.fileno(), 0, access=ACCESS_READ) as view:
                return _Reader(view).header()
    except OSError as error:
        remedy = "Check that you may read it."
        raise ModelError(f"{path}: {error.strerror}", remedy=remedy) from error
    except (struct.error, IndexError) as error:
        raise ModelError(
            f"{path}: is cut short inside its header", remedy=_AGAIN
        ) from error
    except (ValueError, OverflowError) as error:
        raise ModelError(
            f"{path}: its header is damaged: {error}", remedy=_AGAIN
        ) from error


def _fault(start: bytes) -> str | None:
    """What the first bytes of a file give away, or None for a GGUF."""
    if not start:
        return "is empty"
    if not start.strip(b"\0"):
        return "holds zeros: the download never filled it"
    if start.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, not a model"
    if start.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "is an HTML page, not a model"
    if not start.startswith(MAGIC):
        return "is not a GGUF file"
    if len(start) < 8:
        return "is cut short inside its header"
    (version,) = struct.unpack_from("<I", start, 4)
    if version not in VERSIONS:
        if version & 0xFFFF == 0:
            return "is a GGUF for big-endian machines"
        return f"is GGUF version {version}, and persona reads 2 and 3"
    return None


def _fail(path: Path, fault: str, remedy: str = _AGAIN) -> NoReturn:
    raise ModelError(f"{path}: {fault}", remedy=remedy)


def _amounts(have: int, want: int) -> tuple[int, int, str]:
    """Two sizes in the unit in which they read well, and differ."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if want >= 10 * factor and have // factor < want // factor:
            return have // factor, want // factor, unit
    return have, want, "bytes"


class _Reader:
    """Walks a header from its first byte to its last."""

    def __init__(self, view: mmap) -> None:
        self._view = view
        self._at = len(MAGIC)

    def header(self) -> Header:
        version = self._int("I")
        tensors, pairs = self._count(), self._count()
        metadata: dict[str, Value] = {}
        for _ in range(pairs):
            key = self._string()
            value = self._value(self._int("I"))
            if value is not None:
                metadata[key] = value
        parameters, end, known = 0, 0, True
        for _ in range(tensors):
            values, stop = self._tensor()
            parameters += values
            known = known and stop is not None
            end = max(end, stop or 0)
        alignment = metadata.get("general.alignment", 32)
        if type(alignment) is not int or alignment < 1:
            raise ValueError(f"general.alignment is {alignment!r}")
        start = -(-self._at // alignment) * alignment
        return Header(
            version=version,
            tensors=tensors,
            parameters=parameters,
            metadata=metadata,
            size=len(self._view),
            expected=start + end if known else None,
        )

    def _tensor(self) -> tuple[int, int | None]:
        """Number of values of a tensor, and where it ends after the header."""
        self._string()
        dimensions = self._int("I")
        if not 1 <= dimensions <= 8:
            raise ValueError(f"a tensor has {dimensions} dimensions")
        values = math.prod(self._int("Q") for _ in range(dimensions))
        kind, offset = self._int("I"), self._int("Q")
        if kind not in _BLOCKS:
            return values, None
        per_block, block = _BLOCKS[kind]
        return values, offset + -(-values // per_block) * block

    def _value(self, kind: int) -> Value | None:
        """One metadata value; None for an array that is passed over."""
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        return self._scalar(kind)

    def _array(self) -> Value | None:
        kind, length = self._int("I"), self._count()
        if kind == _ARRAY:
            raise ValueError("an array of arrays")
        if kind == _STRING:
            for _ in range(length):
                self._skip(self._int("Q"))
            return None
        if length <= _LONGEST_KEPT_ARRAY:
            return tuple(self._scalar(kind) for _ in range(length))
        self._skip(length * struct.calcsize(self._code(kind)))
        return None

    def _scalar(self, kind: int) -> int | float | bool:
        code = self._code(kind)
        (value,) = struct.unpack_from(code, self._view, self._at)
        self._at += struct.calcsize(code)
        found: int | float | bool = value
        return found

    def _code(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise ValueError(f"a value has the unknown type {kind}")
        return "<" + _SCALARS[kind]

    def _int(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self._view, self._at)
        self._at += struct.calcsize("<" + code)
        return int(value)

    def _count(self) -> int:
        found = self._int("Q")
        if found > _MOST_ENTRIES:
            raise ValueError(f"it claims {found} entries")
        return found

    def _string(self) -> str:
        length = self._int("Q")
        start = self._at
        self._skip(length)
        return self._view[start : self._at].decode("utf-8", "replace")

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._view):
            raise IndexError("past the end")
