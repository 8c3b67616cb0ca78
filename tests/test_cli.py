"""The command line as a person meets it: real processes, real git, real files."""

import json
import re
import signal
import stat
import subprocess
import sys
import time

import pytest

from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine

CHAT = {
    "messages": [
        {"role": "user", "content": "How do I sort a list?"},
        {"role": "assistant", "content": "There are many ways. " * 9},
        {"role": "user", "content": "Shorter please. I prefer pytest to unittest."},
    ]
}
SHORT = "- [i1 i2] communication | Prefers short answers.\n"


@pytest.fixture
def log(tmp_path):
    """A log of one chat."""
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(CHAT) + "\n", "utf-8")
    return path


@pytest.fixture
def persona(run_persona):
    """A command line with an empty profile ``me``."""
    run_persona("init", "me")
    return run_persona


@pytest.fixture
def scripted(run_persona):
    """Let an engine answer with these lines, over a real server."""

    def start(*lines):
        server = ChatServer(ScriptedEngine(*lines))
        running = server.running()
        running.__enter__()
        run_persona.environ["PERSONA_MODEL"] = server.url
        run_persona.finish(lambda: running.__exit__(None, None, None))
        return server

    return start


def test_init_update_apply(persona, scripted, log):
    """The whole line: a log goes in, and a prompt comes out with the profile."""
    scripted(SHORT)
    done = persona("update", "me", str(log))
    assert re.fullmatch(
        r"added +c\w+ +communication: Prefers short answers\.  \(2x\)\n", done.stdout
    )
    said = persona("apply", "me", "Explain mutexes.").stdout
    assert "- Prefers short answers.\n" in said
    assert said.rstrip().endswith("Explain mutexes.")


def test_a_second_update_finds_nothing_new(persona, scripted, log):
    """Exit 0, one line on stderr, nothing on stdout, no version."""
    scripted(SHORT)
    persona("update", "me", str(log))
    again = persona("update", "me", str(log))
    assert (again.stdout, again.stderr) == ("", "me: nothing new\n")


def test_the_pipeline_of_the_readme(persona, scripted, log, tmp_path):
    """``cat log | persona update me - && echo … | persona apply me | llm``."""
    scripted(SHORT)
    model = tmp_path / "llm"
    model.write_text('#!/bin/sh\necho "asked:"\ncat\n', "utf-8")
    model.chmod(0o755)
    line = (
        f'cat {log} | persona update me - && echo "Explain mutexes" |'
        f" persona apply me | {model} -m any"
    )
    done = persona.shell(line)
    assert done.returncode == 0, done.stderr
    assert "asked:\n" in done.stdout
    assert "- Prefers short answers.\n" in done.stdout
    assert done.stdout.rstrip().endswith("Explain mutexes")


def test_the_name_may_be_left_out(persona, scripted, log):
    """With one profile there is nothing to ask."""
    scripted(SHORT)
    assert "added" in persona("update", str(log)).stdout
    assert "Prefers short answers." in persona("show").stdout


def test_two_profiles_have_to_be_told_apart(persona):
    """With several, and no default, the error says which there are."""
    persona("init", "work")
    done = persona("show", code=2)
    assert "which profile?" in done.stderr
    assert "me, work" in done.stderr
    assert "try:" in done.stderr


def test_a_dry_run_prints_and_writes_nothing(persona, scripted, log):
    """What would change is on stdout; no file of the profile is touched."""
    scripted(SHORT)
    folder = persona.root / "me"
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    done = persona("update", "me", str(log), "--dry-run")
    assert done.stdout.startswith("added")
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert after == before


def test_no_commit_leaves_git_alone(persona, scripted, log):
    """The files change, the history does not; the next run commits them."""
    scripted(SHORT, SHORT)
    head = persona.git("rev-parse", "HEAD")
    persona("update", "me", str(log), "--no-commit")
    assert persona.git("rev-parse", "HEAD") == head
    assert "Prefers short answers." in persona("show", "me").stdout


def test_why_log_diff_undo_forget(persona, scripted, log):
    """A claim can be traced, compared, taken back and brought back."""
    scripted(SHORT)
    persona("update", "me", str(log))
    (claim,) = json.loads(persona("show", "--json").stdout)["claims"]
    why = persona("why", claim["id"]).stdout
    assert "Shorter please." in why
    assert "messages:" in why
    assert [line.split()[0] for line in persona("log").stdout.splitlines()] == [
        "v1",
        "v0",
    ]
    assert persona("diff").stdout.startswith("added")
    assert persona("diff", "1", "0").stdout.startswith("retired")
    undone = persona("undo")
    assert undone.stdout.startswith("retired")
    assert json.loads(persona("show", "--json").stdout)["claims"] == []
    persona("undo", "--to", "1")
    assert "Prefers short answers." in persona("show").stdout
    forgotten = persona("forget", claim["id"])
    assert forgotten.stdout.startswith("forgotten")
    assert "Shorter please" not in (persona.root / "me/evidence.jsonl").read_text()
    assert persona("why", claim["id"], code=2).stderr.startswith("error: no claim")


def test_forget_a_source(persona, scripted, log):
    """All that came from one reader goes, with the claims that stood on it alone."""
    scripted(SHORT)
    persona("update", "me", str(log))
    done = json.loads(persona("forget", "--source", "messages", "--json").stdout)
    assert [c["text"] for c in done["forgotten"]] == ["Prefers short answers."]
    assert done["interactions"] == 2
    assert "Shorter" not in (persona.root / "me/.state/archive.jsonl").read_text()
    assert persona("update", "me", str(log)).stdout == ""


