"""Which claims count as the same, and which bear on a task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.similar import (
    CONTRARY,
    NEAR,
    contradicts,
    polarity,
    relevance,
    similarity,
    words,
)

ALIKE = [
    ("Prefers short answers.", "Prefers shorter answers"),
    ("Prefers short answers.", "Likes short replies."),
    ("Prefers short answers", "Wants answers to be short."),
    ("Writes Python with type hints.", "Uses type hints in Python."),
    ("Wants type-hints.", "Wants type hints."),
    ("Dislikes emoji.", "Avoids emoji"),
    ("Never uses tabs.", "Does not use tabs."),
    ("Doesn’t want emoji in answers", "Dislikes answers with emoji"),
    ("Uses uv instead of pip.", "Uses uv rather than pip"),
    ("Keeps functions small and pure.", "Writes small, pure functions."),
    ("Wants the code first, then the reasons.", "Wants code first and then reasons."),
    ("Prefers code before reasons", "Prefers reasons after the code"),
    ("Likes dark roast coffee.", "Prefers dark roasted coffee"),
    ("Asks for sources.", "Wants sources"),
    ("Prefers concise commit messages", "Likes concisely written commit messages"),
    ("Does not dislike jazz", "Likes jazz"),
    ("Replies in German.", "Answers in German"),
    ("Codes in C++.", "codes in c++"),
    ("Answers without preamble.", "No preamble in answers."),
    ("喜欢简短的回答", "喜欢简短的回答。"),
    ("I work in UTC, always.", "Always works in UTC."),
]

DIFFERENT = [
    ("Prefers pytest over unittest", "Prefers unittest over pytest"),
    ("Prefers tea to coffee", "Prefers coffee to tea"),
    ("Uses uv instead of pip", "Uses pip instead of uv"),
    ("Uses tabs, not spaces", "Uses spaces, not tabs"),
    ("Prefers short answers", "Prefers long answers"),
    ("Prefers short answers", "Does not like short answers"),
    ("Prefers short answers with code", "Prefers short answers without code"),
    (
        "Prefers short answers.",
        "Prefers short answers, with the code first and the reasons after it.",
    ),
    ("Prefers short answers", "Prefers short answers in Slack"),
    ("Likes dark roast coffee", "Likes dark roast"),
    ("Uses uv for packages, no longer pip.", "Uses pip for packages."),
    ("Likes emoji", "Dislikes emoji"),
    ("Wants code before reasons", "Wants reasons before code"),
    ("Wants code before reasons", "Wants code after reasons"),
    ("Wants code first, then reasons", "Wants reasons first, then code"),
    ("Keeps lines under 80 columns", "Keeps lines under 100 columns"),
    ("Answers in at most three sentences", "Answers in at most five sentences"),
    ("Uses Python for scripts", "Uses Bash for scripts"),
    (
        "Uses pytest for tests in Python projects at work",
        "Uses unittest for tests in Python projects at work",
    ),
    ("Prefers light themes in the editor", "Prefers dark themes in the editor"),
    ("Wants typed code", "Wants untyped code"),
    ("Wants single quotes in Python code", "Wants double quotes in Python code"),
    ("Wants more tests in pull requests", "Wants fewer tests in pull requests"),
    ("Likes tea more than coffee", "Likes coffee more than tea"),
    ("Moves scripts from Bash to Python", "Moves scripts from Python to Bash"),
    ("Never uses tabs, prefers spaces", "Never uses spaces, prefers tabs"),
    ("Writes formal letters in German", "Writes informal letters in German"),
    ("Reads science fiction", "Writes science fiction"),
    ("Likes films by Kurosawa", "Likes films by Ozu"),
    ("Dislikes being asked to go on", "Likes being asked to go on"),
    ("Wants headings in long answers", "Wants no headings in long answers"),
    ("Wants replies", "Wants no replies"),
    (
        "Runs pytest, ruff and mypy over Python projects on Linux before a commit",
        "Runs pytest, ruff and pyright over Python projects on Linux before a commit",
    ),
]


@pytest.mark.parametrize(("one", "two"), ALIKE)
def test_the_same_in_other_words_is_near(one, two):
    """Endings, order, and verbs of preference make no second claim."""
    assert similarity(one, two) >= NEAR


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_another_claim_is_not_near(one, two):
    """One word can make another claim: none of these pairs may merge."""
    assert similarity(one, two) < NEAR


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Prefers light themes in editors", "Prefers dark themes in editors"),
        ("Writes formal letters in German", "Writes informal letters in German"),
        ("Keeps lines under 80 columns", "Keeps lines under 100 columns"),
        ("Wants three examples a topic", "Wants five examples a topic"),
    ],
)
def test_contraries_are_hardly_alike(one, two):
    """Two opposites, or two numbers, in the same place say two things."""
    assert similarity(one, two) <= CONTRARY


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Dislikes emoji", -1),
        ("Avoids emoji", -1),
        ("Never uses tabs", -1),
        ("Not a fan of lists", -1),
        ("No emoji.", -1),
        ("Hates lists", -1),
        ("Answers without emoji", -1),
        ("Stop using bold", -1),
        ("Does not use tabs", -1),
        ("Doesn't want lists, headings or bold", -1),
        ("Doesn’t want lists", -1),
        ("Prefers short answers", 1),
        ("Does not dislike jazz", 1),
        ("Never avoids tests", 1),
        ("Not only likes tea but also coffee", 1),
        ("Prefers short answers without preamble", 1),
        ("Answers in no more than three sentences", 1),
        ("Uses uv, no longer pip", 1),
        ("", 1),
    ],
)
def test_polarity_is_what_most_words_say(text, sign):
    """A dislike is told from a like, and two denials are none."""
    assert polarity(text) == sign


def test_words_keeps_names_whole():
    """What programmers write as one name is one word."""
    text = "Uses os.path, C++, C#, type-hints, snake_case and .env in Node.js."
    assert words(text)[1:] == (
        "os.path", "c++", "c#", "typ-hint", "snake_case", ".env", "node.js",
    )  # fmt: skip


def test_words_cuts_endings_and_leaves_small_words_out():
    """The forms of a word are one, and the words between are gone."""
    assert words("She writes the tests") == words("writing, tested!")
    assert words("What of the and to it?") == ()


def test_words_reads_scripts_without_blanks():
    """Chinese becomes pairs of characters; Hindi keeps its vowel signs."""
    assert words("使用Python编写") == ("使用", "python", "编写")
    assert words("हिन्दी में") == ("हिन्दी", "में")


def test_the_text_that_shares_rare_words_is_most_relevant():
    """A word that stands in every text says little."""
    texts = [
        "Writes Python with type hints.",
        "Writes Python tests with pytest fixtures.",
        "Likes dark roast coffee.",
    ]
    scores = relevance("Which pytest fixture do I need in Python?", texts)
    assert scores[1] > scores[0] > scores[2] == 0
    assert relevance("anything", []) == []
    assert relevance("hint", ["Wants type-hints."])[0] > 0


claims = st.lists(
    st.sampled_from(
        [
            "prefers",
            "never",
            "not",
            "without",
            "over",
            "to",
            ",",
            "tabs",
            "short",
            "code",
        ]
    ),
    max_size=8,
).map(" ".join) | st.text(max_size=40)


@given(claims, claims)
def test_similarity_is_symmetric_and_bounded(one, two):
    """Whatever the texts: in [0, 1], the same both ways, 1 with itself."""
    found = similarity(one, two)
    assert found == similarity(two, one)
    assert 0 <= found <= 1
    assert similarity(one, one) == (1 if one.strip() else 0)
    assert polarity(one) in (-1, 1)


@given(claims, claims)
def test_opposite_claims_are_never_near(one, two):
    """What one affirms and the other denies is two claims."""
    if polarity(one) != polarity(two):
        assert similarity(one, two) <= CONTRARY < NEAR


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ("Uses pip.", "Uses uv, not pip.", True),
        ("Prefers short answers.", "Prefers long answers.", True),
        ("Likes black coffee.", "Dislikes black coffee.", True),
        ("Uses pip.", "Dislikes emoji in answers.", False),
        ("Prefers short answers.", "Prefers shorter answers.", False),
        ("Prefers pytest to unittest.", "Uses British spelling.", False),
    ],
)
def test_what_contradicts_what(one, two, found):
    """Of one subject, and not both true."""
    assert contradicts(one, two) is found
    assert contradicts(two, one) is found
