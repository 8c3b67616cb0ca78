"""Teach a writer: ``python scripts/train_sft.py RUN.yaml``, or by accelerate launch.

RUN.yaml is written by ``persona train sft``. What comes of it, in its ``out``:

    curve.jsonl, curve.png   loss and accuracy, also on users of other preferences
    checkpoints/             from which a killed run goes on
    adapter/                 the PEFT adapter; model/ where all weights were trained
    done.json                what was learned from, and what was measured at the end
"""

import json
import sys
import time
from itertools import chain, islice
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import disable_progress_bars
from transformers import PrinterCallback
from transformers.utils import logging

from persona_cli.errors import InputError, PersonaError
from persona_cli.files import write_whole
from persona_cli.training.base import chat_template, load_base
from persona_cli.training.checkpoints import last_whole, step_of
from persona_cli.training.curves import Curve
from persona_cli.training.examples import examples
from persona_cli.training.packing import tokenized
from persona_cli.training.runs import Run, method_of, read_run
from persona_cli.training.sft import (
    Ledger,
    Method,
    Stop,
    Trainer,
    config_of,
    fault_of,
    trained_part,
    weights_dtype,
)
from persona_cli.training.users import read_split


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
    if fault := fault_of(method):
        raise InputError(f"{run.out / 'run.yaml'}: method.{fault}", remedy="Mend it.")
    if run.base is None:
        raise InputError(f"{run.out / 'run.yaml'}: no base", remedy="Give --base.")
    # On a CPU it sees one process, unless told so.
    state = PartialState(cpu=not torch.cuda.is_available())
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()
    torch.manual_seed(run.seed)

    base, tokenizer = load_base(
        Path(run.base.model), dtype=weights_dtype(method), attention=method.attention
    )
    template = chat_template(tokenizer)
    data, counts = {}, {}
    for split, most in (("train", method.users), ("val", method.val_users)):
        if split == "val" and not most:
            continue
        users = islice(read_split(run.data.folder, split), most)
        told = chain.from_iterable(examples(user, form=method.form) for user in users)
        data[split], counts[split] = tokenized(
            told, tokenizer, template, longest=method.batch_tokens
        )
        if not counts[split].kept:
            raise InputError(
                f"{run.data.folder}: no example of {split} fits"
                f" {method.batch_tokens} tokens",
                remedy="Raise batch_tokens, or make more data.",
            )
    model = trained_part(base, method, run.adapter)
    if state.is_main_process:
        for split, count in counts.items():
            tell(
                f"{split}: {count.kept} examples, {count.tokens} tokens,"
                f" {count.learned} of them learned; {count.dropped} too long"
            )

    checkpoints = run.out / "checkpoints"
    last = last_whole(checkpoints)
    begun = (step_of(last) or 0) if last else 0
    if begun and state.is_main_process:
        tell(f"going on from step {begun}")
    curve = Curve(run.out / "curve.jsonl", resume_step=begun)
    trainer = Trainer(
        model=model,
        args=config_of(method, checkpoints, seed=run.seed, measures="val" in data),
        train_dataset=data["train"],
        eval_dataset=data.get("val"),
        processing_class=tokenizer,
        callbacks=[Ledger(curve, tell), stop := Stop()],
    )
    trainer.remove_callback(PrinterCallback)  # what the ledger says is enough
    started = time.monotonic()
    with stop:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    seconds = time.monotonic() - started
    if stop.told:
        return 128 + stop.told

    whole = method.rank is None
    trainer.save_model(str(run.out / ("model" if whole else "adapter")))
    found = trainer.evaluate() if "val" in data else {}
    if state.is_main_process:
        steps, tokens = trainer.state.global_step, trainer.tokens
        done = {
            "steps": steps,
            "tokens": tokens,
            "seconds_of_last_start": round(seconds, 1),
            "val_loss": found.get("eval_loss"),
            "val_accuracy": found.get("eval_mean_token_accuracy"),
            "examples": {split: count.kept for split, count in counts.items()},
            "dropped": {split: count.dropped for split, count in counts.items()},
        }
        write_whole(run.out / "done.json", json.dumps(done, indent=2).encode() + b"\n")
        curve.plot()
    state.wait_for_everyone()
    return 0


def tell(text: str) -> None:
    """Talk goes to stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
