"""Reward a writer: ``python scripts/train_rl.py RUN.yaml``, or by accelerate launch.

RUN.yaml is written by ``persona train rl``. What comes of it, in its ``out``:

    curve.jsonl, curve.png   rewards of both stages, share of the right form, lengths
    checkpoints/             from which a killed run goes on
    adapter/                 the PEFT adapter; model/ where all weights were trained
    before.json, after.json  what the writer was worth on users of other preferences:
                             those of two runs compare as these two do, by ``gained``
    done.json                what was learned from, and what was gained on those users
"""

import json
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from datasets import disable_progress_bars
from peft import PeftModel
from transformers import PrinterCallback
from transformers.utils import logging

from persona_cli.errors import InputError, PersonaError
from persona_cli.files import write_whole
from persona_cli.training import runs
from persona_cli.training.base import chat_template, load_base
from persona_cli.training.checkpoints import last_whole, step_of
from persona_cli.training.courses import (
    Course,
    Visit,
    courses,
    pruned,
    readable,
    signals,
    visits,
)
from persona_cli.training.curves import Curve
from persona_cli.training.gain import (
    Scores,
    gained,
    read_scores,
    scores_of,
    write_scores,
)
from persona_cli.training.grpo import Ledger, Trainer
from persona_cli.training.readers import FrozenReader, shared
from persona_cli.training.reading import Reader
from persona_cli.training.rl import (
    Hook,
    Method,
    computing,
    config_of,
    fault_of,
    paid,
    rows_of,
)
from persona_cli.training.seed import Split
from persona_cli.training.sft import Stop, bf16, trained_part, weights_dtype
from persona_cli.training.users import read_split

# Of the users that are measured; another one than any step's.
_MEASURED = "measured"


def main(arguments: list[str]) -> int:
    """Reward as the run file says; the exit code."""
    try:
        return reward(runs.read_run(Path(arguments[0])))
    except PersonaError as error:
        tell(f"error: {error}\n  try: {error.remedy}")
        return error.exit_code


def reward(run: runs.Run) -> int:
    """Reward; 0, or 128 and the signal that ended it before its end."""
    method = runs.method_of(run, Method)
    # Told so, or several processes on a CPU would not know of each other.
    state = PartialState(cpu=not torch.cuda.is_available())
    world = state.num_processes
    if fault := fault_of(method, world=world):
        raise InputError(f"{run.out / 'run.yaml'}: method.{fault}", remedy="Mend it.")
    if run.base is None or run.reader is None:
        lacking = "base" if run.base is None else "reader"
        raise InputError(
            f"{run.out / 'run.yaml'}: no {lacking}", remedy=f"Give --{lacking}."
        )
    warnings.simplefilter("ignore", FutureWarning)  # our libraries warn of each other
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()
    torch.manual_seed(run.seed)

    numbers = computing(method)
    base, tokenizer = load_base(
        Path(run.base.model), dtype=weights_dtype(numbers), attention=method.attention
    )
    template = chat_template(tokenizer)
    model = trained_part(base, numbers, run.adapter).to(state.device)
    reader = reader_of(run.reader, run.base, method, model, tokenizer)

    number = method.steps * method.users
    every = learned_from(run, "train", number, method, reader)
    met = visits(every, number, seed=run.seed, deeds=deeds_of(method))
    if state.is_main_process:
        tell(f"train: {len(every)} users, met {number} times")
    checkpoints = run.out / "checkpoints"
    last = last_whole(checkpoints)
    begun = (step_of(last) or 0) if last else 0
    if begun and state.is_main_process:
        tell(f"going on from step {begun}")
    curve = Curve(run.out / "curve.jsonl", resume_step=begun)
    rank = state.process_index
    hook = Hook(met, method, reader, tokenizer, template, seed=run.seed, rank=rank)
    trainer = Trainer(
        model=model,
        reward_funcs=paid,
        args=config_of(method, checkpoints, seed=run.seed, world=world),
        train_dataset=rows_of(met, method),
        processing_class=tokenizer,
        rollout_func=hook,
        callbacks=[Ledger(curve, tell), stop := Stop()],
    )
    trainer.remove_callback(PrinterCallback)  # what the ledger says is enough
    before = None
    if method.val_users:
        held_out = learned_from(run, "val", method.val_users, method, None)
        asked = visits(held_out, len(held_out), seed=run.seed, deeds=deeds_of(method))
        before = read_scores(run.out / "before.json")
        if before is None:
            before = measured(hook, asked, trainer, rank=rank, world=world)
            if state.is_main_process:
                write_scores(before, run.out / "before.json")
    started = time.monotonic()
    with stop:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    seconds = time.monotonic() - started
    if stop.told:
        return 128 + stop.told

    trainer.save_model(str(run.out / ("model" if method.rank is None else "adapter")))
    gain: Mapping[str, float] = {}
    if before is not None:
        after = measured(hook, asked, trainer, rank=rank, world=world)
        gain = gained(before, after)
        if state.is_main_process:
            write_scores(after, run.out / "after.json")
    if state.is_main_process:
        steps = trainer.state.global_step
        done = {
            "steps": steps,
            "tokens": int(trainer.state.num_input_tokens_seen),
            "rollouts": steps * method.users * 2 * method.rollouts,
            "users": len(every),
            "seconds_of_last_start": round(seconds, 1),
            **gain,
        }
        write_whole(run.out / "done.json", json.dumps(done, indent=2).encode() + b"\n")
        curve.plot()
    state.wait_for_everyone()
    return 0


