"""A GGUF chat model in this process, as an ``Engine``."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from persona_cli import gguf
from persona_cli.chat import CHATML, ChatTemplateError, Part, render_chat
from persona_cli.engine import (
    GREEDY,
    LETTERS,
    Answer,
    Choice,
    Message,
    OnText,
    Sampling,
)
from persona_cli.errors import ModelError
from persona_cli.llama.choose import chosen
from persona_cli.llama.contrast import contrasted
from persona_cli.llama.dice import Dice
from persona_cli.llama.library import build, library
from persona_cli.llama.memory import JUDGING, LAST, WRITING, Memory
from persona_cli.llama.states import shared
from persona_cli.llama.tuning import Tuning
from persona_cli.llama.weigh import weigh
from persona_cli.llama.writer import Limits, Writer, closing
from persona_cli.machine import available_memory, memory_needed
from persona_cli.pieces import THINK, AnswerStream, Tags


class LlamaEngine:
    """A GGUF chat model in this process. Not for two threads at once.

    name:          for provenance; the file's name without suffix when not given
    context:       tokens; capped to what the model was trained to read
    gpu_layers:    layers on the GPU; -1 is all, where the build can; 0 is none
    tuning:        how llama.cpp is set
    lora:          adapters (GGUF), all applied, at full strength
    judging:       adapters in their place for ``choose`` and ``weigh``; None is the
                   same ones
    chat_template: Jinja source; None takes the model's own, or ChatML
    thinking:      opening and closing tag of a model that thinks first
    memory:        tells the bytes that are free; None where that is unknown
    states:        file that keeps what lasts of the last prompt; None keeps none
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
        tuning: Tuning = Tuning(),  # noqa: B008 (frozen)
        lora: Sequence[Path] = (),
        judging: Sequence[Path] | None = None,
        chat_template: str | None = None,
        thinking: Tags | None = None,
        memory: Callable[[], int | None] = available_memory,
        states: Path | None = None,
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
        adapters = [*lora, *(judging or ())]
        for adapter in adapters:
            _check_adapter(adapter, header)
        lib = library()
        self.offloads = gpu_layers != 0 and bool(lib.llama_supports_gpu_offload())
        if not self.offloads:
            _check_memory(path, memory_needed(header, self._context), memory())
        layers = gpu_layers if self.offloads else 0
        said = (str(lib.__version__), build(lib), layers, replace(tuning, threads=None))
        # By content: adapters of one rank have one size, and an installer may give
        # them all one date.
        over = [
            None if paths is None else [_content(one) for one in paths]
            for paths in (lora, judging)
        ]
        self._identity = _digest([path], said, self._template, over)
        self._memory: Memory | None = Memory(
            path,
            name=self._name,
            context=self._context,
            layers=layers,
            tuning=tuning,
            lora=lora,
            judging=judging,
            states=states,
            key=self._identity,
        )

    @property
    def name(self) -> str:
        """For provenance."""
        return self._name

    @property
    def identity(self) -> str:
        """Of model file, adapters, build and tuning: 16 hex digits."""
        return self._identity

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._context

    @property
    def template(self) -> str:
        """Jinja source of the chat template."""
        return self._template

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt: exact."""
        return len(self.prompt_tokens(messages))

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt that a chat becomes.

        No content becomes a control token: the template is tokenized with them,
        the contents without.
        """
        return self._tokens(messages, thinking=self._thinking is not None)

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
        (answer,) = self.draft(
            messages,
            1,
            max_tokens=max_tokens,
            sampling=sampling,
            seed=seed,
            grammar=grammar,
            stop=stop,
            on_text=on_text,
            on_thought=on_thought,
        )
        return answer

    def draft(
        self,
        messages: Sequence[Message],
        n: int,
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> list[Answer]:
        """Answer a chat ``n`` times: see ``Engine.draft``."""
        memory = self._open()
        memory.lay(WRITING)
        prompt = self.prompt_tokens(messages)
        limits = self._limits(len(prompt), max_tokens)
        thinks = self._thinking is not None
        writers: list[Writer] = []
        try:
            for k in range(n):
                stream = AnswerStream(
                    stop=stop,
                    tags=self._thinking or THINK,
                    thinking=thinks,
                    on_text=on_text,
                    on_thought=on_thought,
                )
                hand = Dice(memory, sampling, seed + k, grammar)
                mind = Dice(memory, sampling, seed + k, None) if thinks else None
                writers.append(
                    Writer(
                        memory.vocabulary,
                        stream,
                        limits,
                        hand=hand,
                        mind=mind,
                        tags=self._thinking,
                    )
                )
            memory.read(prompt, lasting=self._lasting(messages, prompt))
            memory.logits(LAST)  # are they numbers?
            _write(memory, writers, len(prompt), self._together(len(prompt), limits))
            return [writer.answer(len(prompt)) for writer in writers]
        finally:
            for writer in writers:
                writer.close()

    def contrast(
        self,
        messages: Sequence[Message],
        rivals: Sequence[tuple[Sequence[Message], float]],
        *,
        max_tokens: int,
        grammar: str | None = None,
        opening: int = 0,
        until: str = "",
    ) -> Answer:
        """Say what sets a chat apart from others: see ``Contrasts.contrast``."""
        memory = self._open()
        memory.lay(WRITING)
        prompts = [
            self._tokens(chat, thinking=False)
            for chat in (messages, *(chat for chat, _ in rivals))
        ]
        size = sum(map(len, prompts)) + len(prompts) * max_tokens
        if size > self._context:
            raise ModelError(
                f"{self._name}: {len(prompts)} chats take {size} tokens side by side,"
                f" answer included; the context holds {self._context}",
                remedy="Take a longer context.",
            )
        if len(prompts) > memory.branches:
            raise ModelError(
                f"{self._name}: {len(prompts)} chats side by side; there is room for"
                f" {memory.branches}",
                remedy="Contrast with fewer.",
            )
        weights = [weight for _, weight in rivals]
        return contrasted(
            memory,
            prompts,
            weights,
            max_tokens=max_tokens,
            grammar=grammar,
            opening=opening,
            until=until,
        )

    def choose(
        self,
        prefix: Sequence[Message],
        questions: Sequence[str],
        *,
        answers: tuple[str, str] = LETTERS,
    ) -> list[Choice]:
        """How probable two answers are: see ``Engine.choose``."""
        memory = self._open()
        memory.lay(JUDGING)
        wanted = [self._one_token(answer) for answer in answers]
        prompts = [self._asked(prefix, question) for question in questions]
        if not prompts:
            return []
        longest = max(map(len, prompts))
        if longest > self._context:
            raise ModelError(
                f"{self._name}: a question has {longest} tokens with its profile; the"
                f" context holds {self._context}",
                remedy="Apply a budget to the profile, or take a longer context.",
            )
        # By two questions that nobody asks, so that what is read first does not depend
        # on which questions come together.
        probes = [self._asked(prefix, probe) for probe in ("A", "1")]
        common = min(shared(probes[0], p) for p in (probes[1], *prompts))
        memory.read(probes[0][:common]) if common else memory.clear()
        return chosen(memory, prompts, common, wanted, context=self._context)

    def weigh(self, messages: Sequence[Message], texts: Sequence[str]) -> list[float]:
        """How probable whole answers are: see ``Weighs.weigh``."""
        memory = self._open()
        memory.lay(JUDGING)
        prompt = self._tokens(messages, thinking=False)
        end = self._end_of_turn()
        answers = [[*memory.vocabulary.said(text), end] for text in texts]
        longest = len(prompt) + max(map(len, answers), default=0)
        if longest > self._context:
            raise ModelError(
                f"{self._name}: a prompt and its answer have {longest} tokens; the"
                f" context holds {self._context}",
                remedy="Take a longer context.",
            )
        return weigh(memory, prompt, answers)

    def close(self) -> None:
        """Free the model's memory."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def loaded(self) -> Memory:
        """What the engine computes with, for whoever times or tests it.

        Raises: ModelError when the engine is closed
        """
        return self._open()

    def _open(self) -> Memory:
        if self._memory is None:
            raise ModelError(
                f"{self._name}: the model is closed", remedy="Load it again."
            )
        return self._memory

    def _limits(self, prompt: int, max_tokens: int) -> Limits:
        """What prompt and answer may take.

        Raises: ModelError when they do not fit
        """
        room = self._context - prompt - max_tokens
        if self._thinking is not None:
            room -= len(closing(self._open().vocabulary, self._thinking))
        if room < 0:
            raise ModelError(
                f"{self._name}: the prompt has {prompt} tokens and the answer "
                f"up to {max_tokens}; the context holds {self._context}",
                remedy="Shorten the prompt, or use a model with a longer context.",
            )
        thoughts = min(max_tokens, room) if self._thinking is not None else None
        return Limits(max_tokens, thoughts)

    def _together(self, prompt: int, limits: Limits) -> int:
        """How many answers can be written at a time."""
        memory = self._open()
        each = limits.answer + (limits.thoughts or 0)
        each += len(closing(memory.vocabulary, self._thinking))
        fitting = (self._context - prompt) // max(each, 1)
        return max(1, min(memory.parallel, memory.batch, fitting))

    def _tokens(self, messages: Sequence[Message], *, thinking: bool) -> list[int]:
        vocabulary = self._open().vocabulary
        try:
            parts = render_chat(
                self._template,
                messages,
                bos=vocabulary.bos,
                eos=vocabulary.eos,
                thinking=thinking,
            )
        except ChatTemplateError as error:
            raise ModelError(
                f"{self._name}: {error}", remedy="Use a chat model, or another one."
            ) from error
        if self._thinking is None:
            return vocabulary.prompt(parts)
        opening, ending = self._thinking
        tail = parts[-1].text.rstrip()
        if thinking and not tail.endswith(opening):
            parts.append(Part(f"{opening}\n", ours=True))
        if not thinking and not tail.endswith(ending):
            # Thoughts that are over before they began: the answer comes at once.
            begun = "" if tail.endswith(opening) else opening
            parts.append(Part(f"{begun}\n\n{ending}\n\n", ours=True))
        return vocabulary.prompt(parts)

    def _end_of_turn(self) -> int:
        """What the chat template writes behind an answer.

        Not what the vocabulary calls the end of a turn: for some models that is
        another token, which no answer ever ended with.
        """
        vocabulary = self._open().vocabulary
        turns = [Message("user", "A"), Message("assistant", "B"), Message("user", "C")]
        parts = render_chat(
            self._template, turns, bos=vocabulary.bos, eos=vocabulary.eos
        )
        place = max(n for n, part in enumerate(parts) if part.text == "B")
        behind = vocabulary.tokens(parts[place + 1].text.lstrip(), special=True)
        return behind[0]

    def _lasting(self, messages: Sequence[Message], prompt: Sequence[int]) -> int:
        """Tokens of a prompt that the next one will begin with too."""
        place = next((n for n, m in enumerate(messages) if m.lasting), None)
        if place is None:
            return 0
        found = messages[place]
        begun = replace(found, content=found.content[: found.lasting])
        return shared(self.prompt_tokens([*messages[:place], begun]), prompt)

    def _asked(self, prefix: Sequence[Message], question: str) -> list[int]:
        return self._tokens([*prefix, Message("user", question)], thinking=False)

    def _one_token(self, answer: str) -> int:
        tokens = self._open().vocabulary.tokens(answer)
        if len(tokens) != 1:
            raise ModelError(
                f"{self._name}: has no token for {answer!r}",
                remedy="Use another model to judge.",
            )
        return tokens[0]


def _write(
    memory: Memory, writers: Sequence[Writer], begun: int, together: int
) -> None:
    """Let writers write on from the prompt that was read, some at a time.

    begun: tokens of the prompt
    """
    # All of them now: the prompt's logits are gone after the next token.
    firsts = [writer.next(LAST) for writer in writers]
    for start in range(0, len(writers), together):
        group = range(start, min(start + together, len(writers)))
        # sequence -> its writer, where it ends, and what comes next
        live = {
            1 + place - start: (writers[place], begun, firsts[place])
            for place in group
            if firsts[place]
        }
        used = list(live)
        try:
            for sequence in used:
                memory.branch(sequence)
            while live:
                spots = memory.feed([(s, end, t) for s, (_, end, t) in live.items()])
                live = {
                    sequence: (writer, end + len(tokens), writer.next(spot))
                    for (sequence, (writer, end, tokens)), spot in zip(
                        live.items(), spots, strict=True
                    )
                }
                live = {s: one for s, one in live.items() if one[2]}
        finally:
            for sequence in used:
                memory.drop(sequence)


def _digest(files: Sequence[Path], *said: object) -> str:
    """A name for what an engine is made of; files by name, size and time alone.

    Reading gigabytes for a hash would take longer than the hash saves.
    """
    marks = [(p.name, s.st_size, s.st_mtime_ns) for p in files for s in [p.stat()]]
    return hashlib.sha256(repr((marks, said)).encode()).hexdigest()[:16]


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
