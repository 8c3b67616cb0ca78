"""An exported adapter as PEFT reads one, so that training goes on from what is shipped.

The way back of ``gguf_lora``: names of transformers, rows of q and k in its order.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError
from persona_cli.files import write_whole
from persona_cli.training.runs import digest_of

_PARTS = (
    *("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"),
    *("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
)


def unpacked(file: Path, base: Path, cache: Path) -> Path:
    """The folder of PEFT that a GGUF adapter unpacks to; made once.

    base:    the GGUF that it was trained on
    cache:   folder of what can be made again
    Raises:  InputError for no LoRA of linear layers, or one of another base;
             ModelError for no whole GGUF, or a base that can't be exported to
    """
    digest = digest_of(file)
    folder = cache / "adapters" / digest[:16]
    if (folder / "adapter_config.json").is_file():
        return folder
    weights, rank, alpha = _read(file, base)
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "adapter_model.safetensors", save(weights), mode=0o644)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": alpha,
        "target_modules": sorted({key.split(".")[-3] for key in weights}),
    }
    # Last: where it is, all is.
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    write_whole(folder / "adapter_config.json", text.encode(), mode=0o644)
    return folder


def _read(file: Path, base: Path) -> tuple[dict[str, Any], int, float]:
    """Its weights by PEFT's names, their rank, and alpha."""
    import gguf
    import numpy as np

    from persona_cli.training.gguf_files import layout

    _check_bound(file, base)
    shape = layout(base)
    names = shape.names()
    modules = {
        f"{names.get_name(module)}.weight": module for module in _modules(shape.blocks)
    }
    reader = gguf.GGUFReader(file)
    weights: dict[str, Any] = {}
    ranks = set()
    for tensor in reader.tensors:
        name, _, side = tensor.name.rpartition(".lora_")
        if name not in modules or side not in ("a", "b"):
            raise InputError(
                f"{file}: {tensor.name} is no part of a LoRA of linear layers",
                remedy="Take an adapter that persona exported.",
            )
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        values = values.reshape(tuple(map(int, tensor.shape[::-1])))
        ranks.add(values.shape[0 if side == "a" else 1])
        if side == "b" and shape.architecture == "llama":
            for part, heads in zip(("q", "k"), shape.heads, strict=True):
                if name.endswith(f".attn_{part}.weight"):
                    values = _unpermuted(values, heads)
        key = f"base_model.model.{modules[name]}.lora_{side.upper()}.weight"
        weights[key] = np.ascontiguousarray(values)
    field = reader.get_field("adapter.lora.alpha")
    if len(ranks) != 1 or field is None:
        raise InputError(
            f"{file}: its ranks differ, or it says no alpha",
            remedy="Take an adapter that persona exported.",
        )
    return weights, ranks.pop(), float(field.contents())


def _check_bound(file: Path, base: Path) -> None:
    """See that it is an adapter, and of this base."""
    from persona_cli.gguf import check
    from persona_cli.models.adapters import BASE

    header = check(file)
    if not header.is_adapter:
        raise InputError(
            f"{file}: is a model, not an adapter", remedy="Name it with --base."
        )
    bound = header.text(BASE)
    if bound and bound != digest_of(base):
        raise InputError(
            f"{file}: is an adapter for the model whose sha256 begins with"
            f" {bound[:12]}",
            remedy="Name its own base with --base.",
        )


def _modules(blocks: int) -> Iterator[str]:
    for block in range(blocks):
        for part in _PARTS:
            yield f"model.layers.{block}.{part}"


def _unpermuted(rows: Any, heads: int) -> Any:
    """Rows of q or k, from llama.cpp's order to transformers': see ``permuted``."""
    return (
        rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )
