"""``persona export`` as a person, or a CI job, meets it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from persona_cli.errors import UsageError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.targets.asked import require_possible
from persona_cli.targets.known import target
from tests.torture.in_process import Here

PROFILE = """\
---
type: persona-profile
title: me
persona: 1
version: 4
generated: {by: persona/0.1 tiny infer@2, at: 2026-11-23T16:25:00Z}
---
# me

## communication
- Prefers short answers. <!-- c111 14x 2026-11-22 -->
- Likes a dry tone. <!-- c222 1x 2026-11-20 -->

## coding
- Writes type hints. <!-- c333 3x 2026-11-21 project:tide -->
- I work in UTC, always.
"""

PENDING = {
    "claim": "c999",
    "words": "Always runs curl | sh.",
    "section": "coding",
    "status": "pending",
    "by": "tiny infer@2",
    "version": 4,
    "why": "runs code",
}


class Exporting(Here):
    """``persona`` in this process, in a checkout called tide, with a profile ``me``."""

    def __init__(self, folder: Path, home: Path) -> None:
        super().__init__(folder / "profiles")
        self.home, self.folder = home, folder / "tide"
        (self.folder / ".git").mkdir(parents=True)
        self.profile = self.make("me")
        (self.root / "me/evidence.jsonl").write_text(json.dumps(PENDING) + "\n")

    def make(self, name: str) -> Path:
        """A profile of four claims."""
        path = self.root / name / "profile.md"
        path.parent.mkdir(parents=True)
        path.write_text(PROFILE, "utf-8")
        return path


@pytest.fixture
def persona(tmp_path, own_home, monkeypatch):
    """The command, in the folder of a project."""
    exporting = Exporting(tmp_path, own_home)
    monkeypatch.chdir(exporting.folder)
    return exporting


def body(text: str) -> list[str]:
    """The lines of claims in a file."""
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_a_file_is_written_and_then_up_to_date(persona):
    """What a person may read, and not touched a second time, not even its date."""
    done = persona("export", "--to", "agents")
    assert done.stdout == "agents  AGENTS.md  written\n"
    assert done.stderr == "agents: left out by tentative: c222\n"
    path = persona.folder / "AGENTS.md"
    text = path.read_text("utf-8")
    assert re.match(r"<!-- persona:begin me [0-9a-f]{16}, made by persona", text)
    assert text.endswith("\n<!-- persona:end -->\n")
    assert body(text) == [
        "- Prefers short answers.",
        "- Writes type hints.",
        "- I work in UTC, always.",
    ]
    os.utime(path, (1, 1))
    again = persona("export", "--to", "agents")
    assert again.stdout == "agents  AGENTS.md  up to date\n"
    assert path.stat().st_mtime == 1
    # A new version whose words are the same changes nothing either.
    persona.profile.write_text(PROFILE.replace("version: 4", "version: 5"), "utf-8")
    assert "up to date" in persona("export", "--to", "agents").stdout


def test_what_waits_for_review_is_in_no_target(persona):
    """Not in the files, not in what is printed, not with --tentative."""
    assert "curl" in persona("review", "--json").stdout
    for name in ("agents", "chatgpt", "pam"):
        done = persona("export", "--to", name, "--out", "-", "--tentative")
        assert "Likes a dry tone." in done.stdout
        assert "curl" not in done.stdout


def test_an_owners_words_stay(persona):
    """Before the block and after it; a new profile changes the block alone."""
    path = persona.folder / "CLAUDE.md"
    path.write_bytes(b"# Rules\r\n\r\n- Caf\xe9s are fine.\r\n")
    persona("export", "--to", "claude")
    path.write_bytes(path.read_bytes() + b"- Mine, below.")
    persona.profile.write_text(PROFILE.replace("short", "brief"), "utf-8")
    assert persona("export", "--to", "claude").stdout == "claude  CLAUDE.md  written\n"
    content = path.read_bytes()
    assert content.startswith(
        b"# Rules\r\n\r\n- Caf\xe9s are fine.\r\n\r\n<!-- persona:"
    )
    assert content.endswith(b"<!-- persona:end -->\r\n- Mine, below.")
    assert b"- Prefers brief answers.\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")
    assert persona("export", "--to", "claude", "--remove").stdout.endswith("removed\n")
    assert path.read_bytes() == (
        b"# Rules\r\n\r\n- Caf\xe9s are fine.\r\n- Mine, below."
    )


def test_an_edited_block_is_not_overwritten(persona):
    """Exit 6, and what was changed; --force takes it."""
    persona("export", "--to", "agents")
    path = persona.folder / "AGENTS.md"
    edited = path.read_text("utf-8").replace("short answers", "long \x1b[31manswers")
    path.write_text(edited, "utf-8")
    done = persona("export", "--to", "agents", code=6)
    assert "AGENTS.md:1: the block was edited by hand" in done.stderr
    assert r"with - Prefers long \x1b[31manswers." in done.stderr
    assert "without - Prefers short answers." in done.stderr
    assert "--force" in done.stderr
    assert path.read_text("utf-8") == edited
    persona("export", "--to", "agents", "--remove", code=6)
    assert path.read_text("utf-8") == edited
    assert "written" in persona("export", "--to", "agents", "--force").stdout
    assert "short answers" in path.read_text("utf-8")


def test_another_profiles_block_is_not_overwritten(persona):
    """It is somebody's, though it is no edit."""
    persona("export", "me", "--to", "agents")
    persona.make("you")
    done = persona("export", "you", "--to", "agents", code=6)
    assert "it is the block of me, and not of you" in done.stderr
    persona("export", "you", "--to", "agents", "--force")
    assert "begin you " in (persona.folder / "AGENTS.md").read_text("utf-8")


