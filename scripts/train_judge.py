"""Teach a judge: ``python scripts/train_judge.py RUN.yaml``, or by accelerate launch.

RUN.yaml is written by ``persona train judge``. What comes of it, in its ``out``:

    curve.jsonl, curve.png   loss, accuracy and calibration, also on what was never seen
    checkpoints/             from which a killed run goes on
    adapter/                 the PEFT adapter
    done.json                what was measured at the end
"""

import json
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from transformers.utils import logging

from persona_cli.errors import InputError, PersonaError
from persona_cli.files import write_whole
from persona_cli.training.base import chat_template, load_base
from persona_cli.training.curves import Curve
from persona_cli.training.judge_stage import (
    Clock,
    Method,
    Teacher,
    as_figures,
    corpus_by_split,
    laid_over,
)
from persona_cli.training.runs import Run, method_of, read_run
from persona_cli.training.sft import Stop

# Measured at the end, on preferences that were not learned from.
MEASURED = ("val", "test")

# Steps between two lines of talk.
SAID_EVERY = 10


def main(arguments: list[str]) -> int:
    """Teach as the run file says; the exit code."""
    try:
        return teach(read_run(Path(arguments[0])))
    except PersonaError as error:
        tell(f"error: {error}\n  try: {error.remedy}")
        return error.exit_code


def teach(run: Run) -> int:
    """Teach; 0, or 128 and the signal that ended it before its end."""
    method = method_of(run, Method)
    if run.base is None:
        raise InputError(f"{run.out / 'run.yaml'}: no base", remedy="Give --base.")
    # On a CPU it sees one process, unless told so.
    state = PartialState(cpu=not torch.cuda.is_available())
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(run.seed)
    parts = corpus_by_split(run.data.folder)
    if not any(parts["train"]):
        raise InputError(
            f"{run.data.folder}: no contrasts to learn from",
            remedy="Name the folder of the seed corpus with --data.",
        )

    base, tokenizer = load_base(Path(run.base.model), dtype=torch.bfloat16)
    model = laid_over(base, method, run.adapter).to(state.device).train()
    teacher = Teacher(
        model,
        tokenizer,
        chat_template(tokenizer),
        *parts["train"],
        method,
        seed=run.seed,
        rank=state.process_index,
        world=state.num_processes,
    )
    checkpoints = run.out / "checkpoints"
    if teacher.resume(checkpoints) and state.is_main_process:
        tell(f"going on from step {teacher.step}")
    curve = Curve(run.out / "curve.jsonl", resume_step=teacher.step)
    clock = Clock(method.checkpoint)
    with Stop() as stop:
        for figures in teacher.steps():
            if state.is_main_process:
                curve.add(**figures)
                if figures["step"] % SAID_EVERY == 0:
                    tell(
                        f"step {figures['step']}/{figures['of']}"
                        f"  loss {figures['loss']:.3f}"
                        f"  right {figures['accuracy']:.2f}"
                        f"  stray {figures['stray']:.2f}"
                    )
                if stop.told or clock.due():
                    teacher.save(checkpoints)
            if stop.told:
                return 128 + stop.told
    if state.is_main_process:
        done: dict[str, float] = {"steps": teacher.step, "tokens": teacher.tokens}
        for name in MEASURED:
            if any(parts[name]):
                done |= as_figures(teacher.measure(*parts[name]), name)
        figures = {k: v for k, v in done.items() if k.startswith("val_")}
        curve.add(step=teacher.step, **figures)
        model.save_pretrained(run.out / "adapter", safe_serialization=True)
        write_whole(run.out / "done.json", json.dumps(done, indent=2).encode() + b"\n")
        curve.plot()
    return 0


def tell(text: str) -> None:
    """Talk goes to stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
