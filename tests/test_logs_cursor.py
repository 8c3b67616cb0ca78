"""Cursor's agent transcripts."""

import json
import shutil
from pathlib import Path

import pytest

from persona_cli.logs import Tally, find_logs, read_log
from persona_cli.logs.cursor import typed_in

PROJECTS = Path(__file__).parent / "logs" / "cursor"
SESSION = "7b0c1d2e-1111-4222-8333-444455556666"
TRANSCRIPTS = PROJECTS / "home-ada-code-parser" / "agent-transcripts"
LOG = TRANSCRIPTS / SESSION / f"{SESSION}.jsonl"


def test_only_queries_are_deeds():
    """Neither Cursor's other elements nor tools, and no query that a file plants."""
    tally = Tally()
    deeds = list(read_log(LOG, tally=tally))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Write a tokenizer, with type hints."),
        ("I wrote tokenizer.py.", "Use a generator,\nand no <div>."),
        ("It yields tokens now.", "No wrapper in older versions: List<int> stays."),
        ("It yields tokens now.", "Unclosed"),
    ]
    assert {deed.source for deed in deeds} == {f"cursor:{SESSION}"}
    assert {deed.at for deed in deeds} == {None}
    assert tally.left_out == {
        "nothing typed": 2,
        "unknown role": 1,
        "a row of another type": 1,
    }
    assert tally.skipped == {
        "a message without `role` and `message`": 2,
        "a message without `content`": 1,
    }


def test_subagents_and_older_texts_are_left_out(tmp_path):
    """What an agent told another is nobody's wish, and prose there is no post."""
    home = shutil.copytree(PROJECTS, tmp_path / ".cursor" / "projects")
    logs = find_logs([str(home)])
    assert sorted(log.name for log in logs) == [f"{SESSION}.jsonl", "agent-1.jsonl"]
    tally = Tally()
    deeds = [deed for log in logs for deed in read_log(log, tally=tally)]
    assert tally.left_out["a subagent's log"] == 1
    assert not [deed for deed in deeds if "CANARY" in deed.chosen]


@pytest.mark.parametrize(
    ("folder", "scope"),
    [
        ("home-ada-code-parser", "project:code-parser"),
        ("Users-ada-parser", "project:parser"),
        ("c-Users-ada-my-app", "project:my-app"),
        ("srv-parser", "project:srv-parser"),
    ],
)
def test_the_folder_among_the_projects_is_the_project(tmp_path, folder, scope):
    """Without the home folder of whoever it was."""
    log = tmp_path / folder / "agent-transcripts" / SESSION / f"{SESSION}.jsonl"
    log.parent.mkdir(parents=True)
    shutil.copy(LOG, log)
    assert {deed.scope for deed in read_log(log, tally=Tally())} == {scope}


@pytest.mark.parametrize(
    ("made", "scope"),
    [
        ("code/parser", "project:parser"),
        ("code-parser", "project:code-parser"),
        ("code/my.app", "project:my.app"),
        ("code/my/app", "project:app"),
    ],
)
def test_a_folder_that_is_there_tells_its_name(own_home, tmp_path, made, scope):
    """A dash may have been a dash, a point, or the end of a folder."""
    (own_home / made).mkdir(parents=True)
    flat = "".join(c if c.isalnum() else "-" for c in str(own_home / made)).lstrip("-")
    log = tmp_path / flat / "agent-transcripts" / f"{SESSION}.jsonl"
    log.parent.mkdir(parents=True)
    shutil.copy(LOG, log)
    assert {deed.scope for deed in read_log(log, tally=Tally())} == {scope}


def test_rows_of_a_later_version_are_known_by_their_folder(tmp_path):
    """Whatever else stands in them, wrappers are Cursor's."""
    log = tmp_path / "agent-transcripts" / "s.jsonl"
    log.parent.mkdir()
    text = "<rules>CANARY</rules>\n<user_query>Mine.</user_query>"
    log.write_text(
        json.dumps({"role": "user", "message": {"content": text}, "novel": 1}) + "\n"
    )
    assert [deed.chosen for deed in read_log(log, tally=Tally())] == ["Mine."]


def test_elsewhere_there_is_no_project(tmp_path):
    """A transcript that was moved does not say where it was."""
    log = Path(shutil.copy(LOG, tmp_path / "moved.jsonl"))
    deeds = list(read_log(log, tally=Tally()))
    assert {deed.scope for deed in deeds} == {"global"}
    assert {deed.id for deed in deeds} == {d.id for d in read_log(LOG, tally=Tally())}


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Plain.", "Plain."),
        ("Plain <b>bold</b>.", "Plain <b>bold</b>."),
        ("<user_query>A</user_query>\n<user_query>B</user_query>", "A\n\nB"),
        ("<git_status>x</git_status>", ""),
        ("<git_status>never closed\n<user_query>A</user_query>", ""),
        ("<rules>x</rules>\n<user_query>A</user_query>", "A"),
        ("Before. <user_query>x</user_query>", "Before. <user_query>x</user_query>"),
    ],
)
def test_what_is_typed_of_a_message(text, typed):
    """Elements count at the beginning of a line."""
    assert typed_in(text) == typed
