"""A run is exported: written, checked, and kept under a name when it agrees."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("gguf")

import torch
from toy_models import write_peft, write_toy

from persona_cli import gguf
from persona_cli.accuracy import Accuracy
from persona_cli.errors import InputError, ModelError
from persona_cli.models.shelf import default_shelf
from persona_cli.models.spec import resolve_model
from persona_cli.models.trained import find_trained
from persona_cli.training import export_stage
from persona_cli.training.base import load_base
from persona_cli.training.export_stage import export
from persona_cli.training.parity import Parity
from persona_cli.training.runs import Base, Data, Run, digest_of, write_run

# PEFT asks what transformers is about to rename.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`")

SEED = Path(__file__).parent.parent / "scripts" / "data" / "seed"


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy") / "toy.gguf")


@pytest.fixture(scope="module")
def peft(toy, tmp_path_factory) -> Path:
    model, _ = load_base(toy, dtype=torch.float32)
    return write_peft(model, tmp_path_factory.mktemp("peft"))


def run_of(toy: Path, adapter: Path | None, out: Path, *, merge: bool) -> Run:
    out.mkdir()
    run = Run(
        persona="0.1.0",
        stage="export",
        seed=0,
        out=out,
        base=Base(model=str(toy), sha256=digest_of(toy)),
        data=Data(folder=SEED),
        adapter=adapter,
        method={"name": "mine", "merge": merge, "positions": 60, "agree": 0.98},
    )
    write_run(run, out / "run.yaml")
    return run


def test_a_merged_model_is_checked_and_can_be_named(toy, peft, tmp_path):
    run = run_of(toy, peft, tmp_path / "out", merge=True)
    figures = export(run, shelf=default_shelf(), tell=lambda _: None)
    assert figures["positions"] == 60
    assert figures["strict"] >= 0.98
    assert figures["merged"] >= 0.98
    assert figures["changed"] > 0.5
    ref = resolve_model("mine")
    assert ref.path is not None
    assert gguf.check(ref.path).text("persona.base.sha256") == digest_of(toy)
    assert not list(run.out.glob(".*"))  # the base in F16 is gone again


def test_what_does_not_agree_is_not_registered(toy, peft, tmp_path, monkeypatch):
    bad = Accuracy(90, 100)
    parity = Parity(strict=bad, used=bad, alone=bad, changed=0.5)
    monkeypatch.setattr(export_stage, "compared", lambda *_, **__: (parity, None))
    run = run_of(toy, peft, tmp_path / "out", merge=False)
    with pytest.raises(ModelError, match=r"90 of 100 positions \(90\.0%") as told:
        export(run, shelf=default_shelf(), tell=lambda _: None)
    assert told.value.exit_code == 4
    assert find_trained("mine") is None
    assert not (run.out / "done.json").exists()


def test_a_run_without_an_adapter_says_what_to_export(toy, tmp_path):
    run = run_of(toy, None, tmp_path / "out", merge=False)
    with pytest.raises(InputError, match="names no adapter"):
        export(run, shelf=default_shelf(), tell=lambda _: None)
