"""What is wrong with logs, and what is said about it."""

import io
import json
from pathlib import Path

import pytest

from persona_cli.errors import InputError, UsageError
from persona_cli.logs import FORMATS, Tally, read_log, read_stream
from tests.peak import peak

GOOD = b'{"chosen": "good", "rejected": "bad"}\n'


def read(content: bytes, name: str = "chats.jsonl", **options: object) -> Tally:
    tally = Tally()
    for _ in read_stream(io.BytesIO(content), name=name, tally=tally, **options):
        pass
    return tally


def test_an_empty_log_is_noted():
    """Nothing to do is no error, whatever the log is called."""
    for name in ("chats.jsonl", "chats.csv", "chats.txt", "chats.json"):
        for content in (b"", b"\n \n", b"\xef\xbb\xbf"):
            tally = read(content, name)
            assert tally.notes == [f"{name} is empty, nothing to do"]
            assert tally.records == 0


def test_one_broken_line_is_named_and_skipped():
    """Its place, its column; the lines around it are read."""
    tally = read(GOOD * 16 + b'{"chosen": x}\n' + GOOD * 3)
    assert tally.notes == ["chats.jsonl:17: not JSON (col 12); skipped"]
    assert (tally.records, tally.interactions) == (20, 19)
    assert tally.skipped == {"not JSON": 1}


def test_a_cut_last_line_is_kept_for_next_time():
    """A log that is being written to ends anywhere; that is no broken record."""
    tally = read(GOOD * 239 + b'{"chosen": "caf\xc3')
    assert tally.notes == ["chats.jsonl:240: incomplete last record kept for next run"]
    assert (tally.records, tally.incomplete, tally.skipped) == (239, 1, {})
    assert not tally.mended


def test_a_last_line_without_newline_is_read_when_it_is_whole():
    """Not every writer ends its file with a newline."""
    assert read(GOOD + GOOD.rstrip()).interactions == 2


def test_a_log_without_any_usable_record_is_an_error():
    """The count, and the formats there are."""
    with pytest.raises(InputError, match=r"^chats.csv: no usable record in 240 lines$"):
        read(b"a,b\n" + b"1,2\n" * 240, "chats.csv")
    with pytest.raises(InputError, match="no usable record in 3 lines") as caught:
        read(b"not json\n" * 3)
    assert all(name in caught.value.remedy for name in FORMATS)
    with pytest.raises(InputError, match=r"no usable record in 1 line$"):
        read(b'{"unknown": "form"}\n')


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"\x1f\x8b\x08" + bytes(range(256)) * 4, "byte 0x1f at 0"),
        ("tea, please\n".encode("utf-16"), "byte 0xff at 0"),
        ("tea, please\n".encode("utf-16-le"), "byte 0x00 at 1"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"text " * 99, "byte 0xe2 at 10"),
        (b"PK\x03\x04" + b"text " * 99, "byte 0x03 at 2"),
        (b"SQLite format 3\x00" + b"text " * 99, "byte 0x00 at 15"),
    ],
)
@pytest.mark.parametrize("name", ["chats.bin", "chats.jsonl", "chats.txt"])
def test_what_is_not_text_is_refused(content, place, name):
    """Binary files and UTF-16, with the byte that shows it."""
    with pytest.raises(InputError) as caught:
        read(content, name)
    assert str(caught.value) == f"{name}: not UTF-8 text ({place})"
    assert ("iconv" in caught.value.remedy) == (b"t\x00e\x00a" in content)


def test_a_byte_order_mark_is_no_part_of_the_log():
    """Windows writes one."""
    assert read(b"\xef\xbb\xbf" + GOOD).interactions == 1


