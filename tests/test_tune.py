"""Settings that are measured: what wins, what is kept, and what is set in the end."""

import pytest

from persona_cli.engines import tuning_of
from persona_cli.errors import ModelError, UsageError
from persona_cli.llama import Speed, Tuning, described, side_by_side, tune
from persona_cli.llama.tune import ratio
from persona_cli.settings import Settings
from persona_cli.tuned import known, remember


def fast(read: float, write: float) -> list[Speed]:
    return [Speed(read, write)] * 3


def test_a_challenger_wins_when_it_is_faster_beyond_noise(tmp_path):
    """Each is compared with the best so far; four percent are noise."""
    asked: list[tuple[Tuning, Tuning]] = []

    def compare(tunings):
        best, other = tunings["best"], tunings["other"]
        asked.append((best, other))
        gain = {512: 1.3, 1024: 1.04}.get(other.ubatch or 0, 0.9)
        gain = gain if other.ubatch != best.ubatch else 0.9
        return {"best": fast(100, 10), "other": fast(100 * gain**2, 10)}

    found = tune(tmp_path, compare=compare)
    assert found == Tuning(ubatch=512)
    after = [best for best, other in asked if other.ubatch == 1024]
    assert after == [Tuning(ubatch=512)]


def test_a_smaller_cache_has_to_be_worth_more(tmp_path):
    """It answers otherwise, by a little: ten percent are not enough."""
    for gain, kept in ((1.1, "f16"), (1.2, "q8_0")):

        def compare(tunings, gain=gain):
            other = gain if tunings["other"].kv_type == "q8_0" else 0.9
            return {"best": fast(10, 10), "other": fast(10 * other, 10 * other)}

        assert tune(tmp_path, compare=compare).kv_type == kept


def test_what_cannot_be_measured_is_said_and_left(tmp_path):
    """Two models at once may not fit where one does."""
    said: list[str] = []

    def compare(_):
        raise ModelError("no room", remedy="Take less.")

    assert tune(tmp_path, compare=compare, tell=said.append) == Tuning()
    assert said
    assert all("not measured: no room" in line for line in said)


def test_gains_are_medians_within_rounds():
    """One slow round on either side decides nothing."""
    old = [Speed(100, 10), Speed(1, 0.1), Speed(100, 10)]
    new = [Speed(200, 20), Speed(2, 0.2), Speed(50, 5)]
    assert ratio(new, old) == pytest.approx(2)


def test_what_was_measured_is_used_until_something_changes(tmp_path):
    """Another file, or other layers on the GPU: the defaults again."""
    model, other = tmp_path / "a.gguf", tmp_path / "b.gguf"
    model.write_bytes(b"x")
    other.write_bytes(b"xy")
    tuning = Tuning(ubatch=512, flash="on", threads=3)
    assert known(tmp_path, model, gpu_layers=-1) is None
    remember(tmp_path, model, tuning, gpu_layers=-1)
    assert known(tmp_path, model, gpu_layers=-1) == tuning
    assert known(tmp_path, model, gpu_layers=0) is None
    assert known(tmp_path, other, gpu_layers=-1) is None
    (tmp_path / "tuned.json").write_text("{")
    assert known(tmp_path, model, gpu_layers=-1) is None


def test_settings_go_before_what_was_measured(tmp_path, monkeypatch):
    """And what they leave open is as measured."""
    monkeypatch.setattr("persona_cli.engines.cache_folder", lambda: tmp_path)
    model = tmp_path / "a.gguf"
    model.write_bytes(b"x")
    remember(tmp_path, model, Tuning(ubatch=512, flash="on"), gpu_layers=-1)
    set_by_hand = Settings(flash_attention="off", kv_type="f16", threads=1)
    assert tuning_of(model, set_by_hand) == Tuning(ubatch=512, flash="off", threads=1)


def test_what_was_measured_gives_way_to_what_was_asked_for(tmp_path, monkeypatch):
    """A cache of 8 bits needs flash attention: without it there is none."""
    monkeypatch.setattr("persona_cli.engines.cache_folder", lambda: tmp_path)
    model = tmp_path / "a.gguf"
    model.write_bytes(b"x")
    remember(tmp_path, model, Tuning(flash="on", kv_type="q8_0"), gpu_layers=-1)
    off = Settings(flash_attention="off")
    assert tuning_of(model, off) == Tuning(flash="off", kv_type="f16")


def test_settings_that_exclude_each_other_are_refused(tmp_path, monkeypatch):
    """Rather than one of them changed in silence."""
    monkeypatch.setattr("persona_cli.engines.cache_folder", lambda: tmp_path)
    model = tmp_path / "a.gguf"
    model.write_bytes(b"x")
    with pytest.raises(UsageError, match="q8_0 needs flash attention, and it is off"):
        tuning_of(model, Settings(flash_attention="off", kv_type="q8_0"))


def test_tunings_are_said_by_the_names_of_their_settings():
    """So that a person can write them into a file."""
    said = described(Tuning(threads=2, ubatch=512, flash="on", kv_type="q8_0"))
    assert said == "threads 2, ubatch_tokens 512, flash_attention on, kv_type q8_0"
    assert described(Tuning()) == "the defaults"


@pytest.mark.model
def test_a_model_is_timed_in_two_ways_in_turns(tiny_model):
    """Threads, steps, attention and cache all reach llama.cpp, and it answers."""
    tunings = {
        "best": Tuning(),
        "other": Tuning(threads=1, ubatch=64, batch=128, flash="on", kv_type="q8_0"),
    }
    taken = side_by_side(
        dict.fromkeys(tunings, tiny_model),
        prompt_tokens=160,
        answer_tokens=4,
        rounds=2,
        tunings=tunings,
    )
    assert [len(taken[name]) for name in tunings] == [2, 2]
    assert all(s.prompt_tps > 0 for speeds in taken.values() for s in speeds)
