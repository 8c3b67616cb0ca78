"""What the README says is so."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from persona_cli.cli.app import COMMANDS

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
