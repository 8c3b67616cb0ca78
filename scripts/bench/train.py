"""How fast persona trains, beside a bare PyTorch loop over the same batches.

    python scripts/bench/train.py [--model FILE|FOLDER] [--rounds 3] [--steps 4]
        [--row 512] [--rank 16] [--peak-tflops 989] [--rollouts 8] [--json]

Both sides learn from the same packed rows, in the same precision, with AdamW, a clipped
gradient and the same mask; the bare loop is what one would write by hand: the model's
own loss, ``backward``, ``step``. (It computes logits where nothing is learned, too; an
example is 80 tokens, of which 12 are learned, as those of form ``each`` are.) They take
turns, round by round and each with a model of its own, and a step is timed from the end
of the one before it, so that neither is charged for its setting up. Printed is each
side's tokens a second, and the ratio of the two with a 95 % interval over the rounds
(Student's t of its logarithm).

With --peak-tflops also how much of a card's peak that is (MFU), by 6 operations a
weight and token, or 4 where the base is frozen: no gradient of its weights is computed.
With --rollouts also how many answers of 64 tokens are drawn in a second.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import PrinterCallback, TrainerCallback
from transformers.utils import logging

from persona_cli.tiny import embedded_model
from persona_cli.training.base import load_base
from persona_cli.training.packing import IGNORED
from persona_cli.training.sft import (
    Method,
    Trainer,
    bf16,
    config_of,
    trained_part,
    weights_dtype,
)

# Of an example that is learned: its completion. So long are those of form ``each``.
ANSWER = 12
EXAMPLE = 80

# Two-sided 95 % points of Student's t, by degrees of freedom.
_T95 = (math.inf, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="the embedded one without it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4, help="timed, of a round")
    parser.add_argument("--row", type=int, default=512, help="tokens of a row")
    parser.add_argument("--rank", type=int, default=16, help="0 trains all weights")
    parser.add_argument("--peak-tflops", type=float, help="of the card, in bf16")
    parser.add_argument("--rollouts", type=int, help="drawn at once")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()
    found = measured(options)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        shown = f"{value:,.3f}" if isinstance(value, float) else value
        print(f"{name:<24} {shown}")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one comparison."""
    model = options.model or embedded_model()
    method = method_of(options)
    steps = options.steps + 1  # the first of a round is not timed
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(model, method, Path(folder))
        bare = Bare(model, method)
        rows = made_rows(bare.model.config.vocab_size, options.row, steps)
        speeds: dict[str, list[float]] = {"persona": [], "bare": []}
        for number in range(options.rounds + 1):
            for name, side in (("persona", ours), ("bare", bare)):
                seconds = side(rows)
                if number:  # the first round warms caches
                    speeds[name].append(options.row * options.steps / seconds)
                    said = f"round {number}: {name} {speeds[name][-1]:,.0f} tokens/s"
                    print(said, file=sys.stderr, flush=True)
    ratios = [a / b for a, b in zip(*speeds.values(), strict=True)]
    ratio, low, high = interval(ratios)
    weights = bare.model.num_parameters()
    found: dict[str, Any] = {
        "device": device_name(),
        "precision": "bf16" if bf16(method) else "fp32",
        "weights": weights,
        "rank": options.rank,
        "row": options.row,
        "rounds": options.rounds,
        "steps": options.steps,
        "persona_tokens_per_s": statistics.mean(speeds["persona"]),
        "bare_tokens_per_s": statistics.mean(speeds["bare"]),
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
    }
    if options.peak_tflops:
        operations = (4 if options.rank else 6) * weights
        done = operations * found["persona_tokens_per_s"]
        found["mfu"] = done / (options.peak_tflops * 1e12)
    if options.rollouts:
        found["rollouts_per_s"] = rollouts(bare.model, options.rollouts)
    return found


