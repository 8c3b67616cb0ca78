"""Profiles in simonw/llm: the real llm, as a process of its own.

Its model is a plugin of the tests that answers with what it was asked; once it is the
real SmolLM2.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from persona_cli.guard import guard
from persona_cli.init import init
from persona_cli.interaction import Interaction
from persona_cli.llm_plugin import fragment, template

PROFILE = """\
---
type: persona-profile
title: Me
persona: 1
version: 3
---
# Me

## communication
- Prefers short answers. <!-- c7f3 3x 2026-11-22 -->

## coding
- Expands $HOME and ${PATH} by hand, never $(pwd). <!-- c9d0 2x 2026-11-22 -->
- Seen once only. <!-- c9d1 1x 2026-11-22 -->
"""

ECHO = """
import json
import llm

class Echo(llm.Model):
    model_id = "echo"

    def execute(self, prompt, stream, response, conversation):
        yield json.dumps({"system": prompt.system, "prompt": prompt.prompt})

@llm.hookimpl
def register_models(register):
    register(Echo())
"""


class Llm:
    """The command ``llm``, with a model that echoes and a folder of its own."""

    def __init__(self, persona, folder: Path) -> None:
        self.persona, self.user = persona, folder / "llm"
        plugins = folder / "plugins"
        info = plugins / "llm_echo-0.1.dist-info"
        info.mkdir(parents=True)
        (plugins / "llm_echo.py").write_text(ECHO)
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: llm-echo\nVersion: 0.1\n"
        )
        (info / "entry_points.txt").write_text("[llm]\necho = llm_echo\n")
        self.environ = {
            **persona.environ,
            "LLM_USER_PATH": str(self.user),
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(plugins), os.environ.get("PYTHONPATH")))
            ),
        }

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "llm", *words],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=self.persona.folder,
            env=self.environ,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def echo(self, *words: str) -> dict[str, str]:
        """What the model was asked."""
        return json.loads(self("prompt", "-m", "echo", "--no-stream", *words).stdout)


@pytest.fixture
def here(run_persona, monkeypatch):
    """A root with a profile called me, for this process too."""
    folder = run_persona.root / "me"
    folder.mkdir(parents=True)
    (folder / "profile.md").write_text(PROFILE)
    monkeypatch.setenv("PERSONA_ROOT", str(run_persona.root))
    return run_persona


@pytest.fixture
def llm(here, tmp_path) -> Llm:
    """The command beside that profile."""
    return Llm(here, tmp_path)


def block_of(persona, *words: str) -> str:
    """What ``persona apply`` makes."""
    return persona("apply", "me", *words).stdout.rstrip("\n")


def logged(llm: Llm) -> list[str]:
    """All that llm's database holds of each prompt: system, fragments, the prompt."""
    rows = json.loads(llm("logs", "list", "-n", "0", "--json", "--expand").stdout)
    return [
        "\n".join(
            (
                row["system"] or "",
                *(one["content"] for one in row["system_fragments"]),
                *(one["content"] for one in row["prompt_fragments"]),
                row["prompt"],
            )
        )
        for row in rows
    ]


def test_llm_hands_the_block_on_and_keeps_it_so_that_guard_knows_it(llm, run_persona):
    """To the byte what apply makes; and out of llm's log comes the prompt alone."""
    block, wish = block_of(run_persona), "I want tables, please."
    assert "Prefers short answers." in block
    assert "Seen once only" not in block
    assert llm.echo("--sf", "persona:me", wish) == {"system": block, "prompt": wish}
    # The default profile; llm fills in $variables of a template, and these are none.
    assert llm.echo("-t", "persona:", wish) == {"system": block, "prompt": wish}
    assert "$HOME and ${PATH}" in block
    assert "$(pwd)" in block
    before = llm.echo("-f", "persona:me", wish)
    assert before == {"system": "", "prompt": f"{block}\n{wish}"}
    texts = logged(llm)
    assert len(texts) == 3
    for text in texts:
        assert block in text  # else nothing is tried here
        left = guard(Interaction("llm:1", "message", "llm:1", text)).interaction
        assert left is not None
        assert left.chosen.strip() == wish


def test_a_fault_is_said_as_llm_says_its_own(llm):
    """Exit 1, and no answer without the profile."""
    for way in ("--sf", "-t"):
        done = llm("-m", "echo", way, "persona:nobody", "x", code=1)
        assert "no profile 'nobody' in" in done.stderr
        assert "try: Make it: persona init nobody" in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("wanted", "fault", "remedy"),
    [
        ("me/food", "section 'food': not in this profile", "communication, coding"),
        ("../me", "profile name '..' is not allowed", "letters"),
        ("empty", "holds no claim that applies here", "persona apply empty"),
    ],
)
def test_each_fault_comes_with_its_remedy(here, wanted, fault, remedy):
    """What llm shows of a failure is its text: place, fault, remedy."""
    init(here.root, "empty", title=None, commit=False)
    for load in (fragment, template):
        with pytest.raises(ValueError, match=re.escape(fault)) as failed:
            load(wanted)
        assert remedy in str(failed.value)


def test_sections_follow_the_name(here):
    """One or several, also of the default profile."""
    coding = block_of(here, "--section", "coding")
    assert "short" not in coding
    assert fragment("me/coding") == fragment("/coding") == coding
    assert fragment("me/coding, communication") == block_of(here)
    assert fragment("me").source == "persona:me v3"


def test_the_budget_of_the_settings_holds(here, monkeypatch):
    """A claim that does not fit stays out, as with apply."""
    monkeypatch.setenv("PERSONA_BUDGET", "105")
    assert fragment("me") == block_of(here, "--budget", "105")
    assert "short" in fragment("me")
    assert "HOME" not in fragment("me")


def test_llm_starts_without_persona_behind_the_plugin(llm):
    """Every plugin is loaded before the first model: this one costs nothing."""
    program = (
        "import sys; from llm.plugins import load_plugins; load_plugins();"
        "print(*(name for name in sys.modules if name.startswith('persona_cli')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=llm.environ,
        check=True,
    )
    assert set(done.stdout.split()) == {"persona_cli", "persona_cli.llm_plugin"}


@pytest.mark.model
def test_the_real_model_reads_it(llm):
    """SmolLM2 answers, and llm's log holds the profile beside the prompt."""
    llm.environ["OMP_WAIT_POLICY"] = "passive"
    said = llm("-m", "SmolLM2", "--sf", "persona:me", "Say hello.").stdout
    assert said.strip()
    (text,) = logged(llm)
    assert "- Prefers short answers." in text