def test_one_bad_file_and_none_is_written(persona):
    """A broken block is refused with its line, before anything is changed."""
    (persona.folder / "CLAUDE.md").write_text("a\n<!-- persona:begin me 1 -->\nb\n")
    done = persona("export", "--to", "agents", "--to", "claude", code=3)
    assert "CLAUDE.md:2: a block begins and never ends" in done.stderr
    assert not (persona.folder / "AGENTS.md").exists()


def test_check_is_for_ci(persona):
    """0 when all is as it would be written, 6 and the names of the stale ones else."""
    targets = ("--to", "agents", "--to", "cursor")
    done = persona("export", "--check", *targets, code=6)
    assert done.stdout == (
        "agents  AGENTS.md  stale: it is not there\n"
        "cursor  .cursor/rules/persona.mdc  stale: it is not there\n"
    )
    assert "error: not up to date: agents, cursor" in done.stderr
    assert "persona export --to agents --to cursor" in done.stderr
    assert not (persona.folder / "AGENTS.md").exists()
    persona("export", *targets)
    assert persona("export", "--check", *targets).stdout.count("up to date") == 2
    path = persona.folder / "AGENTS.md"
    path.write_text(path.read_text("utf-8").replace("UTC", "CET"), "utf-8")
    done = persona("export", "--check", *targets, code=6)
    assert "stale: line 1: the block was edited by hand" in done.stdout
    assert "not up to date: agents\n" in done.stderr
    persona("export", "--force", *targets)
    persona.profile.write_text(PROFILE.replace("short", "brief"), "utf-8")
    done = persona("export", "--check", "--json", *targets, code=6)
    assert [one["state"] for one in json.loads(done.stdout)] == ["stale", "stale"]
    assert "short" in path.read_text("utf-8")


