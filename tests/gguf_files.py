"""Writes small GGUF files, whole ones and LoRA adapters, for tests to damage."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Tensor = tuple[str, tuple[int, ...], Sequence[float]]


def gguf_bytes(
    metadata: Mapping[str, Any], tensors: Sequence[Tensor] = (), version: int = 3
) -> bytes:
    """A GGUF with these tensors, each of float32."""
    out = [b"GGUF", struct.pack("<IQQ", version, len(tensors), len(metadata))]
    for key, value in metadata.items():
        out += [_text(key), _value(value)]
    offset = 0
    for name, shape, values in tensors:
        out += [_text(name), struct.pack("<I", len(shape))]
        out += [struct.pack("<Q", side) for side in shape]
        out.append(struct.pack("<IQ", 0, offset))
        offset += -(-len(values) * 4 // 32) * 32
    raw = _padded(b"".join(out))
    for _, _, values in tensors:
        raw += _padded(struct.pack(f"<{len(values)}f", *values))
    return raw


def write_adapter(path: Path, *, size: float, architecture: str = "llama") -> Path:
    """A LoRA adapter for the embedded model, on the queries of its first layer."""
    width, rank = 576, 2
    path.write_bytes(
        gguf_bytes(
            {
                "general.type": "adapter",
                "general.architecture": architecture,
                "adapter.type": "lora",
                "adapter.lora.alpha": 2.0,
            },
            [
                (f"blk.{layer}.attn_{of}.weight.lora_{side}", shape, values)
                for layer in range(4)
                for of in ("q", "output")
                for side, shape, values in (
                    ("a", (width, rank), [size] * width * rank),
                    ("b", (rank, width), [size, 0.0] * width),
                )
            ],
        )
    )
    return path


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case [str(), *_]:
            texts = b"".join(map(_text, value))
            return struct.pack("<IIQ", 9, 8, len(value)) + texts
        case [*numbers]:
            body = struct.pack(f"<{len(numbers)}i", *numbers)
            return struct.pack("<IIQ", 9, 5, len(numbers)) + body
    raise AssertionError(f"no GGUF type for {value!r}")


def _padded(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % 32)
