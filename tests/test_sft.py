"""The sft stage, on a model of two layers: it learns, resumes, and pickles nothing."""

import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_training import write_data, write_model

from persona_cli.chat import CHATML
from persona_cli.training.base import load_base
from persona_cli.training.checkpoints import last_whole
from persona_cli.training.examples import examples
from persona_cli.training.packing import tokenized
from persona_cli.training.runs import Base, Data, Run, write_run
from persona_cli.training.users import read_split

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "train_sft.py"

METHOD = {
    "form": "each",
    "users": None,
    "val_users": 2,
    "epochs": 2,
    "steps": 12,
    "batch_tokens": 256,
    "accumulate": 2,
    "rank": 4,
    "alpha": 8,
    "dropout": 0.1,
    "learning_rate": 1e-2,
    "warmup": 0.1,
    "decay": 0.0,
    "clip": 1.0,
    "precision": "fp32",
    "attention": "sdpa",
    "recompute": False,
    "log": 1,
    "checkpoint": 4,
}

# Our libraries warn of each other.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")

# The script, killed as by kill -9 once so many steps stand in the curve.
DYING = """
import os, runpy, signal, sys
from persona_cli.training.curves import Curve
add = Curve.add
def dying(self, *, step, **figures):
    add(self, step=step, **figures)
    if step == {step}:
        os.kill(os.getpid(), signal.{signal})
Curve.add = dying
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Model and data that every run here begins with."""
    folder = tmp_path_factory.mktemp("sft")
    return write_model(folder / "model"), write_data(folder / "data", users=40)


@pytest.fixture(scope="module")
def unbroken(made, tmp_path_factory):
    """A run that nothing disturbed."""
    run_file = plan(made, tmp_path_factory.mktemp("unbroken"))
    assert train(run_file) == 0
    return run_file.parent


def plan(made, out, **changes):
    model, data = made
    run = Run(
        persona="0",
        stage="sft",
        seed=3,
        out=out,
        base=Base(model=str(model), sha256=None),
        data=Data(folder=data),
        method={**METHOD, **changes},
    )
    write_run(run, out / "run.yaml")
    return out / "run.yaml"


def train(run_file):
    main = runpy.run_path(str(SCRIPT))["main"]
    return main([str(run_file)])


