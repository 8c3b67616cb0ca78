"""What every engine promises: one suite for the scripted, the local, the remote one."""

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
                scripted = ScriptedEngine(*[LINE] * times)
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


def test_a_closed_engine_answers_nothing(ready):
    """Closing twice is no fault; asking after it is."""
    engine = ready(0)
    engine.close()
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        engine.complete(CHAT, max_tokens=4)