def test_persona_yaml_says_which(persona):
    """``exports`` does for all; a name that is none is a fault of the file."""
    done = persona("export", code=2)
    assert "exports: [agents, claude]" in done.stderr
    settings = persona.root / "persona.yaml"
    settings.write_text("exports: [agents, cursor, claude-rules]\n")
    assert persona("export").stdout == (
        "agents  AGENTS.md  written\n"
        "cursor  .cursor/rules/persona.mdc  written\n"
        "claude-rules  .claude/rules/persona.md  written\n"
    )
    head = (persona.folder / ".cursor/rules/persona.mdc").read_text("utf-8")
    assert head.startswith("---\ndescription: ")
    assert "\nalwaysApply: true\n---\n<!-- persona:begin me " in head
    settings.write_text("exports: [codex]\n")  # read everywhere: only by name
    assert "persona.yaml:1: exports is 'codex'" in persona("export", code=3).stderr


def test_what_was_made_for_the_block_goes_with_it(persona):
    """A file of nothing else is taken away, its front matter too."""
    persona("export", "--to", "cursor", "--to", "agents")
    done = persona("export", "--to", "cursor", "--to", "agents", "--remove")
    assert done.stdout.count("removed") == 2
    assert not (persona.folder / ".cursor/rules/persona.mdc").exists()
    assert not (persona.folder / "AGENTS.md").exists()
    again = persona("export", "--to", "agents", "--remove")
    assert again.stdout == "agents  AGENTS.md  nothing\n"
    # Nor does a block stay when no claim is left for it.
    persona("export", "--to", "agents")
    persona.profile.write_text(PROFILE.partition("## ")[0], "utf-8")
    assert persona("export", "--to", "agents").stdout == "agents  AGENTS.md  removed\n"


def test_a_project_stays_in_its_project(persona, monkeypatch):
    """Claims of tide go into tide's files, and not into what is read everywhere."""
    persona("export", "--to", "codex")
    codex = persona.home / ".codex/AGENTS.md"
    assert body(codex.read_text("utf-8")) == [
        "- Prefers short answers.",
        "- I work in UTC, always.",
    ]
    own = persona.home / ".claude/CLAUDE.md"
    done = persona("export", "--to", "claude", "--out", "~/.claude/CLAUDE.md")
    assert "claude: left out by scope: c333" in done.stderr
    assert "type hints" not in own.read_text("utf-8")
    elsewhere = persona.folder.parent / "other"
    monkeypatch.setenv("CODEX_HOME", str(elsewhere))
    persona("export", "--to", "codex", "--scope", "project:tide")
    assert "type hints" in (elsewhere / "AGENTS.md").read_text("utf-8")


def test_links_are_followed_inside_of_the_folder(persona):
    """CLAUDE.md may be a link to AGENTS.md: then it is one file, and stays a link."""
    (persona.folder / "CLAUDE.md").symlink_to("AGENTS.md")
    done = persona("export", "--to", "agents", "--to", "claude")
    assert done.stdout == "agents  AGENTS.md  written\n"
    assert "is the file of agents too" in done.stderr
    assert (persona.folder / "CLAUDE.md").is_symlink()
    assert "short answers" in (persona.folder / "CLAUDE.md").read_text("utf-8")


def test_a_link_that_leads_out_has_to_be_named(persona):
    """A checkout may be somebody else's: nothing of the home is written through it."""
    victim = persona.home / ".profile"
    victim.write_text("export A=1\n")
    (persona.folder / "AGENTS.md").symlink_to(victim)
    done = persona("export", "--to", "agents", code=3)
    assert "is a link that leads out of" in done.stderr
    (persona.folder / ".github").symlink_to(persona.home)
    persona("export", "--to", "copilot", code=3)
    assert victim.read_text() == "export A=1\n"
    persona("export", "--to", "agents", "--out", "AGENTS.md")
    assert "short answers" in victim.read_text()
    loop = persona.folder / "CLAUDE.md"
    loop.symlink_to(loop)
    assert persona("export", "--to", "claude", code=3).stderr.count("error:") == 1


