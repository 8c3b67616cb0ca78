"""The canonical form of the public sets, and the chance and the order behind it."""

import json

import pytest

from persona_cli.errors import InputError
from scripts.data.sets.draw import draw_others, is_test, rank
from scripts.data.sets.groups import Shelf, by_user
from scripts.data.sets.sample import (
    Sample,
    Skip,
    Triple,
    line,
    parse,
    read_samples,
    settle,
)

TEA = Triple("Tea or coffee?", "tea", "coffee")
DOG = Triple(None, "dog", "cat")


def test_a_line_reads_back_as_the_sample_it_was():
    """Writing and reading change nothing."""
    sample = Sample("u1", "made/up", "u1", (TEA,), DOG)
    assert parse(line(sample)) == sample


def test_the_fields_stand_in_the_promised_order():
    """Chosen comes before rejected, and history before target."""
    row = json.loads(line(Sample("u1", "made", "u1", (TEA,), DOG)))
    assert list(row) == ["uid", "source", "history", "target"]
    assert list(row["target"]) == ["query", "chosen", "rejected"]


def test_a_lone_surrogate_does_not_stop_the_file():
    """JSON can spell half a character; the file is UTF-8 all the same."""
    sample = Sample("u1", "made", "u1", (TEA,), Triple(None, "a\ud800", "b"))
    assert parse(line(sample)).target.chosen == "a?"


@pytest.mark.parametrize(
    ("chosen", "rejected"), [(" ", "b"), ("a", ""), ("a", "a")], ids=repr
)
def test_a_triple_needs_two_things_that_differ(chosen, rejected):
    """Nothing is chosen over itself, or over nothing at all."""
    with pytest.raises(ValueError, match=r"blank|same"):
        Triple(None, chosen, rejected)


@pytest.mark.parametrize("seen", [Triple(None, "dog", None), Triple(None, "x", "cat")])
def test_a_target_never_stands_in_its_history(seen):
    """Neither of its items was shown before, as chosen or as rejected."""
    with pytest.raises(ValueError, match="in `history`"):
        Sample("u1", "made", "u1", (seen,), DOG)
    assert isinstance(settle("u1", "made", [seen, DOG], shortest=1, longest=9), Skip)


def test_a_short_history_makes_no_sample():
    """Two triples behind the target are not three."""
    triples = [TEA, Triple(None, "oak", None), DOG]
    assert settle("u1", "made", triples, shortest=3, longest=9) == Skip(
        "too short a history"
    )
    assert isinstance(settle("u1", "made", triples, shortest=2, longest=9), Sample)


def test_a_long_history_loses_its_old_end():
    """The latest triples stay."""
    triples = [Triple(None, str(n), None) for n in range(9)]
    made = settle("u1", "made", [*triples, DOG], shortest=1, longest=2)
    assert [t.chosen for t in made.history] == ["7", "8"]


@pytest.mark.parametrize(
    "row",
    [
        "[]",
        '{"uid": "u", "source": "s", "history": []}',
        '{"uid": 1, "source": "s", "history": [], "target": {}}',
        (
            '{"uid": "u", "source": "s", "history": [], '
            '"target": {"query": null, "chosen": "a", "rejected": "b"}}'
        ),
        (
            '{"uid": "u", "source": "s", "history": '
            '[{"query": null, "chosen": "x", "rejected": null}], '
            '"target": {"query": null, "chosen": "a", "rejected": null}}'
        ),
        (
            '{"uid": "u", "source": "s", "history": '
            '[{"query": null, "chosen": "x", "rejected": null, "score": 1}], '
            '"target": {"query": null, "chosen": "a", "rejected": "b"}}'
        ),
    ],
)
def test_what_is_not_canonical_is_refused(row, tmp_path):
    """A field too few, too many or of the wrong type ends with the line's place."""
    path = tmp_path / "made.jsonl"
    path.write_bytes(line(Sample("u1", "made", "u1", (TEA,), DOG)) + row.encode())
    with pytest.raises(InputError, match=r"made\.jsonl:2: not a sample"):
        list(read_samples(path))


def test_chance_depends_on_the_key_alone():
    """The numbers are part of the form: a file made today is made so next year."""
    assert rank(0, "ada") == 9691004193251348141
    assert rank(1, "ada") != rank(0, "ada") != rank(0, "ida")


@pytest.mark.parametrize("size", [12, 1000])
def test_others_are_different_and_never_taken(size):
    """From a small catalogue as from a large one."""
    catalogue = [str(n) for n in range(size)]
    others = draw_others(catalogue, {"1", "2"}, 10, 0, "ada")
    assert len(set(others)) == 10
    assert not set(others) & {"1", "2"}
    assert others == draw_others(catalogue, {"1", "2"}, 10, 0, "ada")


def test_where_nothing_is_left_there_are_fewer_others():
    """A catalogue that is used up is no endless search."""
    assert draw_others(["a", "b"], {"a"}, 5, 0) == ["b"]


def test_a_fifth_of_the_users_is_for_testing():
    """By their name alone, so that no seed moves them."""
    share = sum(is_test(f"u{n}") for n in range(2000)) / 2000
    assert 0.17 < share < 0.23


def test_rows_are_put_together_by_user_in_the_order_they_came():
    """However they were mixed, and whatever they hold."""
    rows = [("b", [1, "x\ny"]), ("a", {"k": None}), ("b", 2), ("c", 3)]
    found = dict(by_user(rows, seed=0))
    assert found == {"b": [[1, "x\ny"], 2], "a": [{"k": None}], "c": [3]}


def test_the_seed_and_not_the_file_orders_the_users():
    """Another order of the rows is no other order of the users; another seed is."""
    rows = [(str(n), n) for n in range(300)]
    order = [user for user, _ in by_user(rows, seed=0)]
    assert order == [user for user, _ in by_user(rows[::-1], seed=0)]
    assert order != [user for user, _ in by_user(rows, seed=1)]
    assert order == sorted(order, key=lambda user: rank(0, user))


def test_a_shelf_gives_back_what_was_put_there_first():
    """Texts of any length, any character, in any order."""
    with Shelf() as shelf:
        shelf.put("a", "å" * 1000)
        shelf.put("b", "")
        shelf.put("a", "other")
        assert (shelf["b"], shelf["a"]) == ("", "å" * 1000)
        assert "c" not in shelf
        assert sorted(shelf) == ["a", "b"]
