"""Intervals and tests against published values."""

import math

import pytest

from persona_cli.accuracy import FEWEST, LEVEL, Accuracy, Paired, paired


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe(right, asked, low, high):
    """Four published intervals, to the fourth digit."""
    assert Accuracy(right, asked).interval == pytest.approx((low, high), abs=6e-5)


def test_an_interval_has_a_width_at_the_ends_and_stays_inside():
    """All right is no proof of certainty, and no bound leaves [0, 1]."""
    for right in (0, 7):
        low, high = Accuracy(right, 7).interval
        assert 0 <= low <= right / 7 <= high <= 1
        assert high - low > 0.3
    assert Accuracy(0, 0).interval == (0.0, 1.0)
    assert math.isnan(Accuracy(0, 0).rate)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    # Two-sided binomial tests at 1/2, as any table of the sign test has them.
    [(0, 5, 0.0625), (0, 6, 0.03125), (2, 10, 0.0386), (3, 3, 1.0), (0, 0, 1.0)],
)
def test_mcnemar_is_the_exact_sign_test(gained, lost, p):
    """And the same whichever side is the better one."""
    assert Paired(gained, lost).p_value == pytest.approx(p, abs=5e-5)
    assert Paired(lost, gained).p_value == Paired(gained, lost).p_value


def test_only_losses_beyond_chance_are_worse():
    """Being better beyond chance is not worse, and five losses may be chance."""
    assert Paired(0, 6).worse
    assert not Paired(6, 0).worse
    assert not Paired(0, 5).worse


def test_fewest_is_where_the_test_can_first_tell():
    """One question less, and even a clean sweep could be chance."""
    assert Paired(0, FEWEST).p_value < LEVEL <= Paired(0, FEWEST - 1).p_value


def test_pairs_are_counted_question_by_question():
    """Equal totals may hide two changes of mind."""
    old, new = [True, True, False, False], [True, False, True, False]
    assert paired(old, new) == Paired(gained=1, lost=1)
    with pytest.raises(ValueError, match="argument"):
        paired(old, new[:3])
