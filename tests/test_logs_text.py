"""Posts in plain text and markdown."""

import io
from datetime import UTC, datetime
from pathlib import Path

from persona_cli.logs import Tally, read_log, read_stream

LOGS = Path(__file__).parent / "logs"


def posts(text: str | bytes, name: str = "posts.md", **options: object) -> list[str]:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    options = {"tally": Tally(), **options}
    return [deed.chosen for deed in read_stream(stream, name=name, **options)]


def test_a_line_of_dashes_parts_posts():
    """Front matter at the top is none of them, but gives them its date."""
    deeds = list(read_log(LOGS / "posts.md", tally=Tally()))
    assert [deed.chosen for deed in deeds] == [
        "# First\n\nI like short posts.",
        "Second post. It quotes a rule: --- in a line is none.",
    ]
    assert {deed.kind for deed in deeds} == {"post"}
    assert {deed.at for deed in deeds} == {datetime(2026, 4, 5, tzinfo=UTC)}
    assert deeds[0].source == "text:posts"


def test_dashes_at_the_top_of_prose_are_no_front_matter():
    """Only lines of keys are; a post that follows a rule is a post."""
    assert posts("---\nJust a post.\n---\nAnother.") == ["Just a post.", "Another."]
    assert posts("One.\n---\nkey: value\n") == ["One.", "key: value"]


def test_plain_text_of_stdin_is_a_post():
    """Without an extension, what does not begin as JSON is text."""
    assert posts("I prefer tea.\n", "stdin") == ["I prefer tea."]
    assert posts("[draft] tea\n", "stdin") == ["[draft] tea"]
    assert posts("[link](x)", "notes.txt") == ["[link](x)"]
    assert posts("{curly} words", "stdin") == ["{curly} words"]


def test_format_text_takes_anything_for_text():
    """Named outright, it wins over the beginning of the file."""
    assert posts('{"a": 1}\n', "x.jsonl", format="text") == ['{"a": 1}']


def test_json_lines_in_a_txt_are_read_as_such():
    """What begins with a whole JSON line is no prose."""
    assert posts('{"chosen": "a"}\n{"chosen": "b"}\n', "log.txt") == ["a", "b"]


def test_a_long_post_is_skipped_and_the_next_is_read():
    """However its bytes are spread over lines."""
    tally = Tally()
    text = "one\n---\n" + "x" * 300 + "\n---\n" + "line\n" * 50 + "---\nfour"
    assert posts(text, tally=tally, max_record=100) == ["one", "four"]
    assert tally.skipped == {"over max_record": 2}
    assert "posts.md:3: record of 301 bytes is over" in tally.notes[0]


def test_a_profile_is_not_read_as_a_post():
    """It would feed on itself."""
    tally = Tally()
    text = "---\ntype: persona-profile\ntitle: Ada\n---\n# Ada\n- Likes tea.\n"
    assert posts(text, tally=tally) == []
    assert tally.left_out == {"a profile of persona's": 1}


def test_bad_bytes_and_nul_in_posts():
    """A bad byte is replaced and counted, a post with NUL is skipped."""
    tally = Tally()
    text = b"caf\xe9 au lait, please\n---\nnull \x00 and more words\n---\nlast one"
    assert posts(text, tally=tally) == ["caf\ufffd au lait, please", "last one"]
    assert tally.mended == {"bytes that are not UTF-8, replaced": 1}
    assert tally.skipped == {"NUL character": 1}
