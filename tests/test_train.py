"""``persona train``: a run file written whole, handed to its script, taken up again."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from persona_cli import train
from persona_cli.errors import (
    BusyError,
    HandoffError,
    InputError,
    ModelError,
    UsageError,
)
from persona_cli.lock import profile_lock
from persona_cli.models.shelf import Shelf, default_shelf
from persona_cli.training.launch import command
from persona_cli.training.plan import (
    Wish,
    base_of,
    differences,
    planned,
)
from persona_cli.training.runs import Run, read_run, write_run

TODAY = date(2026, 11, 24)


class ScriptedSpawn:
    """Ends as it was told to, and keeps what it was asked to start.

    ends: for each call an exit code, or what is raised; 0 also writes done.json
    """

    def __init__(self, *ends: int | BaseException, done: bool = True) -> None:
        self._ends = list(ends)
        self._done = done
        self.argv: list[list[str]] = []
        self.environ: Mapping[str, str] = {}

    def __call__(
        self, argv: Sequence[str], environ: Mapping[str, str], hold: Sequence[int]
    ) -> int:
        self.argv.append(list(argv))
        self.environ = environ
        for descriptor in hold:
            os.fstat(descriptor)
        assert self._ends, f"started once too often: {argv}"
        end = self._ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        if end == 0 and self._done:
            out = read_run(Path(argv[-1])).out
            (out / "done.json").write_text('{"steps": 3, "loss": 0.5}', "utf-8")
        return end


@pytest.fixture(autouse=True)
def scripts(tmp_path, monkeypatch) -> Path:
    """Scripts of every stage, whose content does not matter here."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    for stage in ("data", "sft", "judge", "rl", "export"):
        (folder / f"train_{stage}.py").write_text("", "utf-8")
    monkeypatch.setattr(train, "scripts_folder", lambda: folder)
    return folder


