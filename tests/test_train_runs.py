"""Run files, curves and recipes: what a training run is told, and what it tells."""

import ast
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from persona_cli.errors import InputError, UsageError
from persona_cli.training.curves import Curve, panels_of, read_curve
from persona_cli.training.recipes import (
    changes_of,
    find_recipe,
    read_recipe,
    scripts_folder,
    with_changes,
)
from persona_cli.training.runs import (
    STAGES,
    Base,
    Data,
    Launch,
    Reader,
    Run,
    digest_of_folder,
    method_of,
    read_run,
    run_text,
    write_run,
)

RECIPES = sorted((scripts_folder() / "recipes").glob("*.yaml"))


def a_run(folder: Path, **changes: object) -> Run:
    run = Run(
        persona="0.1.0",
        stage="rl",
        seed=3,
        out=folder,
        base=Base(model="/models/a b.gguf", sha256="ab" * 32),
        data=Data(folder=folder / "data", files={"train-00000.jsonl": "0" * 64}),
        adapter=folder / "adapter",
        reader=Reader(model="/models/r.gguf", adapter=None, form="pair"),
        method={"rate": 1e-6, "form": "no", "rank": None, "layers": [1, 2]},
        launch=Launch(config=folder / "cpu.yaml"),
    )
    return dataclasses.replace(run, **changes)


def test_a_run_file_reads_back_as_it_was_written(tmp_path):
    """Every field, none of them taken for another type; twice the same bytes."""
    run = a_run(tmp_path)
    write_run(run, tmp_path / "run.yaml")
    again = read_run(tmp_path / "run.yaml")
    assert again == run
    assert run_text(again) == (tmp_path / "run.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 3", "seed: three", "seed is 'three', not int"),
        ("seed: 3", "seed: 3\nsteps: 4", "unknown keys: steps"),
        ("seed: 3\n", "", "lacks: seed"),
        ("stage: rl", "stage: dream", "no stage 'dream'"),
        ("seed: 3", "seed: true", "seed is True, not int"),
        ("  form: pair", "  form: null", "reader.form is None, not str"),
        ("stage: rl", "stage: [rl", ""),
    ],
)
def test_a_run_file_that_is_not_whole_is_refused(tmp_path, old, new, said):
    """Unknown, missing and mistyped keys are named, with the file before them."""
    text = run_text(a_run(tmp_path))
    assert old in text
    path = tmp_path / "run.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError) as caught:
        read_run(path)
    assert str(caught.value).startswith(f"{path}: not a run file: ")
    assert said in str(caught.value)


def test_a_missing_run_file_is_said_so(tmp_path):
    """Its name is in the error."""
    with pytest.raises(InputError, match=r"run\.yaml: no such run file"):
        read_run(tmp_path / "run.yaml")


@dataclass(frozen=True)
class Method:
    """What some stage wants."""

    rate: float
    form: Literal["each", "infer"]
    rank: int | None
    layers: tuple[int, ...] = ()


def test_a_stage_gets_its_hyper_parameters_typed(tmp_path):
    """A whole number is taken for a float; a list for a tuple; null where it may be."""
    method = {"rate": 1, "form": "each", "rank": None, "layers": [1]}
    found = method_of(a_run(tmp_path, method=method), Method)
    assert found == Method(1.0, "each", None, (1,))
    assert isinstance(found.rate, float)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": "fast"}, "method.rate is 'fast', not float"),
        ({"form": "prose"}, "method.form is 'prose'"),
        ({"depth": 2}, "method has unknown keys: depth"),
    ],
)
def test_a_stage_refuses_hyper_parameters_it_does_not_know(tmp_path, change, said):
    """No default is taken for what was misspelt."""
    method = {"rate": 1.0, "form": "each", "rank": 4} | change
    with pytest.raises(InputError) as caught:
        method_of(a_run(tmp_path, method=method), Method)
    assert said in str(caught.value)


