"""The sft stage: what its run file says, and TRL's trainer with persona's habits.

The loss is of completions alone. Habits: a curve on disk, no pickles, no network, and a
signal ends it at the next step with a checkpoint.
"""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, Self

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from persona_cli.training.checkpoints import Checkpointed
from persona_cli.training.curves import Curve
from persona_cli.training.examples import Form
from persona_cli.training.packing import IGNORED

# What the trainer calls a figure -> what the curve does.
_FIGURES = {
    "loss": "loss",
    "mean_token_accuracy": "accuracy",
    "grad_norm": "norm",
    "learning_rate": "rate",
    "eval_loss": "val_loss",
    "eval_mean_token_accuracy": "val_accuracy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the model is taught.

    form:          of its examples
    users:         most of them; None is all
    val_users:     users of the validation split that are measured; 0 is none
    epochs:        times through the examples
    steps:         most of them, whatever the epochs say; None is all
    batch_tokens:  of a row, and so of the longest example; a process learns from one
                   row at a time
    accumulate:    rows of a process that make a step
    rank:          of the adapter; None trains all weights
    alpha:         the adapter's strength, divided by its rank
    dropout:       of the adapter, in [0, 1)
    learning_rate: its peak; a cosine from there to 0
    warmup:        share of all steps, in [0, 1)
    decay:         of weights
    clip:          longest gradient
    precision:     ``auto`` is bf16 where there is hardware for it
    attention:     implementation, by transformers' name
    recompute:     forget activations and compute them again: slower, and smaller
    log:           steps between two lines of the curve
    checkpoint:    steps between two checkpoints; a multiple of ``log``
    """

    form: Form
    users: int | None
    val_users: int
    epochs: int
    steps: int | None
    batch_tokens: int
    accumulate: int
    rank: int | None
    alpha: int
    dropout: float
    learning_rate: float
    warmup: float
    decay: float
    clip: float
    precision: Literal["auto", "bf16", "fp32"]
    attention: str
    recompute: bool
    log: int
    checkpoint: int


def fault_of(method: Method) -> str | None:
    """What is wrong with a method, beginning with the key; None when nothing is."""
    if method.checkpoint < 1 or method.log < 1 or method.checkpoint % method.log:
        return "checkpoint: is no multiple of log, so that a resumed curve would differ"
    if method.batch_tokens < 1 or method.accumulate < 1 or method.epochs < 1:
        return "batch_tokens, accumulate, epochs: each is at least 1"
    if not (0 <= method.warmup < 1 and 0 <= method.dropout < 1):
        return "warmup, dropout: each is in [0, 1)"
    if method.rank is not None and method.rank < 1:
        return "rank: is at least 1, or null to train all weights"
    return None


def bf16(method: Method) -> bool:
    """Whether it computes in bfloat16."""
    if method.precision != "auto":
        return method.precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.backends.mkldnn.is_available())


def weights_dtype(method: Method) -> torch.dtype:
    """How the base is loaded: frozen weights may be rounded, trained ones not."""
    return torch.bfloat16 if bf16(method) and method.rank else torch.float32


def trained_part(model: Any, method: Method, adapter: Path | None) -> Any:
    """The model with what is to be trained of it, in float32.

    adapter: to go on with; None begins a new one, or none where all is trained
    """
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter, is_trainable=True)
        if method.rank is None:
            model = model.merge_and_unload()
    elif method.rank is not None:
        lora = LoraConfig(
            r=method.rank,
            lora_alpha=method.alpha,
            lora_dropout=method.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        model = get_peft_model(model, lora)
    for parameter in model.parameters():
        if parameter.requires_grad:  # bfloat16 would round small steps away
            parameter.data = parameter.data.float()
    return model


def config_of(method: Method, folder: Path, *, seed: int, measures: bool) -> SFTConfig:
    """The method in the words of TRL.

    folder:   of the checkpoints
    measures: whether there is something to validate on
    """
    return SFTConfig(
        output_dir=str(folder),
        seed=seed,
        data_seed=seed,
        packing=True,
        packing_strategy="bfd",
        max_length=method.batch_tokens,
        pad_to_multiple_of=None,
        shuffle_dataset=True,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=method.accumulate,
        activation_checkpointing=method.recompute,
        num_train_epochs=method.epochs,
        max_steps=method.steps or -1,
        learning_rate=method.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=method.warmup,
        weight_decay=method.decay,
        max_grad_norm=method.clip,
        bf16=bf16(method),
        use_cpu=not torch.cuda.is_available(),
        logging_steps=method.log,
        logging_first_step=False,
        eval_strategy="steps" if measures else "no",
        eval_steps=method.checkpoint,
        save_strategy="steps",
        save_steps=method.checkpoint,
        save_total_limit=2,  # one may be cut off by whatever kills the run
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


class Trainer(Checkpointed, SFTTrainer):  # type: ignore[misc]
    """TRL's trainer, with a loss of less work, and without pickles and model cards."""

    @property
    def tokens(self) -> int:
        """Tokens learned from so far, those before a resume included."""
        return int(self._total_train_tokens)

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Cross-entropy of what is learned, by logits of those places alone.

        TRL's own goes through the vocabulary at every place, prompts included, and
        computes a gradient of its weights where they are frozen: of a model of 135M
        weights that is a third of a step. The sum is the same.
        """
        if self.aux_loss_enabled:  # a mixture of experts has more to its loss
            return super().compute_loss(
                model, inputs, return_outputs, num_items_in_batch
            )
        seen = {name: part for name, part in inputs.items() if name != "labels"}
        following = inputs["labels"][0, 1:]  # one row: packed ones are made flat
        places = (following != IGNORED).nonzero().flatten()
        wanted = following[places]
        outputs = model(**seen, use_cache=False, logits_to_keep=places)
        logits = outputs.logits[0].float()
        loss = cross_entropy(logits, wanted, reduction="sum")
        if num_items_in_batch is None:
            loss = loss / len(wanted)
        else:
            loss = loss / num_items_in_batch
            if self.args.average_tokens_across_devices:
                # The count is of all processes, and gradients are averaged over them.
                loss = loss * self.accelerator.num_processes
        self._note(seen["position_ids"], (logits.argmax(-1) == wanted).sum(), wanted)
        return (loss, outputs) if return_outputs else loss

    def _note(self, places: Any, right: Any, wanted: Any) -> None:
        """Keep what the log tells of a batch, over all processes."""
        mode = "train" if self.model.training else "eval"
        here = [int(right), len(wanted), places.numel()]
        counts = torch.tensor(here, device=places.device)
        right, learned, tokens = self.accelerator.reduce(counts, "sum").tolist()
        found = self._metrics[mode]
        found["mean_token_accuracy"].append(right / learned)
        if mode == "train":
            self._total_train_tokens += tokens
        found["num_tokens"] = [self._total_train_tokens]

    def figures_kept(self) -> Mapping[str, float | int]:
        """Tokens seen so far, over all starts."""
        return {"tokens": self._total_train_tokens}

    def figures_back(self, kept: Mapping[str, Any]) -> None:
        """Count on from there."""
        self._total_train_tokens = kept["tokens"]

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        (Path(output_dir or self.args.output_dir) / "training_args.bin").unlink(
            missing_ok=True
        )


class Ledger(TrainerCallback):  # type: ignore[misc]
    """Writes each logged step to the curve, and says it; for the main process."""

    def __init__(self, curve: Curve, tell: Callable[[str], None]) -> None:
        self._curve, self._tell = curve, tell

    def on_log(
        self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any
    ) -> None:
        """One line, when there is a figure that the curve knows."""
        figures = {
            name: logs[theirs] for theirs, name in _FIGURES.items() if theirs in logs
        }
        if not figures or not state.is_world_process_zero:
            return
        tokens = logs.get("num_tokens")
        if tokens is not None:
            figures = {"tokens": int(tokens), **figures}
        self._curve.add(step=state.global_step, of=state.max_steps, **figures)
        told = "  ".join(
            f"{name} {figures[name]:.4f}"
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
            if name in figures
        )
        self._tell(f"step {state.global_step}/{state.max_steps}  {told}")

    def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Draw what there is so far."""
        if state.is_world_process_zero:
            self._curve.plot()


class Stop(TrainerCallback):  # type: ignore[misc]
    """Ends training at the next step, with a checkpoint, when a signal says so.

    Signals are heard inside ``with``.

    told: the signal; 0 while there was none
    """

    def __init__(self) -> None:
        self.told = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, self._hear)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_step_end(self, args: Any, _state: Any, control: Any, **_: Any) -> None:
        """Say it to the trainers of all processes at the same step."""
        if torch.distributed.is_initialized():
            told = torch.tensor(self.told, device=args.device)
            torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX)
            self.told = int(told)
        if self.told:
            control.should_save = True
            control.should_training_stop = True

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.told = number
        # A second one ends it at once.
        signal.signal(number, signal.SIG_DFL)
