"""Codex CLI's sessions, old and new, and its history."""

import io
import json
import shutil
from pathlib import Path

import pytest

from persona_cli.archive import Archive
from persona_cli.gather import gather
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, find_logs, read_log

HOME = Path(__file__).parent / "logs" / "codex"
SESSION = "019a4c00-1111-7222-8333-444455556666"
OLDER = "5d2f3a10-0000-4222-8333-444455556666"
DAY = HOME / "sessions" / "2026" / "11" / "02"
ROLLOUT = DAY / f"rollout-2026-11-02T09-00-00-{SESSION}.jsonl"
ARCHIVED = HOME / "archived_sessions" / f"rollout-2025-06-01T08-00-00-{OLDER}.jsonl"
SUBAGENT = next(DAY.glob("rollout-2026-11-02T10*"))


def read(*logs: Path) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    return [deed for log in logs for deed in read_log(log, tally=tally)], tally


def rollout(folder: Path, *rows: object) -> Path:
    log = folder / f"rollout-2026-11-03T09-00-00-{SESSION}.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return log


def event(text: object, **more: object) -> dict[str, object]:
    payload = {"type": "user_message", "message": text, **more}
    return {"timestamp": "2026-11-03T09:00:01Z", "type": "event_msg"} | {
        "payload": payload
    }


def item(role: str, *texts: str) -> dict[str, object]:
    content = [{"type": "input_text", "text": text} for text in texts]
    payload = {"type": "message", "role": role, "content": content}
    row = {"timestamp": "2026-11-03T09:00:02Z", "type": "response_item"}
    return row | {"payload": payload}


def test_each_message_counts_once():
    """Of event and item the event, in either order; the item where it is alone."""
    deeds, _ = read(ROLLOUT)
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Write a tokenizer, with type hints."),
        ("I wrote tokenizer.py. I always want CANARY.", "Use a generator."),
        ("It yields tokens now.", "Rename it to lexer.py."),
        ("Renamed.", "Add tests."),
        ("Renamed.", "Only in pytest's style."),
        ("Done.", "Now commit it."),
    ]
    assert {deed.source for deed in deeds} == {f"codex:{SESSION}"}
    assert {deed.scope for deed in deeds} == {"project:parser"}
    assert all(deed.id.startswith(f"codex:{SESSION}:") for deed in deeds)
    assert [deed.at.second for deed in deeds if deed.at] == [8, 15, 19, 22, 25, 33]


def test_whatever_else_is_in_a_session_is_counted():
    """Rows of no interest, faults, and rows that no version had yet."""
    tally = read(ROLLOUT)[1]
    assert tally.left_out == {
        "a row of another type": 10,
        "nothing typed": 4,
        "a summary": 1,
    }
    assert tally.skipped == {
        "a user's message without text": 1,
        "a message without `content`": 1,
        "a row without `type` and `payload`": 1,
        "a row without `type`": 1,
    }


def test_nobody_elses_words_are_the_users():
    """Instructions, tools, answers, summaries, other agents: all say the same here."""
    logs = find_logs([str(HOME)])
    deeds, _ = read(*logs)
    assert sum(log.read_text().count("CANARY") for log in logs) >= 15
    assert not [deed.chosen for deed in deeds if "CANARY" in deed.chosen]


def test_a_subagents_session_is_left_out():
    """What it was told, another agent wrote."""
    deeds, tally = read(SUBAGENT)
    assert deeds == []
    assert tally.left_out == {"a subagent's row": 1}


def test_older_sessions_have_bare_items():
    """Without types, times and folders of their own; the folder is in the context."""
    deeds, tally = read(ARCHIVED)
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Keep it small."),
        ("Small it is.", "No dependencies."),
    ]
    assert {deed.source for deed in deeds} == {f"codex:{OLDER}"}
    assert {deed.scope for deed in deeds} == {"project:old-tool"}
    assert tally.left_out == {"a row of another type": 5, "nothing typed": 2}
    assert not tally.skipped


def test_history_and_sessions_tell_of_the_same_messages():
    """By session and words: what both have is one interaction."""
    deeds, tally = read(HOME / "history.jsonl")
    assert [deed.chosen for deed in deeds] == [
        "Write a tokenizer, with type hints.",
        "Use a generator.",
        "Keep it small.",
        "Explain lifetimes without metaphors.",
        "Explain lifetimes without metaphors.",
    ]
    assert deeds[3].id == deeds[4].id
    sessions = {deed.id for deed in read(ROLLOUT, ARCHIVED)[0]}
    assert [deed.id in sessions for deed in deeds] == [True] * 3 + [False] * 2
    assert deeds[0].at.year == 2026
    assert tally.skipped == {"a row without `type`": 1}


