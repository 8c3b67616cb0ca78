"""What the README says is so."""

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from persona_cli.cli.app import COMMANDS, app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_every_file_the_tree_names_is_there():
    """The annotated tree names what is in the checkout, and all of it."""
    tree = README.partition("## The files")[2].partition("```\n")[2].partition("```")[0]
    named = set(re.findall(r"[\w.]+\.(?:py|yaml|md)\b|\b\w+/", tree))
    verbs = re.search(r"^  (init [a-z ]+?)   ", tree, re.MULTILINE)
    named |= {f"{verb}.py" for verb in verbs[1].split()}
    there = {
        path.name for path in ROOT.rglob("*") if path.suffix in (".py", ".md", ".yaml")
    }
    there |= {f"{p.name}/" for p in ROOT.rglob("*") if p.is_dir()}
    assert named <= there
    ours = {path.name for path in (ROOT / "persona_cli").glob("*.py")}
    assert ours - named == {"__init__.py", "__main__.py"}


def test_every_command_is_told_of():
    """The changelog, which is for users, names every command there is."""
    told = (ROOT / "CHANGELOG.md").read_text("utf-8")
    missing = [name for name in COMMANDS if not re.search(rf"`[^`]*\b{name}\b", told)]
    assert missing in ([], ["completion"])


def test_every_setting_is_told_of():
    """The table of settings names each key of a settings file."""
    from persona_cli.settings import FILE_KEYS

    table = README.partition("## Settings")[2].partition("## Exit")[0]
    missing = [key for key in FILE_KEYS if f"`{key}`" not in table]
    assert missing == []


def test_the_wheel_brings_scripts_and_prompts(tmp_path):
    """An installed persona has its prompts, its catalogue, and scripts/."""
    argv = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "persona_cli/prompts/infer.md",
        "persona_cli/models.yaml",
        "persona_cli/py.typed",
        "persona_cli/scripts/bench/start.py",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "profiles/"))]


def test_the_scripts_are_plain_sh():
    """Each parses as POSIX sh, which is all that is asked of a machine."""
    for name in ("scripts/try", "scripts/check", "scripts/setup", ".ci/run"):
        done = subprocess.run(["sh", "-n", ROOT / name], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), name


def commands_of(text: str) -> list[list[str]]:
    """Every ``persona ...`` of a text's blocks of shell, in words, without the name."""
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    for session in re.findall(
        r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    ):
        lines += "".join(re.findall(r"^\$ (.*\n)", session, re.MULTILINE))
    found: list[list[str]] = []
    for line in lines.splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        commands: list[list[str]] = [[]]
        for word in words:
            if set(word) <= set("|&;<>()"):
                commands.append([])
            else:
                commands[-1].append(word)
        found += [one[1:] for one in commands if one[:1] == ["persona"]]
    return found


@pytest.mark.parametrize("words", commands_of(README), ids=" ".join)
def test_every_command_that_is_shown_is_one(words):
    """It has these options and takes so many arguments; nothing of it is run."""
    command, context = typer.main.get_command(app), None
    while isinstance(command, TyperGroup):
        context = command.make_context(
            words[0], [], parent=context, resilient_parsing=True
        )
        command = command.get_command(context, words[0])
        assert command is not None
        words = words[1:]
    with command.make_context(words[0] if words else "", list(words), parent=context):
        pass


def test_a_block_of_shell_is_read_as_a_shell_does():
    """Pipes and comments end a command; output and other programs are none."""
    text = """```console
$ echo "a | b" | persona apply me --task "x y" > out  # persona show
persona log and other output
the persona of it
```
`persona nowhere`
"""
    assert commands_of(text) == [["apply", "me", "--task", "x y"]]
