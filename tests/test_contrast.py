"""Saying what sets one prompt apart from others, on the real model."""

import pytest

from persona_cli.engine import GREEDY, Message
from persona_cli.errors import ModelError

FRENCH = [Message("user", "Name a city of France. Answer with its name alone.")]
ITALIAN = [Message("user", "Name a city of Italy. Answer with its name alone.")]


@pytest.mark.model
def test_without_rivals_it_is_the_likeliest_answer(tiny_engine):
    """To the letter what greedy decoding gives; and a rival of no weight is none."""
    plain = tiny_engine.complete(FRENCH, max_tokens=12, sampling=GREEDY)
    for rivals in ([], [(ITALIAN, 0.0)]):
        told = tiny_engine.contrast(FRENCH, rivals, max_tokens=12)
        assert told.text == plain.text
        assert told.answer_tokens == plain.answer_tokens


@pytest.mark.model
def test_what_rivals_would_say_too_is_not_said(tiny_engine):
    """The answer is likelier after its own prompt, by more than the likeliest is."""
    plain = tiny_engine.complete(FRENCH, max_tokens=12, sampling=GREEDY).text
    told = tiny_engine.contrast(FRENCH, [(ITALIAN, 1.0)], max_tokens=12).text

    def apart(text):
        (own,), (other,) = (
            tiny_engine.weigh(chat, [text]) for chat in (FRENCH, ITALIAN)
        )
        return own - other

    assert told != plain
    assert apart(told) > apart(plain)


@pytest.mark.model
def test_it_keeps_to_a_grammar_even_where_nothing_plausible_does(tiny_engine):
    """Then the likeliest of what is allowed is taken."""
    told = tiny_engine.contrast(
        FRENCH, [(ITALIAN, 1.0)], max_tokens=12, grammar='root ::= "#" [0-9] "#"'
    )
    assert len(told.text) == 3
    assert told.text.startswith("#")
    assert not told.cut


@pytest.mark.model
def test_rivals_do_not_count_in_the_opening(tiny_engine):
    """All of it is the likeliest answer then; and less of it begins as that does."""
    plain = tiny_engine.complete(FRENCH, max_tokens=12, sampling=GREEDY).text
    rivals = [(ITALIAN, 1.0)]
    told = tiny_engine.contrast(FRENCH, rivals, max_tokens=12, opening=13)
    assert told.text == plain
    first = tiny_engine.loaded().vocabulary
    begun = first.piece(first.tokens(plain)[0]).decode()
    told = tiny_engine.contrast(FRENCH, rivals, max_tokens=12, opening=1)
    assert told.text.startswith(begun.strip())


@pytest.mark.model
def test_rivals_count_until_a_text_is_there(tiny_engine):
    """From there on the answer goes on as its prompt alone would have it."""
    rivals = [(ITALIAN, 1.0)]
    grammar = 'root ::= "City: " [A-Z] [a-z]+'
    free = tiny_engine.contrast(FRENCH, [], max_tokens=12, grammar=grammar)
    until = tiny_engine.contrast(
        FRENCH, rivals, max_tokens=12, grammar=grammar, until="City:"
    )
    assert until.text == free.text


@pytest.mark.model
def test_chats_that_do_not_fit_together_are_refused(tiny_engine):
    """They share the context."""
    long = [Message("user", "word " * 3000)]
    with pytest.raises(ModelError, match="the context holds"):
        tiny_engine.contrast(long, [(long, 1.0), (long, 1.0)], max_tokens=12)


@pytest.mark.model
def test_more_chats_than_there_is_room_for_are_refused(tiny_engine):
    """With the number that there is room for, and not by llama.cpp's word for it."""
    room = tiny_engine.loaded().branches
    rivals = [(ITALIAN, 1.0)] * room
    with pytest.raises(ModelError, match=f"room for {room}"):
        tiny_engine.contrast(FRENCH, rivals, max_tokens=12)
    assert tiny_engine.contrast(FRENCH, rivals[1:], max_tokens=2).text
