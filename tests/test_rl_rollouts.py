"""Rollouts in two stages, with a scripted policy and a scripted reader."""

import random

import pytest
from toy_policy import user

from persona_cli.profile import Claim
from persona_cli.training.courses import courses, visits
from persona_cli.training.rollouts import Answer, Pay, Writer, rolled

STREAMING = Pay(bonus=True, future=0.9, neutral=0.45)
R1 = Pay(bonus=False, future=0.9, neutral=0.45)
PAST = (Claim("c000", "x", "Likes aaa.", count=2), Claim("c001", "y", "Hates mud."))


class Policy:
    """Says its lines in turn, and keeps what it was asked."""

    def __init__(self, *lines):
        self._lines = list(lines)
        self.asked = []

    def __call__(self, prompts, n):
        self.asked.append([messages[-1].content for messages in prompts])
        return [
            [Answer([1], [2], self._lines.pop(0)) for _ in range(n)] for _ in prompts
        ]


class Counting:
    """A reader whose probability is a tenth for each letter ``a`` of a profile."""

    def __init__(self):
        self.read = []

    def p(self, readings):
        self.read += [one.profile for one in readings]
        return [one.profile.count("a") / 10 for one in readings]


def met(form, number=1):
    every = list(courses(user(n) for n in range(number)))
    return visits(every, number, seed=0, deeds=1 if form == "each" else None)


def roll(form, policy, pay=STREAMING, *, number=1, seed=0, **more):
    return rolled(
        met(form, number),
        Writer(form, **more),
        policy,
        Counting(),
        pay,
        rollouts=2,
        dice=random.Random(seed),
    )


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("summary", ["Sips aa.", "Sips a."]),
        ("infer", ["- [i1] x | Sips aa.", "- [i2] x | Sips a."]),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_the_drawn_rollout_stands_in_the_next_prompt(form, lines, seed):
    """Its words, and not those of the others."""
    policy = Policy(*lines, *lines)
    ((first, second),) = roll(form, policy, seed=seed)
    drawn = first.rollouts[first.drawn].claims[0].text
    other = first.rollouts[1 - first.drawn].claims[0].text
    ((before,), (after,)) = policy.asked
    assert drawn in after
    assert other not in after
    assert "Sips" not in before
    assert second.drawn is None


def test_the_drawn_rollout_is_paid_for_what_was_built_on_it():
    """R1 + future · mean(R2); the other one R1 + neutral; the second stage R2 alone."""
    policy = Policy("Sips aa.", "Sips a.", "Sips aaa.", "Sips aaaaa.")
    ((first, second),) = roll("summary", policy)
    paid = {place: one.reward for place, one in enumerate(first.rollouts)}
    drawn = first.drawn
    assert [one.reward for one in second.rollouts] == pytest.approx([0.4, 0.6])
    own = [one.p for one in first.rollouts]
    assert paid[drawn] == pytest.approx(own[drawn] + 0.9 * 0.5)
    assert paid[1 - drawn] == pytest.approx(own[1 - drawn] + 0.45)


def test_the_ablation_pays_each_stage_by_its_own_choice():
    """The same rollouts, other rewards for the first stage alone."""
    lines = ["Sips aa.", "Sips a.", "Sips aaa.", "Sips aaaaa."]
    ((plain, later),) = roll("summary", Policy(*lines), R1)
    ((first, second),) = roll("summary", Policy(*lines), STREAMING)
    assert [one.reward for one in plain.rollouts] == [one.p for one in first.rollouts]
    assert [one.reward for one in plain.rollouts] != [
        one.reward for one in first.rollouts
    ]
    assert later == second


def test_the_wrong_form_is_worth_nothing_and_not_built_upon():
    """And with no rollout to build upon, the next stage begins with nothing."""
    policy = Policy(None, "Sips a.", "", "Sips aaa.")
    ((first, second),) = roll("summary", policy)
    assert [one.p for one in first.rollouts] == pytest.approx([0, 0.2])
    assert first.drawn == 1
    assert [one.p for one in second.rollouts] == pytest.approx([0, 0.4])

    policy = Policy(None, None, "Sips a.", "Sips a.")
    ((first, _),) = roll("summary", policy)
    assert first.drawn is None
    assert [one.reward for one in first.rollouts] == [0.45, 0.45]
    assert "not provided" in policy.asked[1][0]


def test_users_do_not_see_each_other():
    """Each builds on its own: two users, two pasts."""
    policy = Policy("Sips aa.", "Sips aa.", "Eats a.", "Eats a.", *["Sips."] * 4)
    roll("summary", policy, number=2)
    one, two = policy.asked[1]
    assert "Sips aa." in one
    assert "Sips aa." not in two
    assert "Eats a." in two


def test_one_by_one_the_statements_are_joined():
    """A profile is what is said of all interactions, after what was known."""
    writer = Writer("each")
    deeds = user(0).deeds[:3]
    assert len(writer.prompts(PAST, deeds)) == 3
    said = ["Likes tea. | Food", "Nothing.", "Likes aaa. | x"]
    found = writer.claims(PAST, deeds, said)
    assert [(one.section, one.text) for one in found] == [
        ("x", "Likes aaa."),
        ("y", "Hates mud."),
        ("food", "Likes tea."),
    ]
    assert writer.claims(PAST, deeds, ["Likes tea. | food", "Well", "Nothing."]) is None


def test_cited_lines_restate_retire_and_leave_the_rest():
    """A past claim that no line names stays, as in an update."""
    writer, deeds = Writer("infer"), user(0).deeds
    kept = writer.claims(PAST, deeds, ["- [p1 i2] x | Loves aaa."])
    assert [one.text for one in kept] == ["Hates mud.", "Loves aaa."]
    turned = writer.claims(PAST, deeds, ["- [!p1 i2] x | Dislikes aaa now."])
    assert [one.text for one in turned] == ["Hates mud.", "Dislikes aaa now."]
    assert writer.claims(PAST, deeds, ["- [i99] x | Cites nothing real."]) is None
    assert writer.claims(PAST, deeds, ["Nothing."]) == PAST


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<think>hm</think>Likes tea.", True),
        ("Likes tea.", False),
        ("<think>hm</think>", False),
        ("<think>hm</think><think>hm</think>Likes tea.", False),
        ("So: <think>hm</think>Likes tea.", False),
    ],
)
def test_a_thinking_writer_thinks_once_and_then_speaks(text, right):
    """Exactly one thought, then text; its thoughts are no part of the profile."""
    found = Writer("summary", thinks=True).claims((), user(0).deeds, [text])
    assert (found is not None) == right
    if found:
        assert [one.text for one in found] == ["Likes tea."]
    assert Writer("summary").claims((), (), ["<think>hm</think>Tea."]) is None


def test_a_history_that_is_too_long_is_halved_from_its_old_end():
    """Until it fits; one interaction stays."""
    deeds = user(0).deeds
    long = len(Writer("summary").prompts((), deeds[2:])[0][-1].content)
    writer = Writer("summary", fits=lambda m: len(m[-1].content) <= long)
    assert writer.fitting((), deeds) == deeds[2:]
    never = Writer("summary", fits=lambda _: False)
    assert never.fitting((), deeds) == deeds[3:]