def end_at(run_file, step, how):
    done = subprocess.run(
        [sys.executable, "-c", DYING.format(step=step, signal=how), SCRIPT, run_file],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def curve(folder, figure):
    lines = (folder / "curve.jsonl").read_text().splitlines()
    read = [json.loads(line) for line in lines]
    return {line["step"]: line[figure] for line in read if figure in line}


def test_the_loss_falls_and_all_is_there(unbroken):
    """Curve, picture, adapter and what was done, also on users of other splits."""
    losses = curve(unbroken, "loss")
    assert list(losses) == list(range(1, 13))
    assert losses[12] < 0.8 * losses[1]
    assert (unbroken / "curve.png").stat().st_size > 1000
    assert (unbroken / "adapter" / "adapter_model.safetensors").is_file()
    done = json.loads((unbroken / "done.json").read_text())
    assert done["steps"] == 12
    assert done["examples"] == {"train": 160, "val": 8}
    assert done["tokens"] == curve(unbroken, "tokens")[12]
    assert done["val_loss"] == pytest.approx(curve(unbroken, "val_loss")[12])


def test_the_loss_is_the_models_own(made, tmp_path):
    """Of completions, over all tokens that are learned in a step, however packed."""
    changes = {
        "rank": None,
        "warmup": 0.0,
        "accumulate": 80,
        "steps": 1,
        "val_users": 0,
    }
    assert train(plan(made, tmp_path, **changes)) == 0

    model, tokenizer = load_base(made[0], dtype=torch.float32)
    told = [e for u in read_split(made[1], "train") for e in examples(u, form="each")]
    rows, _ = tokenized(told, tokenizer, CHATML, longest=256)
    total = learned = 0
    for row in rows:
        ids, labels = (torch.tensor([row[name]]) for name in ("input_ids", "labels"))
        with torch.no_grad():
            size = int((labels != -100).sum())
            total += float(model(ids, labels=labels).loss) * size
        learned += size
    tokens = json.loads((tmp_path / "done.json").read_text())["tokens"]
    assert tokens == sum(map(len, rows["input_ids"]))
    assert curve(tmp_path, "loss")[1] == pytest.approx(total / learned, rel=1e-4)


def test_talk_goes_to_stderr(made, tmp_path, capfd):
    """A line for every line of the curve, and none of our libraries' own."""
    assert train(plan(made, tmp_path, steps=4)) == 0
    said = capfd.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == (
        "train: 160 examples, 16656 tokens, 3208 of them learned; 0 too long"
    )
    assert lines[2].startswith("step 1/4  loss ")
    assert len(lines) == 2 + 4 + 1 + 1  # counts, steps, at a checkpoint, at the end


def test_no_pickle_is_written(unbroken):
    """Nothing that could run code when it is read, in any checkpoint."""
    endings = {path.suffix for path in unbroken.rglob("*") if path.is_file()}
    assert endings <= {
        ".safetensors",
        ".json",
        ".jsonl",
        ".yaml",
        ".png",
        ".jinja",
        ".md",
    }


def test_a_killed_run_goes_on_to_the_same_curve(made, unbroken, tmp_path):
    """From the last whole checkpoint; half of one is passed over."""
    run_file = plan(made, tmp_path)
    assert end_at(run_file, 7, "SIGKILL")[0] == -signal.SIGKILL
    (tmp_path / "checkpoints" / "checkpoint-6").mkdir()
    (tmp_path / "checkpoints" / "checkpoint-6" / "trainer_state.json").write_text("{")
    assert last_whole(tmp_path / "checkpoints").name == "checkpoint-4"

    assert train(run_file) == 0

    for figure in ("loss", "rate", "tokens", "val_loss"):
        assert curve(tmp_path, figure) == pytest.approx(curve(unbroken, figure))


def test_a_run_that_is_told_to_end_keeps_its_last_step(made, unbroken, tmp_path):
    """A signal makes a checkpoint where there would have been none."""
    run_file = plan(made, tmp_path)
    code, said = end_at(run_file, 6, "SIGTERM")
    assert code == 128 + signal.SIGTERM, said
    assert last_whole(tmp_path / "checkpoints").name in ("checkpoint-6", "checkpoint-7")
    assert not (tmp_path / "done.json").exists()

    assert train(run_file) == 0

    assert curve(tmp_path, "loss") == pytest.approx(curve(unbroken, "loss"))


def test_all_weights_can_be_trained(made, tmp_path):
    """The result is a model of its own, tokenizer included."""
    changes = {"rank": None, "steps": 2, "form": "summary", "batch_tokens": 4096}
    assert train(plan(made, tmp_path, **changes)) == 0
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert (tmp_path / "model" / "tokenizer.json").is_file()
    assert not (tmp_path / "adapter").exists()


def test_an_adapter_is_gone_on_with(made, unbroken, tmp_path):
    """A run from an adapter begins where it ended."""
    run_file = plan(made, tmp_path, steps=1, warmup=0.0)
    text = run_file.read_text().replace("adapter: null", f"adapter: {unbroken}/adapter")
    run_file.write_text(text)
    assert train(run_file) == 0
    assert curve(tmp_path, "loss")[1] < 0.85 * curve(unbroken, "loss")[1]


def test_two_processes_make_one_run(made, unbroken, tmp_path):
    """A row each makes a step of two rows: the same tokens a step, and one curve.

    By torch's launcher: accelerate's own starts several processes on a CPU by MPI only.
    """
    run_file = plan(made, tmp_path, accumulate=1, steps=4, checkpoint=2)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [sys.executable, *launcher, SCRIPT, run_file],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(curve(tmp_path, "loss")) == [1, 2, 3, 4]
    assert json.loads((tmp_path / "done.json").read_text())["steps"] == 4
    # Two rows a step here and there: within the rounding of how they are filled.
    both = curve(tmp_path, "tokens")[4], curve(unbroken, "tokens")[4]
    assert both[0] == pytest.approx(both[1], rel=0.1)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"checkpoint": 3, "log": 2}, "no multiple of log"),
        ({"batch_tokens": 8}, "no example of train fits 8 tokens"),
        ({"warmup": 1.0}, "in [0, 1)"),
    ],
)
def test_what_cannot_be_is_said(changes, fault, made, tmp_path, capfd):
    """Exit 3, with the place and a remedy, before anything is trained."""
    assert train(plan(made, tmp_path, **changes)) == 3
    said = capfd.readouterr().err
    assert fault in said
    assert "try: " in said
    assert not (tmp_path / "curve.jsonl").exists()
