"""An exported adapter is what it was when unpacked, and training goes on from it."""

from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("gguf")

import torch
from safetensors.torch import load_file
from toy_models import write_peft, write_toy

from persona_cli.errors import InputError
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import default_shelf
from persona_cli.tiny import embedded_model
from persona_cli.training.base import load_base
from persona_cli.training.gguf_back import unpacked
from persona_cli.training.gguf_files import Binding
from persona_cli.training.gguf_lora import write_lora
from persona_cli.training.judge_stage import Method, laid_over
from persona_cli.training.plan import Wish, planned
from persona_cli.training.runs import digest_of

# PEFT asks what transformers is about to rename.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

METHOD = Method(
    rank=4, alpha=8, rounds=1, pairs=1, batch_tokens=100, learning_rate=1e-3,
    warmup=0.0, say=0.1, quiet=0.1, checkpoint=60,
)  # fmt: skip


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy") / "toy.gguf")


@pytest.fixture(scope="module")
def both(toy, tmp_path_factory) -> tuple[Path, Path]:
    """An adapter of PEFT, and what is exported of it."""
    model, _ = load_base(toy, dtype=torch.float32)
    folder = write_peft(model, tmp_path_factory.mktemp("peft"))
    file = tmp_path_factory.mktemp("gguf") / "a.gguf"
    own = Binding(base=digest_of(toy), run="a" * 64, version="0", licence="MIT")
    write_lora(folder, toy, file, binding=own, kind="F32")
    return folder, file


def test_what_is_unpacked_is_what_was_exported(toy, both, tmp_path):
    """To the bit, q and k included; and PEFT takes it."""
    peft, file = both
    folder = unpacked(file, toy, tmp_path)
    before, after = (
        load_file(one / "adapter_model.safetensors") for one in (peft, folder)
    )
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    model = laid_over(load_base(toy, dtype=torch.float32)[0], METHOD, folder)
    (config,) = model.peft_config.values()
    assert (config.r, config.lora_alpha) == (4, 8)
    assert unpacked(file, toy, tmp_path) == folder


def test_an_adapter_of_another_base_is_not_unpacked(both, tmp_path):
    other = write_toy(tmp_path / "other.gguf", seed=1)
    with pytest.raises(InputError, match="is an adapter for the model whose sha256"):
        unpacked(both[1], other, tmp_path)
    with pytest.raises(InputError, match="is a model, not an adapter"):
        unpacked(other, other, tmp_path)


def test_a_run_goes_on_from_the_judge_that_is_shipped_and_is_paid_by_it(tmp_path):
    """By its file as an adapter, and by the model's name as a reader."""
    (tmp_path / "train-00000.jsonl").write_text("{}\n")
    file = catalogue()["tiny"].adapters["judge"].path
    run = planned(
        Wish(stage="rl", data=tmp_path, adapter=file, reader="tiny", launch="cpu"),
        shelf=default_shelf(),
        here=tmp_path,
        today=date(2026, 11, 30),
    )
    assert run.adapter is not None
    assert run.reader is not None
    assert (run.reader.adapter, run.reader.form) == (run.adapter, "backward")
    assert run.reader.model == str(embedded_model())
    weights = load_file(run.adapter / "adapter_model.safetensors")
    assert len(weights) == 2 * 210
