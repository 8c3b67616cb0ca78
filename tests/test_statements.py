"""What a person says outright: which sentences are wishes, and how they are told."""

import time

import pytest

from persona_cli.digest.statements import statements
from persona_cli.digest.topics import section_of

# What is typed, and the claim it makes for good.
WISHES = {
    "I prefer pytest to unittest.": "Prefers pytest to unittest.",
    "And I really prefer ISO dates in docs": "Prefers ISO dates in docs.",
    "Style: I prefer dark mode.": "Prefers dark mode.",
    "i prefer dark mode": "Prefers dark mode.",
    "I prefer my coffee black.": "Prefers their coffee black.",
    "I love long train journeys: one sees so much.": "Loves long train journeys.",
    "I love hiking, and my wife hates it.": "Loves hiking.",
    "Cut that, I hate long introductions.": "Hates long introductions.",
    "I like it when you show an example": "Likes it when you show an example.",
    "I don't like Java.": "Dislikes Java.",
    "I can't stand long intros": "Dislikes long intros.",
    "I always want type hints.": "Always wants type hints.",
    "I never use tabs": "Does not use tabs.",
    "I no longer use pip": "Does not use pip.",
    "I now use Helix.": "Uses Helix.",
    "I've switched over from vim to Helix.": "Has moved to Helix.",
    "My favourite editor is Helix.": "Names Helix as favourite editor.",
    "Always format my code with black.": "Asks always to format their code with black.",
    "Please never add a docstring.": "Asks never to add a docstring.",
    "From now on, answer in German.": "Asks to answer in German.",
    "Answer in German from now on, please.": "Asks to answer in German.",
    "Yes. From now on: one idea a line.": "Asks for one idea a line.",
    "In future don't summarise it at the end": "Asks not to summarise it at the end.",
    "stop adding comments to each line": "Asks to stop adding comments to each line.",
    "Please don't add comments": "Asks not to add comments.",
    "No, use uv instead of pip.": "Uses uv, not pip.",
    "use tabs, not spaces": "Uses tabs, not spaces.",
    "no, use httpx": "Asks to use httpx.",
    "no docstrings please": "Wants no docstrings.",
    "no more tables": "Wants no tables.",
    "For commits, always use the imperative": (
        "Asks always to use the imperative, for commits."
    ),
    "Forget what I said about SQLite; for notes I have changed my mind and like it.": (
        "Now likes SQLite for notes."
    ),
    "shorter please": "Prefers short answers.",
    "that's way too long, half of it": "Prefers short answers.",
    "Make it more concise.": "Prefers short answers.",
    "no emoji, please": "Dislikes emoji in answers.",
    "And don't apologise.": "Dislikes apologies in answers.",
    "stop asking whether to go on": "Dislikes being asked whether to go on.",
    "always use metric units": "Prefers metric units.",
    "Please use British spelling: organise, colour.": "Uses British spelling.",
}


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_becomes_a_claim(text):
    """What is meant for good is told in the person's own words, as theirs."""
    assert [(one.claim, one.durable) for one in statements(text)] == [
        (WISHES[text], True)
    ]


@pytest.mark.parametrize(
    "text",
    [
        # one task
        "don't touch the parser in this PR", "use port 8080 here", "Use the new API.",
        "I prefer the second one.", "I prefer option 2", "I like it.", "I'd prefer B",
        "always use the old parser in this branch", "I like your idea.",
        "please don't bring them back", "never do that again",
        "Act as a terminal. Do not write explanations. Always reply in code.",
        "Now display this one prompt: I hate tabs.",
        "always use tabs in this branch", "I prefer tabs here", "Never rebase today.",
        "use port 8081, not 8080",
        # questions
        "Do you always use tabs?", "Should I never use tabs?", "I prefer tabs, ok?",
        # conditions
        "If you write SQL, always use upper case.", "What if I never set it",
        "If you always return a list then I never know.",
        # of others, and of things
        "She says she prefers tabs.", "She said, I prefer tabs.",
        "The linter always fails.",
        "My boss told me: always use tabs.", "It never works. Always crashes.",
        '"Always use tabs" is what it reads.', "we always use black",
        # no wishes at all
        "I don't always write tests.", "never mind", "no problem", "no idea",
        "Always the same error!", "I always get an error.", "I never said that.",
        "I would like a test for it.", "make the function shorter", "I use arch",
        "We talked about it in future tense.", "",
    ],
)  # fmt: skip
def test_what_is_no_wish_makes_no_claim(text):
    """Errands, questions, conditions, other people's words and complaints are left."""
    assert statements(text) == []


def test_an_unclear_ban_is_tentative():
    """An instruction that may be of one task only is not taken for good."""
    (one,) = statements("Please don't use semicolons.")
    assert (one.claim, one.durable) == ("Asks not to use semicolons.", False)


def test_what_is_taken_over_what_is_named():
    """Both sides of a preference are told apart, whichever way it is put."""
    for text in ("use `uv`, not `pip`", "I prefer uv over pip", "I prefer uv to pip."):
        (one,) = statements(text)
        assert (one.likes, one.over) == ("uv", "pip"), text


def test_each_sentence_is_quoted_whole():
    """The quote is the sentence that was typed, wrapped lines joined."""
    text = "Fine.\n\n- I prefer\n  tabs in Go. Not here?\n- never use emoji"
    said = statements(text)
    assert [one.quote for one in said] == ["I prefer tabs in Go.", "never use emoji"]


def test_a_post_instructs_its_readers():
    """In a post only what is said in the first person is a wish."""
    text = "Never use tabs. I love tea. Use uv instead of pip."
    assert [one.claim for one in statements(text, instructs=False)] == ["Loves tea."]


def test_a_wish_said_twice_is_one():
    """The same claim comes once from one text."""
    assert len(statements("Shorter please. No, too long!")) == 1


def test_code_in_backticks_keeps_its_words():
    """Turning "my" into "their" stops at code."""
    (one,) = statements("I prefer `my_list` in my examples")
    assert one.claim == "Prefers `my_list` in their examples."


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("Prefers short answers.", "communication"),
        ("Uses uv, not pip.", "coding"),
        ("Loves long train journeys.", "travel"),
        ("Prefers coffee black.", "food"),
        ("Likes science fiction.", "media"),
        ("Prefers British spelling.", "writing"),
        ("Likes Mondays.", "general"),
    ],
)
def test_a_claim_finds_its_section(text, section):
    """The section is that of most of a sentence's words."""
    assert section_of(text) == section


@pytest.mark.parametrize(
    "piece", ["I like !", "and ", "no, ", "always use a", "I prefer a to ", ", I", "- "]
)
def test_long_texts_are_read_quickly(piece):
    """Time does not grow with the square of the text."""
    start = time.perf_counter()
    statements(piece * (300_000 // len(piece)))
    assert time.perf_counter() - start < 10
