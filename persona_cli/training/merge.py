"""A whole model with an adapter merged into it, as GGUF.

Everything but the weights is copied from the base's file, the tokenizer and the chat
template included. So what was trained speaks exactly the tokens that it was trained on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from persona_cli.models.adapters import LICENCE
from persona_cli.training.gguf_files import Binding, bind, layout, new_file, open_model
from persona_cli.training.gguf_lora import Array, Kind, Low, read_adapter

_NOT_COPIED = ("GGUF.", "general.architecture", "general.file_type", "persona.")
_OURS = (*_NOT_COPIED, LICENCE)

_DTYPES: Mapping[Kind, Any] = {"F16": np.float16, "F32": np.float32}
_FILE_TYPES = {
    "F16": gguf.LlamaFileType.MOSTLY_F16,
    "F32": gguf.LlamaFileType.ALL_F32,
}


def write_merged(
    base: Path,
    target: Path,
    *,
    adapter: Path | None = None,
    binding: Binding | None = None,
    kind: Kind = "F16",
) -> None:
    """Write a base anew, dequantized, with an adapter added to its weights.

    The tensors go through one at a time: a large model needs no more memory than its
    largest tensor.

    adapter: folder of PEFT; None writes the base alone
    kind:    of the matrices; what has one dimension stays float32, as in llama.cpp's
             own files
    Raises:  InputError or ModelError; see ``read_adapter`` and ``layout``
    """
    reader = open_model(base)
    shape = layout(base)
    lows = {low.tensor: low for low in read_adapter(adapter, shape)} if adapter else {}
    with new_file(target) as part:
        writer = gguf.GGUFWriter(part, shape.architecture)
        _copy_fields(reader, writer, but=_NOT_COPIED if binding is None else _OURS)
        writer.add_file_type(_FILE_TYPES[kind])
        if binding is not None:
            bind(writer, binding)
        for tensor in reader.tensors:
            sides = tuple(map(int, tensor.shape[::-1]))
            dtype = np.dtype(np.float32 if len(sides) == 1 else _DTYPES[kind])
            size = int(np.prod(sides)) * dtype.itemsize
            writer.add_tensor_info(tensor.name, sides, dtype, size)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:
            values = _plain(tensor, lows.get(tensor.name))
            narrow = np.float32 if values.ndim == 1 else _DTYPES[kind]
            writer.write_tensor_data(np.ascontiguousarray(values, dtype=narrow))
        writer.close()


def _plain(tensor: gguf.ReaderTensor, low: Low | None) -> Array:
    values: Array = gguf.dequantize(tensor.data, tensor.tensor_type)
    values = values.reshape(tuple(map(int, tensor.shape[::-1])))
    return values if low is None else values + low.delta()


def _copy_fields(
    reader: gguf.GGUFReader, writer: gguf.GGUFWriter, *, but: tuple[str, ...]
) -> None:
    for field in reader.fields.values():
        if field.name.startswith(but):
            continue
        kind = field.types[0]
        of = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=of)