def reader_of(
    wanted: runs.Reader, base: runs.Base, method: Method, model: Any, tokenizer: Any
) -> Reader:
    """The frozen reader: the policy's base under another adapter, or another model.

    model: the policy
    """
    numbers = computing(method)
    if wanted.model == base.model and method.rank is not None:
        return FrozenReader(
            model,
            tokenizer,
            chat_template(tokenizer),
            wanted.form,
            lent=shared(model, wanted.adapter),
            bf16=bf16(numbers),
        )
    other, words = load_base(
        Path(wanted.model), dtype=weights_dtype(numbers), attention=method.attention
    )
    if wanted.adapter is not None:
        other = PeftModel.from_pretrained(other, str(wanted.adapter))
    other.requires_grad_(False)
    other.to(model.device).eval()
    return FrozenReader(
        other, words, chat_template(words), wanted.form, bf16=bf16(numbers)
    )


def learned_from(
    run: runs.Run, split: Split, number: int, method: Method, reader: Reader | None
) -> list[Course]:
    """Users of a split who can be rewarded, and of the choices those worth it.

    reader: by whom choices are pruned; None prunes none
    """
    users = list(islice(read_split(run.data.folder, split), number))
    kept = None
    if reader is not None and not method.pruning.keeps_all:
        kept = pruned(signals(users, reader), method.pruning)
    found = [
        course
        for course in courses(users, kept)
        if method.form != "each" or readable(course)
    ]
    if not found:
        raise InputError(
            f"{run.data.folder}: none of {len(users)} users of {split} has a choice to"
            " foresee after two windows",
            remedy="Prune less, or make more data: persona train data.",
        )
    return found


def measured(
    hook: Hook, asked: Sequence[Visit], trainer: Trainer, *, rank: int, world: int
) -> Scores:
    """What the policy is worth to the users it does not learn from."""
    mine = asked[rank::world]
    scores = scores_of(
        [visit.user for visit in mine], hook.roll(mine, trainer, lot=_MEASURED)
    )
    rows = gather_object(list(zip(scores.users, scores.r1, scores.r2, strict=True)))
    users, r1, r2 = zip(*sorted(rows), strict=True)
    return Scores(users, r1, r2)


def deeds_of(method: Method) -> int | None:
    """Choices of a part that are read; None is everything that was done."""
    return method.deeds if method.form == "each" else None


def tell(text: str) -> None:
    """Talk goes to stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
