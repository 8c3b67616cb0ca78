"""Text to tokens and back, with no control token that a message brought along."""

import ctypes
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from persona_cli.chat import Part

# A token that is a tag (`<think>`, `[INST]`) steers a model even where the file does
# not mark it as control.
_TAG = re.compile(r"[<\[].+[>\]]", re.DOTALL)

_USER_DEFINED = 1 << 4  # llama_token_attr


class Vocabulary:
    """The tokens of a model.

    lib:   llama_cpp
    model: the loaded model's handle; the vocabulary lives as long as it
    """

    def __init__(self, lib: Any, model: Any) -> None:
        self._lib = lib
        self.handle = lib.llama_model_get_vocab(model)
        self.size: int = lib.llama_vocab_n_tokens(self.handle)

    @property
    def bos(self) -> str:
        """Text of the token that begins a text; empty where there is none."""
        return self._text(self._lib.llama_vocab_bos(self.handle))

    @property
    def eos(self) -> str:
        """Text of the token that ends a text; empty where there is none."""
        return self._text(self._lib.llama_vocab_eos(self.handle))

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of a text, with nothing before or after them.

        special: take the texts of control tokens for the tokens
        """
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 2  # no tokenizer makes more than one of a byte
        found = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(
            self.handle, raw, len(raw), found, room, False, special
        )
        if count < 0:
            raise AssertionError(f"{-count} tokens of {len(raw)} bytes")
        return list(found[:count])

    def prompt(self, parts: Sequence[Part]) -> list[int]:
        """The tokens of a chat: the template's with control tokens, contents without.

        Order: as given; what begins a text comes first where the model wants it
        """
        tokens: list[int] = []
        for part in parts:
            texts = [part.text] if part.ours else broken(part.text, self._tags)
            for text in texts:
                tokens += self.tokens(text, special=part.ours)
        bos = self._lib.llama_vocab_bos(self.handle)
        if self._lib.llama_vocab_get_add_bos(self.handle) and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def said(self, text: str) -> list[int]:
        """The tokens of a message's content, in which no control token can stand."""
        return [t for one in broken(text, self._tags) for t in self.tokens(one)]

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; maybe part of a character.

        special: write control tokens as text, in place of nothing
        """
        size = 64
        while True:
            room = ctypes.create_string_buffer(size)
            length = self._lib.llama_token_to_piece(
                self.handle, token, room, size, 0, special
            )
            if length >= 0:
                return room.raw[:length]
            size = -length

    def ends(self, token: int) -> bool:
        """Whether a token says that the answer is over."""
        return bool(self._lib.llama_vocab_is_eog(self.handle, token))

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        """Texts of the tokens that would steer the model from inside a message."""
        found = (
            self._text(token)
            for token in range(self.size)
            if self._lib.llama_vocab_get_attr(self.handle, token) & _USER_DEFINED
        )
        return tuple(text for text in found if _TAG.fullmatch(text))

    def _text(self, token: int) -> str:
        if token < 0:  # the vocabulary has none
            return ""
        raw: bytes = self._lib.llama_vocab_get_text(self.handle, token)
        return raw.decode("utf-8", "replace")


def broken(text: str, tags: Sequence[str]) -> list[str]:
    """Cut a text inside each tag, so that no piece holds a whole one.

    >>> broken("a <think> b", ["<think>"])
    ['a <', 'think> b']
    """
    if not tags:
        return [text]
    longest_first = sorted(tags, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, longest_first)))
    cuts = [match.start() + 1 for match in found.finditer(text)]
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges) if a < b]
