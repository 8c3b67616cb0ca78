"""The engine that runs a GGUF file in this process, through llama-cpp-python.

The only module that imports llama_cpp, so the only one that knows its habits: it
writes to stderr whatever it likes, its context is 512 tokens unless told otherwise,
most failures are a ValueError and a bad grammar is none (the sampler becomes a null
pointer, and the process dies when it samples), and its chat formatter lets a message
write control tokens. Source: llama_cpp/llama.py and _internals.py, 0.3.36.
"""

import codecs
import ctypes
import os
import re
import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from persona_cli import gguf
from persona_cli.chat import CHATML, ChatTemplateError, Part, render_chat
from persona_cli.engine import GREEDY, Answer, Message, OnText, Sampling
from persona_cli.errors import ModelError
from persona_cli.machine import (
    available_memory,
    cores,
    devices,
    memory_needed,
    stderr_kept,
)
from persona_cli.pieces import THINK, AnswerStream, Tags

Kind = Literal["Q8_0", "Q4_0"]

# What llama.cpp said last, for the error that follows. Everything else it says is
# dropped: a line on stderr in the middle of a progress bar helps nobody.
_said: deque[str] = deque(maxlen=50)

_BATCH = 512  # tokens decoded at a time; Ctrl-C waits for one batch

# A token that is a tag (`<think>`, `[INST]`) steers a model even where the file does
# not mark it as control.
_TAG = re.compile(r"[<\[].+[>\]]", re.DOTALL)

