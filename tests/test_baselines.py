"""Baselines without a model, by hand."""

import math

import pytest

from persona_cli.baselines import Popularity, TfIdf, liked, longer, share
from persona_cli.interaction import Interaction
from persona_cli.judge import Question


def choice(chosen: str, rejected: str) -> Question:
    """A choice between two items."""
    return Question("q", "", chosen, rejected)


def took(chosen: str, rejected: str = "", rating: float | None = None) -> Interaction:
    """Something somebody did."""
    kind = "rating" if rating is not None else "pair" if rejected else "post"
    return Interaction("i", kind, "s", chosen, rejected=rejected, rating=rating)


@pytest.mark.parametrize(
    ("chosen", "rejected", "point"),
    [("a long one", "short", 1.0), ("short", "a long one", 0.0), ("one", "two", 0.5)],
)
def test_longer_counts_characters(chosen, rejected, point):
    """The longer item, and half a point for two of one length."""
    assert longer(choice(chosen, rejected)) == point


def test_popularity_is_what_others_took_less_what_they_passed_over():
    """Taken twice and passed over twice is less popular than taken once."""
    others = [took("tea", "milk"), took("tea"), took("milk", "tea"), took("x", "tea")]
    popularity = Popularity([*others, took("rum")])
    assert popularity.point(choice("rum", "tea")) == 1.0
    assert popularity.point(choice("tea", "rum")) == 0.0
    assert popularity.point(choice("tea", "milk")) == 0.5


def test_a_low_rating_is_no_popularity():
    """An item that was rated badly was not liked."""
    popularity = Popularity([took("bad", rating=0.2), took("good", rating=0.9)])
    assert popularity.point(choice("good", "bad")) == 1.0
    assert popularity.point(choice("unheard of", "bad")) == 1.0


def test_what_a_person_took_themselves_is_no_popularity():
    """Their own history is taken out again before they are asked."""
    own = [took("rum"), took("rum")]
    popularity = Popularity([*own, took("tea")])
    assert popularity.point(choice("rum", "tea")) == 1.0
    assert popularity.point(choice("rum", "tea"), without=own) == 0.0


def test_an_item_that_nobody_met_is_not_known():
    """Passed over counts as met, never seen does not."""
    popularity = Popularity([took("tea", "milk")])
    assert popularity.known(choice("milk", "rum"))
    assert not popularity.known(choice("gin", "rum"))


def test_tf_idf_takes_the_item_that_shares_rare_words():
    """A word that all documents have counts less than one that few have."""
    likeness = TfIdf(["the film noir", "the film", "the film", "the film"])
    taste = likeness.taste(["the film noir"])
    assert likeness.point(choice("noir", "film"), taste) == 1.0
    assert likeness.point(choice("film", "noir"), taste) == 0.0


def test_tf_idf_by_hand():
    """One word of two, at equal rarity: a cosine of 1/sqrt(2), for either."""
    likeness = TfIdf([])
    taste = likeness.taste(["red"])
    weights = likeness.taste(["red green"])
    assert weights["red"] == pytest.approx(1 / math.sqrt(3))  # the pair is a term too
    assert likeness.point(choice("red", "red green"), taste) == 1.0


def test_tf_idf_that_shares_nothing_cannot_tell():
    """No word in common, on either side: half a point."""
    likeness = TfIdf(["red"])
    taste = likeness.taste(["red"])
    assert likeness.point(choice("green", "blue"), taste) == 0.5
    assert likeness.point(choice("red car", "red bus"), taste) == 0.5


def test_tf_idf_reads_scripts_without_blanks():
    """Chinese is compared by character and by pair of characters."""
    likeness = TfIdf([])
    taste = likeness.taste(["我喜欢绿茶"])
    assert likeness.point(choice("绿茶", "咖啡"), taste) == 1.0


def test_liked_leaves_low_ratings_out():
    """What somebody rated below the middle they did not like."""
    deeds = [took("a", rating=0.4), took("b", rating=0.5), took("c", "d"), took("e")]
    assert liked(deeds) == ["b", "c", "e"]


def test_the_share_of_nothing_is_no_number():
    """No points, no accuracy."""
    assert share([1.0, 0.5, 0.0]) == 0.5
    assert math.isnan(share([]))