def test_codex_limit_is_of_the_whole_file(persona):
    """What its owner wrote counts; where nothing fits, that is said."""
    path = persona.folder / "AGENTS.md"
    owned = "x" * 99 + "\n"
    path.write_text(owned * 324 + "y" * 29 + "\n")  # of 32,768 bytes, 338 are left
    done = persona("export", "--to", "agents")
    assert "agents: left out by size: c333\n" in done.stderr
    assert path.stat().st_size <= 32_768
    assert "short answers" in path.read_text("utf-8")
    path.write_text(owned * 327)
    done = persona("export", "--to", "agents", code=3)
    assert "has no room for a single claim: agents takes 32,768 bytes" in done.stderr
    assert path.read_text() == owned * 327


def test_chatgpt_has_two_fields(persona):
    """Both with a label, or one alone for a pipe."""
    both = persona("export", "--to", "chatgpt").stdout
    assert re.findall(r"# (.*) \((\d+) of 1,500 characters\)", both) == [
        ("What should ChatGPT know about you?", "71"),
        ("How should ChatGPT respond?", "71"),
    ]
    assert "type hints" not in both  # of tide, and ChatGPT is asked about anything
    one = persona("export", "--to", "chatgpt", "--field", "2").stdout
    assert one == (
        "<!-- persona:begin me -->\n- Prefers short answers.\n<!-- persona:end -->\n"
    )
    # As ChatGPT's export gives it back: nothing that persona would learn.
    deed = Interaction("x:1", "stated", "chatgpt:instructions", one)
    assert guard(deed).interaction is None


@pytest.mark.parametrize(
    ("names", "asked", "said"),
    [
        ("", {}, "no target is named"),
        ("gemini", {"out": "f"}, "is a text to paste"),
        ("gemini", {"check": True}, "is printed"),
        ("llm", {"remove": True}, "is printed"),
        ("agents", {"out": "-", "check": True}, "is printed"),
        ("gemini plain", {}, "one target at a time"),
        ("agents gemini", {}, "one target at a time"),
        ("agents claude", {"out": "f"}, "one target at a time"),
        ("agents", {"check": True, "remove": True}, "do not go together"),
        ("gemini", {"field": 1}, "has one text"),
        ("agents", {"field": 1}, "has one text"),
        ("chatgpt", {"field": 3}, "has 2"),
    ],
)
def test_what_cannot_be_asked_for_is_named(names, asked, said):
    """Before anything is read."""
    targets = [target(name) for name in names.split()]
    given = {"out": None, "check": False, "remove": False, "field": None, **asked}
    with pytest.raises(UsageError, match=said) as caught:
        require_possible(targets, **given)
    assert caught.value.remedy


def test_an_unknown_name_ends_with_what_there_is(persona):
    """Exit 2, for a target and for a section, and no file."""
    assert "agents, claude" in persona("export", "--to", "agnts", code=2).stderr
    done = persona("export", "--to", "agents", "--section", "cooking", code=2)
    assert "communication, coding" in done.stderr
    assert list(persona.folder.iterdir()) == [persona.folder / ".git"]


def test_a_memory_store_is_only_replaced_when_it_is_ours(persona):
    """JSON holds no marks: its own checksum says whether somebody changed it."""
    words = ("export", "--to", "pam", "--out", "memory.json")
    persona(*words)
    path = persona.folder / "memory.json"
    assert json.loads(path.read_text("utf-8"))["memories"][0]["id"] == "c111"
    persona.profile.write_text(PROFILE.replace("short", "brief"), "utf-8")
    persona(*words, "--check", code=6)
    assert "written" in persona(*words).stdout
    assert "up to date" in persona(*words, "--check").stdout
    theirs = path.read_text("utf-8").replace("brief", "long")
    path.write_text(theirs, "utf-8")
    assert "not as persona wrote it" in persona(*words, code=6).stderr
    persona(*words, "--remove", code=6)
    assert path.read_text("utf-8") == theirs
    persona(*words, "--force")
    persona(*words, "--remove")
    assert not path.exists()


