"""Several drafts of one window, of which held-out choices take the best."""

from dataclasses import replace

import pytest

from persona_cli.engine import Sampling
from persona_cli.fold import Checking
from persona_cli.infer import Asking, infer
from persona_cli.init import init
from persona_cli.models.catalogue import Manners, catalogue
from persona_cli.store import Store
from persona_cli.window import Window
from tests.fakes import ScriptedEngine
from tests.gated import ASKING, run
from tests.terse import (
    first_letter,
    held_pairs,
    likes_terse,
    noisily,
    wrote,
)

TERSE = "- [i1 i2] communication | Prefers terse answers.\n"
AGAIN = "- [p1 i1 i2] communication | Prefers terse answers.\n"
WORDY = "- [!p1 i1 i2] communication | Prefers wordy answers.\n"
FIRST = wrote(1, "terser please"), wrote(2, "too wordy")
SECOND = wrote(3, "tell me more"), wrote(4, "at length")
TWELVE = held_pairs(12)


@pytest.fixture
def store(tmp_path):
    init(tmp_path / "profiles", "ada", title=None)
    return Store(tmp_path / "profiles", "ada")


def reader(*lines):
    """A model that writes these lines, and judges by what it reads."""
    return ScriptedEngine(*lines, chooses=noisily(likes_terse))


def drawing(n, **more):
    return replace(ASKING, candidates=n, **more)


def test_the_best_of_several_drafts_is_taken(store):
    """The one whose profile foresees held-out choices best; the seeds count up."""
    tea = "- [i1 i2] food | Likes tea.\n"
    wordy = "- [i1 i2] communication | Prefers wordy answers.\n"
    engine = reader(wordy, TERSE, tea)
    (step,) = run(store, engine, *FIRST, *held_pairs(30), asking=drawing(3))
    assert [c.claim.text for c in step.changes] == ["Prefers terse answers."]
    first = engine.seeds[0]
    assert engine.seeds == [first, first + 1, first + 2]
    engine.done()


def test_of_two_as_good_the_shorter_is_taken(store):
    """Words that foresee nothing cost the reader something."""
    long = TERSE + "- [i1 i2] food | Likes tea.\n"
    engine = ScriptedEngine(long, TERSE, chooses=likes_terse)
    (step,) = run(store, engine, *FIRST, *held_pairs(30), asking=drawing(2))
    assert [c.claim.text for c in step.changes] == ["Prefers terse answers."]


def test_drafts_that_say_the_same_count_once(store):
    """One profile, one round of questions; and one draft to go on with."""
    window = Window(FIRST)
    asking = drawing(3)
    found = infer((), window, (), reader(TERSE, TERSE, TERSE), asking, seed=1)
    assert len(found) == 1
    engine = reader(TERSE, TERSE, TERSE)
    list(run(store, engine, *FIRST, *TWELVE, asking=drawing(3)))
    assert len({before for before, _ in engine.questions}) == 4


def test_a_draft_without_use_is_left_out(store):
    """Of four, one can be read: it is taken, and nothing is asked again."""
    engine = reader("Sure!", "I cannot.", TERSE, "Hm.")
    (step,) = run(store, engine, *FIRST, *TWELVE, asking=drawing(4))
    assert step.by == "scripted infer@2"
    engine.done()


