"""What rollouts are paid, and which choices they are paid by."""

import doctest
import random
from collections import Counter
from dataclasses import replace

import pytest
from toy_policy import user

from persona_cli.training import gain, rewards
from persona_cli.training.courses import (
    Pruning,
    Signal,
    courses,
    pruned,
    readable,
    signals,
    visits,
)
from persona_cli.training.users import Step, SummaryLine


@pytest.mark.parametrize("module", [rewards, gain], ids=lambda one: one.__name__)
def test_examples_in_docstrings_hold(module):
    """What the docstrings show is what comes out."""
    done = doctest.testmod(module)
    assert done.attempted
    assert not done.failed


def test_who_is_not_drawn_is_not_punished():
    """At a future as good as a guess, the drawn one and its double are paid alike."""
    paid = rewards.streaming(
        [0.7, 0.7, 0.2], [0.5, 0.5, 0.5], 0, future=0.9, neutral=0.45
    )
    assert paid == pytest.approx([1.15, 1.15, 0.65])


def test_the_future_pays_the_drawn_one_alone():
    """A better second stage raises the reward of what it was built on, and no other."""
    poor = rewards.streaming([0.5] * 4, [0.0] * 4, 2, future=0.9, neutral=0.45)
    rich = rewards.streaming([0.5] * 4, [1.0] * 4, 2, future=0.9, neutral=0.45)
    assert [b - a for a, b in zip(poor, rich, strict=True)] == pytest.approx(
        [0, 0, 0.9, 0]
    )


def test_all_of_the_right_form_are_drawn_alike():
    """By chance, and never one of the wrong form."""
    dice = random.Random(0)
    found = Counter(rewards.drawn([True, False, True, True], dice) for _ in range(3000))
    assert set(found) == {0, 2, 3}
    assert all(900 < times < 1100 for times in found.values())


def test_choices_are_kept_by_gain_then_chance_then_difficulty():
    """The band is cut from what the first two leave."""
    told = [
        Signal(("u", place), gain, p)
        for place, (gain, p) in enumerate(
            [(9, 0.9), (8, 0.8), (7, 0.3), (6, 0.7), (5, 0.6), (-1, 0.95)]
        )
    ]

    def kept(**edges):
        asked = {"share": 1.0, "least": 0.0, "easiest": 0.0, "hardest": 1.0} | edges
        return {place for _, place in pruned(told, Pruning(**asked))}

    assert kept() == {0, 1, 2, 3, 4, 5}
    assert kept(share=0.8) == {0, 1, 2, 3, 4}
    assert kept(share=0.8, least=0.5) == {0, 1, 3, 4}
    assert kept(share=0.8, least=0.5, easiest=0.25) == {1, 3, 4}
    assert kept(share=0.8, least=0.5, easiest=0.25, hardest=0.75) == {1, 3}


class Knowing:
    """A reader that is sure where the profile says ``aaa``."""

    def p(self, readings):
        return [0.9 if "aaa" in one.profile else 0.45 for one in readings]


def test_a_signal_is_what_the_true_summary_adds():
    """Doubled probability is the gain of log 2; what knows nothing gains nothing."""
    line = SummaryLine("x", "Likes aaa.", (), "a/a")
    known = replace(user(0), windows=(Step(2, ()), Step(4, (line,))))
    told = list(signals([known], Knowing()))
    assert [one.gain for one in told] == pytest.approx([0, 0, 0.6931], abs=1e-3)
    assert [one.p for one in told] == [0.45, 0.45, 0.9]


def test_only_users_with_two_kept_choices_are_met():
    """A short and a long history must both end in a kept choice."""
    whole = list(courses([user(0)]))
    assert [deed.id for deed in whole[0].first] == ["i0", "i1"]
    assert [deed.id for deed in whole[0].second] == ["i2", "i3"]
    assert len(next(iter(courses([user(0)], {("u0", 1), ("u0", 2)}))).early) == 1
    assert not list(courses([user(0)], {("u0", 0), ("u0", 1)}))
    assert not list(courses([user(0)], {("u0", 2)}))


def test_all_are_met_before_one_is_met_again():
    """And the same seed meets the same, in the same order."""
    every = list(courses(user(n) for n in range(5)))
    met = visits(every, 12, seed=1, deeds=None)
    assert len({visit.user for visit in met[:5]}) == 5
    assert len({visit.user for visit in met[5:10]}) == 5
    assert met == visits(every, 12, seed=1, deeds=None)
    assert met != visits(every, 12, seed=2, deeds=None)


def test_of_many_choices_those_that_bear_the_target_out_are_read():
    """What has no reverse is not read at all."""
    told = user(0)
    deeds = [replace(deed, shows=()) for deed in told.interactions]
    deeds[1] = replace(deeds[1], shows=("a/a",))
    deeds[3] = replace(deeds[3], kind="message")
    course = next(iter(courses([replace(told, interactions=tuple(deeds))])))
    for seed in range(5):
        (visit,) = visits([course], 1, seed=seed, deeds=1)
        assert [deed.id for deed in visit.parts[0]] == ["i1"]
        assert [deed.id for deed in visit.parts[1]] == ["i2"]
    assert readable(course)
    spoken = replace(course, second=course.second[1:])
    assert not readable(spoken)
