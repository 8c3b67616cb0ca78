"""A two-layer model and a data folder, made on the spot for tests of training."""

import random
from pathlib import Path

from letters import letters

from persona_cli.training.users import (
    Deed,
    SimulatedUser,
    Step,
    SummaryLine,
    Truth,
    line_of,
)

THINGS = ("tea", "jazz", "tests", "maps")


def write_model(folder: Path) -> Path:
    """A model of some ten thousand weights that has learned nothing."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = letters()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
        initializer_range=0.2,  # so that an adapter has something to work with
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_data(folder: Path, *, users: int, seed: int = 0) -> Path:
    """Users who each like one thing; ``train`` and ``val``."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    for split, number in (("train", users), ("val", 2)):
        lines = [line_of(_user(n, split, dice.choice(THINGS))) for n in range(number)]
        (folder / f"{split}-00000.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def _user(number: int, split: str, thing: str) -> SimulatedUser:
    truth = Truth(f"{thing}/a", "taste", f"Likes {thing}.", "likes", "strong", 0, None)
    deeds = tuple(
        Deed(f"i-{n}", "pair", None, "Which?", thing, "mud", None, (truth.id,))
        for n in range(4)
    )
    steps = tuple(
        Step(end, (SummaryLine("taste", truth.claim, (f"i-{end - 1}",), truth.id),))
        for end in (2, 4)
    )
    return SimulatedUser(f"u{number:06}", split, (truth,), deeds, steps, ())
