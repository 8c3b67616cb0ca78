"""What is held out, and what can be asked of it."""

from dataclasses import replace

import pytest

from persona_cli.archive import Archive, folded_line
from persona_cli.interaction import Interaction
from persona_cli.questions import halves, questions, rank
from persona_cli.rivals import Rivals
from persona_cli.split import held_out
from tests.terse import SHARE, held_pairs, ids, pair


def deed(id, kind, chosen, **more):
    return Interaction(id, kind, f"{kind}:1", chosen, **more)


def archived(folder, *deeds, root=None, name=""):
    """An archive of these interactions, on disk.

    root, name: of a profile that has neighbours
    """
    folder.mkdir(parents=True, exist_ok=True)

    def opened():
        rivals = Rivals(root, name) if root else None
        return Archive(folder, held_share=SHARE, rivals=rivals)

    archive = opened()
    archive.add(deeds)
    archive.flush()
    return opened()


def rating(id, score, *, item=None, query=""):
    return deed(id, "rating", item or f"item {id}", rating=score, query=query)


HELD, READ = ids(40, held=True), ids(40, held=False)


@pytest.mark.parametrize(
    ("kind", "more", "asked"),
    [
        ("pair", {"rejected": "other"}, True),
        ("edit", {"rejected": "other"}, True),
        ("rating", {"rating": 1.0}, True),
        ("rating", {"rating": 0.75}, True),
        ("rating", {"rating": 0.25}, True),
        ("rating", {"rating": 0.5}, False),
        ("message", {"query": "a long enough question"}, False),
        ("post", {}, False),
        ("stated", {}, False),
    ],
)
def test_only_what_can_be_asked_is_held_out(kind, more, asked):
    """By the id alone, and nothing is kept from inference that makes no question."""
    assert held_out(deed(HELD[0], kind, "this", **more), share=SHARE) is asked
    assert not held_out(deed(READ[0], kind, "this", **more), share=SHARE)
    assert not held_out(deed(HELD[0], kind, "this", **more), share=0)


def test_choices_and_edits_are_asked_as_they_were(tmp_path):
    """Taken over passed over; rewritten over offered."""
    took = pair(HELD[0])
    edit = deed(HELD[1], "edit", "Hi.", rejected="Dear Sir!", query="greet them")
    read = pair(READ[0])
    asked = {one.id: one for one in questions(archived(tmp_path, took, edit, read))}
    assert asked.keys() == {took.id, edit.id}
    assert (asked[took.id].query, asked[took.id].chosen) == (took.query, took.chosen)
    assert asked[took.id].rejected == took.rejected
    assert (asked[edit.id].chosen, asked[edit.id].rejected) == ("Hi.", "Dear Sir!")


def test_what_was_folded_in_or_set_aside_is_never_asked(tmp_path):
    """The profile may have learned it; or its person wants it gone."""
    archive = archived(tmp_path, *held_pairs(4))
    archive.folded_path.write_bytes(
        folded_line([HELD[0]], version=1)
        + folded_line([HELD[1]], version=1, counted=False, tried=True)
    )
    assert {one.id for one in questions(archive, aside={HELD[2]})} == {HELD[3]}


def test_a_high_rating_is_asked_against_a_low_one(tmp_path):
    """Each item in one question at most, and those rated between in none."""
    scores = [1.0, 0.75, 1.0, 0.25, 0.0, 0.5]
    deeds = [rating(i, s) for i, s in zip(HELD, scores, strict=False)]
    asked = questions(archived(tmp_path, *deeds))
    assert len(asked) == 2
    high = {f"item {i}" for i in HELD[:3]}
    low = {f"item {i}" for i in HELD[3:5]}
    assert {one.chosen for one in asked} < high
    assert {one.rejected for one in asked} == low
    assert {one.query for one in asked} == {""}


def test_rated_answers_carry_what_they_answer(tmp_path):
    """To one question: a choice. To two: each with its own. Never with bare items."""
    same = [rating(HELD[0], 1.0, query="Same?"), rating(HELD[1], 0.0, query="same? ")]
    (one,) = questions(archived(tmp_path / "same", *same))
    assert (one.query, one.chosen) == ("Same?", f"item {HELD[0]}")
    two = [rating(HELD[0], 1.0, query="First?"), rating(HELD[1], 0.0, query="Second?")]
    (one,) = questions(archived(tmp_path / "two", *two))
    assert one.query == ""
    assert one.chosen == f"asked: First?\nitem {HELD[0]}"
    assert one.rejected == f"asked: Second?\nitem {HELD[1]}"
    mixed = [rating(HELD[0], 1.0, query="First?"), rating(HELD[1], 0.0)]
    assert questions(archived(tmp_path / "mixed", *mixed)) == []


