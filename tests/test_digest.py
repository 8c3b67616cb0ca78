"""The digest: what counting shows, and that chance shows nothing."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_cli.digest import Observation, digest, traits
from persona_cli.digest.language import british, language
from persona_cli.digest.majority import clear, standing
from persona_cli.digest.wordstats import content_words, log_odds, telling_words
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, find_logs, read_log

EXAMPLE = Path(__file__).parent.parent / "profiles" / "example" / "logs"
START = datetime(2026, 3, 1, tzinfo=UTC)


def pair(n: int, chosen: str, rejected: str, query: str = "How?") -> Interaction:
    """The n-th choice of a window."""
    at = START + timedelta(hours=n)
    return Interaction(f"c{n}", "pair", "t:c", chosen, query, rejected, at)


def said(n: int, text: str, kind: str = "message") -> Interaction:
    """The n-th thing that was written."""
    return Interaction(f"m{n}", kind, "t:m", text, at=START + timedelta(hours=n))


def rated(n: int, item: str, rating: float) -> Interaction:
    """The n-th item that was rated."""
    return Interaction(f"r{n}", "rating", "t:r", item, rating=rating)


def claims(window: list[Interaction]) -> dict[str, Observation]:
    """The observations of a window by their claim."""
    return {one.claim: one for one in digest(window)}


@pytest.fixture(scope="module")
def example() -> list[Interaction]:
    """The interactions of the example logs, guarded."""
    read = [
        deed
        for path in find_logs([str(EXAMPLE)])
        for deed in read_log(path, tally=Tally())
    ]
    return [kept for deed in read if (kept := guard(deed).interaction) is not None]


CODE = "```python\ndef f(x{hint}){to}:\n{doc}    return x\n```"
PLAIN_CODE = CODE.format(hint="", to="", doc="")

# Each claim, and a chosen and a rejected text that differ in that alone.
CONTRASTS = {
    "Prefers short answers.": ("Use a set.", "Use a set. " * 5),
    "Prefers long, detailed answers.": ("Use a set. " * 5, "Use a set."),
    "Prefers the code first, and the reasons after it.": (
        PLAIN_CODE + "\nIt returns x.\nSo.",
        "It returns x.\nSo.\n" + PLAIN_CODE,
    ),
    "Prefers answers that show code.": (PLAIN_CODE, "def f x return x python"),
    "Prefers running text to lists.": ("Take a or b.", "Take\n- a or\n- b."),
    "Prefers answers set out as lists.": ("Take\n1. a or\n2. b.", "Take a or b."),
    "Prefers answers without headings.": ("Sets are fast.", "## Sets\n\nare fast."),
    "Dislikes being asked whether to go on.": (
        "Use it. It would go on.",
        "Use it. Shall I go on?",
    ),
    "Dislikes apologies in answers.": ("Use a set now.", "Sorry, use a set."),
    "Dislikes pleasantries around an answer.": ("So use a set.", "Sure, use a set."),
    "Dislikes emoji in answers.": ("Use a set.", "Use a set. \U0001f600"),
    "Likes emoji in answers.": ("Use a set. \U0001f600", "Use a set."),
    "Prefers a calm tone, without exclamation marks.": ("Use it. So.", "Use it! So!"),
    "Prefers plain statements to hedged ones.": (
        "You can use a set for it and be done.",
        "You might perhaps use a set for it then.",
    ),
    "Prefers an informal tone, with contractions.": (
        "it's a set, isn't it, and that's all there is " * 4,
        "it is a set, or not, and that is all there is " * 4,
    ),
    "Prefers Python code with type hints.": (
        CODE.format(hint=": X", to=" -> X", doc=""),
        PLAIN_CODE,
    ),
    "Chooses code without docstrings.": (
        PLAIN_CODE,
        CODE.format(hint="", to="", doc='    """F."""\n'),
    ),
    "Prefers metric units.": ("It is 3 km away.", "It is 3 miles away."),
}


@pytest.mark.parametrize("claim", CONTRASTS)
def test_a_trait_that_was_always_taken_is_claimed(claim):
    """Six choices that differ in one thing make one claim, with all six behind it."""
    chosen, rejected = CONTRASTS[claim]
    window = [pair(n, chosen, rejected) for n in range(6)]
    shown = claims(window)
    assert [c for c in shown if "mention" not in c] == [claim]
    assert shown[claim].ids == tuple(f"c{n}" for n in range(6))
    assert shown[claim].against == ()
    assert not shown[claim].stated


def test_choices_against_are_named():
    """A majority is claimed, and the choices that speak against it are given."""
    long = "Use a set. " * 5
    window = [pair(n, "Use a set.", long) for n in range(10)]
    window[4] = pair(4, long, "Use a set.")
    (shown,) = digest(window)
    assert shown.against == ("c4",)
    assert shown.fact == "chosen is shorter than rejected in 9 of 10 pairs"
    assert shown.quotes["c0"] == "Use a set."


def test_items_that_answer_nothing_have_no_style():
    """Without a question the items are no answers: their length is not claimed."""
    window = [pair(n, "A", "B " * 40, query="") for n in range(9)]
    assert digest(window) == []


@pytest.mark.parametrize(
    ("for_", "against", "expected"),
    [(3, 0, False), (5, 0, False), (6, 0, True), (8, 1, True), (6, 2, False),
     (60, 40, False), (0, 6, False)],
)  # fmt: skip
def test_a_majority_must_be_clear(for_, against, expected):
    """Few choices, or nearly as many against, make no claim."""
    assert clear(for_, against) is expected


def test_more_support_stands_higher():
    """Strength grows with support, falls with what speaks against, and words win."""
    assert standing(12, 0) > standing(6, 0) > standing(6, 2) > 0
    assert standing(1, 0, stated=True) > standing(500, 0)


def test_words_taken_over_others_are_quoted():
    """A word that was taken where another was passed over names both."""
    window = [pair(n, f"x{n} uv add", f"y{n} pip add") for n in range(8)]
    (shown,) = digest(window)
    assert shown.claim == "Chooses answers that mention `uv` over ones with `pip`."
    assert shown.section == "coding"
    assert len(shown.ids) == 8


def test_what_was_said_and_chosen_is_one_claim():
    """A statement and the choices that bear it out stand together, as stated."""
    window = [pair(n, f"x{n} uv add", f"y{n} pip add") for n in range(8)]
    window.append(said(9, "No, use uv instead of pip. I've moved to uv."))
    (shown,) = digest(window)
    assert shown.claim == "Uses uv, not pip."
    assert shown.stated
    assert shown.ids == (*(f"c{n}" for n in range(8)), "m9")
    assert shown.quotes["m9"] == "No, use uv instead of pip."


def test_plain_words_are_never_quoted():
    """Words of any answer say nothing of taste, however often they were taken."""
    window = [
        pair(n, "the function returns it", "you could make one") for n in range(20)
    ]
    assert not [c for c in claims(window) if "mention" in c]


def test_log_odds_weigh_words_by_support():
    """A word of one side scores high; one of both sides, or seen once, does not."""
    z = log_odds(Counter(uv=9, add=9, once=1), Counter(pip=9, add=9))
    assert z["uv"] > 1.96
    assert z["pip"] < -1.96
    assert abs(z["add"]) < 0.5
    assert z["once"] < 1.96


def test_a_word_of_few_choices_tells_nothing():
    """Three choices of twelve are too few for a word to be told by."""
    ours = [content_words(f"tea{n} uv" if n < 3 else f"tea{n}") for n in range(12)]
    theirs = [content_words(f"mug{n}") for n in range(12)]
    assert telling_words(ours, theirs) == []


def test_a_word_counts_once_an_interaction():
    """A word repeated in one answer is no more than that answer."""
    sides = [content_words("tea tea tea tea tea tea"), content_words("tea tea tea")]
    assert telling_words(sides, [content_words("coffee")] * 2) == []
    assert content_words("It's a Type hint, type-hint") == {
        "type", "hint", "type hint", "type-hint",
    } - {"type"} - {"type hint"}  # fmt: skip


def test_ratings_tell_by_their_words():
    """A word of the items rated high, and of none rated low, is claimed."""
    window = [rated(n, f"Film {n} | Drama", 0.9) for n in range(8)]
    window += [rated(10 + n, f"Film {n} | Horror", 0.1) for n in range(8)]
    assert set(claims(window)) == {
        "Rates high what mentions `drama`.",
        "Rates low what mentions `horror`.",
    }


def test_spelling_and_language_are_habits():
    """Three texts in British spelling, or in German, tell of their writer."""
    window = [said(n, "The colour of the harbour.", "post") for n in range(3)]
    assert list(claims(window)) == ["Uses British spelling."]
    german = [said(n, "Das ist nicht der Fehler, und ich habe es.") for n in range(4)]
    assert list(claims(german)) == ["Writes in German."]
    mixed = [*window, *(said(n, "The color of it.", "post") for n in range(5, 8))]
    assert digest(mixed) == []


def test_words_are_known_by_their_spelling():
    """Only words that differ between the two spellings count."""
    assert british("Our colour is grey; we organise the centre.") == 4
    assert british("Our color is gray; we organize the center.") == -4
    assert british("four hours of prize and size, our tour") == 0
    assert language("Bonjour, je ne sais pas que faire dans la vie") == "French"
    assert language("def x") is None


def test_a_wish_taken_back_is_not_claimed():
    """What was named before and passed over since is left out, whatever the order."""
    window = [said(2, "Use uv instead of pip."), said(1, "I prefer pip to conda.")]
    assert list(claims(window)) == ["Uses uv, not pip."]


def test_the_same_wish_twice_has_two_ids():
    """Repeated statements make one observation."""
    (shown,) = digest([said(1, "shorter please"), said(2, "too long")])
    assert shown.ids == ("m1", "m2")
    assert shown.stated


def test_choices_state_nothing():
    """What stands in a chosen answer was not said by the user."""
    assert digest([pair(1, "I prefer tabs.", "I hate tabs.")]) == []


def test_chance_makes_few_claims(example):
    """Shuffled choices of the example seldom claim anything."""
    draw = random.Random(7)
    pairs = [deed for deed in example if deed.kind == "pair"]
    made = 0
    for _ in range(40):
        made += len(
            digest(
                [
                    replace(d, chosen=d.rejected, rejected=d.chosen)
                    if draw.random() < 0.5
                    else d
                    for d in pairs
                ]
            )
        )
    assert made < 40  # 14 traits and all words, counted 40 times


def test_the_example_is_read_rightly(example):
    """The claims are those that a reader of the example logs would make."""
    shown = claims(example)
    assert {
        "Prefers short answers.",
        "Dislikes being asked whether to go on.",
        "Prefers the code first, and the reasons after it.",
        "Dislikes emoji in answers.",
        "Dislikes apologies in answers.",
        "Uses British spelling.",
        "Uses uv, not pip.",
        "Prefers pytest to unittest.",
        "Prefers metric units.",
        "Prefers Python code with type hints.",
        "Likes small functions with one job each.",
        "Loves long train journeys.",
        "Likes science fiction that argues with itself.",
        "Asks never to push without being told to.",
    } <= set(shown)
    for planted in (
        "parser",
        "8081",
        "tabs",
        "camelcase",
        "red",
        "us dates",
        "verbose",
    ):
        assert not [c for c in shown if planted in c.lower()], planted
    assert [c for c in shown if "Java" in c] == ["Does not use Java."]


def test_each_observation_can_be_traced(example):
    """Ids are of the window and in its order, none speaks both ways, all are quoted."""
    order = [deed.id for deed in example]
    found = digest(example)
    for one in found:
        assert list(one.ids) == sorted(one.ids, key=order.index)
        assert set(one.ids).isdisjoint(one.against)
        assert set(one.ids) <= set(one.quotes)
        assert one.claim.endswith(".")
        assert not one.claim.endswith("..")
    assert found == sorted(found, key=lambda one: (-one.strength, one.claim))
    assert digest(example) == found


def test_claims_of_traits_are_sentences():
    """Each trait tells at least one way, and each claim is one sentence."""
    for trait in traits.TRAITS:
        told = [claim for claim in (trait.more, trait.less) if claim]
        assert told
        assert all(claim.endswith(".") and claim.count(".") == 1 for claim in told)
