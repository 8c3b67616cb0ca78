"""Checkpoints of a trainer: safetensors and JSON, and only whole ones are gone on from.

The trainer of transformers pickles its optimizer, its arguments and its dice. A pickle
can run code when it is read; so what one process holds whole is written otherwise here.
Where the state is spread over processes (FSDP, DeepSpeed), those libraries write it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from persona_cli.files import write_whole

OPTIMIZER = "optimizer.safetensors"
PLACE = "place.json"

# Written last by the trainer: where it can be read, all else is there.
_LAST = "trainer_state.json"


def last_whole(folder: Path) -> Path | None:
    """The latest checkpoint that was written to its end."""
    found = sorted(folder.glob("checkpoint-*"), key=_step, reverse=True)
    return next((one for one in found if step_of(one) is not None), None)


def step_of(checkpoint: Path) -> int | None:
    """The step at which it was written; None when it was cut off."""
    try:
        match json.loads((checkpoint / _LAST).read_text("utf-8")):
            case {"global_step": int(step)}:
                return step
    except (FileNotFoundError, ValueError):
        pass
    return None


class Checkpointed:
    """Keeps the place of a trainer of transformers in safetensors and JSON.

    Stands before that trainer among the bases. Never pickles: what is resumed from may
    have come from elsewhere.
    """

    args: Any
    is_deepspeed_enabled: bool
    is_fsdp_enabled: bool
    optimizer: Any
    lr_scheduler: Any

    def figures_kept(self) -> Mapping[str, float | int]:
        """What is to be kept along with the place."""
        return {}

    def figures_back(self, kept: Mapping[str, Any]) -> None:
        """Take up what was kept."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: done.json says what was done."""

    # The ignores: what is called there is the trainer's, which only a base class to
    # come has.
    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.is_deepspeed_enabled or self.is_fsdp_enabled:
            super()._save_optimizer_and_scheduler(output_dir)  # type: ignore[misc]
        elif self.args.should_save:
            kept = self.figures_kept()
            save_state(Path(output_dir), self.optimizer, self.lr_scheduler, **kept)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None or not (Path(checkpoint) / PLACE).is_file():
            super()._load_optimizer_and_scheduler(checkpoint)  # type: ignore[misc]
            return
        self.figures_back(
            load_state(Path(checkpoint), self.optimizer, self.lr_scheduler)
        )

    def _save_rng_state(self, output_dir: str) -> None:
        # A process may be here before the first one has made the folder.
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        save_dice(self._dice(output_dir))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None and self._dice(checkpoint).is_file():
            load_dice(self._dice(checkpoint))

    def _dice(self, folder: str) -> Path:
        return Path(folder) / f"dice-{self.args.process_index}.safetensors"


def save_state(
    folder: Path, optimizer: Any, scheduler: Any, **more: float | int
) -> None:
    """Write what a trainer needs to go on, besides weights.

    more: figures to keep along with it
    """
    state = optimizer.state_dict()
    tensors = {
        f"{number}.{name}": torch.as_tensor(value).detach().cpu().contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    save_file(tensors, folder / OPTIMIZER)
    place = {
        "rates": [group["lr"] for group in state["param_groups"]],
        "scheduler": {
            name: value
            for name, value in scheduler.state_dict().items()
            if name != "lr_lambdas"  # of the run's method, not of its place
        },
        **more,
    }
    write_whole(folder / PLACE, json.dumps(place).encode("ascii") + b"\n")


def load_state(folder: Path, optimizer: Any, scheduler: Any) -> Mapping[str, Any]:
    """Put back what ``save_state`` wrote; the figures are what comes back."""
    place: dict[str, Any] = json.loads((folder / PLACE).read_text("utf-8"))
    state = optimizer.state_dict()
    state["state"] = {}
    for key, tensor in load_file(folder / OPTIMIZER).items():
        number, _, name = key.partition(".")
        state["state"].setdefault(int(number), {})[name] = tensor
    for group, rate in zip(state["param_groups"], place.pop("rates"), strict=True):
        group["lr"] = rate
    optimizer.load_state_dict(state)
    lambdas = scheduler.state_dict().get("lr_lambdas")
    scheduler.load_state_dict({**place.pop("scheduler"), "lr_lambdas": lambdas})
    return place


def save_dice(path: Path) -> None:
    """Write the state of torch's random numbers."""
    dice = {"cpu": torch.random.get_rng_state()}
    for number, state in enumerate(torch.cuda.get_rng_state_all()):
        dice[f"cuda.{number}"] = state
    save_file(dice, path)


def load_dice(path: Path) -> None:
    """Put back what ``save_dice`` wrote, as far as there are devices for it."""
    for name, state in load_file(path).items():
        kind, _, number = name.partition(".")
        if kind == "cpu":
            torch.random.set_rng_state(state)
        elif int(number or 0) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, int(number or 0))


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1
