"""TRL's GRPO trainer with persona's habits: a curve on disk, no pickles, no network."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from trl import GRPOTrainer

from persona_cli.training.checkpoints import Checkpointed
from persona_cli.training.curves import Curve

# Rows that transformers writes at once; vLLM sees to it by itself.
_TOGETHER = 64

# What the trainer calls a figure -> what the curve does.
_FIGURES = {
    "r1": "r1",
    "r2": "r2",
    "form": "form",
    "built_on": "built_on",
    "length": "length",
    "reward": "reward",
    "reward_std": "spread",
    "frac_reward_zero_std": "alike",
    "entropy": "entropy",
    "grad_norm": "norm",
    "learning_rate": "rate",
}


class Trainer(Checkpointed, GRPOTrainer):  # type: ignore[misc]
    """TRL's trainer, without pickles and model cards."""

    def write(
        self, prompts: Sequence[list[int]]
    ) -> tuple[list[list[int]], list[list[float] | None]]:
        """An answer to each prompt, in tokens, with its log-probabilities if known."""
        if self.use_vllm:
            written, told = self._generate_single_turn(
                list(prompts), None, {}, self.num_generations
            )
            return written, told or [None] * len(prompts)
        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
        found: dict[int, list[int]] = {}
        for begin in range(0, len(order), _TOGETHER):
            places = order[begin : begin + _TOGETHER]
            written, _ = self._generate_single_turn(
                [prompts[place] for place in places], None, {}, self.num_generations
            )
            found |= zip(places, written, strict=True)
        return [found[place] for place in range(len(prompts))], [None] * len(prompts)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        if hasattr(self.model, "peft_config"):
            # The policy's alone: a reader's adapter may lie beside it.
            self.model.save_pretrained(
                folder,
                state_dict=state_dict,
                selected_adapters=["default"],
                save_embedding_layers=False,  # no word is ever added
            )
            self.processing_class.save_pretrained(folder)
        else:
            super()._save(output_dir, state_dict)
        (folder / "training_args.bin").unlink(missing_ok=True)


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
        if "reward" not in figures or not state.is_world_process_zero:
            return
        tokens = int(state.num_input_tokens_seen)
        self._curve.add(
            step=state.global_step, of=state.max_steps, tokens=tokens, **figures
        )
        told = "  ".join(
            f"{name} {figures[name]:.3f}"
            for name in ("r1", "r2", "form", "reward")
            if figures.get(name) is not None
        )
        self._tell(f"step {state.global_step}/{state.max_steps}  {told}")

    def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Draw what there is so far."""
        if state.is_world_process_zero:
            self._curve.plot()
