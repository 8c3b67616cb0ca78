"""What lasts of a prompt is read once, and never changes an answer."""

import json
import stat

import pytest

from persona_cli.engine import Message, Sampling
from persona_cli.llama import LlamaEngine, Tuning
from persona_cli.llama.states import State, read_state, shared, write_state

pytestmark = pytest.mark.model

LASTING = "You keep a list of what she likes. " * 70
WARM = Sampling(temperature=1.2)


def chat(rest: str) -> list[Message]:
    """A prompt that begins as the next one will."""
    return [Message("user", LASTING + rest, lasting=len(LASTING))]


class Counted:
    """An engine that counts the tokens it computes."""

    def __init__(self, path, states=None, **more):
        self.engine = LlamaEngine(path, context=2048, states=states, **more)
        self.tokens = 0
        self._decode = self.engine.loaded().lib.llama_decode

    def ask(self, rest: str) -> str:
        lib, self.tokens = self.engine.loaded().lib, 0

        def decode(context, batch):
            self.tokens += batch.n_tokens
            return self._decode(context, batch)

        lib.llama_decode = decode
        try:
            return self.engine.complete(
                chat(rest), max_tokens=24, sampling=WARM, seed=4
            ).text
        finally:
            lib.llama_decode = self._decode

    def close(self):
        self.engine.close()


def test_a_second_run_reads_the_rest_alone_and_answers_the_same(tiny_model, tmp_path):
    """The state of one process serves the next, to the bit."""
    path = tmp_path / "prompt.state"
    first = Counted(tiny_model, path)
    texts = [first.ask("She wrote: shorter."), first.ask("She wrote: no emoji, ever.")]
    first.close()
    plain = Counted(tiny_model)
    assert plain.ask("She wrote: no emoji, ever.") == texts[1]
    whole = plain.tokens
    plain.close()
    second = Counted(tiny_model, path)
    assert second.ask("She wrote: no emoji, ever.") == texts[1]
    assert second.tokens <= whole - 512
    second.close()


def test_it_is_for_its_owner_alone(tiny_model, tmp_path):
    """A prompt is what somebody wrote."""
    path = tmp_path / "prompt.state"
    engine = Counted(tiny_model, path)
    engine.ask("x")
    engine.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["prompt.state"]


def test_after_other_questions_what_lasts_is_still_there(tiny_model):
    """A judge's profile takes the memory; the instructions come back from a copy."""
    engine = Counted(tiny_model)
    before = engine.ask("She wrote: shorter.")
    whole = engine.tokens
    engine.engine.choose([Message("system", "A profile.")], ["A or B?"])
    assert engine.ask("She wrote: shorter.") == before
    assert engine.tokens <= whole - 512
    engine.close()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b"x",
        lambda raw: raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:],
        lambda raw: b"[]\n" + raw,
        lambda raw: b'{"key": 1}\n' + raw,
        lambda raw: b"\xff" * 100,
    ],
)
def test_a_damaged_state_is_passed_over(tiny_model, tmp_path, spoil):
    """llama.cpp never sees it, and the answer is what it would have been."""
    path = tmp_path / "prompt.state"
    engine = Counted(tiny_model, path)
    before, whole = engine.ask("She wrote: shorter."), engine.tokens
    engine.close()
    path.write_bytes(spoil(path.read_bytes()))
    again = Counted(tiny_model, path)
    assert again.ask("She wrote: shorter.") == before
    assert again.tokens == whole
    again.close()


def test_another_model_does_not_take_it(tiny_model, tmp_path):
    """Nor the same one with another kind of cache: the key tells them apart."""
    path = tmp_path / "prompt.state"
    engine = Counted(tiny_model, path)
    engine.ask("x")
    engine.close()
    other = Counted(tiny_model, path, tuning=Tuning(kv_type="q8_0"))
    other.ask("x")
    assert other.tokens > 512
    other.close()
    assert read_state(path, "another key") is None


def test_what_differs_after_what_lasts_reuses_the_common_part(tiny_model, tmp_path):
    """A profile that changed in its last claim is not read from its beginning."""
    path = tmp_path / "prompt.state"
    engine = Counted(tiny_model, path)
    engine.ask("x")
    engine.close()
    changed = LASTING[:-200] + "Now something else. " * 10
    again = LlamaEngine(tiny_model, context=2048, states=path)
    plain = LlamaEngine(tiny_model, context=2048)
    ask = [Message("user", changed + "y", lasting=len(changed))]
    answers = [e.complete(ask, max_tokens=24, sampling=WARM) for e in (again, plain)]
    again.close()
    plain.close()
    assert answers[0] == answers[1]


def test_a_place_that_cannot_be_written_is_no_fault(tiny_model, tmp_path):
    """Then nothing is kept."""
    engine = Counted(tiny_model, tmp_path / "none" / "prompt.state")
    assert engine.ask("x")
    engine.close()
    assert not (tmp_path / "none").exists()


def test_a_state_that_is_too_large_is_not_kept(tmp_path, monkeypatch):
    """The file is bounded, and an older one stays."""
    monkeypatch.setattr("persona_cli.llama.states.LARGEST", 10)
    write_state(tmp_path / "s", State("k", (1, 2), b"x" * 11))
    assert not (tmp_path / "s").exists()
    write_state(tmp_path / "s", State("k", (1, 2), b"x" * 10))
    assert read_state(tmp_path / "s", "k") == State("k", (1, 2), b"x" * 10)
    head = json.loads((tmp_path / "s").read_bytes().split(b"\n")[0])
    assert head["tokens"] == [1, 2]


def test_prompts_share_their_beginning():
    """And nothing after the first difference."""
    assert shared([1, 2, 3], [1, 2, 4, 3]) == 2
    assert shared([], [1]) == 0
    assert shared([1, 2], [1, 2]) == 2
