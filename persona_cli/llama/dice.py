"""How the next token of one answer is drawn: llama.cpp's own sampler chain.

A grammar is asked whether it allows the token that was drawn, and only when it does
not, which of all tokens it allows: the first costs nothing, the second goes through the
whole vocabulary. Source: llama.cpp, common/sampling.cpp.
"""

import ctypes
import math
from collections.abc import Callable
from typing import Any

from persona_cli.engine import Sampling
from persona_cli.errors import ModelError
from persona_cli.llama.library import bare, said
from persona_cli.llama.memory import Memory
from persona_cli.machine import stderr_kept

_PENALIZED = 64  # tokens back that a repeat penalty looks

_ANY_SEED = 0xFFFFFFFF  # llama.cpp's "choose one yourself"


class Dice:
    """The sampler of one answer.

    seed:    same seed, same logits: same tokens
    grammar: GBNF that the tokens are held to
    logits:  what is drawn from, in place of what the memory has at a place
    Raises:  ModelError when the grammar does not compile
    """

    def __init__(
        self,
        memory: Memory,
        sampling: Sampling,
        seed: int,
        grammar: str | None,
        *,
        logits: Callable[[int], Any] | None = None,
    ) -> None:
        self._memory, self._lib = memory, memory.lib
        self._logits = logits
        self._grammar = None if grammar is None else self._compile(grammar)
        self._chain = self._build(sampling, seed)

    def draw(self, place: int) -> int:
        """The next token.

        place:  of the logits it is drawn from
        Raises: ModelError when the grammar allows none
        """
        if self._grammar is None and self._logits is None:
            token = self._lib.llama_sampler_sample(
                self._chain, self._memory.context, place
            )
            return int(token)
        token = self._pick(place, self._chain)
        if self._grammar is None:
            self._lib.llama_sampler_accept(self._chain, token)
            return token
        if not self._allows(token):
            token = self._pick(place, self._grammar, self._chain)
        # An unseen dead end would end the process: accept() throws through C.
        if not self._allows(token):
            raise ModelError(
                f"{self._memory.name}: the grammar allows no token here",
                remedy="Check that it can be fulfilled with the model's tokens.",
            )
        self._lib.llama_sampler_accept(self._grammar, token)
        self._lib.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        """Free the samplers."""
        for sampler in (self._chain, self._grammar):
            if sampler is not None:
                self._lib.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _build(self, sampling: Sampling, seed: int) -> Any:
        lib = self._lib
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        steps = []
        if sampling.repeat_penalty != 1.0:
            steps.append(
                lib.llama_sampler_init_penalties(
                    _PENALIZED, sampling.repeat_penalty, 0.0, 0.0
                )
            )
        if sampling.temperature == 0:
            steps.append(lib.llama_sampler_init_greedy())
        else:
            if sampling.top_k > 0:
                steps.append(lib.llama_sampler_init_top_k(sampling.top_k))
            if sampling.top_p < 1:
                steps.append(lib.llama_sampler_init_top_p(sampling.top_p, 1))
            if sampling.min_p > 0:
                steps.append(lib.llama_sampler_init_min_p(sampling.min_p, 1))
            steps.append(lib.llama_sampler_init_temp(sampling.temperature))
            steps.append(lib.llama_sampler_init_dist(seed % _ANY_SEED))
        for step in steps:
            lib.llama_sampler_chain_add(chain, step)
        return chain

    def _compile(self, grammar: str) -> Any:
        said.clear()
        handle = self._memory.vocabulary.handle
        with stderr_kept() as written:
            found = self._lib.llama_sampler_init_grammar(
                handle, grammar.encode(), b"root"
            )
        # An empty grammar compiles, and then holds nothing.
        if not found or not grammar.strip():
            told = [line for line in [*written(), *said] if line.strip()]
            fault = told[0] if told else "it is empty"
            if found:
                self._lib.llama_sampler_free(found)
            raise ModelError(
                f"{self._memory.name}: the grammar does not compile: {bare(fault)}",
                remedy="Check it against llama.cpp's grammars/README.md.",
            )
        return found

    def _pick(self, place: int, *samplers: Any) -> int:
        import numpy as np

        logits = (self._logits or self._memory.logits)(place)
        kind = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        rows = np.empty(len(logits), kind)
        rows["id"], rows["logit"], rows["p"] = np.arange(len(logits)), logits, 0
        array = self._array(rows.ctypes.data, len(rows))
        for sampler in samplers:
            self._lib.llama_sampler_apply(sampler, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _allows(self, token: int) -> bool:
        one = self._lib.llama_token_data(token, 1.0, 0.0)
        array = self._array(ctypes.addressof(one), 1)
        self._lib.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return not math.isinf(one.logit)

    def _array(self, address: int, length: int) -> Any:
        data = ctypes.cast(address, self._lib.llama_token_data_p)
        return self._lib.llama_token_data_array(data, length, -1, False)