def test_bad_bytes_are_replaced_and_counted():
    """One latin-1 letter does not cost the record."""
    stream = io.BytesIO(b'{"chosen": "caf\xe9 \xff\xef\xbf\xbd"}\n' + GOOD)
    tally = Tally()
    deeds = list(read_stream(stream, name="chats.jsonl", tally=tally))
    assert deeds[0].chosen == "caf\ufffd \ufffd\ufffd"
    assert tally.mended == {"bytes that are not UTF-8, replaced": 2}
    assert tally.notes == [
        "chats.jsonl:1: bytes that are not UTF-8, replaced (2 times)"
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b'{"chosen": "a\x00b"}', "not JSON"),
        (b'{"chosen": "a\\u0000b"}', "NUL character"),
        (b'{"chosen": "a", "\\u0000": 1}', "NUL character"),
        (b'{"chosen": "a", "score": NaN}', "not JSON"),
        (b'{"chosen": "a", "score": -Infinity}', "not JSON"),
        (b'{"chosen": "a", "n": ' + b"9" * 5000 + b"}", "a number has too many digits"),
        (b'{"chosen": "\\ud83d a"}', "lone surrogate"),
        (b'{"chosen": ["\\uDE00"]}', "lone surrogate"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"chosen": "a", "chosen": "b"}', "duplicate keys"),
        (b'{"chosen": "a", "x": [{"y": 1, "y": 1}]}', "duplicate keys"),
        (b'"chosen"', "not a choice"),
        (b'{"chosen": "a"} {"chosen": "b"}', "not JSON"),
    ],
)
def test_odd_json_is_skipped_by_reason(record, reason):
    """One reason each, and its neighbours are read."""
    tally = read(GOOD + record + b"\n" + GOOD)
    assert tally.interactions == 2
    assert tally.skipped == {reason: 1}
    assert tally.notes[0].startswith(f"chats.jsonl:2: {reason}")


def test_emoji_as_escapes_are_no_lone_surrogates():
    """A pair of halves is a character."""
    stream = io.BytesIO(b'{"chosen": "\\ud83d\\ude00 \\\\ud83d"}\n')
    (deed,) = read_stream(stream, name="x", tally=Tally())
    assert deed.chosen == "\U0001f600 \\ud83d"


def test_only_newlines_part_records():
    """U+2028, U+0085 and form feeds stand inside strings."""
    stream = io.BytesIO('{"chosen": "a\u2028b\u0085c"}\r\n'.encode() + GOOD)
    deeds = list(read_stream(stream, name="chats.jsonl", tally=Tally()))
    assert [deed.chosen for deed in deeds] == ["a\u2028b\u0085c", "good"]


def test_a_record_over_the_limit_is_skipped_with_its_size():
    """The limit is the caller's; the next record is read."""
    long = b'{"chosen": "' + b"x" * (3 << 20) + b'"}\n'
    tally = read(GOOD * 8 + long + GOOD)
    assert tally.interactions == 9
    assert tally.notes == [
        "chats.jsonl:9: record of 3 MiB is over max_record 1 MiB; skipped"
    ]
    assert read(long, max_record=4 << 20).interactions == 1


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("limit", [100, (1 << 16) - 1, 1 << 16, (1 << 16) + 1])
def test_the_limit_is_the_line_without_its_newline(limit, extra):
    """A record of exactly so many bytes is read, at the edge of the head too."""
    line = b'{"chosen": "' + b"x" * (limit + extra - 14) + b'"}'
    assert len(line) == limit + extra
    tally = read(GOOD + line + b"\n" + GOOD, max_record=limit)
    assert tally.interactions == (2 if extra > 0 else 3)


def test_notes_are_few_and_the_rest_is_counted():
    """A log that is wrong throughout does not fill the terminal."""
    tally = read(GOOD + b"no\n" * 1000)
    assert len(tally.notes) == 20
    assert tally.unnoted == 980
    assert tally.skipped == {"not JSON": 1000}


def test_a_format_that_is_none_is_a_usage_error():
    """At once, and with the nearest names."""
    with pytest.raises(UsageError, match="no such format: claude-cod") as caught:
        read_log(Path("unread.jsonl"), tally=Tally(), format="claude-cod")
    assert "Did you mean claude-code" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        read_stream(io.BytesIO(), name="stdin", tally=Tally(), format="\x1b[31mx")
    assert "\x1b" not in str(caught.value)


