"""The judge stage on a two-layer model: it learns, and goes on as if never stopped."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from toy_training import write_model  # noqa: E402  needs torch

from persona_cli.training.asked import Asked, asked, wordings  # noqa: E402
from persona_cli.training.base import chat_template, load_base  # noqa: E402
from persona_cli.training.judge_stage import corpus_by_split, measured  # noqa: E402
from persona_cli.training.judging import batches, ratios, tokens_of  # noqa: E402
from persona_cli.training.runs import (  # noqa: E402
    Base,
    Data,
    Run,
    digest_of_folder,
    write_run,
)
from persona_cli.training.things import split_category  # noqa: E402

SCRIPT = Path(__file__).parent.parent / "scripts" / "train_judge.py"
SEED = Path(__file__).parent.parent / "scripts" / "data" / "seed"
METHOD = {
    "rank": 8,
    "alpha": 16,
    "rounds": 12,
    "pairs": 8,
    "batch_tokens": 1500,
    "learning_rate": 1e-2,
    "warmup": 0.05,
    "say": 0.1,
    "quiet": 0.05,
    "checkpoint": 1,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def loaded(model):
    return load_base(model, dtype=torch.float32)


def write_corpus(folder):
    """Categories whose things are letters: an item repeats the name of its thing."""
    (folder / "things").mkdir(parents=True)
    lines = []
    for number in range(12):
        things = [
            {
                "name": letter * 3,
                "claims": {
                    "likes": [f"Likes {letter * 3}."],
                    "dislikes": [f"Dislikes {letter * 3}."],
                },
                "items": [letter * n for n in (2, 4, 5)],
            }
            for letter in "abcdef"
        ]
        lines.append(
            {
                "id": f"{number:02}-letters",
                "section": "media",
                "noun": "a letter",
                "queries": ["Which?"],
                "things": things,
            }
        )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "things" / "letters.jsonl").write_text(text)
    return folder


def write_judge_run(folder, model, corpus, **method):
    run = Run(
        persona="0",
        stage="judge",
        seed=0,
        out=folder,
        base=Base(model=str(model), sha256=digest_of_folder(model)),
        data=Data(folder=corpus),
        method=METHOD | method,
    )
    folder.mkdir()
    write_run(run, folder / "run.yaml")
    return folder


def start(folder):
    return subprocess.Popen(
        [sys.executable, SCRIPT, folder / "run.yaml"],
        stderr=subprocess.PIPE,
        text=True,
    )


def curve(folder):
    lines = (folder / "curve.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_round_asks_each_item_right_and_wrong():
    """Over a round, no item is right by its looks, nor is a place."""
    contrasts, categories = corpus_by_split(SEED)["train"]
    signs = [
        sign
        for one in asked(contrasts, categories, seed=0, pairs=4)
        for _, sign in one.claims
        if sign
    ]
    assert len(signs) > 2000
    assert abs(sum(signs)) < 0.05 * len(signs)
    assert list(asked(contrasts[:5], [], seed=1, pairs=0)) == list(
        asked(contrasts[:5], [], seed=1, pairs=0)
    )


def test_splits_of_the_corpus_share_nothing():
    """What is tested is never taught: no claim, no item."""
    parts = corpus_by_split(SEED)
    claims = {
        name: {
            claim
            for contrast in contrasts
            for side in contrast.sides.values()
            for claim in side.claims
        }
        | {
            claim
            for category in categories
            for thing in category.things
            for sign in ("likes", "dislikes")
            for claim in wordings(thing, sign)
        }
        for name, (contrasts, categories) in parts.items()
    }
    assert all(len(found) > 60 for found in claims.values())
    assert not claims["train"] & (claims["val"] | claims["test"])
    assert not claims["val"] & claims["test"]
    assert {split_category(c) for _, some in parts.values() for c in some} >= {
        "train",
        "test",
    }


def test_a_ratio_changes_its_sign_with_the_items(loaded):
    """Exactly, whatever the model has learned."""
    model, tokenizer = loaded
    claims = (("Likes tea.", 1), ("Dislikes tea.", -1))
    there = Asked("Which?", "tea", "mud", claims, "x")
    back = Asked("Which?", "mud", "tea", claims, "x")
    template = chat_template(tokenizer)
    with torch.no_grad():
        one, other = (
            ratios(model, [tokens_of(asked, tokenizer, template)], pad=0)[0]
            for asked in (there, back)
        )
    assert one.abs().max() > 1e-4
    assert torch.allclose(one, -other, atol=1e-4)


def test_a_claim_weighs_the_same_alone_and_among_others(loaded):
    """Claims behind one prompt do not see each other, nor padding."""
    model, tokenizer = loaded
    template = chat_template(tokenizer)
    many = (("Likes tea.", 1), ("Wants mud above all.", -1), ("Naps.", 0))
    long = Asked("Which of the two?", "tea with milk and more", "mud", many, "x")
    short = Asked("", "tea", "mud", many[:1], "x")
    with torch.no_grad():
        packed = ratios(
            model, [tokens_of(o, tokenizer, template) for o in (long, short)], pad=0
        )[0]
        alone = [
            ratios(
                model,
                [
                    tokens_of(
                        Asked(o.query, o.a, o.b, (claim,), "x"), tokenizer, template
                    )
                ],
                pad=0,
            )[0]
            for o in (long, short)
            for claim in o.claims
        ]
    assert torch.allclose(packed, torch.cat(alone), atol=1e-4)


def test_batches_hold_every_question_once_within_their_tokens(loaded):
    """And in another order with other dice."""
    _, tokenizer = loaded
    template = chat_template(tokenizer)
    contrasts, _ = corpus_by_split(SEED)["val"]
    some = [
        tokens_of(one, tokenizer, template)
        for one in asked(contrasts, [], seed=0, pairs=0)
    ]
    dice = torch.Generator().manual_seed(1)
    found = list(batches(some, tokens=4000, shuffle=dice))
    assert sorted(id(o) for b in found for o in b) == sorted(map(id, some))
    assert all(
        len(b) == 1 or 2 * len(b) * max(o.length for o in b) <= 4000 for b in found
    )


def test_calibration_is_measured_as_said():
    """Ratios that are as sure as they are right have no error; boasting has."""
    dice = random.Random(0)
    honest = [
        2.0 if dice.random() < 1 / (1 + 2.718281828**-2) else -2.0 for _ in range(5000)
    ]
    signs = torch.ones(5000)
    assert measured(torch.tensor(honest), signs).ece < 0.02
    assert measured(torch.tensor(honest) * 5, signs).ece > 0.1


def test_the_stage_learns_what_is_there_to_learn(model, tmp_path):
    """Letters it was not taught by are read right; unrelated claims leave it open."""
    corpus = write_corpus(tmp_path / "corpus")
    folder = write_judge_run(tmp_path / "run", model, corpus)
    process = start(folder)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    done = json.loads((folder / "done.json").read_text())
    assert done["test_accuracy"] > 0.8, done
    assert 0.3 < done["test_unrelated"] < 0.7
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()
    lines = curve(folder)
    first = sum(line["loss"] for line in lines[:10])
    assert sum(line["loss"] for line in lines[-11:-1]) < 0.8 * first


def test_a_stopped_run_goes_on_as_if_nothing_had_been(model, tmp_path):
    """The same losses, step for step, as in a run that was left alone."""
    corpus = write_corpus(tmp_path / "corpus")
    whole = write_judge_run(tmp_path / "whole", model, corpus, rounds=2)
    process = start(whole)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    stopped = write_judge_run(tmp_path / "stopped", model, corpus, rounds=2)
    process = start(stopped)
    ledger = stopped / "curve.jsonl"
    until = time.monotonic() + 60
    while not (ledger.is_file() and len(ledger.read_bytes().splitlines()) >= 3):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (stopped / "done.json").exists()
    again = start(stopped)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert "going on from step" in said
    losses = [[x["loss"] for x in curve(f) if "loss" in x] for f in (whole, stopped)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
