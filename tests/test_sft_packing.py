"""Packed examples are learned from as if each were alone."""

import pytest
import torch
from letters import letters as made
from transformers import LlamaConfig, LlamaForCausalLM
from trl import pack_dataset
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from persona_cli.engine import Message
from persona_cli.training.examples import Example
from persona_cli.training.packing import IGNORED, tokenized

TEMPLATE = "<{{ messages[0].content }}>"


@pytest.fixture(scope="module")
def letters():
    return made()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return LlamaForCausalLM(config).eval()


def told(*pairs):
    return [Example((Message("user", asked),), answer) for asked, answer in pairs]


def test_the_loss_is_of_completions_alone(letters):
    """And of the token that ends them."""
    rows, count = tokenized(told(("tea", "ok")), letters, TEMPLATE, longest=99)
    assert rows["labels"][0] == [IGNORED] * 5 + rows["input_ids"][0][5:]
    assert rows["input_ids"][0][-1] == letters.eos_token_id
    assert (count.kept, count.dropped, count.tokens, count.learned) == (1, 0, 8, 3)


def test_what_is_too_long_is_dropped_and_counted(letters):
    """To the token, and never cut."""
    pairs = told(("tea", "ok"), ("teas", "ok"))
    rows, count = tokenized(pairs, letters, TEMPLATE, longest=8)
    assert (count.kept, count.dropped) == (1, 1)
    assert len(rows["input_ids"][0]) == 8


def test_a_packed_pair_has_the_loss_of_the_two_alone(model, letters):
    """The packed row is one sequence, and yet each is read as if it came first."""
    pairs = told(("which tea", "green"), ("how long", "short, please"))
    alone, _ = tokenized(pairs, letters, TEMPLATE, longest=64)
    losses = [loss(model, alone.select([n])) for n in range(2)]
    packed = pack_dataset(alone, 64, "bfd")
    assert len(packed) == 1
    assert loss(model, packed) == pytest.approx(sum(losses), abs=1e-4)


def test_what_is_packed_before_is_not_seen(model, letters):
    """Another neighbour of the same length changes no logit."""
    logits = []
    for neighbour in ("which tea", "that wine"):
        pairs = told((neighbour, "green"), ("hm", "oh"))
        rows, _ = tokenized(pairs, letters, TEMPLATE, longest=64)
        batch = collated(pack_dataset(rows, 64, "bfd"))
        with torch.no_grad():
            logits.append(model(**batch, use_cache=False).logits[0, -7:])
    torch.testing.assert_close(logits[0], logits[1], atol=1e-6, rtol=0)


def collated(rows):
    collator = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    return collator([rows[n] for n in range(len(rows))])


def loss(model, rows):
    """Summed over the completions' tokens."""
    batch = collated(rows)
    with torch.no_grad():
        logits = model(**batch, use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits[0, :-1], batch["labels"][0, 1:], reduction="sum", ignore_index=IGNORED
    ).item()