def test_a_new_rating_leaves_most_questions_as_they_are(tmp_path):
    """Verdicts that are remembered stay of use."""
    deeds = [rating(i, n % 2) for n, i in enumerate(HELD[:30])]
    before = questions(archived(tmp_path / "before", *deeds))
    after = questions(archived(tmp_path / "after", *deeds, rating(HELD[30], 0.0)))
    assert len(before) == 15
    assert len(set(before) & set(after)) >= 12


def test_the_reservoir_is_bounded_and_stable(tmp_path):
    """The lowest by hash: whatever arrives later, few of them change."""
    some, all_ = held_pairs(20), held_pairs(40)
    first = questions(archived(tmp_path / "first", *some), most=8)
    later = questions(archived(tmp_path / "later", *reversed(all_)), most=8)
    lowest = sorted((one.id for one in all_), key=rank)[:8]
    assert [one.id for one in later] == lowest
    assert [one.id for one in first if one.id in lowest] == [
        one.id for one in later if one in first
    ]
    assert questions(archived(tmp_path / "later"), most=0) == []


def test_no_question_changes_sides(tmp_path):
    """What drafts are chosen by is never what they are tested by, now or later."""
    few = questions(archived(tmp_path / "few", *held_pairs(20)))
    many = questions(archived(tmp_path / "many", *held_pairs(40)))
    (a, b), (more_a, more_b) = halves(few), halves(many)
    assert set(a) <= set(more_a)
    assert set(b) <= set(more_b)
    assert set(more_a).isdisjoint(more_b)
    assert min(len(more_a), len(more_b)) >= 10


SAID = "What would you like to do about the failing test?"


def told(id, words, query=SAID):
    return deed(id, "message", words, query=query)


def test_a_message_is_asked_beside_somebody_elses(tmp_path):
    """Theirs to the same words; and only then is it held out at all."""
    archived(tmp_path / "bob/.state", told("bob:1", "Delete it."))
    mine = told(HELD[0], "Fix it.", SAID.upper() + "\n")
    alone = told(HELD[1], "Yes.", "Shall I go on with the next of these?")
    archive = archived(tmp_path / "ada/.state", mine, alone, root=tmp_path, name="ada")
    assert [entry.held for entry in archive.entries()] == [True, False]
    (one,) = questions(archive)
    assert (one.chosen, one.rejected) == ("Fix it.", "Delete it.")
    assert one.query == mine.query
    assert [entry.id for entry in archive.pending()] == [alone.id]


def test_a_rival_has_to_be_somebody_else(tmp_path):
    """Neither one's own of another day, nor the same words, nor a word to anything."""
    archived(
        tmp_path / "bob/.state",
        told("bob:1", "fix  it."),
        told("bob:2", "Thanks!", "Done."),
    )
    archive = archived(
        tmp_path / "ada/.state",
        told(HELD[0], "Fix it."),
        told(HELD[1], "Something else."),
        told(HELD[2], "And now?", "Done."),
        root=tmp_path,
        name="ada",
    )
    held = {entry.id: entry.held for entry in archive.entries()}
    assert held == {HELD[0]: False, HELD[1]: True, HELD[2]: False}
    (one,) = questions(archive)
    assert (one.id, one.rejected) == (HELD[1], "fix  it.")


def test_the_same_log_in_two_profiles_makes_no_question(tmp_path):
    """It is one person's, whoever reads it."""
    both = [told(HELD[0], "Fix it."), told(HELD[1], "Leave it.")]
    archived(tmp_path / "work/.state", *both)
    archive = archived(tmp_path / "me/.state", *both, root=tmp_path, name="me")
    assert questions(archive) == []


def test_a_neighbours_damaged_archive_is_their_concern(tmp_path):
    """What can be read of it counts, and nothing fails."""
    theirs = archived(tmp_path / "bob/.state", told("bob:1", "Delete it."))
    with theirs.path.open("ab") as file:
        file.write(b'{"kind": "message", broken\n[1, "message"]\n{"kind": "mess')
    mine = told(HELD[0], "Fix it.")
    archive = archived(tmp_path / "ada/.state", mine, root=tmp_path, name="ada")
    assert len(questions(archive)) == 1


def test_what_was_once_read_goes_on_being_read(tmp_path):
    """An edit of an older archive was folded in: a rebuild still reads it."""
    edits = [replace(pair(i), kind="edit") for i in HELD[:2]]
    archive = archived(tmp_path, *edits, pair(READ[0]))
    archive.folded_path.write_bytes(folded_line([HELD[0]], version=1))
    assert {e.id for e in archive.readable()} == {HELD[0], READ[0]}
    assert {e.id for e in archive.pending()} == {READ[0]}
    assert not archive.readable(aside={HELD[0], READ[0]})
