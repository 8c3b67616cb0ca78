"""The rl stage on a model of two layers: rewards rise, and a killed run goes on."""

import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest

torch = pytest.importorskip("torch")

from toy_models import write_peft  # noqa: E402  needs torch
from toy_policy import user, write_choices, write_policy  # noqa: E402
from transformers import PrinterCallback  # noqa: E402

from persona_cli.training import runs  # noqa: E402
from persona_cli.training.base import chat_template, load_base  # noqa: E402
from persona_cli.training.checkpoints import last_whole  # noqa: E402
from persona_cli.training.courses import courses, visits  # noqa: E402
from persona_cli.training.curves import Curve, read_curve  # noqa: E402
from persona_cli.training.gain import gained, read_scores  # noqa: E402
from persona_cli.training.grpo import Ledger, Trainer  # noqa: E402
from persona_cli.training.rl import (  # noqa: E402
    Hook,
    Method,
    config_of,
    fault_of,
    paid,
    rows_of,
)
from persona_cli.training.sft import trained_part  # noqa: E402

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "train_rl.py"

METHOD = {
    "form": "each",
    "reward": "streaming",
    "rollouts": 4,
    "future": 0.9,
    "neutral": 0.45,
    "users": 2,
    "steps": 4,
    "learning_rate": 5e-3,
    "warmup": 0.0,
    "rank": 8,
    "alpha": 16,
    "prompt_tokens": 512,
    "answer_tokens": 12,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "log": 1,
    "checkpoint": 2,
    "deeds": 2,
    "val_users": 4,
    "precision": "fp32",
}

# Our libraries warn of each other, and of a hook that is new.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

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


class Payer:
    """A reader that wants one thing said."""

    def p(self, readings):
        return [0.9 if "bbb" in one.profile else 0.3 for one in readings]


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return write_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def made(policy, tmp_path_factory):
    """Policy, data and a reader's adapter that every run here begins with."""
    folder = tmp_path_factory.mktemp("rl")
    write_peft(load_base(policy, dtype=torch.float32)[0], folder / "judge")
    return policy, write_choices(folder / "data"), folder / "judge"


@pytest.fixture(scope="module")
def unbroken(made, tmp_path_factory):
    """A run that nothing disturbed."""
    run_file = plan(made, tmp_path_factory.mktemp("unbroken"))
    assert train(run_file) == 0
    return run_file.parent


def plan(made, out, *, asked="backward", **changes):
    policy, data, judge = made
    run = runs.Run(
        persona="0",
        stage="rl",
        seed=3,
        out=out,
        base=runs.Base(model=str(policy), sha256=None),
        data=runs.Data(folder=data),
        reader=runs.Reader(model=str(policy), adapter=judge, form=asked),
        method={**METHOD, **changes},
    )
    runs.write_run(run, out / "run.yaml")
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
    lines = read_curve(folder / "curve.jsonl")
    return {line["step"]: line[figure] for line in lines if figure in line}


def visits_of(number):
    every = list(courses(user(n) for n in range(number)))
    return visits(every, number, seed=0, deeds=2)


