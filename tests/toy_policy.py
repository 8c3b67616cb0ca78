"""A policy that says one of three things, and users who chose: for tests of rl."""

from pathlib import Path

from toy_training import write_model

from persona_cli.training.users import Deed, SimulatedUser, Step, Target, line_of

SAID = ("aaa. | x", "bbb. | x", "ccc. | x")


def write_policy(folder: Path) -> Path:
    """A two-layer model, taught in seconds to answer anything with one of ``SAID``."""
    import torch

    from persona_cli.training.base import (
        chat_template,
        encode,
        encode_answer,
        load_base,
    )
    from persona_cli.training.rollouts import Writer

    write_model(folder)
    model, tokenizer = load_base(folder, dtype=torch.float32)
    deeds = user(0).deeds
    asked = next(
        encode(tokenizer, chat_template(tokenizer), m)
        for m in Writer("each").prompts((), deeds[:1])
    )
    answers = [encode_answer(tokenizer, text) for text in SAID]
    rows = torch.tensor([[*asked, *answer] for answer in answers])
    labels = rows.clone()
    labels[:, : len(asked)] = -100
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        model(rows, labels=labels).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder


def write_choices(folder: Path, *, users: int = 6) -> Path:
    """A data folder of users with two windows, and a choice after each."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "val"):
        lines = [line_of(user(n, split)) for n in range(users)]
        (folder / f"{split}-00000.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def user(number: int, split: str = "train") -> SimulatedUser:
    """Somebody who took one letter over another, four times."""
    deeds = tuple(
        Deed(f"i{n}", "pair", None, "Which?", "aaa", f"bb{n}", None, ("a/a",))
        for n in range(4)
    )
    targets = tuple(Target(after, "Which?", "aaa", "bbb", "a/a") for after in (2, 2, 4))
    steps = (Step(2, ()), Step(4, ()))
    return SimulatedUser(f"u{number}", split, (), deeds, steps, targets)