@pytest.fixture
def wish(tmp_path) -> Wish:
    """A small sft run on data and a base of two files."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "train-00000.jsonl").write_text("{}\n", "utf-8")
    (data / "notes.txt").write_text("not hashed", "utf-8")
    (tmp_path / "base.gguf").write_bytes(b"GGUF, or so")
    return Wish(
        stage="sft",
        out=tmp_path / "out",
        base=str(tmp_path / "base.gguf"),
        data=data,
        launch="cpu",
        changes={"epochs": 3},
    )


Planner = Callable[..., Run]


@pytest.fixture
def plan(wish, tmp_path) -> Planner:
    shelf: Shelf = default_shelf()

    def planner(**changes: object) -> Run:
        return planned(
            replace(wish, **changes), shelf=shelf, here=tmp_path, today=TODAY
        )

    return planner


def quiet(_text: str) -> None:
    pass


def test_a_run_file_says_everything(plan, tmp_path):
    """Hashes of base and data, the whole recipe with what was changed, the seed."""
    run = plan(seed=7)
    assert run.seed == 7
    assert run.base is not None
    assert run.base.sha256 is not None
    assert list(run.data.files) == ["train-00000.jsonl"]
    assert run.method["epochs"] == 3
    assert run.method["form"] == "each"
    assert run.out == tmp_path / "out"
    assert not run.out.exists()  # planning writes nothing


def test_a_run_is_handed_to_its_script_by_accelerate(plan):
    """One run file is all the script is told; what it measured comes back."""
    spawn = ScriptedSpawn(0)
    outcome = train.begin(plan(), tell=quiet, spawn=spawn)
    (argv,) = spawn.argv
    assert argv[1:3] == ["-m", "accelerate.commands.launch"]
    assert argv[4] == "--config_file"
    assert argv[5].endswith("cpu.yaml")
    assert [Path(word).name for word in argv[6:]] == ["train_sft.py", "run.yaml"]
    assert read_run(Path(argv[-1])) == plan()
    assert spawn.environ["HF_HUB_OFFLINE"] == "1"
    assert (outcome.ran, outcome.figures) == (True, {"steps": 3, "loss": 0.5})


@pytest.mark.parametrize("stage", ["data", "export"])
def test_stages_of_one_process_need_no_accelerate(plan, stage):
    """They are plain python."""
    run = replace(plan(), stage=stage)
    argv = command(run, Path("s.py"), Path("r.yaml"))
    assert argv[1:] == ["s.py", "r.yaml"]


def test_the_same_command_goes_on_where_it_was_cut_off(plan):
    """The second run takes up the file of the first; a third finds nothing to do."""
    spawn = ScriptedSpawn(KeyboardInterrupt(), 0)
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        train.begin(plan(), tell=told.append, spawn=spawn)
    assert told[-1].startswith("go on with: persona train resume ")
    before = (plan().out / "run.yaml").read_bytes()
    assert train.begin(plan(), tell=quiet, spawn=spawn).ran
    assert (plan().out / "run.yaml").read_bytes() == before
    again = train.begin(plan(), tell=quiet, spawn=spawn)
    assert (again.ran, again.figures["steps"]) == (False, 3)


def test_a_folder_of_another_run_is_refused(plan):
    """With what differs, and how to go on with it; nothing is started."""
    train.begin(plan(), tell=quiet, spawn=ScriptedSpawn(0))
    spawn = ScriptedSpawn()
    with pytest.raises(UsageError) as caught:
        train.begin(plan(seed=1, changes={}), tell=quiet, spawn=spawn)
    assert "seed: 0, not 1; method.epochs: 3, not 2" in str(caught.value)
    assert "persona train resume" in caught.value.remedy
    assert not spawn.argv


def test_another_launch_is_the_same_run(plan):
    """What it is started by has no say in what comes out; the file has the latest."""
    spawn = ScriptedSpawn(1, 0)
    with pytest.raises(HandoffError):
        train.begin(plan(), tell=quiet, spawn=spawn)
    train.begin(plan(launch="gpu"), tell=quiet, spawn=spawn)
    assert spawn.argv[1][5].endswith("gpu.yaml")
    found = read_run(plan().out / "run.yaml").launch.config
    assert found is not None
    assert found.name == "gpu.yaml"


def test_a_folder_of_something_else_is_left_alone(plan, tmp_path):
    """A home folder, for one."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("all of it", "utf-8")
    with pytest.raises(UsageError, match=r"not empty, and no run in it.*thesis\.tex"):
        train.begin(plan(), tell=quiet, spawn=ScriptedSpawn())
    assert not (tmp_path / "out" / "run.yaml").exists()


def test_without_a_folder_a_run_is_named_by_its_date(plan, tmp_path):
    """The same run finds its folder again, on another day too; another gets its own."""
    first = plan(out=None)
    assert first.out == tmp_path / "runs" / "sft-2026-11-24"
    with pytest.raises(HandoffError):
        train.begin(first, tell=quiet, spawn=ScriptedSpawn(1))
    assert plan(out=None).out == first.out
    assert plan(out=None, seed=1).out == tmp_path / "runs" / "sft-2026-11-24-2"


@pytest.mark.parametrize(("code", "said"), [(3, "with code 3"), (-9, "by signal 9")])
def test_a_script_that_fails_says_how_and_how_to_go_on(plan, code, said):
    """Exit code 5; the remedy is the command that resumes."""
    with pytest.raises(HandoffError, match=rf"train_sft\.py .*{said}") as caught:
        train.begin(plan(), tell=quiet, spawn=ScriptedSpawn(code))
    assert caught.value.exit_code == 5
    assert f"persona train resume {plan().out}" in caught.value.remedy


def test_a_script_that_leaves_nothing_has_failed(plan):
    """An exit code of 0 is believed only with done.json."""
    with pytest.raises(HandoffError, match=r"left no done\.json"):
        train.begin(plan(), tell=quiet, spawn=ScriptedSpawn(0, done=False))


def test_a_script_that_cannot_be_started_is_a_failed_hand_off(plan, scripts):
    """As is one that is not there; then no folder is made."""
    spawn = ScriptedSpawn(PermissionError(13, "Permission denied"))
    with pytest.raises(HandoffError, match="permission denied"):
        train.begin(plan(), tell=quiet, spawn=spawn)
    (scripts / "train_sft.py").unlink()
    run = plan(out=plan().out.with_name("new"))
    with pytest.raises(HandoffError, match=r"train_sft\.py: no such script"):
        train.begin(run, tell=quiet, spawn=ScriptedSpawn())
    assert not run.out.exists()


