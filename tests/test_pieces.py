"""Thoughts are told apart and stops kept out, wherever the pieces are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.pieces import AnswerStream


def said(pieces, **options) -> tuple[str, str, bool]:
    """Text, thoughts, and whether a stop ended it."""
    heard: list[str] = []
    stream = AnswerStream(on_text=heard.append, **options)
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    assert "".join(heard) == stream.text
    return stream.text, stream.thoughts, stream.stopped


@pytest.mark.parametrize(
    ("whole", "text", "thoughts"),
    [
        ("Hello.", "Hello.", ""),
        ("<think>hm</think>\n\nHello.", "Hello.", "hm"),
        ("\n<think>\nhm\n</think>Hello.", "Hello.", "hm"),
        ("<think></think>Hello.", "Hello.", ""),
        ("<thin ice>", "<thin ice>", ""),
        ("I <think>so</think>.", "I <think>so</think>.", ""),
        ("<think>never ends", "", "never ends"),
        ("<thi", "<thi", ""),
        ("", "", ""),
        (" \n", " \n", ""),
    ],
)
def test_thoughts_open_the_answer_or_are_none(whole, text, thoughts):
    """Cut into single characters or not, the parts are the same."""
    assert said([whole]) == (text, thoughts, False)
    assert said(whole) == (text, thoughts, False)


def test_thoughts_that_the_prompt_opened_need_no_tag():
    """A template may write the opening tag itself."""
    assert said(["hm</think> Hi"], thinking=True) == ("Hi", "hm", False)


@given(st.text(alphabet="abSTOP\n<", max_size=40), st.integers(1, 7))
def test_a_stop_is_found_wherever_the_pieces_are_cut(text, size):
    """The answer ends before the first stop, or holds everything."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    before, stop, _ = text.partition("STOP")
    assert said(pieces, stop=["STOP"]) == (before, "", bool(stop))


def test_a_stop_in_the_thoughts_does_not_stop():
    """Only the answer is watched."""
    whole = "<think>a END b</think>c END d"
    assert said([whole], stop=["END"]) == ("c ", "a END b", True)


def test_text_is_handed_on_as_soon_as_it_is_sure():
    """A stream is not held back to its end."""
    heard: list[str] = []
    stream = AnswerStream(stop=["STOP"], on_text=heard.append)
    stream.feed("abc ST")
    assert heard == ["abc "]
    stream.feed("AY")
    assert heard == ["abc ", "STAY"]
