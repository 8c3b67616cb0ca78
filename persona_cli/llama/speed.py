"""How fast a model reads and writes here: by the clock, and side by side."""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from persona_cli.engine import GREEDY
from persona_cli.llama.dice import Dice
from persona_cli.llama.engine import LlamaEngine
from persona_cli.llama.tuning import Tuning

_SENTENCE = "She likes short answers, with the code first and the reasons after. "


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model reads and writes on this machine.

    prompt_tps:     tokens of prompt a second
    generation_tps: tokens of answer a second, one at a time
    """

    prompt_tps: float
    generation_tps: float


def timed(engine: LlamaEngine, *, prompt_tokens: int, answer_tokens: int) -> Speed:
    """Read a prompt and write an answer once, by the clock."""
    memory = engine.loaded()
    length = min(prompt_tokens, engine.context - answer_tokens)
    tokens = memory.vocabulary.tokens(_SENTENCE * (length // 8 + 1))[:length]
    memory.clear()
    began = time.perf_counter()
    memory.read(tokens)
    read = time.perf_counter()
    dice = Dice(memory, GREEDY, 0, None)
    memory.branch(1)
    place = -1
    for n in range(answer_tokens):
        (place,) = memory.feed([(1, length + n, [dice.draw(place)])])
    written = time.perf_counter()
    dice.close()
    memory.clear()
    return Speed(length / (read - began), answer_tokens / (written - read))


def measure(
    model: LlamaEngine | Path,
    *,
    prompt_tokens: int = 512,
    answer_tokens: int = 32,
    rounds: int = 3,
    tuning: Tuning = Tuning(),  # noqa: B008 (frozen)
) -> Speed:
    """How fast a model is here: the median of some rounds, after one to warm up."""
    length = prompt_tokens + answer_tokens
    with ExitStack() as stack:
        engine = model
        if not isinstance(engine, LlamaEngine):
            engine = LlamaEngine(engine, context=length, tuning=tuning)
            stack.callback(engine.close)
        timed(engine, prompt_tokens=64, answer_tokens=4)
        taken = [
            timed(engine, prompt_tokens=prompt_tokens, answer_tokens=answer_tokens)
            for _ in range(rounds)
        ]
    return median(taken)


def side_by_side(
    models: Mapping[str, Path],
    *,
    prompt_tokens: int = 512,
    answer_tokens: int = 32,
    rounds: int = 3,
    tunings: Mapping[str, Tuning] | None = None,
    gpu_layers: int = -1,
) -> dict[str, list[Speed]]:
    """Time models in turns, so that what else the machine does hits all alike.

    tunings: by the names of ``models``; None is the default for all
    Shape:   for each name of ``models``, ``rounds`` speeds
    Order:   by round
    """
    taken: dict[str, list[Speed]] = {name: [] for name in models}
    with ExitStack() as stack:
        engines: dict[str, LlamaEngine] = {}
        for name, path in models.items():
            engines[name] = LlamaEngine(
                path,
                context=prompt_tokens + answer_tokens,
                gpu_layers=gpu_layers,
                tuning=(tunings or {}).get(name, Tuning()),
            )
            stack.callback(engines[name].close)
            timed(engines[name], prompt_tokens=64, answer_tokens=4)
        for _ in range(rounds):
            for name, engine in engines.items():
                taken[name].append(
                    timed(
                        engine,
                        prompt_tokens=prompt_tokens,
                        answer_tokens=answer_tokens,
                    )
                )
    return taken


def median(taken: Sequence[Speed]) -> Speed:
    """The median of each figure."""
    return Speed(
        statistics.median(speed.prompt_tps for speed in taken),
        statistics.median(speed.generation_tps for speed in taken),
    )
