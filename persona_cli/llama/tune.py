"""Which way of running a model is fastest here: measured, one question at a time."""

import math
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from persona_cli.errors import ModelError
from persona_cli.llama.speed import Speed, side_by_side
from persona_cli.llama.tuning import Tuning, described
from persona_cli.machine import cores

# Of the time for a prompt and an answer; a smaller gain is the noise of the machine.
WORTH_IT = 1.05

# A cache of eight bits answers otherwise, by a little; it has to be worth that.
CACHE_WORTH_IT = 1.15

Compare = Callable[[Mapping[str, Tuning]], Mapping[str, Sequence[Speed]]]


def tune(
    path: Path,
    *,
    gpu_layers: int = -1,
    rounds: int = 3,
    tell: Callable[[str], None] = lambda _: None,
    compare: Compare | None = None,
) -> Tuning:
    """The settings that are faster than the defaults, beyond noise.

    Each challenger is timed in turns with the best so far, so that what else the
    machine does hits both alike; it wins by the median of the ratios.

    tell:    told of each comparison
    compare: times two tunings, named ``best`` and ``other``; tests pass their own
    Raises:  ModelError when the model cannot be loaded as it is
    """

    def timed(tunings: Mapping[str, Tuning]) -> Mapping[str, Sequence[Speed]]:
        return side_by_side(
            dict.fromkeys(tunings, path),
            prompt_tokens=1024,
            answer_tokens=24,
            rounds=rounds,
            tunings=tunings,
            gpu_layers=gpu_layers,
        )

    best = Tuning()
    for name, challenge in challengers(cores(), os.cpu_count() or 1):
        other = challenge(best)
        if other == best:
            continue
        try:
            taken = (compare or timed)({"best": best, "other": other})
        except ModelError as error:  # two at once may not fit where one does
            tell(f"{name}: not measured: {error}")
            continue
        gain = ratio(taken["other"], taken["best"])
        needed = CACHE_WORTH_IT if other.kv_type != best.kv_type else WORTH_IT
        tell(f"{name}: {gain:.2f}x as fast as {described(best)}")
        if gain >= needed:
            best = other
    return best


def challengers(
    physical: int, logical: int
) -> Iterator[tuple[str, Callable[[Tuning], Tuning]]]:
    """What is tried, in turn; each changes one thing of the best so far."""
    for threads in dict.fromkeys((logical, max(1, physical // 2))):
        if threads != physical:
            yield f"{threads} threads", _with(threads=threads)
    for step in (128, 512, 1024):
        yield f"steps of {step} tokens", _with(ubatch=step)
    yield "flash attention on", _with(flash="on")
    yield "a cache of 8 bits", _with(kv_type="q8_0")


def ratio(new: Sequence[Speed], old: Sequence[Speed]) -> float:
    """How many times as fast, by the median over rounds.

    Reading and writing count alike: the geometric mean of the two gains.
    """
    return statistics.median(
        math.sqrt(
            (one.prompt_tps / two.prompt_tps)
            * (one.generation_tps / two.generation_tps)
        )
        for one, two in zip(new, old, strict=True)
    )


def _with(**changes: object) -> Callable[[Tuning], Tuning]:
    return lambda tuning: replace(tuning, **changes)  # type: ignore[arg-type]
