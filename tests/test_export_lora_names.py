"""What was trained here is kept under a name, and laid over its own base alone."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from gguf_files import write_adapter, write_model
from typer.testing import CliRunner

from persona_cli import gguf
from persona_cli.cli.app import app
from persona_cli.cli.options import complete_models
from persona_cli.engine import Message
from persona_cli.engines import load_engine
from persona_cli.errors import ModelError, UsageError
from persona_cli.judge import Judge, Question
from persona_cli.llama import LlamaEngine
from persona_cli.models import catalogue as catalogue_module
from persona_cli.models.adapters import BASE, Adapters, adapters_of
from persona_cli.models.catalogue import Shipped, catalogue
from persona_cli.models.installed import installed, local_path, locate, remove
from persona_cli.models.shelf import Shelf, default_shelf
from persona_cli.models.spec import resolve_model
from persona_cli.models.trained import find_trained, register
from persona_cli.settings import Settings
from persona_cli.tiny import embedded_model

AT = "2026-11-24T21:00:00Z"
CHAT = [Message("user", "tea")]
ASKED = [Question("q1", "tea", "a cup", "a mug")]


@pytest.fixture
def base(tmp_path) -> Path:
    return write_model(tmp_path / "base.gguf")


@pytest.fixture
def shelf(own_home) -> Shelf:
    return default_shelf()


def adapter(path: Path, base: Path | str = "", *, size: float = 0.5) -> Path:
    """An adapter for the small model; bound to a base, by file or hash, or to none."""
    sha256 = base
    if isinstance(base, Path):
        sha256 = hashlib.sha256(base.read_bytes()).hexdigest()
    bound = {"persona__base__sha256": sha256} if sha256 else {}
    return write_adapter(path, size=size, width=32, layers=1, **bound)


def kept(shelf: Shelf, file: Path, role: str, base: Path | str, **more: str) -> Path:
    return register(
        file,
        name="mine",
        role=role,
        shelf=shelf,
        at=AT,
        run="r" * 64,
        base=str(base),
        **more,
    )


def test_an_adapter_under_a_name_is_laid_over_its_base(base, shelf, tmp_path):
    file = adapter(tmp_path / "a.gguf", base)
    copy = kept(shelf, file, "writer", base)
    file.unlink()  # the run's folder may go
    ref = resolve_model("mine")
    assert ref.kind == "trained"
    assert locate(ref, shelf) == base
    engine = load_engine(ref, Settings(model="mine"), tell=lambda _: None)
    plain = LlamaEngine(base)
    over = LlamaEngine(base, lora=[copy])
    assert engine.name == "mine"
    assert [*complete_models("mi")] == ["mine"]
    said = engine.complete(CHAT, max_tokens=12).text
    assert said == over.complete(CHAT, max_tokens=12).text
    assert said != plain.complete(CHAT, max_tokens=12).text
    assert engine.identity != plain.identity


def test_a_judge_joins_the_writer_of_its_name_and_each_does_its_own_task(
    base, shelf, tmp_path
):
    writer = kept(shelf, adapter(tmp_path / "w.gguf", base), "writer", base)
    judge = adapter(tmp_path / "j.gguf", size=-0.4)
    judge = kept(shelf, judge, "judge", base, judge="backward")
    ref = resolve_model("mine")
    assert (ref.writer, ref.judge, ref.manners.judge) == (writer, judge, "backward")
    both = load_engine(ref, Settings(model="mine"), tell=lambda _: None)
    alone = {path: LlamaEngine(base, lora=[path]) for path in (writer, judge)}
    asked = {
        path: Judge(one, "pair").judge("- x", ASKED) for path, one in alone.items()
    }
    assert asked[writer] != asked[judge]
    wrote = alone[writer].complete(CHAT, max_tokens=12).text
    for _ in range(2):  # there and back: nothing of the other task is left over
        assert both.complete(CHAT, max_tokens=12).text == wrote
        assert Judge(both, "pair").judge("- x", ASKED) == asked[judge]


def test_a_prompt_that_lasts_is_not_taken_for_another_task(base, tmp_path):
    """What the writer keeps of a prompt was read under its adapter."""
    writer = adapter(tmp_path / "w.gguf")
    engine = LlamaEngine(base, lora=[writer], judging=[])
    long = "tea " * 200
    lasting = [Message("user", long, lasting=len(long))]
    engine.complete(lasting, max_tokens=2)
    found = engine.choose([], [long], answers=("A", "B"))
    assert found == LlamaEngine(base).choose([], [long], answers=("A", "B"))


def test_the_identity_is_of_the_adapters_content_and_of_its_task(base, tmp_path):
    one, other = tmp_path / "one.gguf", tmp_path / "two" / "one.gguf"
    other.parent.mkdir()
    adapter(one, size=0.5)
    adapter(other, size=0.25)
    shutil.copystat(one, other)
    assert one.stat().st_size == other.stat().st_size
    engines = [
        LlamaEngine(base, lora=[one]),
        LlamaEngine(base, lora=[other]),
        LlamaEngine(base, lora=[one], judging=[]),
        LlamaEngine(base, lora=[one], judging=[other]),
        LlamaEngine(base, judging=[one]),
    ]
    assert len({engine.identity for engine in engines}) == len(engines)


def test_an_adapter_of_another_base_is_refused_with_the_name_of_its_own(
    base, shelf, tmp_path
):
    other = adapter(tmp_path / "a.gguf", str(catalogue()["tiny"].sha256))
    ref = resolve_model(str(base))
    with pytest.raises(ModelError, match=r"an adapter for tiny .*b179c9523d0e") as told:
        adapters_of(ref, base, lora=[other], shelf=shelf)
    assert told.value.exit_code == 4
    mine = adapter(tmp_path / "mine.gguf", base)
    assert adapters_of(ref, base, lora=[mine], shelf=shelf) == Adapters((mine,))


def test_adapters_that_name_no_base_are_taken_as_they_are(base, shelf, tmp_path):
    file = adapter(tmp_path / "a.gguf")
    ref = resolve_model(str(base))
    assert adapters_of(ref, base, lora=[file], shelf=shelf).writer == (file,)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The judge of the package: a small one in its place."""
    monkeypatch.setattr(catalogue_module, "ADAPTERS", tmp_path)
    catalogue.cache_clear()
    yield write_adapter(tmp_path / "tiny-judge.gguf", size=0.1)
    catalogue.cache_clear()


