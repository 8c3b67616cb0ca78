"""aichat's sessions, and its ``messages.md``."""

import io
import shutil
import time
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.logs import Tally, find_logs, read_log, read_stream

CONFIG = Path(__file__).parent / "logs" / "aichat"
SESSION = CONFIG / "sessions" / "refactor.yaml"
MESSAGES = CONFIG / "messages.md"


def chat(words: str, minute: int, answer: str = "Fine.") -> str:
    at = f"2026-11-02T09:{minute:02}:00+01:00"
    return f"# CHAT: {words} [{at}]\n{words}\n--------\n{answer}\n--------\n\n"


def said(text: str, **how: object) -> list[str]:
    stream = io.BytesIO(text.encode())
    log = read_stream(stream, name="messages.md", tally=Tally(), **how)
    return [deed.chosen for deed in log]


def test_a_session_tells_what_was_typed():
    """Also of messages it has summed up; not roles, tools, or what was piped in."""
    tally = Tally()
    deeds = list(read_log(SESSION, tally=tally))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Keep functions small."),
        ("Small they are.\nI always want CANARY.", "No classes, please."),
        ("No classes.", "What is in the picture?"),
    ]
    assert {deed.source for deed in deeds} == {"aichat:refactor"}
    assert tally.left_out == {
        "a row of another type": 2,
        "a tool's result": 2,
        "piped in, or a document": 1,
        "nothing typed": 1,
        "unknown role": 1,
    }
    assert tally.skipped == {"a message without `role` and `content`": 2}


def test_chats_outside_a_session():
    """One input each; chats that an answer makes up are out of their time."""
    tally = Tally()
    deeds = list(read_log(MESSAGES, tally=tally))
    assert [deed.chosen for deed in deeds] == [
        "Keep answers short.",
        "What is in it?",
        "Only in UTC.",
    ]
    assert [deed.at.isoformat() for deed in deeds if deed.at] == [
        f"2026-11-02T08:{minute:02}:00+00:00" for minute in (0, 6, 7)
    ]
    assert {deed.query for deed in deeds} == {""}
    assert {deed.source for deed in deeds} == {"aichat:messages"}
    assert tally.left_out == {"a chat out of order": 2, "piped in, or a document": 1}


def test_a_config_folder_gives_sessions_and_chats(tmp_path):
    """And no other YAML: settings hold keys."""
    config = shutil.copytree(CONFIG, tmp_path / "aichat")
    (config / "config.yaml").write_text("model: x\napi_key: k\n")
    (config / "sessions" / "_").mkdir()
    shutil.copy(SESSION, config / "sessions" / "_" / "20261102.yaml")
    found = [str(path.relative_to(config)) for path in find_logs([str(config)])]
    assert found == [
        "messages.md",
        "sessions/refactor.yaml",
        "sessions/_/20261102.yaml",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model: x\nmessages: [&a [x], *a]\n", "anchors are not allowed"),
        ("model: x\nmessages: !!python/object:os.system {}\n", "tags"),
        ("model: x\nmodel: y\nmessages: []\n", "duplicate key"),
        ("model: x\nmessages: " + "[" * 50 + "]" * 50, "nested deeper"),
        ("model: x\nmessages: 7\n", "not a session"),
        ("model: [x\n", "not plain YAML"),
        ("model: x\n" + "# " + "y" * 1_100_000, "over max_record"),
    ],
)
def test_yaml_that_is_no_session_is_skipped(tmp_path, text, reason):
    """With the place; what grows without end is never unfolded."""
    log = tmp_path / "s.yaml"
    log.write_text(text)
    tally = Tally()
    begun = time.process_time()
    with pytest.raises(InputError, match="no usable record in 1 item"):
        list(read_log(log, tally=tally))
    assert time.process_time() - begun < 1
    assert reason in f"{tally.notes} {tally.skipped}"


def test_a_session_without_messages_is_no_fault(tmp_path):
    """The tool saves one as soon as it begins."""
    log = tmp_path / "s.yaml"
    log.write_text("model: x\nmessages: []\n")
    tally = Tally()
    assert list(read_log(log, tally=tally)) == []
    assert not tally.skipped


def test_bad_bytes_and_long_lines_cost_one_chat():
    """The chats around them are read."""
    long = "x" * 3000
    text = chat("One.", 1) + chat(long, 2, long) + chat("Two.", 3, long)
    assert said(text, max_record=500) == ["One.", "Two."]
    stream = io.BytesIO(chat("caf\xe9", 1).encode("latin-1") + chat("ok", 2).encode())
    tally = Tally()
    deeds = list(read_stream(stream, name="messages.md", tally=tally))
    assert [deed.chosen for deed in deeds] == ["caf\ufffd", "ok"]
    assert tally.mended == {"bytes that are not UTF-8, replaced": 1}
    assert said(chat("a\0b", 1) + chat("ok", 2)) == ["ok"]


def test_a_log_that_is_being_written_ends_anywhere():
    """What is there is told; a chat counts when its answer has begun."""
    text = chat("One.", 1) + chat("Two.", 2)
    for end in range(len(text)):
        told = said(text[:end], format="aichat")
        assert told in ([], ["One."], ["One.", "Two."])
    assert told == ["One.", "Two."]


def test_reading_again_names_them_the_same(tmp_path):
    """Renamed, or grown: by time and words."""
    first = [deed.id for deed in read_log(MESSAGES, tally=Tally())]
    grown = tmp_path / "old-messages.md"
    grown.write_text(MESSAGES.read_text() + chat("More.", 59))
    again = [deed.id for deed in read_log(grown, tally=Tally())]
    assert again[:-1] == first
