"""A PEFT adapter as llama.cpp reads one: GGUF, bound to the base it was trained on.

W' = W + alpha / rank · B·A. llama.cpp keeps the rows of q and k in another order than
transformers, so the rows of their B go the same way; A reads what the layer reads, and
stays as it is.

Source: ggml-org/llama.cpp, convert_lora_to_gguf.py and LlamaModel.permute
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

import gguf
import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file

from persona_cli.errors import InputError
from persona_cli.training.gguf_files import Binding, Layout, bind, layout, new_file

Array = np.ndarray[Any, Any]
Kind = Literal["F16", "F32"]

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

_NAME = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>A|B)\.weight"
)
_DTYPES = {"F16": np.float16, "F32": np.float32}

# What adds to the weights in another way than B·A.
_OTHER_WAYS = (
    "use_dora", "lora_bias", "use_bdlora", "use_qalora", "fan_in_fan_out",
    "modules_to_save", "layer_replication", "trainable_token_indices",
    "target_parameters", "alora_invocation_tokens", "arrow_config", "kasa_config",
    "monteclora_config", "velora_config",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Low:
    """What an adapter adds to one tensor: ``scale · b @ a``, in llama.cpp's order.

    tensor: name in the GGUF
    a, b:   float32, (rank, columns) and (rows, rank)
    """

    tensor: str
    a: Array
    b: Array
    scale: float

    @property
    def rank(self) -> int:
        """Columns of b."""
        return int(self.a.shape[0])

    def delta(self) -> Array:
        """What is added to the tensor, float32."""
        added: Array = np.float32(self.scale) * (self.b @ self.a)
        return added


def read_adapter(folder: Path, base: Layout) -> Iterator[Low]:
    """What a PEFT adapter adds to each tensor of its base.

    Order:  of the tensors' names
    Raises: InputError for no LoRA of linear layers, or one that does not fit the base
    """
    config = _config(folder)
    try:
        found = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{folder / WEIGHTS}: {error}", remedy="Export the run that made it anew."
        ) from error
    sides: dict[str, dict[str, Array]] = {}
    for key, tensor in found.items():
        match = _NAME.fullmatch(key)
        if match is None:
            _refuse(folder, f"{key} is no part of a LoRA of linear layers")
        sides.setdefault(match["module"], {})[match["side"]] = tensor.float().numpy()
    if not sides:
        _refuse(folder, "it is empty")
    names = base.names()
    lows: list[Low] = []
    for module, both in sides.items():
        if both.keys() != {"A", "B"}:
            _refuse(folder, f"{module} has one half only")
        tensor = f"{names.get_name(module)}.weight"
        a, b = both["A"], both["B"]
        shape = base.shapes.get(tensor)
        if shape is None:
            _refuse(folder, f"{module} is nothing that the base has a tensor for")
        if (b.shape[0], a.shape[1]) != shape or a.shape[0] != b.shape[1]:
            _refuse(
                folder,
                f"{module} is for {b.shape[0]}x{a.shape[1]}, and the base has"
                f" {shape[0]}x{shape[-1]}",
            )
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            _refuse(folder, f"{module} has values that are no numbers")
        scale = _scale(config, module, int(a.shape[0]))
        lows.append(Low(tensor, a, _row_order(tensor, b, base), scale))
    yield from sorted(lows, key=lambda low: low.tensor)


def write_lora(
    adapter: Path, base: Path, target: Path, *, binding: Binding, kind: Kind = "F16"
) -> int:
    """Write a PEFT adapter as GGUF; the same adapter gives the same bytes.

    adapter: folder of PEFT
    base:    the GGUF that was trained on
    Returns: number of tensors that it adds to
    Raises:  InputError, ModelError; see ``read_adapter`` and ``layout``
    """
    shape = layout(base)
    lows = list(read_adapter(adapter, shape))
    # llama.cpp has one alpha for all, and takes each tensor's own rank. What differs
    # from that goes into b.
    alpha = lows[0].scale * lows[0].rank
    with new_file(target) as part:
        writer = gguf.GGUFWriter(part, shape.architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        writer.add_file_type(
            gguf.LlamaFileType.MOSTLY_F16
            if kind == "F16"
            else gguf.LlamaFileType.ALL_F32
        )
        bind(writer, binding)
        for low in lows:
            more = low.scale * low.rank / alpha
            b = low.b if math.isclose(more, 1) else low.b * np.float32(more)
            for side, values in (("a", low.a), ("b", b)):
                name = f"{low.tensor}.lora_{side}"
                writer.add_tensor(name, _narrowed(adapter, name, values, kind))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return len(lows)


def permuted(rows: Array, heads: int) -> Array:
    """Rows of q or k, from transformers' order to llama.cpp's.

    Within a head, transformers has the first half of every rotated pair, then the
    second; llama.cpp has them pair by pair.
    """
    return (
        rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )


def _row_order(tensor: str, b: Array, base: Layout) -> Array:
    if base.architecture != "llama":
        return b
    if tensor.endswith(".attn_q.weight"):
        return permuted(b, base.heads[0])
    if tensor.endswith(".attn_k.weight"):
        return permuted(b, base.heads[1])
    return b


def _scale(config: Mapping[str, Any], module: str, rank: int) -> float:
    """By what b·a is multiplied."""
    alpha = float(config["lora_alpha"])
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):  # as PEFT's get_pattern_key does
            alpha = float(own)
            break
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / CONFIG).read_text("utf-8"))
        if found["peft_type"] != "LORA" or float(found["lora_alpha"]) <= 0:
            _refuse(folder, "it is no LoRA")
    except OSError as error:
        raise InputError(
            f"{folder / CONFIG}: {(error.strerror or str(error)).lower()}",
            remedy="Name a run that has an adapter, or the adapter's folder.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        _refuse(folder, f"{CONFIG} is damaged: {error!r}", error)
    for key in _OTHER_WAYS:
        if found.get(key):
            _refuse(folder, f"it was trained with {key}, which llama.cpp can't add")
    if found.get("bias", "none") != "none":
        _refuse(folder, "it trained biases, which llama.cpp can't add")
    config: Mapping[str, Any] = found
    return config


def _narrowed(folder: Path, name: str, values: Array, kind: Kind) -> Array:
    found: Array = np.ascontiguousarray(values, dtype=_DTYPES[kind])
    if not np.isfinite(found).all():
        _refuse(folder, f"{name} has values too large for {kind}; write it as F32")
    return found


def _refuse(folder: Path, fault: str, error: Exception | None = None) -> NoReturn:
    raise InputError(
        f"{folder}: can't be exported: {fault}",
        remedy="Train LoRA on the linear layers of the base that the run names.",
    ) from error
