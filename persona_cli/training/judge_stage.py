"""The judge stage: a step a batch of questions, measured on what was never seen.

A run that was killed goes on from its last checkpoint with the very next batch: rounds
and their order depend on the seed alone.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from persona_cli.accuracy import Accuracy
from persona_cli.errors import InputError
from persona_cli.files import write_whole
from persona_cli.training.asked import Asked, asked
from persona_cli.training.judging import Tokens, batches, loss_of, ratios, tokens_of
from persona_cli.training.seed import Contrast, contrasts, split
from persona_cli.training.things import Category, categories, split_category

# Pairs of things a category in what is measured: more than contrasts have situations.
MEASURED_PAIRS = 6

_MEASURED_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the judge is taught.

    rank, alpha:   of the adapter, and its strength times its rank
    rounds:        times through the corpus
    pairs:         pairs of things a category and round
    batch_tokens:  tokens of a step, padding included
    learning_rate: its peak; a cosine from there to a twentieth
    warmup:        share of all steps, in [0, 1)
    say, quiet:    see ``judging.loss_of``
    checkpoint:    seconds between checkpoints
    """

    rank: int
    alpha: int
    rounds: int
    pairs: int
    batch_tokens: int
    learning_rate: float
    warmup: float
    say: float
    quiet: float
    checkpoint: float


@dataclass(frozen=True, slots=True)
class Measured:
    """How a judge reads claims one at a time.

    own:       claims about the choice: whether the sign of the ratio is right
    unrelated: claims about something else, as if they spoke for ``a``: chance, when
               nothing but the claims tells
    ece:       expected calibration error of sigmoid(ratio), ten bins, in [0, 1]
    loud, stray: mean absolute ratio of the one and of the other, nats
    """

    own: Accuracy
    unrelated: Accuracy
    ece: float
    loud: float
    stray: float


class Teacher:
    """A model that is being taught, and how far it is.

    model: with its trainable parameters; the rest is frozen
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        template: str,
        contrasts: Sequence[Contrast],
        categories: Sequence[Category],
        method: Method,
        *,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.model, self.tokenizer, self.template = model, tokenizer, template
        self._contrasts, self._categories = contrasts, categories
        self.method, self._seed = method, seed
        self._rank, self._world = rank, world
        self._named = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._named.values(), lr=method.learning_rate, weight_decay=0.01
        )
        self.round, self.batch, self.step, self.tokens = 0, 0, 0, 0

    def steps(self) -> Iterator[dict[str, float]]:
        """Teach, one step at a time; each yields its figures."""
        total = 0
        while self.round < self.method.rounds:
            todo = self._round(self.round)
            total = total or len(todo) * self.method.rounds
            while self.batch < len(todo):
                progress = self.step / total
                figures = self._learn(todo[self.batch], self._rate(progress))
                self.step += 1
                self.batch += 1
                yield {"step": self.step, "of": total, "tokens": self.tokens, **figures}
            self.round, self.batch = self.round + 1, 0

    def save(self, folder: Path) -> None:
        """Write a checkpoint, whole or not at all; the one before goes when it is."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"step-{self.step:07d}.safetensors"
        state = {f"parameter.{n}": p.detach() for n, p in self._named.items()}
        for n, p in self._named.items():
            for key in ("exp_avg", "exp_avg_sq"):
                if p in self._optimizer.state:
                    state[f"{key}.{n}"] = self._optimizer.state[p][key]
        part = folder / f".{name}"
        save_file({k: v.contiguous().cpu() for k, v in state.items()}, part)
        part.replace(folder / name)
        place = {
            "file": name,
            "round": self.round,
            "batch": self.batch,
            "step": self.step,
            "tokens": self.tokens,
        }
        write_whole(folder / "latest.json", json.dumps(place).encode() + b"\n")
        for old in folder.glob("step-*.safetensors"):
            if old.name != name:
                old.unlink()

    def resume(self, folder: Path) -> bool:
        """Go on from the last checkpoint, if there is one."""
        try:
            place = json.loads((folder / "latest.json").read_text("utf-8"))
        except FileNotFoundError:
            return False
        state = load_file(folder / place["file"])
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(state[f"parameter.{name}"])
                if f"exp_avg.{name}" in state:
                    self._optimizer.state[parameter] = {
                        "step": torch.tensor(float(place["step"])),
                        "exp_avg": state[f"exp_avg.{name}"].to(parameter.device),
                        "exp_avg_sq": state[f"exp_avg_sq.{name}"].to(parameter.device),
                    }
        self.round, self.batch = place["round"], place["batch"]
        self.step, self.tokens = place["step"], place["tokens"]
        return True

    def measure(
        self, contrasts: Sequence[Contrast], categories: Sequence[Category]
    ) -> Measured:
        """How it reads questions of contrasts and categories it was not taught by."""
        every = asked(contrasts, categories, seed=_MEASURED_SEED, pairs=MEASURED_PAIRS)
        todo = list(batches(self._tokens(every), tokens=self.method.batch_tokens))
        self.model.eval()
        found, signs = [], []
        with torch.no_grad(), self._autocast():
            for batch in todo:
                ratio, sign, _, _ = ratios(self.model, batch, pad=self._pad)
                found.append(ratio.float().cpu())
                signs.append(sign.cpu())
        self.model.train()
        return measured(torch.cat(found), torch.cat(signs))

    def _round(self, number: int) -> list[list[Tokens]]:
        seed = self._seed * 1_000_003 + number
        every = self._tokens(
            asked(self._contrasts, self._categories, seed=seed, pairs=self.method.pairs)
        )
        dice = torch.Generator().manual_seed(seed)
        todo = list(batches(every, tokens=self.method.batch_tokens, shuffle=dice))
        whole = len(todo) - len(todo) % self._world
        return todo[self._rank : whole : self._world]

    def _tokens(self, every: Iterator[Asked]) -> list[Tokens]:
        return [tokens_of(one, self.tokenizer, self.template) for one in every]

    def _learn(self, batch: Sequence[Tokens], rate: float) -> dict[str, float]:
        with self._autocast():
            found, signs, said, sizes = ratios(self.model, batch, pad=self._pad)
            loss = loss_of(
                found, signs, said, sizes, say=self.method.say, quiet=self.method.quiet
            )
        self._optimizer.zero_grad()
        loss.backward()
        if self._world > 1:
            for parameter in self._named.values():
                torch.distributed.all_reduce(parameter.grad)
                parameter.grad /= self._world
        norm = torch.nn.utils.clip_grad_norm_(list(self._named.values()), 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.tokens += self._world * sum(
            len(one.there) + len(one.back) + 2 * sum(map(len, one.claims))
            for one in batch
        )
        meant = signs != 0
        right = (signs[meant] * found[meant] > 0).float().mean()
        return {
            "loss": loss.item(),
            "accuracy": right.item(),
            "say": -(said[meant] / sizes[meant]).mean().item(),
            "stray": found[~meant].abs().mean().item() if (~meant).any() else 0.0,
            "norm": norm.item(),
            "rate": rate,
        }

    def _rate(self, progress: float) -> float:
        peak, warm = self.method.learning_rate, self.method.warmup
        if progress < warm:
            return peak * (progress + 1e-3) / warm
        share = (progress - warm) / (1 - warm)
        return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))

    def _autocast(self) -> Any:
        device = next(self.model.parameters()).device.type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=_bf16(device))

    @property
    def _pad(self) -> int:
        found = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if found is None else found)


