"""Writes small GGUF files, whole ones and LoRA adapters, for tests to damage."""

import math
import random
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


def write_adapter(
    path: Path,
    *,
    size: float,
    architecture: str = "llama",
    width: int = 576,
    layers: int = 4,
    **metadata: Any,
) -> Path:
    """A LoRA adapter for the embedded model; on queries and outputs of some layers.

    width, layers: of the model; 32 and 1 for that of ``write_model``
    metadata: beside its own, with ``__`` for the dots of a key
    """
    rank = 2
    path.write_bytes(
        gguf_bytes(
            {
                "general.type": "adapter",
                "general.architecture": architecture,
                "adapter.type": "lora",
                "adapter.lora.alpha": 2.0,
                **{key.replace("__", "."): value for key, value in metadata.items()},
            },
            [
                (f"blk.{layer}.attn_{of}.weight.lora_{side}", shape, values)
                for layer in range(layers)
                for of in ("q", "output")
                for side, shape, values in (
                    ("a", (width, rank), [size] * width * rank),
                    ("b", (rank, width), [size, 0.0] * width),
                )
            ],
        )
    )
    return path


def write_model(path: Path, **metadata: Any) -> Path:
    """A whole chat model of 50 kB that llama.cpp loads, and that talks at random.

    metadata: in place of its own, with ``__`` for the dots of a key
    """
    width, spread, letters = 32, 64, "abcdefghijklmnopqrstuvwxyzABYN- "
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256))]
    texts += [letter.replace(" ", "\u2581") for letter in letters] + ["Yes", "No"]
    kinds = [2, 3, 3, *[6] * 256, *[1] * (len(letters) + 2)]
    dice = random.Random(7)

    def weights(*shape: int) -> list[float]:
        return [dice.gauss(0, 0.2) for _ in range(math.prod(shape))]

    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (width, len(texts)),
        "output_norm.weight": (width,),
        "output.weight": (width, len(texts)),
        "blk.0.attn_norm.weight": (width,),
        "blk.0.attn_q.weight": (width, width),
        "blk.0.attn_k.weight": (width, width),
        "blk.0.attn_v.weight": (width, width),
        "blk.0.attn_output.weight": (width, width),
        "blk.0.ffn_norm.weight": (width,),
        "blk.0.ffn_gate.weight": (width, spread),
        "blk.0.ffn_up.weight": (width, spread),
        "blk.0.ffn_down.weight": (spread, width),
    }
    keys = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": 4096,
        "llama.embedding_length": width,
        "llama.feed_forward_length": spread,
        "llama.attention.head_count": 2,
        "llama.attention.head_count_kv": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": width // 2,
        "llama.vocab_size": len(texts),
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.scores": [-float(n) for n in range(len(texts))],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        **{key.replace("__", "."): value for key, value in metadata.items()},
    }
    tensors = [(name, shape, weights(*shape)) for name, shape in shapes.items()]
    path.write_bytes(gguf_bytes(keys, tensors))
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
        case [float(), *_]:
            body = struct.pack(f"<{len(value)}f", *value)
            return struct.pack("<IIQ", 9, 6, len(value)) + body
        case [*numbers]:
            body = struct.pack(f"<{len(numbers)}i", *numbers)
            return struct.pack("<IIQ", 9, 5, len(numbers)) + body
    raise AssertionError(f"no GGUF type for {value!r}")


def _padded(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % 32)
