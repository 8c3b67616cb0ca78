"""All that is followed, folded in by one command, each source for itself."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_cli.archive import Archive
from persona_cli.enabled import Wish, enable
from persona_cli.gather_each import Batch, all_up_to_date, gather_each
from persona_cli.init import init
from persona_cli.store import Store
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine

TERSE = "- [i1 i2] communication | Prefers terse answers.\n"


def typed(session: str, number: int, text: str, cwd: str = "/home/ada/tide") -> str:
    """A row of Claude Code's in which the user typed something."""
    return json.dumps(
        {
            "type": "user",
            "uuid": f"{session}-u{number}",
            "sessionId": session,
            "timestamp": f"2026-11-{number:02}T10:00:00Z",
            "cwd": cwd,
            "message": {"role": "user", "content": text},
        }
    )


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def learned(persona) -> dict[str, str]:
    """Each claim on disk, and where it holds."""
    profile = Store(persona.root, "me").load().profile
    return {claim.text: claim.scope for claim in profile.claims}


@pytest.fixture
def claude(own_home) -> Path:
    """A session of two messages."""
    return write(
        own_home / ".claude" / "projects" / "-home-ada-tide" / "s1.jsonl",
        typed("s1", 1, "terser please"),
        typed("s1", 2, "still too long, be terse"),
    )


@pytest.fixture
def notes(tmp_path) -> Path:
    return write(tmp_path / "notes.md", "I prefer tea to coffee.")


@pytest.fixture
def persona(run_persona):
    init(run_persona.root, "me", title=None)
    return run_persona


@pytest.fixture
def scripted(persona) -> Callable[..., ScriptedEngine]:
    """Let a model answer with these lines, over a real server."""

    def start(*lines: str) -> ScriptedEngine:
        engine = ScriptedEngine(*lines)
        server = ChatServer(engine)
        running = server.running()
        running.__enter__()
        persona.environ["PERSONA_MODEL"] = server.url
        persona.finish(lambda: running.__exit__(None, None, None))
        return engine

    return start


def test_all_that_is_followed_is_folded_in_by_one_run(
    persona, scripted, own_home, claude, notes
):
    """One window of both; then nothing; then only what is new, and that alone."""
    engine = scripted(TERSE, "- [i1] general | Likes rain.\n")
    enable(persona.root, Wish("claude-code"))
    enable(persona.root, Wish("notes", "text", str(notes)))
    said = persona("update", "me", "--all").stderr
    assert "2 logs read, 3 new interactions" in said
    assert "Prefers terse answers." in learned(persona)
    sources = {
        json.loads(line)["source"].partition(":")[0]
        for line in (persona.root / "me/.state/archive.jsonl").read_text().splitlines()
    }
    assert sources == {"claude-code", "text"}
    head = persona.git("rev-parse", "HEAD")
    assert "nothing new" in persona("update", "me", "--all").stderr
    assert persona.git("rev-parse", "HEAD") == head
    write(claude.with_name("s2.jsonl"), typed("s2", 3, "I like rain"))
    said = persona("update", "me", "--all").stderr
    assert "1 logs read, 1 new interactions; 2 logs unchanged" in said
    assert "Likes rain." in learned(persona)
    engine.done()


def test_one_that_fails_stops_no_other(persona, scripted, tmp_path, claude):
    """It is named, what could be learned is kept, and the exit code says 3."""
    scripted(TERSE)
    enable(persona.root, Wish("claude-code"))
    enable(persona.root, Wish("gone", None, str(tmp_path / "gone.jsonl")))
    (tmp_path / "zeros").write_bytes(bytes(5000))
    enable(persona.root, Wish("broken", None, str(tmp_path / "zeros")))
    done = persona("update", "me", "--all", code=3)
    assert "note: gone: no such log:" in done.stderr
    assert "note: broken: " in done.stderr
    assert "error: gone, broken: could not be read; of 3 sources" in done.stderr
    assert "Prefers terse answers." in learned(persona)
    head = persona.git("rev-parse", "HEAD")
    again = persona("update", "me", "--all", code=3)
    assert "error: gone, broken" in again.stderr
    assert persona.git("rev-parse", "HEAD") == head