def method_of(options: argparse.Namespace) -> Method:
    """How both sides learn."""
    return Method(
        form="each",
        users=None,
        val_users=0,
        epochs=1,
        steps=options.steps + 1,
        batch_tokens=options.row,
        accumulate=1,
        rank=options.rank or None,
        alpha=2 * (options.rank or 1),
        dropout=0.0,
        learning_rate=1e-4,
        warmup=0.0,
        decay=0.0,
        clip=1.0,
        precision="auto",
        attention="sdpa",
        recompute=False,
        log=options.steps + 1,
        checkpoint=1 << 30,
    )


def made_rows(vocabulary: int, length: int, number: int) -> Dataset:
    """Examples that fill rows to the last token; what they say costs nothing."""
    dice = torch.Generator().manual_seed(0)
    ids, labels = [], []
    for _ in range(number):
        for start in range(0, length, EXAMPLE):
            size = min(EXAMPLE, length - start)
            drawn = torch.randint(3, vocabulary, (size,), generator=dice).tolist()
            hidden = max(0, size - ANSWER)
            ids.append(drawn)
            labels.append([IGNORED] * hidden + drawn[hidden:])
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


class Ours:
    """The trainer of ``persona train sft``."""

    def __init__(self, model: Path, method: Method, folder: Path) -> None:
        base, self._tokenizer = load_base(model, dtype=weights_dtype(method))
        self._model = trained_part(base, method, None)
        self._config = config_of(method, folder, seed=0, measures=False)
        self._config.save_strategy = "no"

    def __call__(self, rows: Dataset) -> float:
        """Seconds of all steps but the first."""
        clock = Clock()
        trainer = Trainer(
            model=self._model,
            args=self._config,
            train_dataset=rows,
            processing_class=self._tokenizer,
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return clock.ends[-1] - clock.ends[0]


class Bare:
    """What one would write by hand."""

    def __init__(self, model: Path, method: Method) -> None:
        base, _ = load_base(model, dtype=weights_dtype(method))
        self._method = method
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = trained_part(base, method, None).to(self._device).train()

    def __call__(self, rows: Dataset) -> float:
        """Seconds of all steps but the first."""
        learned = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=self._method.learning_rate)
        ends = []
        for batch in batches(rows, self._method.batch_tokens):
            batch = {k: v.to(self._device) for k, v in batch.items()}
            with torch.autocast(
                self._device, dtype=torch.bfloat16, enabled=bf16(self._method)
            ):
                loss = self.model(**batch, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, self._method.clip)
            optimizer.step()
            optimizer.zero_grad()
            wait()
            ends.append(time.perf_counter())
        return ends[-1] - ends[0]


def batches(rows: Dataset, length: int) -> Iterator[dict[str, torch.Tensor]]:
    """The same rows as the trainer packs, as tensors."""
    ids: list[int] = []
    labels: list[int] = []
    places: list[int] = []
    for row in rows:
        ids += row["input_ids"]
        labels += [IGNORED, *row["labels"][1:]]
        places += range(len(row["input_ids"]))
        if len(ids) == length:
            parts = {"input_ids": ids, "labels": labels, "position_ids": places}
            yield {name: torch.tensor([part]) for name, part in parts.items()}
            ids, labels, places = [], [], []


class Clock(TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Note it."""
        wait()
        self.ends.append(time.perf_counter())


def rollouts(model: Any, number: int, *, tokens: int = 64) -> float:
    """Answers a second, drawn together after prompts of 64 tokens."""
    prompts = torch.randint(3, model.config.vocab_size, (number, 64)).to(model.device)
    model.eval()

    def draw() -> None:
        with torch.no_grad():
            model.generate(
                input_ids=prompts,
                attention_mask=torch.ones_like(prompts),
                do_sample=True,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
            )

    return number / seconds(draw)


def seconds(work: Callable[[], None]) -> float:
    """How long it takes, once it is warm."""
    work()
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def wait() -> None:
    """Until the card has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Geometric mean and its 95 % interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean = statistics.mean(logs)
    if len(logs) < 2:
        return math.exp(mean), 0.0, math.inf
    t = _T95[len(logs) - 1] if len(logs) <= len(_T95) else 1.98
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def device_name() -> str:
    """The card, or how many threads of the CPU."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"cpu, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    main()
