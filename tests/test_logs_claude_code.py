"""Claude Code's session files."""

import json
from pathlib import Path

import pytest

from persona_cli.logs import Tally, find_logs, read_log

PROJECT = Path(__file__).parent / "logs" / "claude-code" / "-home-ada-parser"
SESSION = "0f3a1b2c-1111-4222-8333-444455556666"


def test_only_what_was_typed_is_a_deed():
    """Tool results, remarks of the program, side chains and summaries are not."""
    tally = Tally()
    deeds = list(read_log(PROJECT / f"{SESSION}.jsonl", tally=tally))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Write a tokenizer, with type hints."),
        ("I will write tokenizer.py.", "Use a generator."),
    ]
    assert [deed.id for deed in deeds] == [
        f"claude-code:{SESSION}:10000000-0000-4000-8000-0000000000{n}"
        for n in ("01", "10")
    ]
    assert {deed.source for deed in deeds} == {f"claude-code:{SESSION}"}
    assert {deed.scope for deed in deeds} == {"project:parser"}
    assert deeds[0].at is not None
    assert not tally.skipped
    assert tally.left_out == {
        "a row of another type": 4,
        "a tool's result": 1,
        "the program's own row": 1,
        "a subagent's row": 1,
        "a summary": 1,
        "nothing typed": 3,
    }


def test_agents_logs_are_left_out_whole():
    """What a subagent was told, no person typed."""
    tally = Tally()
    log = PROJECT / SESSION / "subagents" / "agent-1.jsonl"
    assert list(read_log(log, tally=tally)) == []
    assert tally.left_out == {"a subagent's log": 1}


def test_a_folder_of_sessions_gives_no_prose_of_the_agents():
    """Memory and tool results beside the sessions are not the user's posts."""
    assert [path.name for path in find_logs([str(PROJECT.parent)])] == [
        f"{SESSION}.jsonl",
        "agent-1.jsonl",
    ]


@pytest.mark.parametrize(
    ("cwd", "scope"),
    [
        ("/home/ada/my app", "project:my app"),
        ("C:\\work\\tool\\", "project:tool"),
        ("/", "global"),
        (None, "global"),
        ("/home/ada/a\nb", "project:a b"),
    ],
)
def test_the_folder_of_a_session_is_its_project(tmp_path, cwd, scope):
    """By the name of the folder the session began in."""
    log = tmp_path / "s.jsonl"
    row = {"type": "user", "uuid": "u", "sessionId": "s", "cwd": cwd}
    log.write_text(json.dumps({**row, "message": {"content": "Hi"}}) + "\n")
    (deed,) = read_log(log, tally=Tally())
    assert deed.scope == scope


def test_sessions_do_not_answer_each_other(tmp_path):
    """The assistant's words of one session are no context in the next."""
    log = tmp_path / "s.jsonl"
    rows = [
        {"type": "assistant", "sessionId": "a", "message": {"content": "From a."}},
        {"type": "user", "sessionId": "a", "message": {"content": "one"}},
        {"type": "user", "sessionId": "b", "message": {"content": "two"}},
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    deeds = list(read_log(log, tally=Tally()))
    assert [deed.query for deed in deeds] == ["From a.", ""]
    assert deeds[0].id.startswith("claude-code:")


def test_broken_rows_are_faults_and_unknown_ones_are_not(tmp_path):
    """A user's row without a message is counted as skipped."""
    log = tmp_path / "s.jsonl"
    rows = [
        {"type": "user", "sessionId": "a", "message": {"content": "one"}},
        {"type": "user", "sessionId": "a", "message": 7},
        {"type": 7},
        [],
        {"type": "news", "sessionId": "a"},
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    assert [deed.chosen for deed in read_log(log, tally=tally)] == ["one"]
    assert tally.skipped == {"a row without `message`": 1, "a row without `type`": 2}
    assert tally.left_out == {"a row of another type": 1}