def test_two_runs_in_one_folder_are_one_too_many(plan):
    """The second is told who holds it, and starts nothing."""
    run = plan()
    run.out.mkdir()
    with (
        profile_lock(run.out, timeout=0, doing="train sft"),
        pytest.raises(BusyError, match="train sft, since"),
    ):
        train.begin(run, tell=quiet, spawn=ScriptedSpawn())


def cut_off(run: Run) -> Path:
    with pytest.raises(HandoffError):
        train.begin(run, tell=quiet, spawn=ScriptedSpawn(1))
    return run.out


def test_a_run_is_resumed_by_its_folder_wherever_that_is(plan, tmp_path):
    """A folder that was moved is where the run goes on."""
    moved = cut_off(plan()).rename(tmp_path / "moved")
    spawn = ScriptedSpawn(0)
    outcome = train.resume(moved, tell=quiet, spawn=spawn)
    assert outcome.folder == moved
    assert spawn.argv[0][-1] == str(moved / "run.yaml")
    assert read_run(moved / "run.yaml").out == moved


@pytest.mark.parametrize("name", ["data/train-00000.jsonl", "base.gguf"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_run_is_not_resumed_on_something_else(plan, tmp_path, name, gone):
    """Data and base are what they were when it began, or it is refused."""
    folder = cut_off(plan())
    path = tmp_path / name
    if gone:
        path.unlink()
    else:
        path.write_bytes(b"other")
    with pytest.raises(InputError) as caught:
        train.resume(folder, tell=quiet, spawn=ScriptedSpawn())
    assert f"{path} {'is gone' if gone else 'has changed'}" in str(caught.value)


def test_a_run_that_is_done_is_not_done_again(plan):
    """Resuming it says so, also when its data has changed since."""
    out = train.begin(plan(), tell=quiet, spawn=ScriptedSpawn(0)).folder
    assert not train.resume(out, tell=quiet, spawn=ScriptedSpawn()).ran


def test_a_reader_and_an_adapter_may_be_those_of_a_run(plan, tmp_path):
    """The judge's base, its adapter and the hashes of both; a writer's run is none."""
    judge = plan(stage="judge", changes={}, out=tmp_path / "judge")
    for out in ("judge", "writer"):
        adapter = tmp_path / out / "adapter"
        adapter.mkdir(parents=True)
        (adapter / "adapter_config.json").write_text("{}", "utf-8")
    write_run(judge, tmp_path / "judge" / "run.yaml")
    write_run(plan(), tmp_path / "writer" / "run.yaml")
    run = plan(
        stage="rl",
        changes={},
        reader=str(tmp_path / "judge"),
        adapter=tmp_path / "writer",
    )
    assert run.reader is not None
    assert judge.base is not None
    assert (run.reader.model, run.reader.form) == (judge.base.model, "backward")
    assert run.reader.adapter == tmp_path / "judge" / "adapter"
    assert run.adapter == tmp_path / "writer" / "adapter"
    assert run.adapter_sha256 == run.reader.adapter_sha256
    with pytest.raises(InputError, match="a run of sft, which makes no reader"):
        plan(stage="rl", changes={}, reader=str(tmp_path / "writer"))
    with pytest.raises(InputError, match="no adapter in it"):
        plan(adapter=tmp_path / "data")


def test_a_base_must_be_here_and_have_weights(tmp_path):
    """A server's model is a teacher at most; an empty folder is no model."""
    shelf = default_shelf()
    with pytest.raises(UsageError, match="cannot be trained"):
        base_of("http://localhost:1/v1", "sft", shelf=shelf)
    assert base_of("http://localhost:1/v1", "data", shelf=shelf).sha256 is None
    with pytest.raises(ModelError, match="no model in it"):
        base_of(str(tmp_path), "sft", shelf=shelf)
    with pytest.raises(ModelError, match="qwen3-8b is not here"):
        base_of("qwen3-8b", "sft", shelf=shelf)


def test_a_run_that_trained_every_weight_is_a_base(plan, tmp_path):
    """By its folder, whose model is meant."""
    model = tmp_path / "whole" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", "utf-8")
    write_run(plan(), tmp_path / "whole" / "run.yaml")
    run = plan(base=str(tmp_path / "whole"))
    assert run.base is not None
    assert run.base.model == str(model)


def test_data_must_be_there(plan, tmp_path):
    """A folder without JSON lines is none, and how to make one is said."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \.jsonl file in it") as caught:
        plan(data=tmp_path / "empty")
    assert "persona train data --simulate" in caught.value.remedy
    with pytest.raises(UsageError, match="no such folder of data"):
        plan(data=tmp_path / "nowhere")


def test_logs_are_hashed_below_the_folder_they_share(plan, tmp_path):
    """So that a run on real behaviour, too, knows when it has changed."""
    logs = [tmp_path / "a" / "x.jsonl", tmp_path / "b" / "y.jsonl"]
    for log in logs:
        log.parent.mkdir()
        log.write_text("{}", "utf-8")
    changes = {"simulate": None, "from": [str(log) for log in logs]}
    run = plan(stage="data", sources=logs, changes=changes)
    assert run.data.folder == tmp_path
    assert list(run.data.files) == ["a/x.jsonl", "b/y.jsonl"]
    with pytest.raises(UsageError, match="no such log or profile"):
        plan(stage="data", sources=[tmp_path / "none"], changes=changes)


def test_differences_name_the_key_and_both_values(plan):
    """Versions and folders are none."""
    one = plan()
    assert differences(one, replace(one, persona="9", out=Path("/x"))) == []
    assert differences(one, replace(one, adapter=Path("/x"))) == [
        'adapter: "/x", not null'
    ]


def test_a_dry_run_prints_the_command_and_the_run_file(run_persona):
    """As text and as JSON; nothing is written."""
    argv = ["train", "judge", "--lora-rank", "8", "--launch", "cpu", "--dry-run"]
    text = run_persona(*argv).stdout
    first, _, rest = text.partition("\n\n")
    assert "accelerate.commands.launch" in first
    assert first.endswith("run.yaml")
    assert "stage: judge\n" in rest
    assert "  rank: 8\n" in rest
    found = json.loads(run_persona(*argv, "--json").stdout)
    assert found["run"]["method"]["rank"] == 8
    assert found["command"][-1] == f"{found['run']['out']}/run.yaml"
    assert not (run_persona.folder / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "--simulate", "3", "--from", "x"], "exclude each other"),
        (["data", "--model", "tiny"], "--model goes with --from"),
        (["judge", "--lora-rank", "8", "--set", "rank=4"], "exclude each other"),
        (["sft", "--data", ".", "--full", "--lora-rank", "4"], "exclude each other"),
        (["sft", "--data", ".", "--form", "prose"], "--form prose"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_asked_for_is_refused(run_persona, words, said):
    """With exit code 2, before anything is made."""
    assert said in run_persona("train", *words, code=2).stderr


def test_a_cost_is_worked_out_on_paper(run_persona):
    """What a LoRA of the small model did in a second, the large one does in 91."""
    argv = ["--tokens", "1000000", "--tokens-per-second", "1000", "--json"]
    small = json.loads(run_persona("train", "cost", *argv).stdout)
    assert small["flop"] == 4 * 134_515_008 * 10**6  # a LoRA
    assert small["hours"] == pytest.approx(1000 / 3600)
    argv += ["--recipe", "qwen3-8b", "--measured-on", "tiny", "--devices", "8"]
    large = json.loads(run_persona("train", "cost", *argv, "--price", "2").stdout)
    assert large["flop"] == 6 * 8_190_735_360 * 10**6  # every weight
    slower = large["flop"] / small["flop"]
    assert slower == pytest.approx(91.3, abs=0.1)
    assert large["device_hours"] == pytest.approx(small["hours"] * slower)
    assert large["hours"] == pytest.approx(large["device_hours"] / 8)
    assert large["price"] == pytest.approx(2 * large["device_hours"])