def test_when_no_draft_is_of_use_one_more_is_drawn_then_counted(store):
    """Hotter, with the next seed; and only then do counts speak."""
    engine = reader("Sure!", "I cannot.", "Hm.")
    said = wrote(1, "I prefer pytest to unittest."), wrote(2, "ok")
    (step,) = run(store, engine, *said, asking=drawing(2))
    first = engine.seeds[0]
    assert engine.seeds == [first, first + 1, first + 2]
    assert step.by == "digest"
    engine.done()


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        (Sampling(), Sampling(temperature=0.6, top_p=0.95)),
        (Sampling(temperature=1.0, top_k=9), Sampling(temperature=1.0, top_k=9)),
    ],
)
def test_several_drafts_are_drawn_and_not_greedy(store, given, drawn):
    """Greedy ones would all be the same; a model's own way of drawing is left alone."""

    class Watched(ScriptedEngine):
        def complete(self, *args, **more):
            self.sampling = more["sampling"]
            return super().complete(*args, **more)

    engine = Watched(TERSE, TERSE, chooses=likes_terse)
    manners = Manners(sampling=given)
    list(run(store, engine, *FIRST, asking=drawing(2, manners=manners)))
    assert engine.sampling == drawn


def test_a_draft_is_tested_by_other_questions_than_it_was_chosen_by(store):
    """The winner is not praised on what it won by."""
    engine = reader(TERSE, "- [i1 i2] food | Likes tea.\n")
    (step,) = run(store, engine, *FIRST, *held_pairs(30), asking=drawing(2))
    asked = {}
    for before, question in engine.questions:
        text = (
            "tea" if "tea" in before else "terse" if "terse answers" in before else ""
        )
        asked.setdefault(text, set()).add(question.partition("what of ")[2][:6])
    tested = {v.id for v in step.checked.check.new.verdicts}
    assert step.checked.asked == len(tested) < 30
    assert {line.split("\n")[0] for line in asked["tea"]}.isdisjoint(tested)


def test_too_few_to_halve_serve_for_both(store):
    """Twelve by a hash are seldom six and six: then all are asked, for both."""
    engine = reader(TERSE, "- [i1 i2] food | Likes tea.\n")
    (step,) = run(store, engine, *FIRST, *held_pairs(9), asking=drawing(2))
    assert step.checked.asked == 9
    assert [c.claim.text for c in step.changes] == ["Prefers terse answers."]


def test_a_judge_known_to_be_unable_chooses_nothing(store):
    """The first draft is taken, and nobody is asked."""
    (step,) = run(store, ScriptedEngine(TERSE, chooses=first_letter), *FIRST, *TWELVE)
    assert step.checked.check.unable
    engine = ScriptedEngine(AGAIN, WORDY, chooses=first_letter)
    (step,) = run(store, engine, *SECOND, asking=drawing(2))
    assert engine.questions == []
    assert [c.kind for c in step.changes] == ["reinforced"]


def test_drafts_are_chosen_without_a_gate_too(store):
    """``--no-verify`` says nothing of which draft is the best."""
    engine = reader("- [i1 i2] communication | Prefers wordy answers.\n", TERSE)
    gate = Checking(gate=False)
    (step,) = run(store, engine, *FIRST, *TWELVE, asking=drawing(2), checking=gate)
    assert [c.claim.text for c in step.changes] == ["Prefers terse answers."]
    assert step.checked.judge == ""


def test_asking_is_one_draft_unless_told():
    """Several cost several times as much on a CPU."""
    assert Asking().candidates == 1


@pytest.mark.model
def test_a_real_model_drafts_and_judges_the_same_twice(tiny_engine, tmp_path):
    """Same seed, same model: the same profile, the same evidence, the same check."""
    manners = replace(catalogue()["tiny"].manners, answer_tokens=48)
    asking = Asking(candidates=2, answer_tokens=48, manners=manners)
    said = wrote(1, "I prefer pytest to unittest."), wrote(2, "I always use tabs.")
    ends = []
    for name in ("one", "two"):
        init(tmp_path / name, "ada", title=None)
        store = Store(tmp_path / name, "ada")
        (step,) = run(store, tiny_engine, *said, *TWELVE[:6], asking=asking)
        assert step.checked.judge == "tiny"
        assert step.checked.asked == 6
        assert step.checked.check is not None
        files = ("profile.md", "evidence.jsonl", ".state/verdicts.json")
        ends.append([(store.folder / file).read_bytes() for file in files])
    assert ends[0] == ends[1]
