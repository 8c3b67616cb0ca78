"""Two layers, from nothing to an update: data, sft, judge, rl, export, use.

All by the command, as a user would. What is asked of it is little: that everything fits
together, and that each stage makes better what it is there for.
"""

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

pytest.importorskip("torch")

from toy_corpus import write_corpus
from toy_talk import write_talker

from persona_cli.training.curves import read_curve

# Our libraries warn of each other.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SETTINGS = {
    "data": {"simulate": 150, "val_share": 0.1},
    "sft": {"steps": 20, "learning_rate": 3e-3, "batch_tokens": 1024, "log": 2}
    | {"checkpoint": 10, "val_users": 4, "rank": 16, "alpha": 32},
    "judge": {"rounds": 8, "pairs": 12, "learning_rate": 1e-2},
    "rl": {"steps": 16, "users": 4, "deeds": 2, "learning_rate": 5e-3, "log": 1}
    | {"answer_tokens": 16, "checkpoint": 16},
    "export": {"positions": 200},
}


def curve(run: Path, key: str) -> list[float]:
    """A figure of a run, step by step."""
    return [line[key] for line in read_curve(run / "curve.jsonl") if key in line]


def test_what_is_trained_from_nothing_writes_a_profile(run_persona, tmp_path):
    folders = {name: tmp_path / name for name in ("data", "sft", "judge", "rl")}
    corpus, base = tmp_path / "corpus", tmp_path / "toy.gguf"
    write_corpus(corpus)
    train(run_persona, "data", folders["data"], "--corpus", str(corpus))
    write_talker(base, folders["data"])
    on = ("--base", str(base), "--launch", "cpu")
    data = ("--data", str(folders["data"]))

    train(run_persona, "sft", folders["sft"], *on, *data)
    loss = curve(folders["sft"], "loss")
    assert fmean(loss[-3:]) < fmean(loss[:3])

    train(run_persona, "judge", folders["judge"], *on, "--data", str(corpus))
    judged = json.loads((folders["judge"] / "done.json").read_text("utf-8"))
    assert judged["test_low"] > 0.5, judged

    train(
        run_persona,
        *("rl", folders["rl"], *on, *data, "--adapter", str(folders["sft"])),
        *("--reader", str(folders["judge"])),
    )
    reward = curve(folders["rl"], "reward")
    assert fmean(reward[-4:]) > fmean(reward[:4]) + 0.03, reward

    for name in ("rl", "judge"):
        out = tmp_path / f"exported-{name}"
        train(run_persona, "export", out, str(folders[name]), "--name", "mine")
        figures = json.loads((out / "done.json").read_text("utf-8"))
        assert figures["strict"] >= 0.98, figures

    used(run_persona)


def used(persona: Any) -> None:
    """What was exported reads a log: one statement a choice, weighed on all of them.

    Whether two layers are loud enough to be believed is not asked.
    """
    lines = [
        {"query": f"Which {noun}?", "chosen": f"some {one}", "rejected": f"my {other}"}
        for noun, one, other in (
            *(("colours", "red", "blue"), ("colours", "red", "green")),
            *(("colours", "red", "white"), ("food", "fish", "meat")),
            *(("food", "fish", "milk"), ("media", "book", "film")),
        )
    ]
    log = persona.folder / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    persona("init", "me")
    told = persona("update", "me", str(log), "--model", "mine", "--json")
    done = json.loads(told.stdout)
    assert (done["engine"], done["windows"], done["new"]) == ("mine", 1, 6), done
    assert "by mine each@1" in told.stderr, told.stderr
    said = sum(done["dropped_lines"].values()) + len(done["changes"])
    assert said > 0, done


def train(persona: Any, stage: str, out: Path, *words: str) -> None:
    """One stage by the command, with what is set for it here."""
    changes = [
        word
        for key, value in SETTINGS.get(stage, {}).items()
        for word in ("--set", f"{key}={value}")
    ]
    persona("train", stage, *words, "--out", str(out), *changes)