def test_a_named_format_is_not_sniffed():
    """Rows of another format are then skipped as what they are not."""
    tally = read(b'{"chosen": "a"}\n{"rating": 5, "item": "b"}\n', format="ratings")
    assert tally.skipped == {"no `rating`": 1}
    assert tally.interactions == 1


def test_a_broken_first_line_does_not_hide_the_format():
    """The first value that is recognised decides."""
    tally = read(b'{"chosen": "a"\n{"odd": 1}\n' + GOOD)
    assert tally.interactions == 1
    assert tally.skipped == {"not JSON": 1, "of no known format": 1}
    assert read(b'{"chosen": "a"\n' + GOOD, "stdin").interactions == 1


def test_a_log_that_vanishes_or_cannot_be_read(tmp_path):
    """InputError with the system's words, while reading."""
    with pytest.raises(InputError, match=r"no such log: .*gone\.jsonl"):
        list(read_log(tmp_path / "gone.jsonl", tally=Tally()))
    with pytest.raises(InputError, match="not a regular file"):
        list(read_log(tmp_path, tally=Tally()))
    with pytest.raises(InputError, match="not a regular file"):
        list(read_log(Path("/dev/zero"), tally=Tally()))
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"cannot read .*loop\.jsonl"):
        list(read_log(loop, tally=Tally()))


def test_a_disk_that_fails_while_reading_is_an_input_error():
    """Wherever in the log it happens."""

    class Failing(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    tally = Tally()
    log = read_stream(Failing(GOOD * 5000), name="chats.jsonl", tally=tally)
    with pytest.raises(InputError, match="input/output error"):
        list(log)
    assert tally.interactions > 0


@pytest.mark.parametrize(
    ("name", "before", "fill", "after"),
    [
        ("one.jsonl", GOOD + b'{"chosen": "', b"x", b'"}\n' + GOOD),
        ("one.json", b"[" + GOOD + b',{"chosen": "', b"x", b'"},' + GOOD + b"]"),
        ("deep.json", b"[" + GOOD + b",", b"[", b"{}],,," + GOOD + b"]"),
        ("white.json", b"[" + GOOD + b",", b" ", b"," + GOOD + b"]"),
        ("one.txt", b"post\n---\n", b"x", b"\n---\npost"),
        ("many.txt", b"post\n---\n", b"line of a post\n" * 9, b"\n---\npost"),
        ("one.csv", b"chosen,rejected\na,b\n", b"x", b"\nc,d\n"),
    ],
)
def test_a_huge_record_takes_no_memory(tmp_path, name, before, fill, after):
    """64 MB in one record cost less than 16; its neighbours are read."""
    log = tmp_path / name
    chunk = fill * ((1 << 20) // len(fill))
    with log.open("wb") as file:
        file.write(before)
        for _ in range(64):
            file.write(chunk)
        file.write(after)
    grown, count, skipped = peak(log)
    assert count == ("1" if name == "deep.json" else "2")
    assert "over max_record" in skipped
    assert grown < 16, f"{grown} MB"


@pytest.mark.parametrize(("lines", "read_whole"), [(100, True), (300, False)])
def test_a_cell_spans_a_bounded_number_of_lines(lines, read_whole):
    """A closing quote is not looked for in the whole log, row after row."""
    cell = "a" + "\nx" * lines
    tally = read(f'item,rating\n"{cell}",5\nb,5\n'.encode(), "scores.csv")
    assert tally.interactions == (2 if read_whole else 1)


def test_json_in_notes_is_not_quoted():
    """A secret in a broken record does not reach the terminal."""
    secret = json.dumps({"kind": "hunter2", "chosen": "hunter2", "scope": "hunter2"})
    tally = read(GOOD + secret.encode() + b'\n{"chosen": "hunter2" hunter2}\n')
    assert len(tally.notes) == 2
    assert "hunter2" not in "".join([*tally.notes, *tally.skipped])
