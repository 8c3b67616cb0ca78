"""What every engine promises: one suite for the scripted, the local, the remote one."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from chat_server import ChatServer
from fakes import ScriptedEngine

from persona_cli.engine import Engine, Message, Sampling
from persona_cli.errors import ModelError
from persona_cli.llama import LlamaEngine
from persona_cli.remote import RemoteEngine

LINE = "One apple, two pears, three plums and four cherries are in the bowl."
CHAT = [
    Message("system", "You answer in one sentence."),
    Message("user", "What fruit do you know? Name four."),
]

# An engine that can answer so many times, and takes it ill when it need not.
Ready = Callable[[int], Engine]


@pytest.fixture(params=["scripted", "llama", "remote", "remote llama", "remote whole"])
def ready(request) -> Iterator[Ready]:
    """One engine of each sort in turn."""
    with ExitStack() as stack:

        def make(times: int) -> Engine:
            if request.param == "scripted":
                scripted = ScriptedEngine(*[LINE] * times, chooses=lambda *_: 0.7)
                stack.callback(scripted.done)
                return scripted
            if request.param == "llama":
                path = request.getfixturevalue("tiny_model")
                engine: Engine = LlamaEngine(path, context=1024)
            else:
                server = ChatServer(
                    request.getfixturevalue("tiny_engine"),
                    llama=request.param == "remote llama",
                    streams=request.param != "remote whole",
                )
                stack.enter_context(server.running())
                engine = RemoteEngine(server.url)
            stack.callback(engine.close)
            return engine

        yield make


def test_it_has_a_name_and_a_context(ready):
    """Provenance needs a name, windows need a length."""
    engine = ready(0)
    assert engine.name
    assert engine.context >= 1024


def test_pieces_make_the_answer(ready):
    """What ``on_text`` is given, joined, is the text, and some text there is."""
    pieces: list[str] = []
    answer = ready(1).complete(CHAT, max_tokens=64, on_text=pieces.append)
    assert "".join(pieces) == answer.text
    assert answer.text.strip()
    assert answer.thoughts == ""


def test_tokens_are_counted(ready):
    """The prompt's length is never more than what was counted before."""
    engine = ready(1)
    answer = engine.complete(CHAT, max_tokens=64)
    assert 0 < answer.prompt_tokens <= engine.count(CHAT)
    assert 0 < answer.answer_tokens <= 64


def test_a_longer_chat_counts_more(ready):
    """A window can be cut by counting."""
    engine = ready(0)
    longer = [*CHAT[:-1], Message("user", CHAT[-1].content + " And ten more." * 20)]
    assert engine.count(longer) > engine.count(CHAT) + 20


def test_max_tokens_cuts_and_says_so(ready):
    """Half an answer is marked as cut."""
    answer = ready(1).complete(CHAT, max_tokens=3)
    assert answer.cut
    assert answer.answer_tokens == 3


def test_a_whole_answer_is_not_cut(ready):
    """An answer that the model ended itself is whole."""
    answer = ready(1).complete(CHAT, max_tokens=300)
    assert not answer.cut


def test_the_same_seed_gives_the_same_answer(ready):
    """Also when another question was asked between."""
    engine = ready(3)
    warm = Sampling(temperature=0.9, top_p=0.95)
    first = engine.complete(CHAT, max_tokens=24, sampling=warm, seed=7)
    engine.complete([Message("user", "What fruit?")], max_tokens=8)
    again = engine.complete(CHAT, max_tokens=24, sampling=warm, seed=7)
    assert again == first


def test_a_stop_ends_the_answer_and_is_no_part_of_it(ready):
    """Nothing of the stop text is left, also not in the pieces."""
    engine = ready(2)
    whole = engine.complete(CHAT, max_tokens=32).text
    stop = whole[5:9]
    pieces: list[str] = []
    answer = engine.complete(CHAT, max_tokens=32, stop=[stop], on_text=pieces.append)
    assert answer.text == whole[: whole.index(stop)]
    assert "".join(pieces) == answer.text
    assert not answer.cut


def test_a_prompt_that_does_not_fit_is_refused(ready):
    """Before any answer is begun, and with a remedy."""
    engine = ready(0)
    long = [Message("user", "word " * engine.context)]
    with pytest.raises(ModelError) as failed:
        engine.complete(long, max_tokens=16)
    assert failed.value.remedy


PREFIX = [Message("system", "The person likes apples, and dislikes every pear.")]
WHICH = [
    "Item A: apples. Item B: pears. Answer with one letter, A or B.",
    "Item A: pears. Item B: apples. Answer with one letter, A or B.",
    "Item A: tea. Item B: a much longer drink of lemons. Answer with A or B.",
]


def test_drafts_are_the_answers_of_neighbouring_seeds(ready):
    """One reading of the prompt changes none of them."""
    engine = ready(6)
    warm = Sampling(temperature=0.9, top_p=0.95)
    drafts = engine.draft(CHAT, 3, max_tokens=16, sampling=warm, seed=7)
    alone = [
        engine.complete(CHAT, max_tokens=16, sampling=warm, seed=7 + k)
        for k in range(3)
    ]
    assert drafts == alone
    assert all(draft.text for draft in drafts)


def test_drafts_come_in_pieces_and_end_at_stops(ready):
    """What listeners hear is what was written, all drafts together."""
    pieces: list[str] = []
    drafts = ready(2).draft(CHAT, 2, max_tokens=12, on_text=pieces.append)
    written = "".join(draft.text for draft in drafts)
    assert sorted("".join(pieces)) == sorted(written)


def test_a_choice_has_two_probabilities(ready):
    """Of the whole vocabulary: together at most 1."""
    choices = ready(0).choose(PREFIX, WHICH)
    assert len(choices) == len(WHICH)
    for choice in choices:
        assert max(choice.first, choice.second) <= 0
        assert math.exp(choice.first) + math.exp(choice.second) <= 1 + 1e-6
        assert 0 < choice.p < 1


def test_a_choice_is_the_same_whatever_is_asked_beside_it(ready):
    """In any order, alone or with others, and again."""
    engine = ready(0)
    together = engine.choose(PREFIX, WHICH)
    assert engine.choose(PREFIX, WHICH[::-1]) == together[::-1]
    assert [engine.choose(PREFIX, [one])[0] for one in WHICH] == together
    assert engine.choose(PREFIX, []) == []


def test_answers_may_be_other_words(ready):
    """Yes and No for a judge that is asked about each item alone."""
    (choice,) = ready(0).choose(PREFIX, ["Apples? Yes or No."], answers=("Yes", "No"))
    assert 0 < choice.p < 1


def test_a_question_that_does_not_fit_is_refused(ready):
    """With a remedy, like any prompt."""
    engine = ready(0)
    with pytest.raises(ModelError) as failed:
        engine.choose(PREFIX, ["word " * engine.context])
    assert failed.value.remedy


def test_an_engine_is_named_by_what_it_is_made_of(ready):
    """Twice the same, so that answers can be remembered."""
    engine = ready(0)
    assert engine.identity
    assert engine.identity == engine.identity


def test_a_closed_engine_answers_nothing(ready):
    """Closing twice is no fault; asking after it is."""
    engine = ready(0)
    engine.close()
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        engine.complete(CHAT, max_tokens=4)
    with pytest.raises(ModelError, match="closed"):
        engine.choose(PREFIX, WHICH)
