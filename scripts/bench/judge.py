"""How a judge reads whole profiles, and where what it says turns from noise into news.

    python scripts/bench/judge.py RUN DATA [--split val] [--users 100] [--json]

RUN is the folder of a judge's run, DATA what ``persona train data`` wrote. Of each user
the true claims are the profile, so that nobody's writing is measured along with the
reading. Asked are the user's own choices, with that profile, and with another user's of
the same split. (Without a profile every choice is even, by construction.)

Printed are accuracies with n and 95 % intervals; and the pair of constants of
``persona_cli.backward`` under which the choices are least surprising. Fit them on
``val``, and report what they give on ``test``.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers.utils import logging

from persona_cli import backward
from persona_cli.accuracy import Accuracy
from persona_cli.backward import Weight
from persona_cli.training.base import chat_template, load_base
from persona_cli.training.readers import FrozenReader
from persona_cli.training.reading import Reading
from persona_cli.training.runs import RUN_FILE, read_run
from persona_cli.training.users import SimulatedUser, read_split

MATTERS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
SCALES = (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Read:
    """One choice as the judge reads it: what each claim weighs for the true item.

    own:   of the user's true claims; ``about`` is the place of the one it shows
    other: of another user's
    """

    own: Sequence[Weight]
    about: int
    other: Sequence[Weight]


def main() -> None:
    """Read, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val", choices=("train", "val", "test"))
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    run = read_run(options.run / RUN_FILE)
    if run.base is None:
        sys.exit(f"{options.run}: no base")
    base, tokenizer = load_base(Path(run.base.model), dtype=torch.bfloat16)
    model = PeftModel.from_pretrained(base, str(options.run / "adapter")).eval()
    users = [*read_split(options.data, options.split)][: options.users]
    reader = FrozenReader(
        model, tokenizer, chat_template(tokenizer), "backward", bf16=True
    )
    found = [*read(users, reader)]
    matters, scale = fitted(found)
    told = {
        "users": len(users),
        "the claim that it shows": _figures(
            accuracy(found, lambda one: one.own[one.about : one.about + 1])
        ),
        "the whole profile": _figures(accuracy(found, lambda one: one.own)),
        "another user's": _figures(accuracy(found, lambda one: one.other)),
        "surprise": surprise(found, backward.MATTERS, backward.SCALE),
        "best": {
            "MATTERS": matters,
            "SCALE": scale,
            "nats": surprise(found, matters, scale),
        },
    }
    if options.json:
        json.dump(told, sys.stdout, indent=2)
        print()
        return
    print(f"{len(users)} users of {options.split}, {len(found)} choices")
    for name in ("the claim that it shows", "the whole profile", "another user's"):
        print(f"{name:<26}{told[name]}")
    now = f"{told['surprise']:.3f} ({backward.MATTERS}, {backward.SCALE})"
    best = f"{surprise(found, matters, scale):.3f} ({matters}, {scale})"
    print(f"{'nats (MATTERS, SCALE)':<26}{now}; {best}; {math.log(2):.3f} without")


def read(users: Sequence[SimulatedUser], reader: FrozenReader) -> Iterator[Read]:
    """Every choice of some users, weighed by their own claims and by the next one's."""
    readings, places = [], []
    for user, other in zip(users, [*users[1:], *users[:1]], strict=True):
        aside = [t.claim for t in other.truth if t.until is None]
        for target in user.targets:
            truths = [t for t in user.truth if t.holds(target.after)]
            own = [t.claim for t in truths]
            about = next(n for n, t in enumerate(truths) if t.id == target.shows)
            profile = "\n".join(f"- {claim}" for claim in (*own, *aside))
            readings.append(
                Reading(profile, target.query, target.chosen, target.rejected)
            )
            places.append((len(own), about))
    for weights, (size, about) in zip(reader.weights(readings), places, strict=True):
        yield Read(weights[:size], about, weights[size:])


def accuracy(found: Sequence[Read], of: Any) -> Accuracy:
    """How often the sum of what claims say is for the true item; a tie is half."""
    p = [backward.combine(of(one)) for one in found]
    right = sum(x > 0.5 for x in p) + sum(x == 0.5 for x in p) / 2
    return Accuracy(round(right), len(p))


def surprise(found: Sequence[Read], matters: float, scale: float) -> float:
    """Mean of -log p of the true choice, nats."""
    p = (backward.combine(one.own, matters=matters, scale=scale) for one in found)
    return -math.fsum(math.log(max(x, 1e-9)) for x in p) / len(found)


def fitted(found: Sequence[Read]) -> tuple[float, float]:
    """The constants under which the choices are least surprising."""
    return min(product(MATTERS, SCALES), key=lambda two: surprise(found, *two))


def _figures(found: Accuracy) -> str:
    low, high = found.interval
    return f"{found.rate:.1%} [{low:.1%}, {high:.1%}], n = {found.asked}"


if __name__ == "__main__":
    main()
