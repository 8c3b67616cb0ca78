"""A two-layer chat model with the embedded one's tokenizer, and adapters for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from persona_cli.tiny import embedded_model

WIDTH, SPREAD, HEADS, KEYS, LAYERS = 64, 96, 4, 2, 2

_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def write_toy(
    path: Path,
    *,
    seed: int = 0,
    words: int | None = None,
    weights: Mapping[str, Any] | None = None,
) -> Path:
    """The model, as GGUF: random weights, four heads that share two heads of keys.

    words:   of the vocabulary, the first; None is all of them
    weights: those of a model of transformers that was this one, in their place
    """
    reader = gguf.GGUFReader(embedded_model())
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()[:words]
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    left_out = len(reader.fields["tokenizer.ggml.tokens"].data) - len(tokens)
    writer = gguf.GGUFWriter(path, "llama")
    own: dict[str, Any] = {
        "llama.block_count": LAYERS,
        "llama.context_length": 1024,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": SPREAD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KEYS,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(tokens),
        "general.file_type": 0,
        # Each merge makes the next token, so the last of both go together.
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [
            int(kind)
            for kind in reader.fields["tokenizer.ggml.token_type"].contents()[:words]
        ],
        "tokenizer.ggml.merges": merges[: len(merges) - left_out],
    }
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        of = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        value = own.get(field.name, field.contents())
        writer.add_key_value(field.name, value, field.types[0], sub_type=of)
    dice = np.random.default_rng(seed)
    inner = WIDTH // HEADS * KEYS
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,)}
    for n in range(LAYERS):
        shapes |= {
            f"blk.{n}.attn_norm": (WIDTH,),
            f"blk.{n}.attn_q": (WIDTH, WIDTH),
            f"blk.{n}.attn_k": (inner, WIDTH),
            f"blk.{n}.attn_v": (inner, WIDTH),
            f"blk.{n}.attn_output": (WIDTH, WIDTH),
            f"blk.{n}.ffn_norm": (WIDTH,),
            f"blk.{n}.ffn_gate": (SPREAD, WIDTH),
            f"blk.{n}.ffn_up": (SPREAD, WIDTH),
            f"blk.{n}.ffn_down": (WIDTH, SPREAD),
        }
    for name, shape in shapes.items():
        flat = len(shape) == 1
        values = np.ones(shape) if flat else dice.normal(0, 0.3, shape)
        if weights is not None:
            values = _in_the_order_of_gguf(name, weights)
        # Rounded to what F16 holds, so that nothing is lost when it is written as such.
        rounded = values.astype(np.float16).astype(np.float32)
        writer.add_tensor(f"{name}.weight", rounded)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _in_the_order_of_gguf(name: str, weights: Mapping[str, Any]) -> Any:
    """A tensor of transformers by llama.cpp's name; it turns pairs, not halves."""
    layer, dot, part = name.removeprefix("blk.").partition(".")
    own = f"model.layers.{layer}.{_NAMES[part]}" if dot else _NAMES[name]
    values = weights[f"{own}.weight"].detach().numpy()
    if part in ("attn_q", "attn_k"):
        heads = HEADS if part == "attn_q" else KEYS
        halves = values.reshape(heads, 2, -1, values.shape[1])
        values = halves.swapaxes(1, 2).reshape(values.shape)
    return values


def write_peft(model: Any, folder: Path, *, seed: int = 1, **config: Any) -> Path:
    """A PEFT adapter on all linear layers, with a B that is not zero.

    model: of transformers; as it was afterwards
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    wanted = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"} | config
    taught = get_peft_model(model, LoraConfig(**wanted))
    for name, one in taught.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.3)
    taught.save_pretrained(folder, save_embedding_layers=False)
    taught.unload()
    return folder