_SENTENCE = "She likes short answers, with the code first and the reasons after. "


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model reads and writes on this machine.

    prompt_tps:     tokens of prompt a second
    generation_tps: tokens of answer a second, one at a time
    """

    prompt_tps: float
    generation_tps: float


class LlamaEngine:
    """A GGUF chat model in this process. Not for two threads at once.

    name:          for provenance; the file's name without suffix when not given
    context:       tokens; capped to what the model was trained to read
    gpu_layers:    layers on the GPU; -1 is all, where the build can; 0 is none
    threads:       of the CPU; None is one a core
    lora:          adapters (GGUF), all applied, at full strength
    chat_template: Jinja source; None takes the model's own, or ChatML
    thinking:      opening and closing tag of a model that thinks first
    memory:        tells the bytes that are free; None where that is unknown
    Raises:        ModelError when the model or an adapter is missing, damaged, not
                   for this build, or larger than the memory
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        context: int = 8192,
        gpu_layers: int = -1,
        threads: int | None = None,
        lora: Sequence[Path] = (),
        chat_template: str | None = None,
        thinking: Tags | None = None,
        memory: Callable[[], int | None] = available_memory,
    ) -> None:
        header = gguf.check(path)
        if header.is_adapter:
            raise ModelError(
                f"{path}: is a LoRA adapter, not a model",
                remedy="Give its base model with --model.",
            )
        self._name = path.stem if name is None else name
        self._context = min(context, header.context_length or context)
        self._template = chat_template or header.chat_template or CHATML
        self._thinking = thinking
        for adapter in lora:
            _check_adapter(adapter, header)
        self._lib = _library()
        offload = gpu_layers != 0 and bool(self._lib.llama_supports_gpu_offload())
        if not offload:
            _check_memory(path, memory_needed(header, self._context), memory())
        _said.clear()
        try:
            self._llama: Any = self._lib.Llama(
                str(path),
                n_ctx=self._context,
                n_batch=_BATCH,
                n_gpu_layers=gpu_layers if offload else 0,
                n_threads=threads or cores(),
                n_threads_batch=threads or cores(),
                verbose=False,
            )
        except ValueError as error:
            raise ModelError(
                f"{path}: llama.cpp cannot load it: {_reason(error)}",
                remedy="Update llama-cpp-python, or see `persona model list`.",
            ) from error
        self._vocab = self._lib.llama_model_get_vocab(self._llama.model)
        self._apply(lora)

    @property
    def name(self) -> str:
        """For provenance."""
        return self._name

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._context

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt: exact."""
        return len(self.prompt_tokens(messages))

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt that a chat becomes.

        No content becomes a control token: the template is tokenized with them,
        the contents without.
        """
        llama = self._open()
        bos = self._lib.llama_vocab_bos(self._vocab)
        tokens: list[int] = []
        for part in self._parts(messages):
            texts = [part.text] if part.ours else broken(part.text, self._tags)
            for text in texts:
                raw = text.encode("utf-8", "replace")
                tokens += llama.tokenize(raw, add_bos=False, special=part.ours)
        if self._lib.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> Answer:
        """Answer a chat: see ``Engine.complete``."""
        llama = self._open()
        prompt = self.prompt_tokens(messages)
        room = self._context - len(prompt) - max_tokens - len(self._closing)
        if room < 0:
            raise ModelError(
                f"{self._name}: the prompt has {len(prompt)} tokens and the answer "
                f"up to {max_tokens}; the context holds {self._context}",
                remedy="Shorten the prompt, or use a model with a longer context.",
            )
        held_to = None if grammar is None else self._compile(grammar)
        # From nothing each time: a prefix kept from the last call is decoded in other
        # batches, and its rounding can turn an answer.
        llama.reset()
        self._lib.llama_memory_clear(self._lib.llama_get_memory(llama.ctx), True)
        llama.set_seed(seed % 0xFFFFFFFF)  # the one above is llama.cpp's "any seed"
        stream = AnswerStream(
            stop=stop,
            tags=self._thinking or THINK,
            thinking=self._thinking is not None,
            on_text=on_text,
            on_thought=on_thought,
        )
        thoughts: list[int] = []
        if self._thinking:
            thoughts = self._think(prompt, min(max_tokens, room), sampling, stream)
        drawn, cut = self._draw(
            prompt + thoughts,
            max_tokens,
            sampling,
            stream.feed,
            until=lambda: stream.stopped,
            grammar=held_to,
        )
        stream.finish()
        return Answer(
            stream.text,
            thoughts=stream.thoughts,
            cut=cut,
            prompt_tokens=len(prompt),
            answer_tokens=len(thoughts) + len(drawn),
        )

    def time(self, *, prompt_tokens: int = 512, answer_tokens: int = 32) -> Speed:
        """Read a prompt and write an answer once, by the clock."""
        llama = self._open()
        length = min(prompt_tokens, self._context - answer_tokens)
        text = (_SENTENCE * (length // 8 + 1)).encode()
        tokens = llama.tokenize(text, add_bos=False)[:length]
        llama.reset()
        began = time.perf_counter()
        llama.eval(tokens)
        read = time.perf_counter()
        answer = llama.generate(tokens, temp=0.0)
        for _ in range(answer_tokens):
            next(answer)
        written = time.perf_counter()
        return Speed(len(tokens) / (read - began), answer_tokens / (written - read))

    def close(self) -> None:
        """Free the model's memory."""
        if self._llama is not None:
            self._llama.close()
            self._llama = None

    def _open(self) -> Any:
        if self._llama is None:
            raise ModelError(
                f"{self._name}: the model is closed", remedy="Load it again."
            )
        return self._llama

    def _apply(self, lora: Sequence[Path]) -> None:
        """Lay the adapters over the model. It frees them with itself."""
        if not lora:
            return
        loaded = []
        for path in lora:
            found = self._lib.llama_adapter_lora_init(
                self._llama.model, os.fsencode(path)
            )
            if not found:
                raise ModelError(
                    f"{path}: llama.cpp cannot apply it: {_reason()}",
                    remedy="Use an adapter that was trained on this very model.",
                )
            loaded.append(found)
        adapters = (self._lib.llama_adapter_lora_p_ctypes * len(loaded))(*loaded)
        scales = (ctypes.c_float * len(loaded))(*[1.0] * len(loaded))
        self._lib.llama_set_adapters_lora(
            self._llama.ctx, adapters, len(loaded), scales
        )

    def _parts(self, messages: Sequence[Message]) -> list[Part]:
        try:
            parts = render_chat(
                self._template,
                messages,
                bos=self._token_text(self._lib.llama_vocab_bos(self._vocab)),
                eos=self._token_text(self._lib.llama_vocab_eos(self._vocab)),
                thinking=self._thinking is not None,
            )
        except ChatTemplateError as error:
            raise ModelError(
                f"{self._name}: {error}", remedy="Use a chat model, or another one."
            ) from error
        if self._thinking and not parts[-1].text.rstrip().endswith(self._thinking[0]):
            parts.append(Part(f"{self._thinking[0]}\n", ours=True))
        return parts

    def _think(
        self, prompt: list[int], limit: int, sampling: Sampling, stream: AnswerStream
    ) -> list[int]:
        """Let the model think, and see that it ends.

        limit:   tokens
        Returns: the thoughts as tokens, with the closing tag
        """
        drawn, _ = self._draw(
            prompt,
            limit,
            sampling,
            stream.feed,
            until=lambda: not stream.thinking,
            special=True,
        )
        if not stream.thinking:  # it closed them itself
            return [*drawn, *self._llama.tokenize(b"\n\n", add_bos=False)]
        stream.feed(self._thinking[1] if self._thinking else "")
        return [*drawn, *self._closing]

    @cached_property
    def _closing(self) -> list[int]:
        """What ends thoughts that do not end by themselves; empty without thoughts."""
        if self._thinking is None:
            return []
        text = f"\n{self._thinking[1]}\n\n"
        found: list[int] = self._open().tokenize(
            text.encode(), add_bos=False, special=True
        )
        return found

    def _draw(
        self,
        tokens: list[int],
        limit: int,
        sampling: Sampling,
        feed: Callable[[str], None],
        *,
        until: Callable[[], bool],
        grammar: Any = None,
        special: bool = False,
    ) -> tuple[list[int], bool]:
        """Draw tokens until the model ends, ``until`` says so, or ``limit`` is reached.

        special: write control tokens as text, so that a tag among them is seen
        Returns: the tokens, and whether the limit cut them
        """
        # A character may be spread over several tokens.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        drawn: list[int] = []
        cut = False
        try:
            for token in self._llama.generate(
                tokens,
                temp=sampling.temperature,
                top_p=sampling.top_p,
                top_k=sampling.top_k,
                min_p=sampling.min_p,
                repeat_penalty=sampling.repeat_penalty,
                grammar=grammar,
            ):
                if self._lib.llama_vocab_is_eog(self._vocab, token):
                    break
                if len(drawn) == limit:
                    cut = True
                    break
                drawn.append(int(token))
                feed(decoder.decode(self._piece(token, special=special)))
                if until():
                    break
        except RuntimeError as error:
            raise ModelError(
                f"{self._name}: {_reason(error)}",
                remedy="Lower --context, or use a smaller model.",
            ) from error
        feed(decoder.decode(b"", final=True))
        return drawn, cut

    def _compile(self, grammar: str) -> Any:
        """A grammar that is known to compile.

        llama_cpp's own from_string only stores the text.
        """
        _said.clear()
        with stderr_kept() as said:
            sampler = self._lib.llama_sampler_init_grammar(
                self._vocab, grammar.encode(), b"root"
            )
        # An empty grammar compiles, and then holds nothing.
        if not sampler or not grammar.strip():
            told = [line for line in [*said(), *_said] if line.strip()]
            fault = told[0] if told else "it is empty"
            raise ModelError(
                f"{self._name}: the grammar does not compile: {_bare(fault)}",
                remedy="Check it against llama.cpp's grammars/README.md.",
            )
        self._lib.llama_sampler_free(sampler)
        return self._lib.LlamaGrammar.from_string(grammar, verbose=False)

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        """Texts of the tokens that would steer the model from inside a message."""
        attr_of, marked = self._lib.llama_vocab_get_attr, 1 << 4  # user defined
        found = (
            self._token_text(token)
            for token in range(self._lib.llama_vocab_n_tokens(self._vocab))
            if attr_of(self._vocab, token) & marked
        )
        return tuple(text for text in found if _TAG.fullmatch(text))

    def _token_text(self, token: int) -> str:
        if token < 0:  # the vocabulary has none
            return ""
        raw: bytes = self._lib.llama_vocab_get_text(self._vocab, token)
        return raw.decode("utf-8", "replace")

    def _piece(self, token: int, *, special: bool) -> bytes:
        size = 64
        while True:
            room = ctypes.create_string_buffer(size)
            length = self._lib.llama_token_to_piece(
                self._vocab, token, room, size, 0, special
            )
            if length >= 0:
                return room.raw[:length]
            size = -length


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


def measure(
    model: LlamaEngine | Path,
    *,
    prompt_tokens: int = 512,
    answer_tokens: int = 32,
    rounds: int = 3,
) -> Speed:
    """How fast a model is here: the median of some rounds, after one to warm up."""
    with ExitStack() as stack:
        engine = model
        if not isinstance(engine, LlamaEngine):
            engine = LlamaEngine(engine, context=prompt_tokens + answer_tokens)
            stack.callback(engine.close)
        engine.time(prompt_tokens=64, answer_tokens=4)
        taken = [
            engine.time(prompt_tokens=prompt_tokens, answer_tokens=answer_tokens)
            for _ in range(rounds)
        ]
    return Speed(
        statistics.median(speed.prompt_tps for speed in taken),
        statistics.median(speed.generation_tps for speed in taken),
    )


def side_by_side(
    models: Mapping[str, Path],
    *,
    prompt_tokens: int = 512,
    answer_tokens: int = 32,
    rounds: int = 3,
) -> dict[str, list[Speed]]:
    """Time models in turns, so that what else the machine does hits all alike.

    Shape: for each name of ``models``, ``rounds`` speeds
    Order: by round
    """
    taken: dict[str, list[Speed]] = {name: [] for name in models}
    with ExitStack() as stack:
        engines: dict[str, LlamaEngine] = {}
        for name, path in models.items():
            engines[name] = LlamaEngine(path, context=prompt_tokens + answer_tokens)
            stack.callback(engines[name].close)
            engines[name].time(prompt_tokens=64, answer_tokens=4)
        for _ in range(rounds):
            for name, engine in engines.items():
                speed = engine.time(
                    prompt_tokens=prompt_tokens, answer_tokens=answer_tokens
                )
                taken[name].append(speed)
    return taken


def quantize(source: Path, target: Path, kind: Kind) -> None:
    """Write ``source`` anew in another quantization.

    Token embeddings go to Q8_0 whatever the kind: in a model of this size they are
    also the output layer, and four bits there cost more than they save.

    Raises: ModelError when llama.cpp cannot
    """
    lib = _library()
    params = lib.llama_model_quantize_default_params()
    params.ftype = {"Q4_0": 2, "Q8_0": 7}[kind]
    params.token_embedding_type = lib.GGML_TYPE_Q8_0
    params.output_tensor_type = lib.GGML_TYPE_Q8_0
    params.allow_requantize = True  # the source is quantized already
    params.nthread = cores()
    _said.clear()
    if lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), params):
        raise ModelError(
            f"{source}: cannot be repacked to {kind}: {_reason()}",
            remedy="Check that there is room on the disk, and that the file is whole.",
        )


