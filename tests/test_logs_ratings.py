"""Ratings, as JSON and as CSV."""

import json
from pathlib import Path

import pytest

from persona_cli.logs import Tally, read_log
from persona_cli.logs.fault import Fault
from persona_cli.logs.ratings import scaled

LOGS = Path(__file__).parent / "logs"


@pytest.mark.parametrize(
    ("score", "scale", "rating"),
    [
        ("up", None, 1.0),
        ("thumbsDown", None, 0.0),
        ("thumbs_up", None, 1.0),
        ("Thumbs Up", None, 1.0),
        ("👎", None, 0.0),
        (True, None, 1.0),
        (False, None, 0.0),
        (1, None, 0.0),
        (5, None, 1.0),
        ("4", None, 0.75),
        (2.5, "", 0.375),
        (1, 5, 0.0),
        (7, 10, 0.7),
        (0, "0-10", 0.0),
        (73, 100, 0.73),
        (73, "/100", 0.73),
        (4, "1-7", 0.5),
        (0.25, 1, 0.25),
        (-1, [-1, 1], 0.0),
        ("4.5", "5", 0.875),
    ],
)
def test_scores_are_scaled_to_one(score, scale, rating):
    """Words and numbers, on the scale that is given or 1 to 5."""
    assert scaled(score, scale) == pytest.approx(rating)


@pytest.mark.parametrize(
    ("score", "scale", "reason"),
    [
        (0, None, "off its scale"),
        (6, None, "off its scale"),
        (11, 10, "off its scale"),
        (float("inf"), 10, "off its scale"),
        ("fine", None, "not understood"),
        ([4], None, "not understood"),
        (None, None, "no `rating`"),
        (3, "much", "`scale` not understood"),
        (3, 10**400, "`scale` not understood"),
        (3, [5, 1], "`scale` not understood"),
        (3, True, "`scale` not understood"),
        (3, "7-1", "`scale` not understood"),
    ],
)
def test_what_is_off_the_scale_is_a_fault(score, scale, reason):
    """A number is never squeezed into a scale it is not on."""
    with pytest.raises(Fault, match=reason):
        scaled(score, scale)


def test_csv_rows_are_ratings():
    """Columns go by name in any case, cells may hold commas and newlines."""
    tally = Tally()
    deeds = list(read_log(LOGS / "ratings.csv", tally=tally))
    assert [(deed.chosen, deed.rating) for deed in deeds] == [
        ("Dune, the book", 0.75),
        ("A film of\ntwo lines", 0.9),
        ("Solaris", 1.0),
        ("Alien", 0.0),
    ]
    assert deeds[1].query == "What shall I watch?"
    assert deeds[0].at is not None
    assert {deed.kind for deed in deeds} == {"rating"}
    assert tally.skipped == {"rating is off its scale": 1}
    assert "ratings.csv:7: rating is off its scale" in tally.notes[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_of_the_first_line(tmp_path, delimiter):
    """Semicolons and tabs part cells as well; without extension it is told by name."""
    log = tmp_path / "scores"
    log.write_text(f"item{delimiter}rating\r\nDune{delimiter}5\r\n")
    (deed,) = read_log(log, tally=Tally())
    assert (deed.chosen, deed.rating, deed.source) == ("Dune", 1.0, "ratings:scores")


def test_a_quote_that_never_closes_costs_one_row(tmp_path):
    """The rows after it are still read."""
    log = tmp_path / "scores.csv"
    log.write_text('item,rating\nA,5\n"B,5\nC,5\nD,5,6\n"E",4\n')
    tally = Tally()
    assert [deed.chosen for deed in read_log(log, tally=tally)] == ["A", "C", "E"]
    assert tally.skipped == {"not a row of 2 cells": 2}
    assert tally.records == 5


def test_json_rows_and_trl_labels(tmp_path):
    """``completion`` and ``label`` are TRL's names for the same."""
    log = tmp_path / "log.jsonl"
    rows = [
        {"prompt": "p", "response": "r", "rating": "up", "timestamp": "2026-01-01"},
        {"item": "i", "score": 3},
        {"prompt": "p", "completion": "c", "label": False},
        {"item": "i"},
        {"rating": 3},
        7,
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    deeds = list(read_log(log, tally=tally))
    assert [(d.chosen, d.rating) for d in deeds] == [("r", 1), ("i", 0.5), ("c", 0)]
    assert tally.skipped == {
        "no `rating`": 1,
        "no `response` or `item`": 1,
        "not a rating": 1,
    }


def test_a_second_opinion_is_a_second_deed(tmp_path):
    """The same item rated anew does not vanish behind the first rating."""
    log = tmp_path / "log.jsonl"
    log.write_text('{"item": "Dune", "rating": 2}\n{"item": "Dune", "rating": 5}\n')
    first, second = read_log(log, tally=Tally())
    assert first.id != second.id
