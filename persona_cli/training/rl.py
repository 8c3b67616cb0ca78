"""The rl stage: what its run file says, and rollouts in two stages as rows for TRL.

TRL compares what stands together, in groups of ``rollouts`` rows. So the rows of a
visit are laid out as its groups are: those of the first stage, then those of the
second. Where interactions are asked about one by one, the rows of each are a group of
their own, paid by the profile that they are part of. Nothing holds the policy to where
it began, and nothing keeps it curious: no KL, no entropy.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import torch
from datasets import Dataset
from trl import GRPOConfig

from persona_cli.engine import Message
from persona_cli.training.base import encode
from persona_cli.training.courses import Pruning, Visit
from persona_cli.training.examples import Form
from persona_cli.training.reading import Reader
from persona_cli.training.rollouts import Answer, Group, Pay, Writer, rolled
from persona_cli.training.sft import bf16

STAGES = 2

_COLUMNS = ("prompt_ids", "completion_ids", "logprobs", "env_mask", "reward")

# Figures of a rollout that the curve shows the means of.
FIGURES = ("r1", "r2", "form", "length", "built_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the policy is taught.

    form:            of its prompts
    reward:          ``r1`` pays each stage by its own choice alone: the ablation
    rollouts:        of a group, at least 2
    future, neutral: see ``rewards.streaming``
    users:           visits of a step, over all processes
    rank:            of the adapter; None trains all weights
    alpha:           the adapter's strength, divided by its rank
    prompt_tokens:   longest prompt: a history is halved from its old end until it fits
    answer_tokens:   longest answer; a longer one is of the wrong form
    top_k:           0 is all
    log:             steps between two lines of the curve
    checkpoint:      steps between two checkpoints; a multiple of ``log``
    deeds:           choices of a part that ``each`` asks about, one by one
    thinks:          an answer is one ``<think>…</think>``, and then what it says
    rows:            of a process that are learned from at once; None is ``rollouts``
    val_users:       users of the validation split, measured before and after; 0 is none
    share, least, easiest, hardest: see ``courses.Pruning``
    """

    form: Form
    reward: Literal["streaming", "r1"]
    rollouts: int
    future: float
    neutral: float
    users: int
    steps: int
    learning_rate: float
    warmup: float
    rank: int | None
    alpha: int
    prompt_tokens: int
    answer_tokens: int
    temperature: float
    top_p: float
    top_k: int
    log: int
    checkpoint: int
    deeds: int = 6
    thinks: bool = False
    rows: int | None = None
    val_users: int = 0
    share: float = 1.0
    least: float = 0.0
    easiest: float = 0.0
    hardest: float = 1.0
    clip: float = 1.0
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    attention: str = "sdpa"
    recompute: bool = False

    @property
    def dropout(self) -> float:
        """None: what was drawn from one policy would be taught to another."""
        return 0.0

    @property
    def slots(self) -> int:
        """Prompts of a part of a visit, those that stay empty included."""
        return self.deeds if self.form == "each" else 1

    @property
    def pruning(self) -> Pruning:
        """Which choices are learned from."""
        return Pruning(self.share, self.least, self.easiest, self.hardest)

    @property
    def pay(self) -> Pay:
        """How rollouts are paid."""
        bonus = self.reward == "streaming"
        return Pay(bonus=bonus, future=self.future, neutral=self.neutral)


def computing(method: Method) -> Any:
    """The method as ``training.sft`` asks it: rank, alpha, dropout, precision."""
    return method


def fault_of(method: Method, *, world: int) -> str | None:
    """What is wrong with a method, beginning with the key; None when nothing is.

    world: processes
    """
    if method.checkpoint < 1 or method.log < 1 or method.checkpoint % method.log:
        return "checkpoint: is no multiple of log, so that a resumed curve would differ"
    if method.rollouts < 2:
        return "rollouts: is at least 2: one alone is compared with nothing"
    if min(method.steps, method.deeds, method.answer_tokens, method.prompt_tokens) < 1:
        return "steps, deeds, answer_tokens, prompt_tokens: each is at least 1"
    if not 0 <= method.warmup < 1:
        return "warmup: is in [0, 1)"
    if method.users < 1 or method.users % world:
        return f"users: is no multiple of the {world} processes"
    here = method.users // world * STAGES * method.slots * method.rollouts
    if method.rows is not None and (method.rows < 1 or here % method.rows):
        return f"rows: does not divide the {here} rows of a process and step"
    if method.rank is not None and method.rank < 1:
        return "rank: is at least 1, or null to train all weights"
    edges = method.easiest, method.hardest
    if not (0 < method.share <= 1 and 0 <= edges[0] < edges[1] <= 1):
        return "share, easiest, hardest: are shares, the easier edge first"
    return None


def config_of(method: Method, folder: Path, *, seed: int, world: int) -> GRPOConfig:
    """The method in the words of TRL.

    folder: of the checkpoints
    """
    cuda = torch.cuda.is_available()
    rows = method.rows or method.rollouts
    here = method.users // world * STAGES * method.slots * method.rollouts
    return GRPOConfig(
        output_dir=str(folder),
        seed=seed,
        data_seed=seed,
        shuffle_dataset=False,  # visits are in their order already
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=here // rows,  # one update over both stages
        num_generations=method.rollouts,
        max_completion_length=method.answer_tokens,
        temperature=method.temperature,
        top_p=method.top_p,
        top_k=method.top_k,
        beta=0.0,
        entropy_coef=0.0,
        scale_rewards="group",
        loss_type="dapo",  # a mean over tokens, however many rows are learned at once
        disable_dropout=True,
        use_vllm=cuda and find_spec("vllm") is not None,
        activation_checkpointing=method.recompute,
        max_steps=method.steps,
        learning_rate=method.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=method.warmup,
        weight_decay=0.0,
        max_grad_norm=method.clip,
        ddp_find_unused_parameters=False,  # all are used
        bf16=bf16(computing(method)),
        use_cpu=not cuda,
        logging_steps=method.log,
        logging_first_step=False,
        save_strategy="steps",
        save_steps=method.checkpoint,
        save_total_limit=2,  # one may be cut off by whatever kills the run
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
    )


