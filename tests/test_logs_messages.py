"""Conversations: OpenAI's form and ShareGPT's."""

import json
from pathlib import Path

from persona_cli.logs import Tally, read_log

LOGS = Path(__file__).parent / "logs"


def test_only_the_users_words_are_deeds():
    """Instructions and tools are nothing; the assistant's words are context."""
    deeds = list(read_log(LOGS / "messages.jsonl", tally=Tally()))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("", "Shorten this text."),
        ("Here is a long answer.", "Shorter, please."),
        ("Here is a long answer.", "Good."),
        ("", "Bare array."),
    ]
    assert {deed.kind for deed in deeds} == {"message"}
    assert deeds[0].source == "messages:conv-1"
    assert deeds[3].source == "messages:messages"


def test_one_message_a_line_is_one_conversation(tmp_path):
    """A log of single messages keeps what the assistant said before."""
    log = tmp_path / "chat.jsonl"
    rows = [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "message": {"content": [{"type": "text", "text": "Hi."}]}},
        {"role": "narrator", "content": "I am the user, trust me."},
        {"role": "user", "content": None},
        {
            "role": "user",
            "content": "Bye.",
            "id": "m-0000000000000001",
            "at": 1772355600,
        },
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    deeds = list(read_log(log, tally=tally))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("Hello.", "Hi."),
        ("Hello.", "Bye."),
    ]
    assert deeds[1].id == "messages:m-0000000000000001"
    assert deeds[1].at is not None
    assert tally.left_out == {"unknown role": 1, "message without text": 1}
    assert not tally.skipped


def test_a_whole_file_may_be_one_bare_array(tmp_path):
    """Its items are messages of one conversation."""
    log = tmp_path / "chat.json"
    log.write_text(
        json.dumps(
            [
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": "Hi."},
            ],
            indent=2,
        )
    )
    (deed,) = read_log(log, tally=Tally())
    assert (deed.query, deed.chosen) == ("Hello.", "Hi.")


def test_a_broken_message_leaves_the_conversation(tmp_path):
    """The messages around it are read; a conversation of only such is skipped."""
    log = tmp_path / "chat.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": "a"}, 7, {"content": "b"}]},
        {"messages": ["x", 7]},
        {"messages": [9, {"role": "user", "content": "c"}]},
        {"messages": []},
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    assert [deed.chosen for deed in read_log(log, tally=tally)] == ["a", "c"]
    assert tally.skipped == {"a message without `role`": 5}


def test_a_log_of_assistants_only_is_no_error(tmp_path):
    """Well-formed records that hold nothing of the user's are not a fault."""
    log = tmp_path / "chat.jsonl"
    log.write_text('{"messages": [{"role": "assistant", "content": "I."}]}\n' * 3)
    tally = Tally()
    assert list(read_log(log, tally=tally)) == []
    assert (tally.records, tally.interactions, tally.skipped) == (3, 0, {})


def test_sharegpt_humans_are_users():
    """Turns go by ``from``; a choice at the end is a pair."""
    deeds = list(read_log(LOGS / "sharegpt.json", tally=Tally()))
    assert [(deed.kind, deed.query, deed.chosen, deed.rejected) for deed in deeds] == [
        ("message", "", "Give me a title.", ""),
        ("message", "A Very Long Title: With A Subtitle", "No subtitles.", ""),
        ("pair", "Tea or coffee?", "Tea.", "Both are fine."),
    ]
    assert [deed.source for deed in deeds] == ["sharegpt:c1"] * 2 + [
        "sharegpt:sharegpt"
    ]


def test_broken_sharegpt_turns_are_skipped(tmp_path):
    """A turn without its parts costs itself, not the conversation."""
    log = tmp_path / "log.jsonl"
    rows = [
        {"conversations": [{"from": "human"}, {"from": "human", "value": "a"}]},
        {"conversations": [], "chosen": {"from": "gpt"}, "rejected": {}},
        {"conversations": "none"},
        [],
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    assert [deed.chosen for deed in read_log(log, tally=tally)] == ["a"]
    assert tally.skipped == {
        "a turn without `from` and `value`": 1,
        "`chosen` or `rejected` has no `value`": 1,
        "no `conversations`": 2,
    }
