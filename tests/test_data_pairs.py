"""AlignX and P-Soups: pairs that stand in the files as they are."""

from pathlib import Path

import pytest

from scripts.data.sets.alignx import sample_from
from scripts.data.sets.command import main
from scripts.data.sets.public import Ask
from scripts.data.sets.sample import Skip, Triple, read_samples

FILES = Path(__file__).parent / "data_files"
ASK = Ask(shortest=1)


def pair(n, query="prompt"):
    """A pair of comments under post n."""
    return {query: f"Post {n}", "chosen": f"Good {n}", "rejected": f"Bad {n}"}


def raw(*history, **target):
    """A row of the raw form."""
    return {**pair(0), **target, "Pair-wise Comparative Feedback": list(history)}


def test_feedback_becomes_history_and_the_rows_own_pair_the_target():
    """The post is the query; what else the row tells of the user is not read."""
    row = {**raw(pair(1), pair(2)), "Demographic Information": "Likes trains."}
    made = sample_from(row, "a-1", "alignx/x", ask=ASK)
    assert made.history == (
        Triple("Post 1", "Good 1", "Bad 1"),
        Triple("Post 2", "Good 2", "Bad 2"),
    )
    assert made.target == Triple("Post 0", "Good 0", "Bad 0")
    assert made.user == "a-1"


def test_the_prepared_form_stands_as_it_is():
    """And brings its user, so that a split keeps them together."""
    row = {
        "userid": 7,
        "history": [pair(1, "query"), {**pair(2, "query"), "query": None}],
        "target": pair(3, "query"),
    }
    made = sample_from(row, "a-1", "alignx/x", ask=ASK)
    assert [t.query for t in (*made.history, made.target)] == ["Post 1", None, "Post 3"]
    assert (made.uid, made.user) == ("a-1", "7")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (raw(), "too short a history"),
        (raw(pair(0)), "a target that is in the history"),
        (raw(pair(1), chosen=" "), "a blank or doubled comment"),
        (raw({**pair(1), "rejected": "Good 1"}), "a blank or doubled comment"),
        (raw(pair(1), rejected=None), "a target with nothing rejected"),
    ],
)
def test_rows_that_ask_nothing_are_left_out(row, why):
    """Each for a reason that is counted."""
    assert sample_from(row, "a-1", "alignx/x", ask=ASK) == Skip(why)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"history": "x", "target": pair(1, "query")},
        raw({"prompt": "Post", "chosen": "x"}),
        raw({**pair(1), "prompt": 5}),
    ],
)
def test_a_row_of_neither_form_is_refused(row):
    """Fields are checked one by one, and the target's as well."""
    with pytest.raises(ValueError, match=r"neither|pair"):
        sample_from(row, "a-1", "alignx/x", ask=ASK)


def test_each_file_of_psoups_is_a_dimension(tmp_path):
    """Informativeness, style, expertise; three users each here."""
    argv = ["psoups", "--from", str(FILES / "psoups"), "--out", str(tmp_path / "out")]
    assert main(argv, about="") == 0
    sources = [made.source for made in read_samples(tmp_path / "out")]
    assert {source: sources.count(source) for source in sources} == {
        "psoups/info": 3,
        "psoups/style": 3,
        "psoups/expertise": 3,
    }
    for made in read_samples(tmp_path / "out"):
        warm = ["Ha, " in triple.chosen for triple in (*made.history, made.target)]
        assert len(set(warm)) == 1, "one user has one taste"