def test_the_embedded_model_comes_with_the_adapter_that_is_shipped(
    shelf, shipped, tmp_path
):
    ref = resolve_model("tiny")
    path = local_path(ref, shelf)
    assert path is not None
    found = adapters_of(ref, path, lora=(), shelf=shelf)
    assert found == Adapters((), (shipped,))
    assert (ref.manners.prompt, ref.manners.judge) == ("infer", "backward")
    named = write_adapter(tmp_path / "named.gguf", size=0.1)
    assert adapters_of(ref, path, lora=[named], shelf=shelf) == Adapters((named,))


def test_its_weights_alone_are_asked_as_they_came(shelf):
    """Of the same file under a path, adapters are neither laid over nor presumed."""
    ref = resolve_model(str(embedded_model()))
    assert adapters_of(ref, embedded_model(), lora=(), shelf=shelf) == Adapters()
    assert (ref.manners.prompt, ref.manners.judge) == ("infer", "item")


def test_a_model_is_asked_in_the_forms_that_its_adapters_were_trained_on():
    tiny = catalogue()["tiny"]
    both = {"writer": Shipped(Path("w"), "each"), "judge": Shipped(Path("j"), "pair")}
    manners = replace(tiny, adapters=both).taught
    assert (manners.prompt, manners.judge) == ("each", "pair")
    assert replace(tiny, adapters={}).taught == tiny.manners


def test_the_shipped_judge_belongs_to_the_embedded_model(shelf):
    """By its own word; and it is small enough to be shipped."""
    path = catalogue()["tiny"].adapters["judge"].path
    assert gguf.check(path).text(BASE) == catalogue()["tiny"].sha256
    assert path.stat().st_size < 12_000_000
    ref = resolve_model("tiny")
    assert adapters_of(ref, embedded_model(), lora=(), shelf=shelf).judge == (path,)


def test_a_writer_over_the_embedded_model_keeps_its_judge(shelf, shipped, tmp_path):
    file = write_adapter(tmp_path / "a.gguf", size=0.2)
    writer = kept(shelf, file, "writer", "tiny", like="tiny", prompt="summary")
    ref = resolve_model("mine")
    path = locate(ref, shelf)
    assert adapters_of(ref, path, lora=(), shelf=shelf) == Adapters(
        (writer,), (shipped,)
    )
    assert (ref.manners.prompt, ref.manners.grammar) == ("summary", False)
    assert ref.manners.judge == resolve_model("tiny").manners.judge


def test_a_merged_model_takes_the_place_of_the_adapters_of_its_name(
    base, shelf, tmp_path
):
    writer = kept(shelf, adapter(tmp_path / "a.gguf", base), "writer", base)
    model = kept(shelf, base, "model", "")
    ref = resolve_model("mine")
    assert (ref.path, ref.base, ref.writer) == (model, None, None)
    assert locate(ref, shelf) == model
    assert not writer.exists()


def test_a_copy_that_was_changed_is_not_loaded(base, shelf, tmp_path):
    copy = kept(shelf, adapter(tmp_path / "a.gguf", base), "writer", base)
    copy.write_bytes(copy.read_bytes()[:-4] + b"oops")
    with pytest.raises(ModelError, match="does not match its recorded sha256"):
        locate(resolve_model("mine"), shelf)


def test_it_is_listed_and_removed_by_its_name(base, shelf, tmp_path):
    copy = kept(shelf, adapter(tmp_path / "a.gguf", base), "writer", base)
    (one,) = [one for one in installed(shelf) if one.name == "mine"]
    assert (one.size, one.at) == (copy.stat().st_size, AT)
    listed = CliRunner().invoke(app, ["model", "list", "--json"])
    assert "mine" in {row["name"] for row in json.loads(listed.stdout)}
    lines = CliRunner().invoke(app, ["model", "list"]).stdout.splitlines()
    (line,) = [line for line in lines if line.split()[0] == "mine"]
    assert line.endswith("licence unknown  unverified")
    assert remove(resolve_model("mine"), shelf) == one.size
    assert not copy.exists()
    assert base.exists()
    assert find_trained("mine", shelf) is None
    with pytest.raises(ModelError, match="no model is called 'mine'"):
        resolve_model("mine")


def test_without_its_base_it_says_which_is_gone(base, shelf, tmp_path):
    kept(shelf, adapter(tmp_path / "a.gguf", base), "writer", base)
    base.unlink()
    with pytest.raises(ModelError, match=r"its base .*base\.gguf is not here"):
        locate(resolve_model("mine"), shelf)


@pytest.mark.parametrize("name", ["tiny", "a/b", "x.gguf", "", "../up", "hf:a"])
def test_a_name_that_means_something_else_is_refused(base, shelf, name):
    with pytest.raises(UsageError, match="--name"):
        register(base, name=name, role="model", shelf=shelf, at=AT, run="")
