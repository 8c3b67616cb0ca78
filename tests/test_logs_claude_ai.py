"""Claude.ai's export: conversations, projects, and what Claude remembers."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.logs import Tally, find_logs, read_log

EXPORT = Path(__file__).parent / "logs" / "claude-ai"
TALK = "claude-ai:30000000-0000-4000-8000-00000000000"
MESSAGE = "40000000-0000-4000-8000-0000000000"
PROJECT = "50000000-0000-4000-8000-000000000001"


def read(path, **options):
    tally = Tally()
    return list(read_log(path, tally=tally, **options)), tally


@pytest.fixture(scope="module")
def conversations():
    return read(EXPORT / "conversations.json")


def said(deeds):
    return [(d.query, d.chosen) for d in deeds if d.kind == "message"]


def test_only_what_was_typed_is_the_users(conversations):
    """Parts of text, or the text of old exports; along the branch where they are."""
    deeds, _ = conversations
    assert said(deeds) == [
        ("", "Write a test for the lexer."),
        ("Here is one with unittest.", "Please use pytest."),
        ("Here is one with unittest.", "Old form, text alone."),
        ("", "Name the project."),
        ("Lexi.", "Nice and short. And its colour?"),
        ("", "First."),
        ("One.", "Newest."),
    ]
    words = "\n".join(f"{deed.chosen}\n{deed.query}" for deed in deeds)
    assert "I prefer" not in words  # thoughts, tools, documents, others


def test_what_is_not_read_is_counted(conversations):
    """By its reason; a form of the future among it."""
    _, tally = conversations
    assert tally.left_out == {
        "message without text": 1,
        "unknown role": 1,
        "a message on a branch that was left": 2,
    }
    assert tally.skipped == {
        "a message that is no object": 1,
        "a message without `sender`": 1,
        "neither a conversation, nor a project, nor memories": 1,
    }
    assert tally.mended == {
        "`current_leaf_message_uuid` is not there, newest branch taken": 1
    }


def test_ids_and_scopes(conversations):
    """A project goes by its name, from either file of projects."""
    deeds, _ = conversations
    assert deeds[0].id == f"{TALK}1:{MESSAGE}01"
    assert deeds[0].source == f"{TALK}1"
    assert deeds[0].at.isoformat() == "2026-02-01T10:01:00+00:00"
    scopes = {deed.source[-1]: deed.scope for deed in deeds}
    assert scopes == {"1": "global", "2": "project:Lexer", "3": "project:Garden"}


def test_an_answer_that_was_asked_for_again_is_passed_over(conversations):
    """The same rule as for ChatGPT."""
    (pair,) = (deed for deed in conversations[0] if deed.kind == "pair")
    assert (pair.query, pair.chosen) == ("Name the project.", "Lexi.")
    assert pair.rejected.startswith("Perhaps you would like")
    assert (pair.signal, pair.scope) == ("branch", "project:Lexer")


def test_a_projects_instructions_are_stated_in_its_scope():
    """Not its documents, nor those of the project that everybody gets."""
    deeds, tally = read(EXPORT / "projects.json")
    assert [(d.kind, d.scope, d.chosen) for d in deeds] == [
        ("stated", "project:Lexer", "Keep names short, and never add dependencies.")
    ]
    assert not deeds[0].secondhand
    assert tally.left_out == {
        "a project that came with the account": 1,
        "a project without instructions": 1,
    }
    ((garden, _),) = [read(path) for path in (EXPORT / "projects").iterdir()]
    assert [(d.scope, d.chosen) for d in garden] == [
        ("project:Garden", "Use metric units.")
    ]


def test_what_claude_remembers_is_second_hand():
    """A paragraph each, without headings; a project's in its scope."""
    deeds, _ = read(EXPORT / "memories.json")
    assert [(d.scope, d.chosen) for d in deeds] == [
        ("global", "Ada writes compilers, and prefers small functions."),
        ("global", "Ada bakes bread at weekends."),
        ("project:Lexer", "The lexer has no dependencies."),
    ]
    assert all(d.secondhand and d.source == "claude-ai:memory" for d in deeds)


def test_a_folder_is_read_without_its_users(monkeypatch):
    """``users.json`` holds names and addresses: it is never opened."""
    import os

    opened = []
    real = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *more: (opened.append(str(path)), real(path, *more))[1]
    )
    tally = Tally()
    deeds = [
        deed
        for path in find_logs([str(EXPORT)])
        for deed in read_log(path, tally=tally)
    ]
    assert len(deeds) == 7 + 1 + 2 + 3
    assert tally.left_out["another file of an export"] == 1
    assert any(path.endswith("memories.json") for path in opened)
    assert not any(path.endswith("users.json") for path in opened)


def test_lines_are_read_as_an_array_is(tmp_path, conversations):
    """The JSONL that some exports have; and a conversation alone."""
    for name in ("projects.json", "projects"):
        source = EXPORT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    records = json.loads((EXPORT / "conversations.json").read_text())
    lines = tmp_path / "conversations.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert read(lines)[0] == conversations[0]
    lines.write_text("".join(json.dumps(record) + "\n" for record in records[::-1]))
    assert set(read(lines)[0]) == set(conversations[0])
    alone = tmp_path / "conversations.json"
    alone.write_text(json.dumps(records[0], indent=2))
    assert said(read(alone)[0]) == said(conversations[0])[:3]


def test_a_project_without_a_name_is_called_by_its_id(tmp_path):
    """Alone, a file of conversations cannot say what its projects are called."""
    path = tmp_path / "conversations.json"
    shutil.copy(EXPORT / path.name, path)
    scopes = [deed.scope for deed in read(path)[0]]
    assert f"project:{PROJECT}" in scopes
    assert "project:Lexer" not in scopes


def test_a_projects_id_is_no_path(tmp_path):
    """Whatever a record calls its project, no file elsewhere is opened."""
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "secret.json").write_text('{"uuid": "../../secret", "name": "Leak"}')
    (folder / "projects").mkdir()
    record = json.loads((EXPORT / "conversations.json").read_text())[1]
    record["project_uuid"] = "../../secret"
    (folder / "conversations.json").write_text(json.dumps([record]))
    scopes = {deed.scope for deed in read(folder / "conversations.json")[0]}
    assert scopes == {"project:../../secret"}


NAMES = st.sampled_from(["a", "b", "c", "d"])
ODD = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=2)
PARTS = st.lists(
    ODD | st.fixed_dictionaries({"type": st.just("text"), "text": ODD}), max_size=3
)
MESSAGES = st.fixed_dictionaries(
    {"sender": st.sampled_from(["human", "assistant", "x"]) | ODD},
    optional={
        "uuid": NAMES | ODD,
        "parent_message_uuid": NAMES | ODD,
        "text": ODD,
        "content": PARTS | ODD,
        "created_at": ODD,
        "attachments": ODD,
    },
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(MESSAGES | ODD, max_size=6), NAMES | ODD, ODD)
def test_no_messages_break_the_reader(tmp_path_factory, messages, leaf, other):
    """Circles, orphans, things in the place of others: the neighbour is read."""
    path = tmp_path_factory.mktemp("odd") / "conversations.json"
    record = {"uuid": other, "chat_messages": messages, "project_uuid": other}
    record["current_leaf_message_uuid"] = leaf
    next_to_it = {"chat_messages": [{"sender": "human", "text": "neighbour"}]}
    memory = {"conversations_memory": other, "project_memories": {"x": other}}
    path.write_text(json.dumps([record, memory, next_to_it]))
    deeds, _ = read(path)
    assert deeds[-1].chosen == "neighbour"
