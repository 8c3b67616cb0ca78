"""Memory lists of other tools: whose notes count, and which of them still hold."""

import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log, read_stream
from persona_cli.waiting import HEARSAY
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine

SHORT = "Prefers short answers, with the code first."
LISTS = Path(__file__).parent / "logs" / "memories"


def read(name: str) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    return list(read_log(LISTS / name, tally=tally)), tally


def from_text(text: str, **how: object) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    stream = io.BytesIO(text.encode())
    return list(read_stream(stream, name="stdin", tally=tally, **how)), tally


def test_claudes_list_has_one_note_a_line():
    """A line without a date goes on with the note before; fences are no notes."""
    deeds, tally = read("claude.txt")
    assert [deed.chosen for deed in deeds] == [
        "Prefers short answers, with the code first.",
        "Lives in a small town\nand goes everywhere by bicycle.",
        "Writes Python with type hints.",
    ]
    assert deeds[0].at == datetime(2026, 1, 2, tzinfo=UTC)
    assert deeds[2].at is None
    assert {deed.kind for deed in deeds} == {"stated"}
    assert (tally.records, tally.skipped, tally.mended) == (3, {}, {})


def test_of_a_graph_only_the_users_own_entity_counts():
    """By its name or its type; others' notes and relations are no faults."""
    deeds, tally = read("mcp.jsonl")
    assert [deed.chosen for deed in deeds] == [
        "Prefers dark roast coffee",
        "Speaks Danish",
        "Plays the cello",
    ]
    assert tally.left_out == {
        "notes of somebody else, or of a thing": 1,
        "a relation between notes": 1,
    }
    assert tally.skipped == {
        "an observation that is not text": 2,
        "neither an entity nor a relation": 1,
    }


def test_of_a_pam_file_only_what_holds_counts():
    """Not what was superseded, or has ended, or is of somebody else."""
    deeds, tally = read("pam.json")
    assert [deed.chosen for deed in deeds] == [
        "Prefers tables to prose.",
        "Never use emojis.",
    ]
    assert [deed.at for deed in deeds] == [datetime(2026, 3, 1, 9, tzinfo=UTC), None]
    assert not tally.mended
    assert tally.left_out == {
        "a memory that is no longer active": 1,
        "a memory that another took the place of": 1,
        "a memory that is no longer valid": 1,
        "a memory of somebody else": 1,
    }
    assert tally.skipped == {
        "`chosen` is empty": 1,
        "a memory without `type` and `content`": 2,
        "time not understood": 1,
    }


def test_a_list_that_is_named_may_look_otherwise():
    """Colons, bullets, other dates; what is no note is skipped, and counted."""
    text = "My memories:\n- [Jan 2] : Likes tea\n[] – Hates noise\n"
    deeds, tally = from_text(text, format="memory-list")
    assert [deed.chosen for deed in deeds] == ["Likes tea", "Hates noise"]
    assert tally.skipped == {"a line without `[date] - `": 1}


@pytest.mark.parametrize(
    "text",
    [
        "[2026-01-02] - Added a parser\n\nThis is a change log of mine.\n",
        "[draft] - a post about tea\n",
        "Some prose.\n[2026-01-02] - and a date\n",
    ],
)
def test_prose_with_brackets_is_prose(text):
    """A list is one from its first lines on."""
    (deed,), _ = from_text(text)
    assert (deed.kind, deed.source) == ("post", "text:stdin")


def test_a_note_without_end_costs_itself():
    """Its neighbours are read."""
    text = "[2026-01-01] - a\n[2026-01-02] - b\n" + "more\n" * 500
    deeds, tally = from_text(text + "[2026-01-03] - c\n", max_record=1024)
    assert [deed.chosen for deed in deeds] == ["a", "c"]
    assert tally.skipped == {"over max_record": 1}
    deeds, tally = from_text("[2026-01-01] - a\n[2026-01-02] - " + "x" * 3000)
    assert [len(deed.chosen) for deed in deeds] == [1, 3000]


def test_a_note_without_end_takes_no_memory():
    """What is over the bound is counted, and not kept."""
    text = "[2026-01-02] - b\n" + "more and more of it\n" * 100_000
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="no usable record"):
            from_text(text, format="memory-list", max_record=4096)
        kept = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kept < 2 * len(text)


NOTES = st.lists(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9)
)


@given(NOTES)
def test_lists_read_as_they_were_written(notes):
    """Every note, in its order."""
    text = "".join(f"[2026-01-02] - {note}\n" for note in notes)
    deeds, _ = from_text(text, format="memory-list")
    assert [deed.chosen for deed in deeds] == notes


def test_a_memory_list_waits_for_its_review(run_persona, tmp_path):
    """From a pipe to the profile: nothing is in force until a person says so."""
    run_persona("init", "me")
    text = (LISTS / "claude.txt").read_text()
    with ChatServer(ScriptedEngine("nothing", "nothing")).running() as server:
        done = run_persona("update", "me", "-", "-m", server.url, stdin=text)
    assert done.stdout == ""
    assert "wait" in done.stderr
    held = json.loads(run_persona("review", "me", "--json").stdout)["waiting"]
    words = [one["text"] for one in held]
    assert set(words) == {
        SHORT,
        "Lives in a small town and goes everywhere by bicycle.",
        "Writes Python with type hints.",
    }
    assert {one["why"] for one in held} == {HEARSAY}
    assert "short answers" not in run_persona("apply", "me", "--tentative", "Hi").stdout
    run_persona("review", "me", "--accept", held[words.index(SHORT)]["id"])
    assert "short answers" in run_persona("apply", "me", "Hi").stdout
