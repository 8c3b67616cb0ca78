"""A model to train, from a GGUF or a folder, and chats in the very tokens it will see.

What is trained here runs in llama.cpp later. So a prompt is made of the same parts: the
template's with control tokens, contents without.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM, AutoTokenizer

from persona_cli.chat import CHATML, render_chat
from persona_cli.engine import Message
from persona_cli.errors import InputError
from persona_cli.llama.vocabulary import broken

# As llama.cpp sees it: a token that is a tag steers a model even where no file marks it
# as control.
_TAG = re.compile(r"[<\[].+[>\]]", re.DOTALL)


def load_base(model: Path, *, dtype: Any, attention: str = "sdpa") -> tuple[Any, Any]:
    """Load a model and its tokenizer.

    model:     a GGUF, whose weights are dequantized, or a folder of transformers'
    dtype:     of the weights
    attention: implementation, by transformers' name
    Raises:    InputError when it is neither, or lacks what the implementation needs
    """
    tokenizer = load_tokenizer(model)
    folder, where = _where(model)
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            dtype=dtype,
            attn_implementation=attention,
            **where,
        )
    except (ImportError, OSError, ValueError) as error:
        raise _not_loadable(model, error) from error
    if where:  # its weights are plain now, and may be saved as such
        loaded.is_quantized = False
        loaded.hf_quantizer = None
        if hasattr(loaded.config, "quantization_config"):
            del loaded.config.quantization_config
    return loaded, tokenizer


def load_tokenizer(model: Path) -> Any:
    """The tokenizer of a GGUF, or of a folder of transformers'.

    Raises: InputError when it is neither
    """
    folder, where = _where(model)
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, **where)
    except (OSError, ValueError) as error:
        raise _not_loadable(model, error) from error


def chat_template(tokenizer: Any) -> str:
    """The tokenizer's own chat template, or ChatML where it has none."""
    found = tokenizer.chat_template
    return found if isinstance(found, str) else CHATML


def encode(tokenizer: Any, template: str, messages: Sequence[Message]) -> list[int]:
    """A chat up to where the answer begins, in the tokens of persona's llama engine.

    template: Jinja source
    """
    parts = render_chat(
        template,
        messages,
        bos=tokenizer.bos_token or "",
        eos=tokenizer.eos_token or "",
    )
    tokens: list[int] = []
    for part in parts:
        if part.ours:
            tokens += tokenizer(part.text, add_special_tokens=False).input_ids
        else:
            tokens += _content(tokenizer, part.text)
    begin = tokenizer.bos_token_id
    if getattr(tokenizer, "add_bos_token", False) and tokens[:1] != [begin]:
        tokens.insert(0, begin)
    return tokens


def encode_answer(tokenizer: Any, text: str) -> list[int]:
    """A whole answer, with the token that ends it."""
    return [*_content(tokenizer, text), tokenizer.eos_token_id]


def _content(tokenizer: Any, text: str) -> list[int]:
    """A text in which nothing is a control token."""
    tokens: list[int] = []
    for piece in broken(text, _tags(tokenizer)):
        tokens += tokenizer(
            piece, add_special_tokens=False, split_special_tokens=True
        ).input_ids
    return tokens


def _tags(tokenizer: Any) -> list[str]:
    """Texts of added tokens that are not called special and would still steer."""
    return [
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if not token.special and _TAG.fullmatch(token.content)
    ]


def _where(model: Path) -> tuple[Path, dict[str, str]]:
    """Where transformers looks for a model: the folder, and the file in it."""
    if model.is_file():
        return model.parent, {"gguf_file": model.name}
    return model, {}


def _not_loadable(model: Path, error: Exception) -> InputError:
    return InputError(
        f"{model}: no model that transformers can load: {error}",
        remedy="Give a GGUF, or a folder with config.json and safetensors.",
    )
