"""What `persona doctor` finds, on real folders and real repositories."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub import gguf

from persona_cli import profile as pr
from persona_cli.doctor import Check, examine
from persona_cli.errors import InputError, ModelError
from persona_cli.models.shelf import Shelf
from persona_cli.settings import Settings, load_settings


def git(folder, *args):
    """Run git as a person would, with a name."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path):
    """A root with one profile, in a repository with one commit."""
    root = tmp_path / "repo" / "profiles"
    folder = root / "ada"
    folder.mkdir(parents=True)
    (folder / "profile.md").write_text(pr.render(pr.empty("ada")))
    (folder / "evidence.jsonl").write_text("")
    git(root.parent, "init", "-q", "-b", "main")
    git(root.parent, "add", "profiles")
    git(root.parent, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def doctor(root, tmp_path):
    """Examine the root, with a model of one's own unless said otherwise."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(gguf(1000))
    shelf = Shelf(tmp_path / "hub", tmp_path / "models.json")

    def doctor(model=str(path), at=root, **more):
        more = {"environ": {}, "shelf": shelf, "user": tmp_path / "user.yaml"} | more
        load = more.pop("load", lambda: Settings(model=model))
        return {check.name: check for check in examine(at, load, **more)}

    return doctor


@dataclass
class Speed:
    """So many tokens a second."""

    prompt_tps: float = 120.4
    generation_tps: float = 30.6


def test_a_machine_in_order(doctor, root):
    """Nothing is wrong, and nothing is left unsaid."""
    found = doctor(measure=lambda _: Speed(), memory=lambda: 8 << 30)
    assert [c for c in found.values() if c.ok is False] == []
    assert list(found) == [
        "python", "persona", "libraries", "platform", "git", "root", "disk",
        "repository", "merges", "profile ada", "settings", "model",
        "memory", "speed",
    ]  # fmt: skip
    assert "llama-cpp-python 0." in found["libraries"].says
    assert found["repository"].says == str(root.parent)
    assert found["settings"].says == "the defaults"
    assert found["profile ada"].says == "version 0, 0 claims"
    assert found["speed"].says == "reads 120 tokens a second, writes 31"


def test_no_root_yet(doctor, tmp_path):
    """A root that is to come is not wrong, and has its remedy."""
    found = doctor(at=tmp_path / "none")
    assert found["root"].ok is None
    assert found["root"].remedy == "Make it: persona init"
    assert "repository" not in found
    (tmp_path / "file").write_text("")
    assert doctor(at=tmp_path / "file")["root"].ok is False


def test_a_root_outside_of_any_repository(doctor, tmp_path):
    """Profiles without a history are wrong."""
    (tmp_path / "alone").mkdir()
    found = doctor(at=tmp_path / "alone")
    assert (found["repository"].ok, found["profiles"].ok) == (False, None)
    assert found["repository"].remedy == "Make one: persona init"


def detached(repo):
    git(repo, "checkout", "-q", "--detach")


def merging(repo):
    git(repo, "checkout", "-q", "-b", "other")
    (repo / "a").write_text("1")
    git(repo, "add", "a")
    git(repo, "commit", "-q", "-m", "1")
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "--no-commit", "other")


def rebasing(repo):
    git(repo, "commit", "-q", "--allow-empty", "-m", "2")
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "rebase", "--force-rebase", "--exec", "false", "HEAD~1")


@pytest.mark.parametrize(
    ("spoil", "says"), [(detached, "branch"), (merging, "merge"), (rebasing, "rebase")]
)
def test_a_repository_in_between(doctor, root, spoil, says):
    """In the middle of a merge or a rebase, or on no branch, no update can commit."""
    spoil(root.parent)
    check = doctor()["repository"]
    assert check.ok is False
    assert says in check.says
    assert check.remedy


def test_a_broken_profile_does_not_hide_the_others(doctor, root):
    """Each profile is looked at, and the broken one is named with its line."""
    (root / "bob").mkdir()
    (root / "bob" / "profile.md").write_text("---\ntype: [\n---\n")
    found = doctor()
    assert found["profile ada"].ok is True
    assert found["profile bob"].ok is False
    assert "bob/profile.md:" in found["profile bob"].says


def test_a_full_disk(doctor):
    """Little room is said before it hurts."""
    check = doctor(free=lambda _: 1_000_000)["disk"]
    assert check == Check(
        "disk", False, "1 MB free", "Make room: an update cannot be written."
    )


def test_broken_settings_do_not_end_the_examination(doctor, root, tmp_path):
    """The fault is one check of many; only the model cannot be looked at."""
    (root / "persona.yaml").write_text("modle: x\n")
    user = tmp_path / "user.yaml"
    found = doctor(load=lambda: load_settings(root, {}, {}, user=user))
    assert found["settings"].ok is False
    assert found["settings"].says.endswith("persona.yaml:1: unknown setting 'modle'")
    assert "model" not in found
    (root / "persona.yaml").write_text("seed: 1\n")
    found = doctor(load=lambda: load_settings(root, {}, {}, user=user))
    assert found["settings"].says == str(root / "persona.yaml")


def test_a_misspelt_variable(doctor):
    """A variable that nothing reads is named with the one that is."""
    check = doctor(environ={"PERSONA_MODLE": "x"})["environment"]
    assert (check.ok, check.remedy) == (False, "Say PERSONA_MODEL.")


@pytest.mark.parametrize(
    ("model", "says", "remedy"),
    [
        ("qwen3-8b", "qwen3-8b is not here (5.0 GB)", "persona model pull qwen3-8b"),
        ("qwenn", "no model is called 'qwenn'", "persona model list"),
        ("none.gguf", "none.gguf: no such model", "Check the path"),
    ],
)
def test_a_model_that_cannot_be_used(doctor, model, says, remedy):
    """What is wrong with the model in use, and what to do."""
    check = doctor(model)["model"]
    assert check.ok is False
    assert says in check.says
    assert remedy in check.remedy


def test_a_model_cut_short(doctor, tmp_path):
    """Half a file is found without loading it."""
    half = tmp_path / "half.gguf"
    half.write_bytes(gguf(1000)[:900])
    assert "is cut short" in doctor(str(half))["model"].says


def test_the_embedded_model_is_compared_with_the_catalogue(doctor):
    """The file of tiny is read whole, and has the sha256 that it should."""
    check = doctor("tiny")["model"]
    assert check.ok is True
    assert check.says.startswith("tiny: llama Q4_1, 98 MB")


def test_a_server_is_not_asked(doctor):
    """A remote model is neither right nor wrong from here."""
    assert doctor("http://localhost:1/v1")["model"].ok is None


def test_too_little_memory(doctor):
    """Then the model is not loaded to be measured either."""

    def never(_: Path):
        raise AssertionError("loaded")

    found = doctor(memory=lambda: 10, measure=never)
    assert found["memory"].ok is False
    assert "smaller model" in found["memory"].remedy
    assert doctor(memory=lambda: None)["memory"].ok is None


def test_a_model_that_does_not_load(doctor):
    """A failure to load is a check like any other."""

    def fails(_: Path):
        raise ModelError("mine.gguf: no vocabulary", remedy="Take another.")

    found = doctor(measure=fails, memory=lambda: 8 << 30)
    assert found["speed"] == Check(
        "speed", False, "mine.gguf: no vocabulary", "Take another."
    )


def test_the_engine(doctor):
    """Build, features and devices as the engine tells them."""
    device = {
        "kind": "gpu", "name": "CUDA0", "description": "H100",
        "free": 8 * 10**9, "total": 80 * 10**9,
    }  # fmt: skip
    facts = {
        "version": "0.3.36",
        "features": ["AVX2"],
        "gpu": True,
        "devices": [device],
    }
    found = doctor(engine_facts=lambda: facts)
    assert found["llama.cpp"].says == "0.3.36, AVX2"
    assert found["gpu"].says == "H100, 8.0 GB of 80.0 GB free"
    facts = {"version": "0.3.36", "features": [], "gpu": False, "devices": []}
    assert "CPU alone" in doctor(engine_facts=lambda: facts)["gpu"].says


def test_an_engine_that_cannot_be_loaded(doctor):
    """A library that does not load is named, with the remedy."""

    def fails():
        raise OSError("libllama.so: cannot open shared object file")

    check = doctor(engine_facts=fails)["llama.cpp"]
    assert check.ok is False
    assert "pip install" in check.remedy


def test_settings_that_raise_are_told_in_their_own_words(doctor):
    """Problem and remedy are those of the error."""

    def fails():
        raise InputError("here: wrong", remedy="Mend it.")

    found = doctor(load=fails)
    assert found["settings"] == Check("settings", False, "here: wrong", "Mend it.")
