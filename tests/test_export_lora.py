"""What PEFT trained does in llama.cpp what it does in transformers."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("gguf")

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from toy_models import write_peft, write_toy

from persona_cli import gguf
from persona_cli.each import choice_messages
from persona_cli.errors import InputError, ModelError
from persona_cli.llama import LlamaEngine, Tuning
from persona_cli.training import gguf_lora, parity
from persona_cli.training.base import load_base
from persona_cli.training.gguf_files import Binding
from persona_cli.training.gguf_lora import write_lora
from persona_cli.training.merge import write_merged

# PEFT asks what transformers is about to rename.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`")

BINDING = Binding(base="b" * 64, run="a" * 64, version="0.1.0", licence="Apache-2.0")
ALONE = Tuning(threads=1)  # the model is too small to share
PROMPTS = [
    choice_messages(f"how do I {do}?", f"run `{do}`", f"To {do}, there are many ways.")
    for do in ("undo a commit", "sort a list", "bake bread", "learn Czech")
]


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy") / "toy.gguf")


@pytest.fixture(scope="module")
def loaded(toy) -> tuple[Any, Any]:
    """The model and its tokenizer as transformers has them."""
    return load_base(toy, dtype=torch.float32)


@pytest.fixture(scope="module")
def peft(loaded, tmp_path_factory) -> Path:
    return write_peft(loaded[0], tmp_path_factory.mktemp("peft"))


@pytest.fixture(scope="module")
def asked(toy, loaded) -> list[parity.Stretch]:
    engine = LlamaEngine(toy, context=512, gpu_layers=0, tuning=ALONE)
    found = parity.stretches(PROMPTS, engine, loaded[1], 200)
    engine.close()
    return found


@pytest.fixture(scope="module")
def taught(loaded, peft, asked) -> list[int]:
    """What transformers says with the adapter."""
    return with_peft(loaded[0], peft, asked)


def with_peft(model: Any, folder: Path, asked: list[parity.Stretch]) -> list[int]:
    over = PeftModel.from_pretrained(model, str(folder))
    said = parity.said_by_transformers(over, asked)
    over.unload()
    return said


def agreed(said: list[int], asked, base: Path, *adapters: Path) -> float:
    told = parity.said_by_llama(base, adapters, asked, tuning=ALONE)
    return parity.agreement(said, told).rate


def test_llama_cpp_says_with_the_adapter_what_transformers_says(
    toy, loaded, peft, asked, taught, tmp_path
):
    write_lora(peft, toy, tmp_path / "a.gguf", binding=BINDING)
    assert agreed(taught, asked, toy, tmp_path / "a.gguf") >= 0.98
    alone = parity.said_by_transformers(loaded[0], asked)
    assert agreed(alone, asked, toy) >= 0.98
    assert parity.agreement(alone, taught).rate < 0.5  # else it would mean nothing


def test_rows_of_q_and_k_that_are_not_reordered_show(
    toy, peft, asked, taught, tmp_path, monkeypatch
):
    monkeypatch.setattr(gguf_lora, "permuted", lambda rows, heads: rows)
    write_lora(peft, toy, tmp_path / "a.gguf", binding=BINDING)
    assert agreed(taught, asked, toy, tmp_path / "a.gguf") < 0.9


def test_a_merged_model_says_the_same_without_an_adapter(
    toy, peft, asked, taught, tmp_path
):
    merged = tmp_path / "m.gguf"
    write_merged(toy, merged, adapter=peft, binding=BINDING)
    assert agreed(taught, asked, merged) >= 0.98
    header = gguf.check(merged)
    assert not header.is_adapter
    assert header.quantization == "F16"
    assert header.chat_template == gguf.check(toy).chat_template
    assert header.text("persona.base.sha256") == "b" * 64


def test_ranks_and_alphas_that_differ_by_layer_are_kept(toy, loaded, asked, tmp_path):
    folder = write_peft(
        loaded[0],
        tmp_path / "peft",
        use_rslora=True,
        rank_pattern={"q_proj": 2},
        alpha_pattern={"up_proj": 3},
    )
    write_lora(folder, toy, tmp_path / "a.gguf", binding=BINDING)
    said = with_peft(loaded[0], folder, asked)
    assert agreed(said, asked, toy, tmp_path / "a.gguf") >= 0.98


def test_the_same_adapter_gives_the_same_bytes(toy, peft, tmp_path):
    for name in ("one", "two"):
        write_lora(peft, toy, tmp_path / name, binding=BINDING)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    header = gguf.check(tmp_path / "one")
    assert header.is_adapter
    assert header.architecture == "llama"
    assert header.text("persona.run.sha256") == "a" * 64
    assert header.text("general.license") == "Apache-2.0"


def changed(peft: Path, folder: Path, **config: object) -> Path:
    folder.mkdir()
    found = json.loads((peft / "adapter_config.json").read_text("utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps(found | config), "utf-8")
    (folder / "adapter_model.safetensors").write_bytes(
        (peft / "adapter_model.safetensors").read_bytes()
    )
    return folder


@pytest.mark.parametrize(
    "config", [{"use_dora": True}, {"bias": "all"}, {"peft_type": "IA3"}]
)
def test_what_adds_in_another_way_is_refused(toy, peft, tmp_path, config):
    folder = changed(peft, tmp_path / "peft", **config)
    with pytest.raises(InputError, match="can't be exported"):
        write_lora(folder, toy, tmp_path / "a.gguf", binding=BINDING)
    assert not (tmp_path / "a.gguf").exists()


def test_an_adapter_of_another_shape_is_refused_with_both_shapes(toy, peft, tmp_path):
    folder = changed(peft, tmp_path / "peft")
    weights = load_file(folder / "adapter_model.safetensors")
    key = next(name for name in weights if "q_proj.lora_A" in name)
    weights[key] = weights[key][:, :32].contiguous()
    save_file(weights, folder / "adapter_model.safetensors")
    with pytest.raises(InputError, match="64x32, and the base has 64x64"):
        write_lora(folder, toy, tmp_path / "a.gguf", binding=BINDING)


def test_another_architecture_is_refused_by_name(tmp_path, peft, toy):
    path = tmp_path / "other.gguf"
    path.write_bytes(toy.read_bytes().replace(b"llama", b"gemma", 1))
    with pytest.raises(ModelError, match="gemma"):
        write_lora(peft, path, tmp_path / "a.gguf", binding=BINDING)
