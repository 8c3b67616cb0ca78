"""What a simulated user teaches a writer is true, and in the form the reader reads."""

from dataclasses import replace

import pytest

from persona_cli.draft import read_draft
from persona_cli.each import NOTHING, read_statement
from persona_cli.training.examples import QUIET, examples
from persona_cli.training.users import (
    Deed,
    SimulatedUser,
    Step,
    SummaryLine,
    Truth,
)


def deed(number, *shows):
    return Deed(
        f"i-{number}", "pair", None, "Tea?", f"took {number}", f"left {number}",
        None, shows,
    )  # fmt: skip


TEA = Truth("tea-01/a", "food", "Likes green tea.", "likes", "strong", 0, 4)
NO_TEA = Truth("tea-01/b", "food", "Dislikes green tea.", "dislikes", "mild", 4, None)
SHORT = Truth(
    "length-01/a", "communication", "Wants it short.", "likes", "mild", 0, None
)

USER = SimulatedUser(
    "u000001",
    "train",
    (TEA, NO_TEA, SHORT),
    (
        deed(1, TEA.id),
        deed(2),
        deed(3, SHORT.id),
        deed(4, TEA.id),
        deed(5, NO_TEA.id),
        deed(6, NO_TEA.id),
    ),
    (
        Step(
            4,
            (
                SummaryLine("food", "Likes green tea.", ("i-1", "i-4"), TEA.id),
                SummaryLine("communication", "Wants it short.", ("i-3",), SHORT.id),
            ),
        ),
        Step(
            6,
            (
                SummaryLine("food", "Dislikes green tea.", ("i-5", "i-6"), NO_TEA.id),
                SummaryLine("communication", "Wants it short.", ("i-3",), SHORT.id),
            ),
        ),
    ),
    (),
)


def test_each_interaction_says_what_it_shows():
    """One example an interaction, in the words that `read_statement` reads."""
    said = [one.completion for one in examples(USER, form="each")]
    assert [read_statement(one) for one in said if one != NOTHING] == [
        ("food", "Likes green tea."),
        ("communication", "Wants it short."),
        ("food", "Likes green tea."),
        ("food", "Dislikes green tea."),
        ("food", "Dislikes green tea."),
    ]


def test_nothing_is_taught_of_a_few_that_show_nothing():
    """Or a small model would say it of all; which ones depends on their names alone."""
    every = [replace(USER, id=f"u{number}") for number in range(200)]
    said = [[one.completion for one in examples(user, form="each")] for user in every]
    assert said == [
        [one.completion for one in examples(user, form="each")] for user in every
    ]
    times = sum(one == NOTHING for some in said for one in some)
    assert 200 / QUIET / 2 < times < 200 / QUIET * 2  # of one each


def test_the_prompt_of_each_holds_that_interaction_alone():
    """Neither what came before nor what came after."""
    shown = [one for one in examples(USER, form="each") if one.completion != NOTHING]
    for place, one in zip((1, 3, 4, 5, 6), shown, strict=True):
        prompt = one.messages[0].content
        assert f"took {place}" in prompt
        assert not any(f"took {n}" in prompt for n in range(1, 7) if n != place)


def test_a_user_gives_a_first_and_a_streaming_step():
    """The second has the true claims so far as its past, and what is new alone."""
    first, second = examples(USER, form="infer")
    assert "none yet" in first.messages[0].content
    assert "took 4" in first.messages[0].content
    assert "took 5" not in first.messages[0].content
    assert "p1 food | Likes green tea." in second.messages[0].content
    assert "took 5" in second.messages[0].content
    assert "took 4" not in second.messages[0].content


def test_the_answer_is_a_draft_that_reads_whole():
    """No line is dropped; a change of mind retires, what still holds is kept."""
    first, second = examples(USER, form="infer")
    draft = read_draft(first.completion, past=[], window=["i-1", "i-2", "i-3", "i-4"])
    assert not draft.dropped
    assert [line.rests_on for line in draft.lines] == [("i-1", "i-4"), ("i-3",)]

    draft = read_draft(second.completion, past=["tea", "short"], window=["i-5", "i-6"])
    assert not draft.dropped
    tea, short = draft.lines
    assert (tea.keeps, tea.retires, tea.rests_on) == ((), ("tea",), ("i-5", "i-6"))
    assert (short.keeps, short.retires, short.rests_on) == (("short",), (), ())


def test_a_summary_is_plain_sentences():
    """With the past as sentences, and no citation in it."""
    first, second = examples(USER, form="summary")
    assert "not provided" in first.messages[0].content
    assert second.completion == "Dislikes green tea.\nWants it short."
    assert "Likes green tea." in second.messages[0].content


def test_a_later_step_is_drawn_by_the_name_of_the_user():
    """So that all depths are practised, and the same user gives the same examples."""
    steps = tuple(Step(n, USER.windows[0].summary) for n in range(1, 7))
    many = [replace(USER, id=f"u{n}", windows=steps) for n in range(30)]
    drawn = {
        next(n for n in range(6, 0, -1) if f"took {n}" in second.messages[0].content)
        for _, second in (examples(user, form="summary") for user in many)
    }
    assert drawn == {2, 3, 4, 5, 6}
    assert list(examples(many[0], form="infer")) == list(
        examples(many[0], form="infer")
    )


def test_of_real_people_the_citations_say_what_shows_what():
    """And where nothing is cited, nothing is taught about single interactions."""
    lines = tuple(replace(line, truth="") for line in USER.windows[0].summary)
    bare = tuple(replace(one, shows=()) for one in USER.interactions)
    real = replace(USER, truth=(), interactions=bare, windows=(Step(4, lines),))
    said = [one.completion for one in examples(real, form="each")]
    assert [read_statement(one) for one in said if one != NOTHING] == [
        ("food", "Likes green tea."),
        ("communication", "Wants it short."),
        ("food", "Likes green tea."),
    ]
    uncited = tuple(replace(line, cites=()) for line in lines)
    silent = replace(real, windows=(Step(4, uncited),))
    assert not list(examples(silent, form="each"))


@pytest.mark.parametrize("form", ["infer", "summary"])
def test_a_user_without_windows_teaches_nothing(form):
    """Neither an empty answer nor a fault."""
    assert not list(examples(replace(USER, windows=()), form=form))