def trainer_of(policy, out, reader, **changes):
    """TRL's trainer with our hook and a scripted reader."""
    method = Method(**{**METHOD, **changes})
    model, tokenizer = load_base(policy, dtype=torch.float32)
    every = list(courses(user(n) for n in range(4)))
    deeds = method.deeds if method.form == "each" else None
    met = visits(every, method.steps * method.users, seed=0, deeds=deeds)
    hook = Hook(met, method, reader, tokenizer, chat_template(tokenizer), seed=0)
    trainer = Trainer(
        model=trained_part(model, method, None),
        reward_funcs=paid,
        args=config_of(method, out / "checkpoints", seed=0, world=1),
        train_dataset=rows_of(met, method),
        processing_class=tokenizer,
        rollout_func=hook,
        callbacks=[Ledger(Curve(out / "curve.jsonl"), lambda _: None)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


@pytest.mark.parametrize("reward", ["streaming", "r1"])
def test_what_is_paid_for_is_said_more(policy, tmp_path, reward):
    """The reward of one of three statements rises until it is nearly all that is said.

    Each is said by chance in a third of rollouts at first.
    """
    trainer = trainer_of(
        policy, tmp_path, Payer(), reward=reward, steps=8, users=4, deeds=1
    )
    trainer.train()
    r1, r2 = (list(curve(tmp_path, name).values()) for name in ("r1", "r2"))
    form = list(curve(tmp_path, "form").values())
    assert max(r1[0], r2[0]) < 0.5
    assert min(fmean(r1[-4:]), fmean(r2[-4:])) > 0.75
    assert fmean(form[-4:]) > form[0] + 0.1


def test_each_group_is_compared_with_itself_alone(policy, tmp_path):
    """Advantages are of the group of a user and stage; slots of a rollout share one."""
    trainer = trainer_of(policy, tmp_path, Payer(), steps=1, users=3, deeds=3)
    seen = {}
    inner = trainer._generate_and_score_completions  # what TRL makes of our rows

    def kept(inputs):
        seen.update(inner(inputs), reward=[row["reward"] for row in inputs])
        return dict(seen)

    trainer._generate_and_score_completions = kept
    trainer.train()
    rewards = torch.tensor(seen["reward"]).view(
        3, 2, 3, 4
    )  # user, stage, slot, rollout
    assert torch.equal(rewards[:, :, 0], rewards[:, :, 1])
    mean, std = rewards.mean(-1, keepdim=True), rewards.std(-1, keepdim=True)
    expected = ((rewards - mean) / (std + 1e-4)).flatten()
    assert torch.allclose(seen["advantages"], expected, atol=1e-3)
    assert expected.abs().max() > 0.5
    # Users have two choices a part: the third slot is empty, and weighs nothing.
    weights = (seen["tool_mask"] * seen["completion_mask"]).sum(-1).view(3, 2, 3, 4)
    assert (weights[:, :, 2] == 0).all()
    assert (weights[:, :, :2] > 0).all()


def test_answers_come_back_to_their_prompts(policy, tmp_path, monkeypatch):
    """Whatever is written together, and in whatever order."""
    trainer = trainer_of(policy, tmp_path, Payer())
    together = []

    def echo(prompts, *_):
        together.append(len(prompts))
        return [[sum(prompt)] for prompt in prompts], None

    monkeypatch.setattr(trainer, "_generate_single_turn", echo)
    prompts = [[number] * (1 + number * 7 % 11) for number in range(150)]
    written, logprobs = trainer.write(prompts)
    assert written == [[sum(prompt)] for prompt in prompts]
    assert together == [64, 64, 22]
    assert logprobs == [None] * 150


def test_the_same_lot_rolls_the_same(policy, tmp_path):
    """So before and after are measured with the same dice."""
    trainer = trainer_of(policy, tmp_path, Payer())
    hook, met = trainer.rollout_func, visits_of(2)

    def said(lot):
        found = hook.roll(met, trainer, lot=lot)
        return [one.answers[0].tokens for groups in found for one in groups[0].rollouts]

    assert said("a") == said("a")
    assert said("a") != said("b")


def test_a_run_leaves_all_that_it_should(unbroken):
    """Curve, picture, adapter, and what was gained on users it did not learn from."""
    assert list(curve(unbroken, "reward")) == list(range(1, 5))
    assert (unbroken / "curve.png").stat().st_size > 1000
    names = {path.name for path in (unbroken / "adapter").iterdir()}
    assert "adapter_model.safetensors" in names
    assert "reader" not in names
    done = json.loads((unbroken / "done.json").read_text())
    assert done["steps"] == 4
    assert done["rollouts"] == 4 * 2 * 2 * 4
    assert done["val_n"] == 4
    assert done["val_r2_gain"] == pytest.approx(done["val_r2"] - done["val_r2_before"])
    low, high = done["val_r2_gain_low"], done["val_r2_gain_high"]
    assert low <= done["val_r2_gain"] <= high
    assert done["tokens"] == curve(unbroken, "tokens")[4]
    was, now = (read_scores(unbroken / f"{when}.json") for when in ("before", "after"))
    assert done == done | gained(was, now)


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
    """With the same dice, from the last whole checkpoint."""
    run_file = plan(made, tmp_path)
    code, said = end_at(run_file, 3, "SIGKILL")
    assert code == -signal.SIGKILL, said
    assert last_whole(tmp_path / "checkpoints").name == "checkpoint-2"

    assert train(run_file) == 0

    for figure in ("reward", "r1", "r2", "form", "length", "tokens"):
        assert curve(tmp_path, figure) == pytest.approx(curve(unbroken, figure))
    ours, theirs = (
        json.loads((one / "done.json").read_text()) for one in (tmp_path, unbroken)
    )
    assert ours["val_r2_gain"] == pytest.approx(theirs["val_r2_gain"], abs=1e-4)


def test_a_run_that_is_told_to_end_keeps_its_last_step(made, unbroken, tmp_path):
    """A signal makes a checkpoint where there would have been none."""
    run_file = plan(made, tmp_path)
    code, said = end_at(run_file, 3, "SIGTERM")
    assert code == 128 + signal.SIGTERM, said
    assert not (tmp_path / "done.json").exists()
    assert train(run_file) == 0
    assert curve(tmp_path, "reward") == pytest.approx(curve(unbroken, "reward"))


def test_all_weights_can_be_rewarded_by_another_model(made, tmp_path):
    """The reader is loaded beside the policy; choices are pruned by it."""
    changes = {"rank": None, "steps": 2, "val_users": 0, "share": 0.9}
    assert train(plan(made, tmp_path, asked="item", **changes)) == 0
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert (tmp_path / "model" / "tokenizer.json").is_file()
    assert not (tmp_path / "adapter").exists()


def test_two_processes_make_one_run(made, unbroken, tmp_path):
    """A user each makes a step of two users, measured once; and one curve.

    By torch's launcher: accelerate's own starts several processes on a CPU by MPI only.
    """
    run_file = plan(made, tmp_path)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [sys.executable, *launcher, SCRIPT, run_file],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("train: 6 users, met 8 times") == 1
    assert list(curve(tmp_path, "reward")) == [1, 2, 3, 4]
    told = json.loads((tmp_path / "done.json").read_text())
    alone = json.loads((unbroken / "done.json").read_text())
    assert (told["val_n"], told["rollouts"]) == (alone["val_n"], alone["rollouts"])
    # Other dice write other answers, of about a length.
    assert told["tokens"] == pytest.approx(alone["tokens"], rel=0.1)


def test_talk_goes_to_stderr(made, tmp_path, capfd):
    """A line for every line of the curve, and none of our libraries' own."""
    assert train(plan(made, tmp_path, steps=2, val_users=0)) == 0
    said = capfd.readouterr()
    assert said.out == ""
    first, *steps = said.err.splitlines()
    assert first == "train: 4 users, met 4 times"
    assert [line[:10] for line in steps] == ["step 1/2  ", "step 2/2  "]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"checkpoint": 3, "log": 2}, "no multiple of log"),
        ({"rollouts": 1}, "compared with nothing"),
        ({"users": 3}, "no multiple of the 2 processes"),
        ({"rows": 5}, "does not divide the 16 rows"),
        ({"easiest": 0.5, "hardest": 0.5}, "the easier edge first"),
        ({"rank": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_said(changes, fault):
    """Beginning with the key."""
    assert fault in fault_of(Method(**{**METHOD, **changes}), world=2)
    assert fault_of(Method(**METHOD), world=2) is None


def test_a_fault_ends_the_script_before_anything_is_written(made, tmp_path, capfd):
    """Exit 3, with the place and a remedy."""
    assert train(plan(made, tmp_path, rollouts=1)) == 3
    said = capfd.readouterr().err
    assert "run.yaml: method.rollouts" in said
    assert "try: " in said
    assert not (tmp_path / "curve.jsonl").exists()
