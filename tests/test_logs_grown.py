"""A log that grew is read from where it ended, where its records stand alone."""

import json
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.archive import Archive
from persona_cli.gather import gather
from persona_cli.logs import Tally, read_log

PAIR = {"query": "How?", "chosen": "So.", "rejected": "Thus."}
ROWS = [
    PAIR | {"id": "1"},
    {"chosen": "A post."},
    {"chosen": 7},
    {"query": "é", "chosen": "ü" * 40},
    {"history": [PAIR, PAIR | {"chosen": "Hence."}]},
]


def read(path, **options):
    """(what a log tells of, tally)."""
    tally = Tally()
    return list(read_log(path, tally=tally, **options)), tally


@given(
    st.lists(st.sampled_from([*map(json.dumps, ROWS), "", "not JSON"]), max_size=8),
    st.lists(st.sampled_from([*map(json.dumps, ROWS), ""]), max_size=8),
    st.booleans(),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_two_readings_tell_what_one_would(tmp_path_factory, before, after, mark):
    """Whatever the line at which the first one ended; notes name the same lines."""
    path = tmp_path_factory.mktemp("grown") / "log.jsonl"
    first = json.dumps(ROWS[0])
    begin = "\ufeff" * mark + "".join(f"{line}\n" for line in [first, *before])
    path.write_text(begin)
    early, tally = read(path)
    assert tally.goes_on.place == len(begin.encode())
    path.write_text(begin + "".join(f"{line}\n" for line in after))
    late, later = read(path, after=tally.goes_on)
    whole, both = read(path)
    assert [one.id for one in early + late] == [one.id for one in whole]
    assert early + late == whole
    assert tally.notes + later.notes == both.notes
    assert later.records == both.records - tally.records


ROW = {
    "type": "user",
    "uuid": "0f3a1b2c-1111-4222-8333-444455556666",
    "sessionId": "s",
    "message": {"role": "user", "content": "Shorter."},
}


@pytest.mark.parametrize(
    ("name", "text", "alone"),
    [
        ("pairs.jsonl", json.dumps(PAIR) + "\n", True),
        ("no end.jsonl", json.dumps(PAIR), False),
        ("array.json", json.dumps([PAIR]) + "\n", False),
        ("table.csv", "chosen,rejected\na,b\n", False),
        ("chats.jsonl", '{"messages": [{"role": "user", "content": "Hm."}]}\n', True),
        ("chat.jsonl", '{"role": "user", "content": "Hm."}\n', False),
        ("session.jsonl", json.dumps(ROW) + "\n", False),
    ],
)
def test_only_what_stands_alone_goes_on(tmp_path, name, text, alone):
    """A reply needs what it replies to, a row of a table its head."""
    path = tmp_path / name
    path.write_text(text)
    found, tally = read(path)
    assert found
    assert (tally.goes_on is not None) == alone


@pytest.fixture
def take_in(tmp_path):
    """Reads one log into an archive, and says what it came to."""
    (tmp_path / "state").mkdir()
    log = tmp_path / "log.jsonl"

    def again():
        archive = Archive(tmp_path / "state", held_share=0)
        return gather(
            archive, [str(log)], root=tmp_path, stdin=BytesIO(), max_record=1 << 20
        )

    return log, again


def test_a_grown_log_is_not_read_again(take_in):
    """Twice, and with a blank line in between; the third time from the second's end."""
    log, again = take_in
    log.write_text("".join(json.dumps(PAIR | {"id": str(n)}) + "\n" for n in range(9)))
    assert again().tally.records == 9
    for n in (10, 11):
        with log.open("a") as file:
            file.write("\n" + json.dumps(PAIR | {"id": str(n)}) + "\n")
        grown = again()
        assert (grown.tally.records, grown.new) == (1, 1)


def test_a_log_that_changed_before_its_end_is_read_whole(take_in):
    """Also when it is longer; and one that lost its end."""
    log, again = take_in
    rows = [json.dumps(PAIR | {"id": str(n)}) + "\n" for n in range(9)]
    log.write_text("".join(rows))
    again()
    rows[3] = json.dumps(PAIR | {"id": "other"}) + "\n"
    log.write_text("".join([*rows, rows[0]]))
    changed = again()
    assert (changed.tally.records, changed.new) == (10, 1)
    log.write_text("".join(rows[:4]))
    assert again().tally.records == 4


def test_a_half_line_is_read_when_it_is_whole(take_in):
    """What was cut short is not taken for read."""
    log, again = take_in
    row = json.dumps(PAIR | {"id": "x"})
    log.write_text(json.dumps(PAIR) + "\n" + row[:20])
    assert again().new == 1
    log.write_text(json.dumps(PAIR) + "\n" + row + "\n")
    assert again().new == 1