def test_edit_opens_the_editor_and_validates(persona, tmp_path):
    """A good edit is committed as the person's; a broken one changes nothing."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf -- "- I like tea.\\n" >>"$1"\n')
    editor.chmod(0o755)
    persona.environ["EDITOR"] = str(editor)
    persona("edit", "me")
    assert "I like tea." in persona("show").stdout
    assert persona.git("log", "-1", "--format=%s") == "me: edited by hand\n"
    editor.write_text('#!/bin/sh\necho broken >"$1"\n')
    before = (persona.root / "me/profile.md").read_bytes()
    done = persona("edit", "me", code=3)
    assert "not a profile" in done.stderr
    assert (persona.root / "me/profile.md").read_bytes() == before


def test_interactive_asks_claim_by_claim(persona, scripted, log, tmp_path):
    """A terminal is asked; no leaves the claim out, for good."""
    pty = pytest.importorskip("pty")
    import os

    scripted(SHORT, SHORT)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "persona_cli", "update", "me", str(log), "-i"],
            persona.environ,
        )
    said = b""
    while b"[q]uit:" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"n\n")
    try:
        while chunk := os.read(terminal, 1024):
            said += chunk
    except OSError:
        pass  # Linux ends a terminal without processes so
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said.decode()
    assert b"because:" in said
    assert json.loads(persona("show", "--json").stdout)["claims"] == []


def test_update_json_is_one_value(persona, scripted, log):
    """Everything a script may want, and nothing else on stdout."""
    scripted(SHORT)
    done = json.loads(persona("update", "me", str(log), "--json").stdout)
    assert done["new"] == done["folded"] == 2
    assert done["version"] == 1
    (change,) = done["changes"]
    assert change["kind"] == "added"
    assert change["quote"]


def test_since_leaves_the_rest_for_later(persona, scripted, tmp_path):
    """Older interactions are not read now, and are still new afterwards."""
    rows = [
        {"kind": "post", "text": f"I like tea {n}.", "at": f"2026-0{n}-01T00:00:00Z"}
        for n in (1, 6)
    ]
    path = tmp_path / "rows.jsonl"
    pairs = [
        {"query": "q", "chosen": f"short {n}", "rejected": f"long {n}", "at": row["at"]}
        for n, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(p) + "\n" for p in pairs))
    scripted("- [i1] food | Likes tea.", "- [i1] food | Likes tea.")
    run = ("update", "me", str(path), "--json", "--since")
    first = json.loads(persona(*run, "2026-03-01").stdout)
    later = json.loads(persona(*run, "2025-01-01").stdout)
    assert (first["new"], later["new"]) == (1, 1)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(persona, shell):
    """Each shell gets its script."""
    assert "persona" in persona("completion", shell).stdout


def test_completion_knows_names_and_claims(persona, scripted, log):
    """Profile names and claim ids come out of the profiles themselves."""
    scripted(SHORT)
    persona("update", "me", str(log))
    (claim,) = json.loads(persona("show", "--json").stdout)["claims"]
    environ = {"_PERSONA_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    names = persona("", environ={**environ, "COMP_WORDS": "persona show m"})
    assert names.stdout.split() == ["me"]
    ids = persona("", environ={**environ, "COMP_WORDS": "persona why c"})
    assert ids.stdout.split() == [claim["id"]]


def test_every_help_fits_80_columns(persona):
    """No line of any --help is wider than a terminal."""
    commands = persona("--help").stdout.partition("Commands:")[2]
    assert "..." not in commands  # nor is any sentence cut
    words = re.findall(r"^  (\w+) ", commands, re.MULTILINE)
    assert {"init", "update", "apply", "doctor", "model"} <= set(words)
    for word in [[], *([w] for w in words), *(["model", w] for w in ("pull", "use"))]:
        said = persona(*word, "--help").stdout
        wide = [line for line in said.splitlines() if len(line) > 80]
        assert not wide, wide


def test_files_are_private(persona, scripted, log):
    """Profile, evidence and state can be read by their owner alone."""
    scripted(SHORT)
    persona("update", "me", str(log))
    for path in [persona.root / "me", *(persona.root / "me").rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path.name}: {mode:o}"


def test_init_adds_and_touches_nothing(run_persona):
    """In a repository with work in it: staged, unstaged and untracked stay."""
    root = run_persona.root
    root.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / "mine.txt").write_text("one\n")
    run_persona.git("add", "mine.txt")
    run_persona.git("commit", "-qm", "mine")
    (root / "mine.txt").write_text("two\n")
    run_persona.git("add", "mine.txt")
    (root / "mine.txt").write_text("three\n")
    (root / "other.txt").write_text("untracked\n")
    before = run_persona.git("status", "--porcelain")
    run_persona("init", "me")
    assert run_persona.git("status", "--porcelain") == before
    assert run_persona.git("show", "--format=", "--name-only", "HEAD").split() == [
        ".gitattributes",
        "me/.gitignore",
        "me/evidence.jsonl",
        "me/profile.md",
    ]
    again = run_persona("init", "me")
    assert "nothing was changed" in again.stderr


def test_interrupt_keeps_what_was_finished(persona, scripted, log):
    """Ctrl-C while the model works: exit 130, no traceback, and it goes on later."""

    class Slow(ScriptedEngine):
        def complete(self, *args, **more):
            time.sleep(3)
            return super().complete(*args, **more)

    server = scripted()
    server.engine = Slow(SHORT, SHORT)
    child = persona.start("update", "me", str(log))
    while not server.requests:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130, said
    assert "Traceback" not in said
    server.engine = ScriptedEngine(SHORT)
    assert persona("update", "me", str(log)).stdout.startswith("added")


def test_an_update_without_a_log_says_so(persona):
    """Nothing to read and nothing left over is a mistake of the caller's."""
    done = persona("update", "me", code=2)
    assert "no log to read" in done.stderr
    assert "persona update me chats/*.jsonl" in done.stderr