def facts() -> dict[str, Any]:
    """What ``persona doctor`` tells about the build of llama.cpp.

    Shape: version; features, of the CPU, by name; gpu, whether it can offload;
           devices, each with name, description, kind, and bytes free and in all
    """
    lib = _library()
    said = lib.llama_print_system_info().decode("utf-8", "replace")
    features = re.findall(r"(\w+) = (\S+)", said)
    return {
        "version": str(lib.__version__),
        "features": [name for name, value in features if value != "0"],
        "gpu": bool(lib.llama_supports_gpu_offload()),
        "devices": devices(getattr(lib.llama_cpp, "_lib", None)),
        "threads": cores(),
    }


@cache
def _library() -> Any:
    """llama_cpp, told to be quiet.

    Imported here, not above: ``persona --help`` must not load it.
    """
    import llama_cpp

    llama_cpp.llama_log_set(_log_callback(llama_cpp), ctypes.c_void_p(0))
    return llama_cpp


@cache
def _log_callback(lib: Any) -> Any:
    """Keeps what llama.cpp says. Cached, because C holds no reference to it."""

    def keep(level: int, text: bytes, _: object) -> None:
        if level in (3, 4):  # warnings and errors
            _said.append(text.decode("utf-8", "replace").strip())

    return lib.llama_log_callback(keep)


def _reason(error: Exception | None = None) -> str:
    """The last complaint of llama.cpp, without the function that made it."""
    told = [line for line in _said if "error" in line or "fail" in line]
    if told:
        return _bare(told[0])
    return str(error) if error else "it gives no reason"


def _bare(line: str) -> str:
    return re.sub(r"^(\w+: )?(error (loading model|parsing grammar): )?", "", line)


def _check_adapter(path: Path, base: gguf.Header) -> None:
    header = gguf.check(path)
    if not header.is_adapter:
        raise ModelError(
            f"{path}: is a model, not a LoRA adapter",
            remedy="Give the model with --model, and its adapters apart.",
        )
    if header.architecture != base.architecture:
        raise ModelError(
            f"{path}: is an adapter for {header.architecture}, "
            f"and the model is {base.architecture}",
            remedy="Use the adapter that was trained on this very model.",
        )


def _check_memory(path: Path, needed: int, free: int | None) -> None:
    if free is not None and needed > free:
        raise ModelError(
            f"{path}: needs about {needed / 1e9:.1f} GB of memory, "
            f"{free / 1e9:.1f} GB is available",
            remedy="Use a smaller model or quantization: see `persona model list`.",
        )