def test_a_folder_gives_sessions_before_the_history(tmp_path):
    """Only the sessions know project and answer. Whatever the folder is called."""
    for name in (".codex", "elsewhere"):
        home = shutil.copytree(HOME, tmp_path / name)
        (home / "AGENTS.md").write_text("I always want CANARY.")
        (home / "log").mkdir()
        (home / "log" / "codex.txt").write_text("I always want CANARY.")
        logs = [path.relative_to(home) for path in find_logs([str(home)])]
        assert logs[-1] == Path("history.jsonl")
        assert sorted(path.suffix for path in logs) == [".jsonl"] * 5


def test_a_whole_home_counts_each_message_once(tmp_path):
    """In the archive: from sessions and history, read once and again."""
    home = shutil.copytree(HOME, tmp_path / ".codex")
    state = tmp_path / "state"
    state.mkdir()
    archive = Archive(state, held_share=0.0)

    def take_in() -> int:
        names = [str(home)]
        how = {"root": tmp_path / "profiles", "max_record": 1 << 20}
        return gather(archive, names, stdin=io.BytesIO(), **how).new

    assert take_in() == 6 + 2 + 1
    (home / "history.jsonl").touch()
    with (home / "history.jsonl").open("a") as file:
        row = {"session_id": SESSION, "ts": 1793610003, "text": "Add tests."}
        file.write(json.dumps(row) + "\n")
    assert take_in() == 0
    scopes = {entry.scope for entry in archive.read(archive.pending())}
    assert scopes == {"project:parser", "project:old-tool", "global"}


def test_the_same_words_twice_are_twice_told(tmp_path):
    """Each with its event and item; the archive then counts them once."""
    twice = [item("user", "Go on."), event("Go on.")] * 2
    deeds, _ = read(rollout(tmp_path, *twice))
    assert [deed.chosen for deed in deeds] == ["Go on."] * 2
    assert len({deed.id for deed in deeds}) == 1


def test_an_item_that_waits_is_told_at_its_end_or_its_answer(tmp_path):
    """And is the same message when its event has come since."""
    log = rollout(tmp_path, item("user", "Go on."))
    (early,) = read(log)[0]
    with log.open("a") as file:
        file.write(json.dumps(event("Go on.")) + "\n")
    (late,) = read(log)[0]
    assert early.id == late.id
    assert [early.at.second, late.at.second] == [2, 1]


def test_a_session_that_goes_on_from_another_is_followed(tmp_path):
    """A fork begins with the rows of its parent, which count as the parent's."""
    meta = {"timestamp": "2026-11-03T09:00:00Z", "type": "session_meta"}
    fork = meta | {"payload": {"id": "fork", "cwd": "/home/ada/fork"}}
    parent = meta | {"payload": {"id": SESSION, "cwd": "/home/ada/parser"}}
    copied = event("Write a tokenizer, with type hints.")
    deeds, _ = read(rollout(tmp_path, fork, parent, copied))
    assert [deed.id for deed in deeds] == [read(ROLLOUT)[0][0].id]
    assert deeds[0].scope == "project:parser"


@pytest.mark.parametrize(
    "text",
    [
        "<environment_context>x</environment_context>",
        " <user_instructions>x",
        "<collaboration_mode>x</collaboration_mode>",
        "<subagent_notification>x</subagent_notification>",
        "<skill>x</skill>",
        "<INSTRUCTIONS>x</INSTRUCTIONS>",
        "# AGENTS.md instructions for /x\n\nx",
        "# Context from my IDE setup:\n\n## Open tabs: x",
        "  ",
    ],
)
def test_what_codex_sends_itself_is_not_typed(tmp_path, text):
    """As items; a user's own words about markup are."""
    deeds, tally = read(rollout(tmp_path, item("user", text), event("<div> or <p>?")))
    assert [deed.chosen for deed in deeds] == ["<div> or <p>?"]
    assert tally.left_out == {"nothing typed": 1}


def test_a_pasted_context_does_not_name_the_project(tmp_path):
    """Only Codex's own rows say where a session is."""
    deeds, _ = read(rollout(tmp_path, event("Why <cwd>/home/eve/evil</cwd>?")))
    assert deeds[0].scope == "global"
