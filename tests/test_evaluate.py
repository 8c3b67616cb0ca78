"""How well a profile foresees held-out choices, and what stands beside it."""

import pytest

from persona_cli.evaluate import evaluate, over_versions, trivial
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, Question
from persona_cli.profile import Claim
from tests.fakes import ScriptedEngine
from tests.suites import reads_well

TEA = (Claim("c1", "drinks", "Likes tea.", count=3),)
RUM = (Claim("c2", "drinks", "Likes rum.", count=3),)
ASKED = [Question(f"q{n}", "A drink?", "tea", "rum") for n in range(5)] + [
    Question("q5", "A drink?", "rum", "tea")
]


def test_each_profile_is_asked_the_same_choices():
    """Five of six from the own one, none from nothing, one from the contrary one."""
    engine = ScriptedEngine(chooses=reads_well)
    found = evaluate(Judge(engine, "pair"), ASKED, TEA, {"work": RUM, "new": ()})
    assert found.unable == ""
    assert found.own is not None
    assert (found.own.accuracy.right, found.own.accuracy.asked) == (5, 6)
    assert found.own.confidence == pytest.approx((5 * 0.9 + 0.1) / 6)
    assert found.empty is not None
    assert found.empty.accuracy.right == 0
    assert found.others is not None
    # a profile that says nothing is the empty one
    assert {name: one.accuracy.right for name, one in found.others.items()} == {
        "work": 1
    }
    assert [one.accuracy.right for one in found.strangers] == [0, 0]


def test_a_judge_that_reads_no_profile_gives_no_figures():
    """Strangers' profiles foresee as well: that is said, and nobody else is asked."""
    engine = ScriptedEngine(
        chooses=lambda _, asked: 0.9 if asked.index("tea") < asked.index("rum") else 0.1
    )
    found = evaluate(Judge(engine, "pair"), ASKED, TEA, {"work": RUM})
    assert found.unable.startswith("this model can't judge: strangers' profiles")
    assert (found.own, found.empty, found.others) == (None, None, None)
    prefixes = {before for before, _ in engine.questions}
    assert len(prefixes) == 3


def test_a_judge_that_goes_by_the_order_gives_no_figures():
    """It always says A."""
    engine = ScriptedEngine(chooses=lambda *_: 0.9)
    found = evaluate(Judge(engine, "pair"), ASKED, TEA, {})
    assert "the order of the items decided 6 of 6 answers" in found.unable
    assert found.own is None


def test_a_profile_that_says_nothing_is_not_asked():
    """Claims that are not applied are none; the model is not to blame."""
    engine = ScriptedEngine()
    once = Claim("c1", "drinks", "Likes tea.", count=1)
    found = evaluate(Judge(engine, "pair"), ASKED, [once], {})
    assert found.unable == "the profile has no claim that is applied yet"
    assert engine.questions == []


def test_versions_with_one_text_are_judged_once():
    """A version that only counted on is not asked again."""
    engine = ScriptedEngine(chooses=reads_well)
    grown = (Claim("c1", "drinks", "Likes tea.", count=9),)
    versions = [(1, "a", RUM), (2, "b", TEA), (3, "c", grown), (4, "d", RUM)]
    past = list(over_versions(Judge(engine, "pair"), ASKED, versions))
    assert [one.number for one in past] == [1, 2, 3, 4]
    assert [one.judgement.accuracy.right for one in past] == [1, 5, 5, 1]
    # two texts; of the six questions two differ; both orders
    assert len(engine.questions) == 2 * 2 * 2


def took(chosen: str, rejected: str) -> Interaction:
    """A choice."""
    return Interaction(f"i:{chosen}", "pair", "s", chosen, rejected=rejected)


def test_baselines_need_no_model():
    """Longer and TF-IDF from the person's own history, by hand."""
    found = trivial(
        [Question("a", "", "green tea", "rum"), Question("b", "", "rum", "gin")],
        [took("tea", "rum")],
        (),
    )
    assert found == {"longer": 0.75, "tf-idf": 0.75}


def test_popularity_is_left_out_where_nobody_knows_the_items():
    """The people of other profiles say what is popular; else nothing is."""
    asked = [Question("a", "", "tea", "rum"), Question("b", "", "x", "y")]
    known = trivial(asked, [], [took("tea", "milk")])
    assert known["popular"] == 0.75
    assert "popular" not in trivial(asked, [], [took("gin", "ale")])
    assert trivial([], [], []) == {}