def corpus_by_split(
    folder: Path,
) -> dict[str, tuple[list[Contrast], list[Category]]]:
    """The seed corpus by split: contrasts, and categories of things.

    folder: with ``*.jsonl``, and ``things/*.jsonl`` where there are any
    Raises: InputError with the place of what is not of the form
    """
    try:
        every = list(contrasts(folder))
        things = list(categories(folder / "things"))
    except ValueError as error:
        raise InputError(
            f"{folder}: {error}", remedy="See scripts/data/seed/README.md for the form."
        ) from error
    return {
        name: (
            [one for one in every if split(one) == name],
            [one for one in things if split_category(one) == name],
        )
        for name in ("train", "val", "test")
    }


def laid_over(base: Any, method: Method, adapter: Path | None) -> Any:
    """The model with an adapter to train: a new one, or one that goes on."""
    if adapter is not None:
        model = PeftModel.from_pretrained(base, str(adapter), is_trainable=True)
    else:
        lora = LoraConfig(
            r=method.rank, lora_alpha=method.alpha, target_modules="all-linear"
        )
        model = get_peft_model(base, lora)
    for parameter in model.parameters():
        if parameter.requires_grad:  # bfloat16 would round small steps away
            parameter.data = parameter.data.float()
    return model


def measured(found: torch.Tensor, signs: torch.Tensor) -> Measured:
    """The figures of some ratios and what they should have been."""
    own, stray = found[signs != 0] * signs[signs != 0], found[signs == 0]
    p = torch.sigmoid(own.abs())
    right = own > 0
    ece = 0.0
    for k in range(10):
        inside = (p >= 0.5 + k / 20) & ((p < 0.5 + (k + 1) / 20) | (k == 9))
        if inside.any():
            gap = (p[inside].mean() - right[inside].float().mean()).abs()
            ece += float(gap) * int(inside.sum()) / len(own)
    return Measured(
        Accuracy(int(right.sum()), len(own)),
        Accuracy(int((stray > 0).sum()), len(stray)),
        ece,
        float(own.abs().mean()),
        float(stray.abs().mean()) if len(stray) else 0.0,
    )


def as_figures(one: Measured, prefix: str) -> Mapping[str, float]:
    """What was measured, for a curve."""
    low, high = one.own.interval
    return {
        f"{prefix}_accuracy": one.own.rate,
        f"{prefix}_low": low,
        f"{prefix}_high": high,
        f"{prefix}_n": one.own.asked,
        f"{prefix}_unrelated": one.unrelated.rate,
        f"{prefix}_ece": one.ece,
        f"{prefix}_loud": one.loud,
        f"{prefix}_stray": one.stray,
    }


class Clock:
    """Says when so many seconds have gone by."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether they have; then it begins anew."""
        if time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


def _bf16(device: str) -> bool:
    """Whether bfloat16 pays: where there is hardware for it."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and bool(torch.backends.mkldnn.is_available())