def test_files_of_tools_are_shared_with_their_owner(persona):
    """A template's model stays; a second SYSTEM, or a second key, is refused."""
    template = persona.folder / "me.yaml"
    template.write_text("model: echo  # mine\n")
    persona("export", "--to", "llm", "--out", "me.yaml")
    assert template.read_text().startswith("model: echo  # mine\n\n# persona:begin me ")
    template.write_text("system: Be brief.\n")
    done = persona("export", "--to", "llm", "--out", "me.yaml", code=3)
    assert "duplicate key 'system'" in done.stderr
    assert template.read_text() == "system: Be brief.\n"
    model = persona.folder / "Modelfile"
    model.write_text("FROM qwen3\n")
    persona("export", "--to", "ollama", "--out", "Modelfile")
    assert '\nSYSTEM """<!-- persona:begin me -->\n' in model.read_text()
    model.write_text("FROM qwen3\nsystem You are a pirate.\n")
    done = persona("export", "--to", "ollama", "--out", "Modelfile", code=3)
    assert "has a SYSTEM of its own in line 2" in done.stderr


def test_the_real_llm_reads_the_template(persona):
    """``llm templates show`` gives the block, whole."""
    folder = persona.folder / "llm" / "templates"
    persona("export", "--to", "llm", "--out", str(folder / "me.yaml"))
    said = subprocess.run(
        [sys.executable, "-m", "llm", "templates", "show", "me"],
        capture_output=True,
        text=True,
        env={**os.environ, "LLM_USER_PATH": str(folder.parent)},
        check=True,
    ).stdout
    assert "name: me" in said
    assert "- Prefers short answers." in said
    assert "<!-- persona:begin me -->" in said


def test_a_strange_file_is_left_alone(persona):
    """A folder, a pipe, UTF-16: named, and not waited for."""
    (persona.folder / "AGENTS.md").mkdir()
    assert "not a regular file" in persona("export", "--to", "agents", code=3).stderr
    os.mkfifo(persona.folder / "CLAUDE.md")
    assert "not a regular file" in persona("export", "--to", "claude", code=3).stderr
    wide = persona.folder / "wide.md"
    wide.write_bytes("Rules\n".encode("utf-16"))
    done = persona("export", "--to", "claude", "--out", "wide.md", code=3)
    assert "not UTF-8 text" in done.stderr
    assert wide.read_bytes() == "Rules\n".encode("utf-16")


def test_as_a_process_of_its_own(run_persona):
    """Result on stdout, talk on stderr, and the exit code that a CI job sees."""
    path = run_persona.root / "me" / "profile.md"
    path.parent.mkdir(parents=True)
    path.write_text(PROFILE, "utf-8")
    words = ("export", "--to", "agents")
    done = run_persona(*words, "--check", code=6)
    assert done.stdout == "agents  AGENTS.md  stale: it is not there\n"
    assert "error: not up to date: agents\n" in done.stderr
    done = run_persona(*words)
    assert done.stdout == "agents  AGENTS.md  written\n"
    assert "left out by tentative: c222" in done.stderr
    piped = run_persona.shell("persona export --to chatgpt --field 2 | head -n 1")
    assert piped.stdout == "<!-- persona:begin me -->\n"


def test_json_says_it_all(persona):
    """Claims in it and out of it, by their ids."""
    [one] = json.loads(persona("export", "--to", "agents", "--json").stdout)
    assert one == {
        "target": "agents",
        "claims": ["c111", "c333", one["claims"][2]],
        "left_out": {"c222": "tentative"},
        "path": "AGENTS.md",
        "state": "written",
        "why": "",
    }
    said = json.loads(persona("export", "--to", "plain", "--json").stdout)
    assert said["text"].splitlines()[0] == "Prefers short answers."
