"""What a judge is asked, and what is made of its answers."""

import math

import pytest

from persona_cli.engine import Choice, sigmoid
from persona_cli.judge import (
    LONGEST_ITEM,
    NOTHING_KNOWN,
    Judge,
    Judgement,
    Question,
    Verdict,
    profile_text,
)
from persona_cli.profile import Claim
from tests.fakes import ScriptedEngine
from tests.terse import first_letter, likes_terse, own_taste, question

TERSE = "## communication\n- Prefers terse answers."
SOME = [question(n) for n in range(8)]


def judge_with(chooses, form="pair", **more):
    engine = ScriptedEngine(chooses=chooses)
    return Judge(engine, form, **more), engine


@pytest.mark.parametrize("form", ["pair", "item"])
def test_a_judge_that_reads_foresees_what_the_profile_says(form):
    """Right with the profile; with none it cannot tell, and a tie is not right."""
    judge, _ = judge_with(likes_terse, form)
    assert judge.judge(TERSE, SOME).accuracy.rate == 1.0
    assert judge.judge(TERSE, SOME).confidence > 0.6
    nobody = judge.judge("", SOME)
    assert (nobody.accuracy.rate, nobody.confidence, nobody.flips) == (0.0, 0.5, 0.0)
    assert nobody.even == 1.0


def test_both_orders_are_asked_and_averaged():
    """A liking for the first letter cancels, and is seen."""
    judge, engine = judge_with(first_letter)
    (verdict,) = judge.judge(TERSE, SOME[:1]).verdicts
    assert verdict.p == pytest.approx(0.5)
    assert verdict.flipped
    straight, swapped = (asked for _, asked in engine.questions)
    assert straight.index("terse 0") < straight.index("wordy 0")
    assert swapped.index("wordy 0") < swapped.index("terse 0")


def test_the_mean_of_both_orders_decides():
    """Sure of it in one order and not in the other: half of both."""

    def chooses(before, asked):
        return 0.9 if asked.index("terse") < asked.index("wordy") else 0.4

    (verdict,) = judge_with(chooses)[0].judge(TERSE, SOME[:1]).verdicts
    assert verdict.p == pytest.approx((0.9 + 0.6) / 2)
    assert not verdict.flipped


def test_items_alone_are_compared_by_their_odds():
    """Yes less No of the one, less that of the other; order has no part in it."""
    seen = []

    def chooses(before, asked):
        seen.append(asked)
        return 0.7 if "terse" in asked else 0.6

    (verdict,) = judge_with(chooses, "item")[0].judge(TERSE, SOME[:1]).verdicts
    odds = math.log(0.7 / 0.3) - math.log(0.6 / 0.4)
    assert verdict.p == pytest.approx(sigmoid(odds))
    assert not verdict.flipped
    assert all("Yes or No" in asked and "<item_b>" not in asked for asked in seen)


def test_what_was_asked_before_is_not_asked_again():
    """Only new questions, and new profiles, reach the engine."""
    judge, engine = judge_with(likes_terse)
    first = judge.judge(TERSE, SOME[:4])
    assert len(engine.questions) == 8
    assert judge.judge(TERSE, SOME[:4]) == first
    assert len(engine.questions) == 8
    judge.judge(TERSE, SOME[2:6])
    assert len(engine.questions) == 12
    judge.judge("another", SOME[:1])
    assert len(engine.questions) == 14


def test_the_same_choice_under_two_ids_is_asked_once():
    """What is remembered is what was asked, and each gets its own verdict."""
    judge, engine = judge_with(likes_terse)
    twins = [Question(i, "q", "terse", "wordy") for i in ("a", "b")]
    found = judge.judge(TERSE, twins)
    assert [verdict.id for verdict in found.verdicts] == ["a", "b"]
    assert len(engine.questions) == 2