def rows_of(visits: Sequence[Visit], method: Method) -> Dataset:
    """A row a group: its number is all that the trainer sees of it."""
    number = len(visits) * STAGES * method.slots
    return Dataset.from_dict({"prompt": [str(row) for row in range(number)]})


class Hook:
    """TRL's rollout hook: the rows of whole visits, rolled out and paid.

    seed: with step and process, of all dice: a run that goes on draws the same
    Raises: ValueError when TRL hands over part of a visit
    """

    def __init__(
        self,
        visits: Sequence[Visit],
        method: Method,
        reader: Reader,
        tokenizer: Any,
        template: str,
        *,
        seed: int,
        rank: int = 0,
    ) -> None:
        self._visits, self._method, self._reader = visits, method, reader
        self._tokenizer, self._template = tokenizer, template
        self._seed, self._rank = seed, rank
        self.writer = Writer(method.form, thinks=method.thinks, fits=self._fits)

    def __call__(
        self, prompts: Sequence[str], trainer: Any
    ) -> dict[str, list[Any] | None]:
        """The rows of a step of this process, in the order of the prompts."""
        method = self._method
        size = STAGES * method.slots
        numbers = [int(row) for row in prompts[:: method.rollouts]]
        places = [row // size for row in numbers[::size]]
        if numbers != [p * size + row for p in places for row in range(size)]:
            raise ValueError("TRL handed over part of a visit")
        lot = f"{self._seed}-{trainer.state.global_step}-{self._rank}"
        found = self.roll([self._visits[place] for place in places], trainer, lot=lot)
        return laid_out(found, method, end=self._tokenizer.eos_token_id)

    def roll(
        self, visits: Sequence[Visit], trainer: Any, *, lot: str
    ) -> list[tuple[Group, Group]]:
        """Both stages of some visits, written by the trainer's model as it is."""
        dice = random.Random(lot)  # noqa: S311  drawn again, not kept secret
        torch.manual_seed(dice.getrandbits(63))
        return rolled(
            visits,
            self.writer,
            lambda prompts, n: self._write(prompts, n, trainer),
            self._reader,
            self._method.pay,
            rollouts=self._method.rollouts,
            dice=dice,
        )

    def _write(
        self, prompts: Sequence[Sequence[Message]], n: int, trainer: Any
    ) -> list[list[Answer]]:
        once = [self._encoded(messages) for messages in prompts]
        every = [tokens for tokens in once for _ in range(n)]
        written, logprobs = trainer.write(every)
        answers = [
            Answer(tokens, said, self._text(said), told)
            for tokens, said, told in zip(every, written, logprobs, strict=True)
        ]
        return [answers[begin : begin + n] for begin in range(0, len(answers), n)]

    def _text(self, tokens: Sequence[int]) -> str | None:
        """What an answer says; None when it was cut, or holds a control token."""
        control = {*self._tokenizer.all_special_ids}
        if not tokens or tokens[-1] not in control or control & {*tokens[:-1]}:
            return None
        text: str = self._tokenizer.decode(tokens[:-1])
        return text

    def _fits(self, messages: Sequence[Message]) -> bool:
        return len(self._encoded(messages)) <= self._method.prompt_tokens

    def _encoded(self, messages: Sequence[Message]) -> list[int]:
        return encode(self._tokenizer, self._template, messages)


def laid_out(
    found: Sequence[tuple[Group, Group]], method: Method, *, end: int
) -> dict[str, list[Any] | None]:
    """Rollouts as rows, group by group; a slot without a prompt is a row of no weight.

    end: token of an empty row
    Order: visit, stage, slot, rollout
    """
    nothing = Answer([end], [end], None, [0.0])
    rows: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, *FIGURES)}
    for groups in found:
        for stage, group in enumerate(groups):
            for slot in range(method.slots):
                for place, one in enumerate(group.rollouts):
                    there = slot < len(one.answers)
                    answer = one.answers[slot] if there else nothing
                    rows["prompt_ids"].append(answer.prompt)
                    rows["completion_ids"].append(answer.tokens)
                    rows["logprobs"].append(answer.logprobs)
                    rows["env_mask"].append([int(there)] * len(answer.tokens))
                    rows["reward"].append(one.reward)
                    told = _told(one, stage, group.drawn, place) if slot == 0 else {}
                    for name in FIGURES:
                        rows[name].append(told.get(name))
    if any(one is None for one in rows["logprobs"]):
        return {**rows, "logprobs": None}
    return {**rows}


def _told(
    one: Any, stage: int, drawn: int | None, place: int
) -> Mapping[str, float | None]:
    return {
        "r1": one.p if stage == 0 else None,
        "r2": one.p if stage == 1 else None,
        "form": float(one.claims is not None),
        "length": float(sum(len(answer.tokens) for answer in one.answers)),
        "built_on": float(drawn is not None) if stage == 0 and place == 0 else None,
    }


def paid(
    *, reward: Sequence[float], log_metric: Callable[[str, float], None], **rows: Any
) -> list[float]:
    """TRL's reward function: what the hook has paid already; its means are logged."""
    for name in FIGURES:
        told = [value for value in rows[name] if value is not None]
        if told:
            log_metric(name, fmean(told))
    return list(reward)
