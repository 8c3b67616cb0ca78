"""When a new version is kept, and when a judge is not believed."""

import pytest

from persona_cli.accuracy import FEWEST
from persona_cli.gate import MOST_FLIPS, Check, cannot_judge, check
from persona_cli.judge import Judge, Judgement, Verdict
from persona_cli.strangers import STRANGERS
from tests.fakes import ScriptedEngine
from tests.terse import first_letter, likes_terse, noisily, own_taste, question

TERSE, WORDY = "- Prefers terse answers.", "- Prefers wordy answers."
ASKED = [question(n) for n in range(12)]


def checked(chooses, old, new, asked=ASKED):
    engine = ScriptedEngine(chooses=chooses)
    return check(Judge(engine, "pair"), asked, old, new), engine


def said(*probabilities, flipped=0):
    return Judgement(
        tuple(
            Verdict(str(n), p, flipped=n < flipped) for n, p in enumerate(probabilities)
        )
    )


def test_a_better_version_is_kept():
    """The numbers of both, and of the controls, are there."""
    found, _ = checked(likes_terse, "", TERSE)
    assert found.kept
    assert found.unable == ""
    assert (found.old.accuracy.rate, found.new.accuracy.rate) == (0.0, 1.0)
    assert found.empty.accuracy.rate == 0.0
    assert len(found.strangers) == len(STRANGERS) == 2
    assert (found.paired.gained, found.paired.lost) == (12, 0)


def test_a_version_that_is_worse_beyond_chance_is_rejected():
    """The old one knew the person, and the new one has it the wrong way round."""
    found, _ = checked(likes_terse, TERSE, WORDY)
    assert not found.kept
    assert found.unable == ""
    assert found.paired.p_value < 0.001


def test_worse_by_chance_is_kept():
    """Five lost and none gained could be chance; six could not."""
    right = said(*[0.9] * 12)
    for lost, kept in ((5, True), (6, False)):
        new = said(*[0.1] * lost, *[0.9] * (12 - lost))
        found = Check(12, right, new, right, (said(*[0.5] * 12),))
        assert found.kept is kept


def test_a_judge_that_cannot_judge_rejects_nothing():
    """However much worse the new version looks to it."""
    right, wrong = said(*[0.9] * 12), said(*[0.1] * 12)
    found = Check(12, right, wrong, right, (right, right), unable="it is blind")
    assert found.paired.worse
    assert found.kept


def test_the_same_text_is_asked_once():
    """A version that only counts further costs one profile's questions."""
    found, engine = checked(likes_terse, TERSE, TERSE)
    assert found.kept
    assert found.old == found.new
    assert len(engine.questions) == 2 * len(ASKED) * 4  # with nobody and two strangers


def test_nothing_is_asked_of_two_versions_that_say_nothing():
    """Nobody could foresee anything from them, and that is no fault of the judge."""
    found, engine = checked(likes_terse, "", "")
    assert (found.kept, found.new, found.unable, engine.questions) == (
        True,
        None,
        "",
        [],
    )


@pytest.mark.parametrize("asked", [0, 1, FEWEST - 1])
def test_too_few_questions_are_not_asked(asked):
    """No split of so few could reach the level; the version is accepted."""
    found, engine = checked(likes_terse, TERSE, WORDY, ASKED[:asked])
    assert (found.kept, found.new, found.asked) == (True, None, asked)
    assert engine.questions == []


def test_a_judge_that_goes_by_the_order_is_found_out():
    """However the numbers fall, nothing is rejected by it."""
    found, _ = checked(first_letter, TERSE, WORDY)
    assert "the order of the items decided 12 of 12" in found.unable
    assert found.kept


def test_a_judge_with_a_taste_of_its_own_is_found_out():
    """Strangers' profiles serve it as well, though it is always right."""
    for judge in (own_taste, noisily(own_taste)):
        found, _ = checked(judge, "", TERSE)
        assert found.new.accuracy.rate == 1.0
        assert "strangers' profiles foresee these 12 choices as well" in found.unable


def test_a_bad_version_does_not_pass_as_a_bad_judge():
    """The judge is tried on the better of the two versions."""
    found, _ = checked(noisily(likes_terse), TERSE, WORDY)
    assert found.unable == ""
    assert not found.kept


@pytest.mark.parametrize(("flipped", "able"), [(4, True), (5, False)])
def test_a_third_may_flip(flipped, able):
    """More than that, and the order decides more than the items."""
    own = said(*[0.9, 0.8] * 6, flipped=flipped)
    assert pytest.approx(1 / 3) == MOST_FLIPS
    assert (cannot_judge(own, [said(*[0.5] * 12)]) == "") is able


def test_a_margin_within_chance_is_none():
    """Better than strangers on the mean, but not beyond what chance makes."""
    strangers = [said(*[0.5] * 8)]
    assert cannot_judge(said(0.9, 0.1, 0.9, 0.2, 0.9, 0.1, 0.8, 0.6), strangers)
    assert not cannot_judge(said(0.9, 0.4, 0.9, 0.6, 0.9, 0.5, 0.8, 0.6), strangers)


def test_one_question_proves_no_judge():
    """Nor does one margin, however large."""
    assert cannot_judge(said(0.99), [said(0.01)])
