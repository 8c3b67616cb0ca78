"""Drafts and choices of the real embedded model, against the plain slow way."""

import math
import signal
import threading
import time
from itertools import pairwise

import llama_cpp
import pytest

from persona_cli.engine import Message, Sampling
from persona_cli.errors import ModelError
from persona_cli.llama import LlamaEngine, Tuning

pytestmark = pytest.mark.model

CHAT = [Message("user", "He wants tests with every change. " * 60 + "What is he like?")]
WARM = Sampling(temperature=0.9, top_p=0.95, top_k=40, min_p=0.02)
LIST = 'root ::= ("- " [a-z]{3,12} "\\n"){2,3}'
PROFILE = [
    Message("system", "## media\n" + "- Likes films about the sea.\n" * 40),
]
QUESTIONS = [
    f"Item A: {a}\nItem B: {b}\nWhich of the two? Answer with one letter, A or B."
    for a, b in [
        ("Master and Commander", "The Sound of Music"),
        ("a very long film about trains, and the people in them" * 3, "Das Boot"),
        ("x", "y"),
    ]
]


def test_drafts_under_a_grammar_all_keep_to_it(tiny_engine):
    """Each draft has a grammar of its own, and its own place in it."""
    drafts = tiny_engine.draft(
        CHAT, 3, max_tokens=60, grammar=LIST, sampling=WARM, seed=3
    )
    for draft in drafts:
        assert all(
            line.startswith("- ") and line[2:].isalpha()
            for line in draft.text.splitlines()
        )
    assert len({draft.text for draft in drafts}) > 1


def test_drafts_written_together_differ_only_by_rounding(tiny_model):
    """As on a GPU: several sequences in one batch. Each is an answer of its own."""
    engine = LlamaEngine(tiny_model, context=1024, tuning=Tuning(parallel=4))
    drafts = engine.draft(CHAT, 6, max_tokens=24, sampling=WARM, seed=1)
    again = engine.draft(CHAT, 6, max_tokens=24, sampling=WARM, seed=1)
    held = engine.draft(CHAT, 3, max_tokens=60, grammar=LIST, sampling=WARM, seed=3)
    engine.close()
    assert drafts == again
    assert len({draft.text for draft in drafts}) == 6
    assert all(draft.text.startswith("- ") for draft in held)


def test_drafts_that_do_not_fit_together_are_written_in_turns(tiny_model):
    """A context for two answers writes four of them, two at a time."""
    engine = LlamaEngine(tiny_model, context=560, tuning=Tuning(parallel=4))
    prompt = engine.count(CHAT)
    room = (560 - prompt) // 2
    drafts = engine.draft(CHAT, 4, max_tokens=room, grammar='root ::= "a"{500}')
    engine.close()
    assert [draft.answer_tokens for draft in drafts] == [room] * 4
    assert all(draft.cut for draft in drafts)


def test_thinking_drafts_think_each_on_its_own(tiny_model):
    """Thoughts end, and the text after them is held to the grammar."""
    engine = LlamaEngine(tiny_model, context=1024, thinking=("<think>", "</think>"))
    drafts = engine.draft(CHAT, 3, max_tokens=20, grammar=LIST, sampling=WARM, seed=9)
    alone = engine.complete(CHAT, max_tokens=20, grammar=LIST, sampling=WARM, seed=10)
    engine.close()
    assert drafts[1] == alone
    assert all(draft.thoughts for draft in drafts)
    assert all(draft.text.startswith("- ") for draft in drafts)


def test_a_grammar_no_token_can_fulfil_is_an_error(tiny_engine):
    """And not the end of the process."""
    before = tiny_engine.complete(CHAT, max_tokens=8)
    with pytest.raises(ModelError, match="allows no token"):
        # No vocabulary has a piece for an unassigned character of the last plane.
        tiny_engine.complete(
            CHAT, max_tokens=8, grammar="root ::= [^\\x00-\\U0010FFFF]"
        )
    assert tiny_engine.complete(CHAT, max_tokens=8) == before


def slow_way(path, tokens: list[int]) -> tuple[float, float]:
    """Log-probabilities of A and B by llama-cpp-python's own completion."""
    llama = llama_cpp.Llama(
        str(path), n_ctx=1024, logits_all=True, verbose=False, n_threads=2
    )
    said = llama.create_completion(
        tokens, max_tokens=1, temperature=0.0, logprobs=llama.n_vocab()
    )
    llama.close()
    best = said["choices"][0]["logprobs"]["top_logprobs"][0]
    return best["A"], best["B"]