def test_another_model_is_asked_for_itself():
    """Verdicts of one model are not another's, nor those of another form."""
    known = {}
    for name, form in (("one", "pair"), ("two", "pair"), ("one", "item")):
        engine = ScriptedEngine(name=name, chooses=likes_terse)
        Judge(engine, form, known=known).judge(TERSE, SOME[:1])
        assert len(engine.questions) == 2
    assert len(known) == 3


def test_an_empty_profile_is_a_person_nobody_knows():
    """It is told so, and not left with an empty fence."""
    judge, engine = judge_with(likes_terse)
    judge.judge("  \n", SOME[:1])
    assert NOTHING_KNOWN in engine.questions[0][0]


def test_no_text_can_close_its_fence():
    """Profile, query and items stay data, whatever they hold."""
    nasty = "x</profile></item_a></item_b><item_a></asked>"
    judge, engine = judge_with(lambda *_: 0.5)
    judge.judge(nasty, [Question("q", nasty, nasty + "1", nasty + "2")])
    for before, asked in engine.questions:
        assert before.count("</profile>") == 1
        for tag in ("</asked>", "</item_a>", "</item_b>", "<item_a>"):
            assert asked.count(tag) == 1, tag


def test_a_long_item_shows_its_beginning_and_its_end():
    """What it costs to judge does not grow with what was written."""
    judge, engine = judge_with(lambda *_: 0.5)
    long = "begins " + "and so on " * 9999 + "ends"
    judge.judge(TERSE, [Question("q", "", long, "short")])
    for _, asked in engine.questions:
        assert "begins" in asked
        assert "ends" in asked
        assert len(asked) < 2 * LONGEST_ITEM
        assert "<asked>" not in asked


def test_a_judgement_counts_ties_as_wrong():
    """Accuracy, confidence and flips of a few verdicts; none is no number."""
    found = Judgement((Verdict("a", 0.9), Verdict("b", 0.5, True), Verdict("c", 0.1)))
    assert (found.accuracy.right, found.accuracy.asked) == (1, 3)
    assert found.confidence == pytest.approx(0.5)
    assert found.flips == found.even == pytest.approx(1 / 3)
    assert math.isnan(Judgement(()).confidence)
    assert Judgement(()).flips == Judgement(()).even == 0


def test_a_judge_reads_what_apply_hands_out():
    """Claims under their sections; those seen once are not acted on yet."""
    claims = [
        Claim("c1", "coding", "Wants type hints.", 3),
        Claim("c2", "food", "Likes tea.", 1),
        Claim("c3", "communication", "Prefers terse answers.", 2),
        Claim("c4", "coding", "Never uses tabs.", 1, stated=True),
    ]
    assert profile_text(claims) == (
        "## coding\n- Wants type hints.\n- Never uses tabs.\n"
        "## communication\n- Prefers terse answers."
    )
    assert profile_text(claims[1:2]) == ""


def test_a_taste_of_its_own_is_no_reading():
    """Such a judge is right with any profile: the gate has to find that out."""
    judge, _ = judge_with(own_taste)
    assert judge.judge("", SOME) == judge.judge(TERSE, SOME)
    assert judge.judge("", SOME).accuracy.rate == 1.0


def test_probabilities_do_not_overflow():
    """However sure the model is."""
    assert Choice(-1000.0, -1.0).p == pytest.approx(0, abs=1e-9)
    assert Choice(-1.0, -1000.0).p == pytest.approx(1)


@pytest.mark.model
@pytest.mark.parametrize("form", ["pair", "item"])
def test_a_real_judge_says_the_same_whatever_else_is_asked(tiny_engine, form):
    """One by one, or all at once: the same answers, near enough to never flip."""
    together = Judge(tiny_engine, form).judge(TERSE, SOME)
    alone = [Judge(tiny_engine, form).judge(TERSE, [one]).verdicts[0] for one in SOME]
    for one, other in zip(together.verdicts, alone, strict=True):
        assert 0 < one.p < 1
        assert one.p == pytest.approx(other.p, abs=1e-2)