def test_a_folder_has_one_hash_that_each_of_its_files_changes(tmp_path):
    """A byte, a name or a new file changes it; a hidden file does not."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    first = digest_of_folder(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"1")
    assert digest_of_folder(tmp_path) == first
    (tmp_path / "a" / "x").write_bytes(b"2")
    second = digest_of_folder(tmp_path)
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert len({first, second, digest_of_folder(tmp_path)}) == 3


def test_a_curve_is_a_line_a_step(tmp_path):
    """In the order they were added; what is no number is null, as JSON has it."""
    curve = Curve(tmp_path / "curve.jsonl")
    curve.add(step=1, loss=2.5, tokens=10)
    curve.add(step=1, val_loss=float("nan"))
    lines = (tmp_path / "curve.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "loss": 2.5, "tokens": 10},
        {"step": 1, "val_loss": None},
    ]


def steps(path: Path) -> list[float | None]:
    return [line["step"] for line in read_curve(path)]


def test_a_resumed_curve_has_each_step_once(tmp_path):
    """What a dead run wrote behind its checkpoint is cut off, its torn line too."""
    path = tmp_path / "curve.jsonl"
    dead = Curve(path)
    for step in range(1, 8):
        dead.add(step=step, loss=1 / step)
    with path.open("ab") as file:
        file.write(b'{"step": 8, "lo')
    assert steps(path) == [1, 2, 3, 4, 5, 6, 7]

    curve = Curve(path, resume_step=4)
    assert steps(path) == [1, 2, 3, 4, 5, 6, 7]  # another process may still be at it
    curve.add(step=5, loss=0.5)
    curve.add(step=5, val_loss=0.4)
    assert steps(path) == [1, 2, 3, 4, 5, 5]


def test_a_curve_goes_on_without_being_told_where(tmp_path):
    """The first step that is added cuts off itself and what is behind it."""
    path = tmp_path / "curve.jsonl"
    for step in range(1, 6):
        Curve(path).add(step=step, loss=1.0)
    Curve(path).add(step=3, loss=0.5)
    assert [dict(line) for line in read_curve(path)][-1] == {"step": 3, "loss": 0.5}
    assert steps(path) == [1, 2, 3]


def test_a_curve_does_not_go_back_by_mistake(tmp_path):
    """A step before the last one, of the same run, is a mistake of ours."""
    curve = Curve(tmp_path / "curve.jsonl")
    curve.add(step=4, loss=1.0)
    with pytest.raises(ValueError, match="step 3 after step 4"):
        curve.add(step=3, loss=1.0)


def test_what_is_measured_is_drawn_beside_what_is_trained():
    """A panel a figure; places have none; nothing is drawn where a figure is null."""
    lines: list[Mapping[str, float | None]] = [
        {"step": 1, "tokens": 5, "loss": 2.0},
        {"step": 2, "tokens": 9, "loss": None, "val_loss": 1.5, "norm": 1.0},
    ]
    found = {panel.label: dict(panel.series) for panel in panels_of(lines)}
    assert found == {
        "loss": {"loss": ((1, 2.0),), "val_loss": ((2, 1.5),)},
        "norm": {"norm": ((2, 1.0),)},
    }


def test_a_curve_is_drawn_beside_its_ledger(tmp_path):
    """As a PNG; without a step there is none."""
    curve = Curve(tmp_path / "curve.jsonl")
    assert curve.plot() is None
    for step in range(1, 4):
        curve.add(step=step, loss=1 / step, val_loss=2 / step)
    picture = curve.plot()
    assert picture == tmp_path / "curve.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_are_whole(path):
    """Each is named by its stage, and says what it is for in a sentence."""
    stage = path.stem.rpartition("-")[2]
    recipe = read_recipe(path, stage)
    assert recipe.says.endswith(".")
    assert recipe.method
    assert (recipe.base is None) == (recipe.parameters is None)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_recipe_of_its_own(stage):
    """The usual one is for the embedded model."""
    assert find_recipe("tiny", stage).stage == stage
    assert find_recipe(f"tiny-{stage}", stage) == find_recipe("tiny", stage)


@pytest.mark.parametrize("stage", ["sft", "rl"])
def test_recipes_of_a_stage_have_the_same_keys(stage):
    """So what one can be told, the others can."""
    keys = {tuple(find_recipe(n, stage).method) for n in ("tiny", "qwen3-8b")}
    assert len(keys) == 1


def test_the_large_recipes_have_the_numbers_of_the_method():
    """Epochs, rates, warm-up, length, rollouts, lambda and its half."""
    sft = find_recipe("qwen3-8b", "sft").method
    assert (sft["epochs"], sft["learning_rate"], sft["warmup"]) == (4, 2e-5, 0.1)
    assert (sft["batch_tokens"], sft["accumulate"]) == (16384, 16)
    rl = find_recipe("qwen3-8b", "rl").method
    assert {4, 1024, 1e-6, 0.9, 0.45, 8192, 4096} <= {
        value for value in rl.values() if isinstance(value, int | float)
    }


def test_a_recipe_can_be_told_otherwise_by_what_it_has():
    """A near name is offered; another type is refused; null is a value."""
    recipe = find_recipe("tiny", "judge")
    changed = with_changes(recipe, changes_of(["rounds=7", "say=1", "rank=null"]))
    assert (changed.method["rounds"], changed.method["rank"]) == (7, None)
    assert changed.method["say"] == 1.0
    with pytest.raises(UsageError) as caught:
        with_changes(recipe, {"round": 2})
    assert caught.value.remedy.startswith("Did you mean 'rounds'?")
    with pytest.raises(UsageError, match="--set rounds: 'many' is no int"):
        with_changes(recipe, {"rounds": "many"})
    with pytest.raises(UsageError, match="--set rounds: no value in it"):
        changes_of(["rounds"])


def test_a_recipe_of_another_stage_or_none_is_refused(tmp_path):
    """The names there are stand in the remedy."""
    with pytest.raises(UsageError) as caught:
        find_recipe("tinny", "sft")
    assert "Did you mean 'tiny'?" in caught.value.remedy
    with pytest.raises(InputError, match="a recipe for judge, not for sft"):
        find_recipe(str(scripts_folder() / "recipes" / "tiny-judge.yaml"), "sft")
    odd = tmp_path / "odd.yaml"
    odd.write_text("stage: sft\nmethod: {}\n", "utf-8")
    with pytest.raises(InputError, match="not a recipe: it wants exactly these keys"):
        find_recipe(str(odd), "sft")


# Where a stage declares its hyper-parameters, and those that its script takes besides.
METHODS = {
    "sft": ("sft.py", set()),
    "judge": ("judge_stage.py", set()),
    "rl": ("rl.py", set()),
    "export": ("export_stage.py", set()),
}


@pytest.mark.parametrize("stage", METHODS)
def test_recipes_have_what_the_stage_takes(stage):
    """Each key of its method, and none besides; read from the source, without torch."""
    name, more = METHODS[stage]
    source = scripts_folder().parent / "persona_cli" / "training" / name
    (method,) = (
        node
        for node in ast.parse(source.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "Method"
    )
    taken = {
        line.target.id
        for line in method.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    assert set(find_recipe("tiny", stage).method) == taken | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosy:
    """Hyper-parameters of which one is a word, or nothing."""

    kind: Literal["Q8_0", "Q4_0"] | None


@pytest.mark.parametrize("kind", [None, "Q8_0"])
def test_a_word_or_nothing_is_taken(kind, tmp_path):
    """``Literal[…] | None`` is a union of another type than ``int | None``."""
    run = a_run(tmp_path, method={"kind": kind})
    assert method_of(run, Choosy) == Choosy(kind=kind)
