"""A log is cut into records, in whichever shape it comes."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from persona_cli.logs import Tally, read_stream
from persona_cli.logs.cut import _Pieces

A = {"chosen": 'a "}]\\', "rejected": "b"}
B = {"chosen": "c", "rejected": {"role": "assistant", "content": "[{"}}


class Drip(io.BytesIO):
    """A pipe: gives a few bytes at a time, and cannot seek."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most seven bytes."""
        return super().read(min(size or 1, 7) if size and size > 0 else 7)

    def seekable(self) -> bool:
        """No."""
        return False

    def seek(self, *_: Any) -> int:
        """Fails, as a pipe does."""
        raise io.UnsupportedOperation("seek")


LINES = [
    f"{json.dumps(A)}\n{json.dumps(B)}\n",
    f"\n\n  {json.dumps(A)}\r\n\r\n{json.dumps(B)}",
]
ONE_LINE = [json.dumps([A, B])]
SPREAD = [
    json.dumps([A, B], indent=2) + "\n",
    f"[\n{json.dumps(A)},\n{json.dumps(B)}\n]",
    f"{json.dumps(A, indent=1)}\n{json.dumps(B, indent=1)}\n",
]


@pytest.mark.parametrize("stream", [io.BytesIO, Drip])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("log.jsonl", text) for text in LINES),
        *(("log.txt", text) for text in [*LINES, *ONE_LINE]),
        *((n, t) for n in ("stdin", "log.json") for t in LINES + ONE_LINE + SPREAD),
    ],
)
def test_every_shape_gives_the_same_records(name, stream, text):
    """Lines, an array on one line or many, values over several lines."""
    log = read_stream(stream(text.encode()), name=name, tally=Tally())
    assert [deed.chosen for deed in log] == ['a "}]\\', "c"]


@pytest.mark.parametrize(
    ("text", "chosen", "skipped"),
    [
        ('[{"chosen": "a"}, {"chosen": }, {"chosen": "c"}]', "ac", {"not JSON": 1}),
        ('[{"chosen": "a"}, {"x": [1}, {"chosen": "c"}]', "ac", {"not JSON": 1}),
        ('[{"chosen": "a"}, 7, nul, {"chosen": "c"}]', "ac", None),
        ('[{"chosen": "a"}, {"chosen": "c"}', "ac", {}),
        ('[{"chosen": "a"},, {"chosen": "c"},]', "ac", {}),
        ('[\n{"chosen": "a"}] tail', "a", {"text after the end of the array": 1}),
        ('[\n{"chosen": "a"}]\n[{"chosen": "c"}]', "a", None),
    ],
)
def test_a_broken_item_leaves_its_neighbours(text, chosen, skipped):
    """Items end where their brackets do, or the array's."""
    tally = Tally()
    log = read_stream(io.BytesIO(text.encode()), name="log.json", tally=tally)
    assert "".join(deed.chosen for deed in log) == chosen
    if skipped is not None:
        assert tally.skipped == skipped
    else:
        assert tally.skipped


def test_a_cut_array_keeps_its_last_item_for_next_time():
    """As a cut last line."""
    tally = Tally()
    stream = io.BytesIO(b'[{"chosen": "a"},\n{"chos')
    assert len(list(read_stream(stream, name="log.json", tally=tally))) == 1
    assert tally.incomplete == 1
    assert tally.notes == ["log.json: item 2: incomplete last record kept for next run"]


def test_an_item_over_the_limit_is_skipped():
    """By its number, and its neighbours are read."""
    text = json.dumps([{"chosen": "a"}, {"chosen": "b" * 200}, {"chosen": "c"}])
    tally = Tally()
    log = read_stream(
        io.BytesIO(text.encode()), name="log.json", tally=tally, max_record=100
    )
    assert [deed.chosen for deed in log] == ["a", "c"]
    (note,) = tally.notes
    assert note.startswith("log.json: item 2: record of 21")
    assert note.endswith("is over max_record 100 bytes; skipped")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=5), st.integers(1, 9), st.booleans(), st.booleans())
@example(["\\", '"', "\\\\"], 1, False, True)
def test_pieces_are_the_items(items, step, indented, ascii_only):
    """Any array, fed in any steps, is cut into its items."""
    text = json.dumps(items, indent=1 if indented else None, ensure_ascii=ascii_only)
    content = text.encode("utf-8", "replace")
    pieces = _Pieces(array=True, limit=1 << 20)
    cut = [
        piece
        for start in range(0, len(content), step)
        for piece, _ in pieces.feed(content[start : start + step])
    ]
    expected = json.loads(content)
    assert [json.loads(piece) for piece in cut] == expected
    assert not pieces.trailing
