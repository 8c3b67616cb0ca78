"""A model, and its context: what was read, what is kept of it, and what branches off.

Sequence 0 holds the prompt. Answers and questions are sequences of their own that share
its cells, and are dropped when they are done: then the next one is laid into the very
same cells, and rounds as if it had been the first.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from persona_cli.errors import ModelError
from persona_cli.llama.library import library, reason, said
from persona_cli.llama.states import State, read_state, shared, write_state
from persona_cli.llama.tuning import CPU_FLASH, Tuning
from persona_cli.llama.vocabulary import Vocabulary
from persona_cli.machine import cores

_CPU_STEP, _GPU_STEP = 256, 512  # tokens computed at a time
_GPU_PARALLEL = 16

# Prompts that are read side by side: an answer's, and its rivals'.
_SIDE_BY_SIDE = 4

_REMEDY = "Lower context_tokens, or use a smaller model."

# Where the logits of the token that was computed last are.
LAST = -1

# What adapters are laid over the model for.
WRITING, JUDGING = 0, 1

_FLASH = {"auto": -1, "off": 0, "on": 1}  # enum llama_flash_attn_type


class Memory:
    """A loaded model and its context. Not for two threads at once.

    path:    of the GGUF
    name:    of the model, for errors
    context: tokens, of all sequences together
    layers:  on the GPU; -1 is all, 0 none
    lora:    adapters, all at full strength
    judging: adapters in their place for judging; None is the same ones
    states:  file in which what lasts of a prompt is kept; None keeps it in memory
    key:     of model, adapters and build, for that file
    Raises:  ModelError when llama.cpp cannot load it
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context: int,
        layers: int,
        tuning: Tuning,
        lora: Sequence[Path] = (),
        judging: Sequence[Path] | None = None,
        states: Path | None = None,
        key: str = "",
    ) -> None:
        self.lib, self.name = library(), name
        self._states, self._key = states, key
        self._held: list[int] = []  # tokens of sequence 0
        self._laid: Sequence[Any] = ()
        self._kept: State | None = None
        self._on_disk: State | None = None
        self._stopped = False
        self._abort = self.lib.ggml_abort_callback(lambda _: self._stopped)
        self._nobody = self.lib.ggml_abort_callback()  # a null pointer
        self.model: Any = None
        self.context: Any = None
        self._batch: Any = None
        said.clear()
        try:
            self.model = self._load(path, layers)
            self.vocabulary = Vocabulary(self.lib, self.model)
            self.ubatch = tuning.ubatch or (_GPU_STEP if layers else _CPU_STEP)
            self.parallel = tuning.parallel or (_GPU_PARALLEL if layers else 1)
            self.branches = max(self.parallel, _SIDE_BY_SIDE)
            self.batch = max(tuning.batch or self.ubatch, self.ubatch)
            self.batch -= self.batch % self.ubatch
            self.context = self._open(context, tuning, on_gpu=layers != 0)
            self._batch = self.lib.llama_batch_init(self.batch, 0, 1)
            self._adapters = self._loaded([lora, lora if judging is None else judging])
            self.lay(WRITING)
        except BaseException:
            self.close()
            raise

    def lay(self, task: int) -> None:
        """Lay the adapters of a task over the model, in place of another's.

        What was read under those is forgotten: each adapter makes another of it.

        task: ``WRITING`` or ``JUDGING``
        """
        wanted = self._adapters[task]
        if wanted == self._laid:
            return
        handles = (self.lib.llama_adapter_lora_p_ctypes * len(wanted))(*wanted)
        scales = (ctypes.c_float * len(wanted))(*[1.0] * len(wanted))
        self.lib.llama_set_adapters_lora(self.context, handles, len(wanted), scales)
        self.clear()
        self._laid = wanted

    def read(self, tokens: Sequence[int], *, lasting: int = 0) -> None:
        """Let sequence 0 hold these tokens, and no other sequence anything.

        What is held or kept already is not computed again, in whole steps, so that the
        result is to the bit what reading all of it would give. The last token's logits
        are there afterwards, at -1.

        lasting: tokens at the beginning that the next prompt will have too
        Raises:  ModelError
        """
        try:
            ready = self._ready(tokens)
            self._held = list(tokens[:ready])
            self._patiently(lambda: self._decode_from(ready, tokens))
        except BaseException:
            self.clear()
            raise
        self._held = list(tokens)
        self._keep(lasting - lasting % self.ubatch)

    def branch(self, sequence: int) -> None:
        """Let a sequence go on from where sequence 0 ends, in the same cells."""
        memory = self.lib.llama_get_memory(self.context)
        self.lib.llama_memory_seq_cp(memory, 0, sequence, -1, -1)

    def drop(self, sequence: int) -> None:
        """Forget a sequence, but not what it shares."""
        memory = self.lib.llama_get_memory(self.context)
        self.lib.llama_memory_seq_rm(memory, sequence, -1, -1)

    def feed(self, pieces: Sequence[tuple[int, int, Sequence[int]]]) -> list[int]:
        """Compute tokens at the ends of some sequences, all in one batch.

        pieces:  (sequence, position of its first token, tokens); at most ``batch``
                 tokens in all, unless it is one piece alone
        Returns: for each piece where the logits of its last token are
        Raises:  ModelError
        """
        if len(pieces) == 1:
            sequence, place, tokens = pieces[0]
            for start in range(0, len(tokens) - self.batch, self.batch):
                part = tokens[start : start + self.batch]
                self._compute([(sequence, place + start, part)], wanted=False)
            rest = (len(tokens) - 1) % self.batch + 1
            end = place + len(tokens) - rest
            pieces = [(sequence, end, tokens[-rest:])]
        return self._compute(pieces)

    def follow(self, pieces: Sequence[tuple[int, int, Sequence[int]]]) -> list[int]:
        """The same as ``feed``, with logits for every token.

        pieces:  at most ``batch`` tokens in all
        Returns: for each token of each piece where its logits are
        Raises:  ModelError
        """
        self._compute(pieces, every=True)
        return list(range(sum(len(tokens) for _, _, tokens in pieces)))

    def logits(self, place: int) -> Any:
        """One row of logits: an array of float32 over llama.cpp's own memory.

        place:  as ``feed`` returned it
        Raises: ModelError when they are no numbers
        """
        import numpy as np

        found = self.lib.llama_get_logits_ith(self.context, place)
        row = np.ctypeslib.as_array(found, shape=(self.vocabulary.size,))
        if np.isnan(row).any():
            raise ModelError(
                f"{self.name}: what it computes is no number: its weights are damaged",
                remedy="Download it again, or use another model.",
            )
        return row

    def clear(self) -> None:
        """Forget every sequence."""
        self._held = []
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)

    def close(self) -> None:
        """Free everything, and put what lasts of the last prompt on disk."""
        if self._states and self._kept is not None and self._kept != self._on_disk:
            write_state(self._states, self._kept)
        self._kept = self._on_disk = None
        if self._batch is not None:
            self.lib.llama_batch_free(self._batch)
        if self.context is not None:
            self.lib.llama_free(self.context)
        if self.model is not None:
            self.lib.llama_model_free(self.model)  # and the adapters
        self.model, self.context, self._batch = None, None, None

    def _load(self, path: Path, layers: int) -> Any:
        params = self.lib.llama_model_default_params()
        params.n_gpu_layers = 0x7FFFFFFF if layers < 0 else layers
        model = self.lib.llama_model_load_from_file(os.fsencode(path), params)
        if not model:
            raise ModelError(
                f"{path}: llama.cpp cannot load it: {reason()}",
                remedy="Update llama-cpp-python, or see `persona model list`.",
            )
        return model

    def _open(self, context: int, tuning: Tuning, *, on_gpu: bool) -> Any:
        params = self.lib.llama_context_default_params()
        params.n_ctx = context
        params.n_batch, params.n_ubatch = self.batch, self.ubatch
        params.n_seq_max = 1 + self.branches
        # One buffer for all sequences, or a branch would copy what it shares.
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = tuning.threads or cores()
        flash = tuning.flash or ("auto" if on_gpu else CPU_FLASH)
        if tuning.kv_type != "f16":
            flash = "on"
        params.flash_attn_type = _FLASH[flash]
        types = {
            "f16": self.lib.GGML_TYPE_F16,
            "q8_0": self.lib.GGML_TYPE_Q8_0,
            "q4_0": self.lib.GGML_TYPE_Q4_0,
        }
        params.type_k = params.type_v = types[tuning.kv_type]
        params.no_perf = True
        opened = self.lib.llama_init_from_model(self.model, params)
        if not opened:
            raise ModelError(
                f"{self.name}: llama.cpp cannot make a context of {context} tokens:"
                f" {reason()}",
                remedy=_REMEDY,
            )
        return opened

    def _loaded(self, sets: Sequence[Sequence[Path]]) -> list[list[Any]]:
        """The adapters of each task; llama.cpp frees them with the model."""
        handles: dict[Path, Any] = {}
        for path in dict.fromkeys(path for paths in sets for path in paths):
            found = self.lib.llama_adapter_lora_init(self.model, os.fsencode(path))
            if not found:
                raise ModelError(
                    f"{path}: llama.cpp cannot apply it: {reason()}",
                    remedy="Use an adapter that was trained on this very model.",
                )
            handles[path] = found
        return [[handles[path] for path in paths] for paths in sets]

    def _ready(self, tokens: Sequence[int]) -> int:
        """See how much of a prompt need not be computed, and forget all else.

        Returns: tokens, in whole steps; at least the last one is left
        """
        ready = self._whole(self._held, tokens)
        # What lasts is kept of writing alone.
        states = (self._kept, self._from_disk()) if self._is_writing else ()
        kept = max(
            (state for state in states if state),
            key=lambda state: self._whole(state.tokens, tokens),
            default=None,
        )
        if kept is not None and self._whole(kept.tokens, tokens) > ready:
            self.clear()
            data = (ctypes.c_uint8 * len(kept.data)).from_buffer_copy(kept.data)
            if self.lib.llama_state_seq_set_data(self.context, data, len(data), 0):
                ready = self._whole(kept.tokens, tokens)
            else:
                self.clear()
                return 0
        memory = self.lib.llama_get_memory(self.context)
        for sequence in range(1, 1 + self.branches):
            self.drop(sequence)
        # A recurrent model cannot forget the end of what it read.
        if not ready or not self.lib.llama_memory_seq_rm(memory, 0, ready, -1):
            self.clear()
            return 0
        return ready

    def _whole(self, held: Sequence[int], tokens: Sequence[int]) -> int:
        same = min(shared(held, tokens), len(tokens) - 1)
        return same - same % self.ubatch

    def _decode_from(self, start: int, tokens: Sequence[int]) -> None:
        for place in range(start, len(tokens), self.batch):
            part = tokens[place : place + self.batch]
            last = place + len(part) == len(tokens)
            self._compute([(0, place, part)], wanted=last)

    def _compute(
        self,
        pieces: Sequence[tuple[int, int, Sequence[int]]],
        *,
        wanted: bool = True,
        every: bool = False,
    ) -> list[int]:
        batch, n = self._batch, 0
        ends: list[int] = []
        for sequence, place, tokens in pieces:
            for offset, token in enumerate(tokens):
                batch.token[n], batch.pos[n] = token, place + offset
                batch.n_seq_id[n], batch.seq_id[n][0] = 1, sequence
                batch.logits[n] = every
                n += 1
            batch.logits[n - 1] = wanted or every
            ends.append(n - 1)
        batch.n_tokens = n
        failed = self.lib.llama_decode(self.context, batch)
        if failed and not self._stopped:
            told = "no room is left in the context" if failed == 1 else reason()
            raise ModelError(f"{self.name}: {told}", remedy=_REMEDY)
        return ends

    def _patiently(self, work: Callable[[], None]) -> None:
        """Do what may take long, and hear Ctrl-C meanwhile.

        Python sees a signal in its main thread alone, and not while C code runs there:
        so the work goes to another thread, and llama.cpp asks between two operations
        whether it is to stop.
        """
        if threading.current_thread() is not threading.main_thread():
            work()
            return
        job = _Job(work)
        self._stopped = False
        self.lib.llama_set_abort_callback(self.context, self._abort, None)
        try:
            threading.Thread(target=job.run).start()
            job.done.wait()  # not join(): interrupted, it takes the thread for ended
        finally:
            self._stopped = True
            job.settle()
            self._stopped = False
            # Asked for each operation of each token, it would cost a tenth of the time.
            self.lib.llama_set_abort_callback(self.context, self._nobody, None)
        if job.failed is not None:
            raise job.failed

    @property
    def _is_writing(self) -> bool:
        return self._laid == self._adapters[WRITING]

    def _keep(self, length: int) -> None:
        """Copy what the model has of the first tokens, for a prompt to come."""
        tokens = tuple(self._held[:length])
        if not (length and self._is_writing) or (
            self._kept is not None and self._kept.tokens == tokens
        ):
            return
        if self._on_disk is not None and self._on_disk.tokens == tokens:
            self._kept = self._on_disk
            return
        memory = self.lib.llama_get_memory(self.context)
        self.lib.llama_memory_seq_cp(memory, 0, 1, 0, length)
        size = self.lib.llama_state_seq_get_size(self.context, 1)
        room = (ctypes.c_uint8 * size)()
        written = self.lib.llama_state_seq_get_data(self.context, room, size, 1)
        self.drop(1)
        if written:
            self._kept = State(self._key, tokens, bytes(room[:written]))

    def _from_disk(self) -> State | None:
        """What an earlier run kept; read once, when the first prompt comes."""
        if self._states is not None and self._on_disk is None and self._kept is None:
            self._on_disk = read_state(self._states, self._key)
        return self._on_disk


class _Job:
    """Work in another thread, which may be given up before it begins."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.done = threading.Event()
        self.failed: BaseException | None = None
        self._work, self._lock = work, threading.Lock()
        self._begun = self._given_up = False

    def run(self) -> None:
        """Do it, in the other thread."""
        with self._lock:
            if self._given_up:
                return
            self._begun = True
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  raised in the main thread
            self.failed = error
        finally:
            self.done.set()

    def settle(self) -> None:
        """Wait until it is over, or will never begin; whatever signals come."""
        with self._lock:
            self._given_up = True
            begun = self._begun
        while begun and not self.done.is_set():
            try:
                self.done.wait()
            except KeyboardInterrupt:  # once more: it is stopping already
                continue