@pytest.mark.parametrize("parallel", [1, 4])
def test_probabilities_are_those_of_the_slow_way(tiny_model, parallel):
    """Within 0.01, with a shared prefix, one at a time and in a batch."""
    engine = LlamaEngine(tiny_model, context=1024, tuning=Tuning(parallel=parallel))
    fast = engine.choose(PROFILE, QUESTIONS)
    for choice, question in zip(fast, QUESTIONS, strict=True):
        tokens = engine.prompt_tokens([*PROFILE, Message("user", question)])
        a, b = slow_way(tiny_model, tokens)
        assert choice.p == pytest.approx(1 / (1 + math.exp(b - a)), abs=1e-2)
        # Rounding moves both letters alike: of their sum it takes more.
        share = 1e-3 if parallel == 1 else 5e-2
        assert math.exp(choice.first) == pytest.approx(math.exp(a), abs=share)
    engine.close()


def test_the_prefix_is_read_once(tiny_engine, monkeypatch):
    """Three questions compute the profile's tokens one time, and one row each."""
    memory = tiny_engine.loaded()
    computed: list[int] = []
    decode = memory.lib.llama_decode

    def counted(context, batch):
        computed.append(batch.n_tokens)
        return decode(context, batch)

    memory.clear()
    monkeypatch.setattr(memory.lib, "llama_decode", counted)
    tiny_engine.choose(PROFILE, QUESTIONS)
    prefix = tiny_engine.count(PROFILE)
    whole = [tiny_engine.count([*PROFILE, Message("user", q)]) for q in QUESTIONS]
    assert sum(computed) < prefix + sum(n - prefix + 12 for n in whole)


def test_a_model_that_thinks_is_told_not_to(tiny_model):
    """The answer's letter comes first: thoughts are closed before they begin."""
    engine = LlamaEngine(tiny_model, context=1024, thinking=("<think>", "</think>"))
    tokens = engine._asked(PROFILE, QUESTIONS[0])
    tail = b"".join(engine.loaded().vocabulary.piece(t, special=True) for t in tokens)
    engine.choose(PROFILE, QUESTIONS)
    engine.close()
    assert tail.decode().endswith("assistant\n<think>\n\n</think>\n\n")


def test_an_answer_of_several_tokens_cannot_be_chosen(tiny_engine):
    """Its probability is not in one row."""
    with pytest.raises(ModelError, match="no token for 'Item A'"):
        tiny_engine.choose(PROFILE, QUESTIONS, answers=("Item A", "Item B"))


def test_ctrl_c_is_heard_while_a_prompt_is_read(tiny_model):
    """Within a batch, not after it; the engine answers as before."""
    engine = LlamaEngine(
        tiny_model, context=8192, tuning=Tuning(batch=4096, ubatch=4096)
    )
    before = engine.complete(CHAT, max_tokens=8)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    long = [Message("user", "word " * 4000)]
    began = time.monotonic()
    engine.complete(long, max_tokens=1)
    whole = time.monotonic() - began
    engine.complete(CHAT, max_tokens=1)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            engine.complete(long, max_tokens=8)
        # One batch of 4,000 tokens takes seconds: it was given up, not finished.
        assert time.monotonic() - began < 0.7 * whole
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert engine.complete(CHAT, max_tokens=8) == before
    engine.close()


def test_an_engine_may_be_asked_from_another_thread(tiny_engine):
    """Where no signal can be heard, nothing is set up to hear one."""
    found: list[str] = []

    def ask() -> None:
        found.append(tiny_engine.complete(CHAT, max_tokens=8).text)

    worker = threading.Thread(target=ask)
    worker.start()
    worker.join()
    assert found == [tiny_engine.complete(CHAT, max_tokens=8).text]


def test_identities_tell_models_and_settings_apart(tiny_model, tmp_path):
    """Another file or another cache type answers otherwise; other threads do not."""
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(tiny_model.read_bytes())
    made = []
    for path, tuning in (
        (tiny_model, Tuning()),
        (copy, Tuning()),
        (tiny_model, Tuning(kv_type="q8_0")),
    ):
        engine = LlamaEngine(path, context=256, tuning=tuning)
        made.append(engine.identity)
        engine.close()
    threads = LlamaEngine(tiny_model, context=256, tuning=Tuning(threads=1))
    assert threads.identity == made[0]
    threads.close()
    assert all(a != b for a, b in pairwise(sorted(made)))
