"""Claude Code's history of prompts."""

import shutil
from pathlib import Path

from persona_cli.logs import Tally, find_logs, read_log

HOME = Path(__file__).parent / "logs" / "claude-home"
SESSION = "0f3a1b2c-1111-4222-8333-444455556666"


def test_prompts_are_told_that_no_session_tells():
    """Not commands, not what was pasted, and not what lies in a session beside it."""
    tally = Tally()
    deeds = list(read_log(HOME / "history.jsonl", tally=tally))
    assert [(deed.chosen, deed.scope) for deed in deeds] == [
        ("Use tabs in Go.", "project:gopher"),
        ("Shorter names, please.", "project:gopher"),
        ("Before the session.", "project:parser"),
        ("Of no folder.", "global"),
    ]
    assert deeds[0].at.year == 2025
    assert deeds[0].source == "claude-history:history"
    assert deeds[1].source == "claude-history:0f3a1b2c-9999-4222-8333-444455556666"
    assert tally.left_out == {
        "a command": 2,
        "nothing typed": 1,
        "a prompt that its session tells": 2,
    }
    assert tally.skipped == {"no `display` and `timestamp`": 2}


def test_without_sessions_beside_it_all_are_told(tmp_path):
    """They were deleted, or the history was taken elsewhere."""
    log = Path(shutil.copy(HOME / "history.jsonl", tmp_path))
    assert len(list(read_log(log, tally=Tally()))) == 6


def test_a_session_that_cannot_be_read_tells_nothing(tmp_path):
    """Broken rows, and rows without a time, begin no session."""
    log = Path(shutil.copy(HOME / "history.jsonl", tmp_path))
    folder = tmp_path / "projects" / "-home-ada-parser"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("not json\n")
    (folder / "b.jsonl").write_text('{"timestamp": "once"}\n')
    (folder / "c.jsonl").write_text("[" * 100_000)
    assert len(list(read_log(log, tally=Tally()))) == 6


def test_a_prompt_of_no_project_is_known_too(tmp_path):
    """Older rows have none."""
    log = tmp_path / "history.jsonl"
    log.write_text('{"display": "Hi.", "pastedContents": {}, "timestamp": 1759300000}')
    (deed,) = read_log(log, tally=Tally())
    assert (deed.chosen, deed.source) == ("Hi.", "claude-history:history")


def test_a_whole_home_gives_its_sessions_alone(tmp_path):
    """The history has no id in common with them, and would count all twice."""
    for name in (".claude", "elsewhere"):
        home = shutil.copytree(HOME, tmp_path / name)
        (home / "todos").mkdir()
        (home / "todos" / "t.json").write_text("[]")
        found = [path.name for path in find_logs([str(home)])]
        assert found == [f"{SESSION}.jsonl"]
    assert find_logs([str(home / "history.jsonl")]) == [home / "history.jsonl"]