def test_a_program_that_is_not_here_is_named(persona, own_home, claude):
    """An enabled source whose folder is gone is a failure, an empty one is none."""
    enable(persona.root, Wish("codex"))
    done = persona("update", "me", "--all", code=3)
    assert (
        f"note: codex: {own_home / '.codex' / 'sessions'}: is not there" in done.stderr
    )
    (own_home / ".codex" / "sessions").mkdir(parents=True)
    assert "nothing new" in persona("update", "me", "--all").stderr


def test_one_bad_log_among_good_ones_is_passed_over(persona, scripted, claude):
    """A session that a crash left full of zeros makes no update fail for ever."""
    scripted(TERSE)
    enable(persona.root, Wish("claude-code"))
    claude.with_name("s0.jsonl").write_bytes(bytes(5000))
    done = persona("update", "me", "--all")
    assert "s0.jsonl: not UTF-8 text" in done.stderr
    assert "passed over" in done.stderr
    assert "Prefers terse answers." in learned(persona)


def test_a_dry_run_writes_nothing(persona, scripted, claude):
    """No archive, no cursor, no commit."""
    scripted(TERSE)
    enable(persona.root, Wish("claude-code"))
    head = persona.git("rev-parse", "HEAD")
    done = persona("update", "me", "--all", "--dry-run")
    assert "Prefers terse answers." in done.stdout
    assert persona.git("rev-parse", "HEAD") == head
    assert not (persona.root / "me/.state/archive.jsonl").exists()


@pytest.mark.parametrize("words", [("log.jsonl",), ("--format", "text")])
def test_all_takes_no_logs(persona, words):
    """They are named, or followed; not both."""
    done = persona("update", "me", "--all", *words, code=2)
    assert "--all reads what is enabled" in done.stderr


def test_it_waits_for_another_no_longer_than_it_is_told(persona, claude):
    """--lock-timeout, for whoever starts it from a timer."""
    from persona_cli.lock import profile_lock

    enable(persona.root, Wish("claude-code"))
    with profile_lock(persona.root / "me", timeout=1, doing="test"):
        done = persona("update", "me", "--all", "--lock-timeout", "0", code=6)
    assert "test" in done.stderr


def test_each_source_goes_on_where_it_was(tmp_path, claude, notes):
    """Its cursors are its own: what another source does is nothing to it."""
    archive = Archive(tmp_path / "state", held_share=0.2)
    archive.state.mkdir()
    batches = [Batch("claude-code", (claude,)), Batch("notes", (notes,), "text")]
    how = {"root": tmp_path / "profiles", "max_record": 1 << 20}
    found, failed = gather_each(archive, batches, **how)
    assert (found.logs, found.new, found.unchanged, failed) == (2, 3, 0, [])
    with claude.open("a") as file:
        file.write(typed("s1", 4, "and no lists") + "\n")
    found, failed = gather_each(archive, batches, **how)
    assert (found.logs, found.new, found.unchanged, failed) == (1, 1, 1, [])
    lost = Batch("gone", (tmp_path / "gone",))
    assert not all_up_to_date(archive, [lost])
    # a log that went since it was listed, and a source that said so itself
    found, failed = gather_each(archive, [lost, Batch("x", (), fault="why")], **how)
    assert found.new == 0
    assert [(one.name, one.fault) for one in failed] == [("x", "why")]


def test_what_one_project_wants_is_kept_from_the_other(persona, scripted, own_home):
    """From two folders of sessions to two prompts, the whole way."""
    folder = own_home / ".claude" / "projects"
    write(
        folder / "-home-ada-tide" / "s1.jsonl",
        typed("s1", 1, "always run the linter before a commit", "/home/ada/tide"),
    )
    write(
        folder / "-home-ada-harbour" / "s2.jsonl",
        typed("s2", 2, "write the tests first, always", "/home/ada/harbour"),
    )
    scripted(
        "- [i1] coding | Asks always to run the linter before a commit.\n"
        "- [i2] coding | Writes the tests first.\n"
    )
    enable(persona.root, Wish("claude-code"))
    persona("update", "me", "--all")
    assert learned(persona) == {
        "Asks always to run the linter before a commit.": "project:tide",
        "Writes the tests first.": "project:harbour",
    }
    for scope, sees in (("tide", "linter"), ("harbour", "tests first"), ("global", "")):
        done = persona("apply", "me", "x", "--tentative", "--scope", scope).stdout
        for word in ("linter", "tests first"):
            assert (word in done) == (word == sees), scope
