"""Simulated users are what they say: split, counterbalanced, cited, and foreseeable."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.logs import Tally, read_log
from persona_cli.suite.users import read_users
from persona_cli.training.draw import both, read_corpus
from persona_cli.training.seed import Contrast, split
from persona_cli.training.simulate import Shares, simulate_user
from persona_cli.training.things import split_category
from persona_cli.training.users import (
    as_log,
    as_suite,
    line_of,
    read_split,
    read_user,
)
from persona_cli.training.voice import own_voice

SEED = Path(__file__).parent.parent / "scripts" / "data" / "seed"
CORPUS = read_corpus(SEED)
ORIGINS = {one.id: one for one in (*CORPUS.contrasts, *CORPUS.categories)}
USERS = [
    simulate_user(CORPUS, 5, k, shares=Shares(val=0.3, test=0.3)) for k in range(60)
]


def origin_of(truth: str):
    return ORIGINS[truth.partition("/")[0]]


def split_of(origin) -> str:
    return split(origin) if isinstance(origin, Contrast) else split_category(origin)


def texts_of(origin) -> set[str]:
    if isinstance(origin, Contrast):
        return {
            item
            for situation in origin.situations
            for items in situation.items.values()
            for item in items
        }
    return {item for thing in origin.things for item in thing.items}


def test_all_splits_and_both_corpora_are_drawn_from():
    """So that what follows is about something."""
    assert {user.split for user in USERS} == {"train", "val", "test"}
    drawn = {type(origin_of(t.id)).__name__ for u in USERS for t in u.truth}
    assert drawn == {"Contrast", "Category"}


def test_users_of_a_split_meet_nothing_of_another():
    """Neither in what they prefer, nor in what is unrelated."""
    known: dict[str, set[str]] = {}
    for origin in ORIGINS.values():
        known.setdefault(split_of(origin), set()).update(texts_of(origin))
    for user in USERS:
        assert {split_of(origin_of(t.id)) for t in user.truth} <= {user.split}
        for deed in user.interactions:
            if deed.kind == "pair":
                assert {deed.chosen, deed.rejected} <= known[user.split]


def test_what_is_to_be_foreseen_was_never_met():
    """No item of a target is in the history; of a contrast, its query neither."""
    for user in USERS:
        history = "\n".join(
            f"{d.query}\n{d.chosen}\n{d.rejected}" for d in user.interactions
        )
        met = {t for d in user.interactions for t in (d.query, d.chosen, d.rejected)}
        for target in user.targets:
            assert not {target.chosen, target.rejected} & met
            if isinstance(origin_of(target.shows), Contrast):
                assert target.query not in history


def test_a_summary_cites_what_shows_it_and_all_of_that():
    """Each line holds, and rests on every deed so far that bears it out."""
    for user in USERS:
        truths = {truth.id: truth for truth in user.truth}
        for step in user.windows:
            shown: dict[str, list[str]] = {}
            for deed in user.interactions[: step.end]:
                for name in deed.shows:
                    shown.setdefault(name, []).append(deed.id)
            in_force = {n: ids for n, ids in shown.items() if truths[n].holds(step.end)}
            assert {one.truth: [*one.cites] for one in step.summary} == in_force
            assert all(one.text == truths[one.truth].claim for one in step.summary)


def test_a_change_of_mind_takes_the_old_claim_out():
    """The other side of the contrast comes in with the deed that shows it."""
    changed = 0
    for user in USERS:
        for truth in user.truth:
            if truth.until is None:
                continue
            changed += 1
            (now,) = (t for t in user.truth if t.since == truth.until and t.since)
            assert now.id.partition("/")[0] == truth.id.partition("/")[0]
            assert user.interactions[truth.until].shows == (now.id,)
            later = user.interactions[truth.until :]
            assert not any(truth.id in deed.shows for deed in later)
            assert truth.id not in {one.truth for one in user.windows[-1].summary}
    assert changed > 10


@pytest.mark.parametrize("name", ["answers-length-01", "fruit"])
def test_the_opposite_takes_the_other_item_of_the_same_scene(name):
    """So that no item is right by its looks."""
    import random

    one, two = both(ORIGINS[name], random.Random(3))
    asked = {(s.query, s.fits, s.other) for s in one.kept}
    assert {(s.query, s.other, s.fits) for s in two.kept} == asked
    assert {(s.query, s.other, s.fits) for s in two.shown} == {
        (s.query, s.fits, s.other) for s in one.shown
    }


def test_every_deed_that_shows_a_taste_goes_its_way():
    """Chosen and highly rated is what fits; what is put right or rated low is not."""
    checked = set()
    for user in USERS:
        for deed in user.interactions:
            for name in deed.shows:
                origin, side = origin_of(name), name[-1]
                if not isinstance(origin, Contrast):
                    continue
                fits = {i for s in origin.situations for i in s.items[side]}
                says = {s.says[side][w] for s in origin.situations for w in s.says["a"]}
                right = {s.says[side]["correct"] for s in origin.situations}
                match deed.kind:
                    case "pair" | "edit":
                        good = deed.chosen in fits and deed.rejected not in fits
                    case "rating":
                        good = (deed.rating > 0.5) == (deed.chosen in fits)
                    case "message" if deed.query.startswith("1. "):
                        good = deed.chosen in says
                    case "message":
                        good = (deed.chosen in right) == (deed.query not in fits)
                    case _:
                        good = deed.chosen not in fits
                assert good, (name, deed)
                checked.add(deed.kind)
    assert len(checked) == 6


def test_only_what_has_shown_is_to_be_foreseen():
    """A target is of a preference in force that some deed before it bears out."""
    for user in USERS:
        for target in user.targets:
            (step,) = (step for step in user.windows if step.end == target.after)
            assert target.shows in {one.truth for one in step.summary}


def test_some_deeds_show_nothing_and_some_go_against_a_taste():
    """What is unrelated, what is indifferent, and noise: a quarter and more."""
    deeds = [deed for user in USERS for deed in user.interactions]
    assert 0.15 < sum(not deed.shows for deed in deeds) / len(deeds) < 0.45
    kinds = {"pair", "message", "post", "rating", "edit", "stated"}
    assert {deed.kind for deed in deeds} == kinds
    assert all(len(user.windows) >= 2 for user in USERS)


def test_deeds_are_in_order_of_time():
    """And each has a time of its own."""
    for user in USERS:
        times = [deed.at for deed in user.deeds]
        assert times == sorted(set(times))


def test_a_user_is_the_same_after_being_written():
    """A line holds all of them."""
    for user in USERS:
        assert read_user(line_of(user)) == user


def test_a_log_of_a_user_is_read_as_what_they_did(tmp_path):
    """``persona update`` can be given it."""
    user = max(USERS, key=lambda user: len(user.interactions))
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in as_log(user)), "utf-8")

    found = list(read_log(log, tally=(tally := Tally())))

    assert not tally.skipped
    assert [(d.kind, d.query, d.chosen, d.rejected, d.rating, d.at) for d in found] == [
        (d.kind, d.query, d.chosen, d.rejected, d.rating, d.at) for d in user.deeds
    ]


def test_a_suite_of_users_is_read(tmp_path):
    """``persona eval --suite`` can be given it."""
    rows = [as_suite(user, source="simulated") for user in USERS]
    path = tmp_path / "suite.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row), "utf-8")

    found = read_users([path])

    assert len(found) == sum(row is not None for row in rows) > 50
    assert all(user.target.chosen not in str(user.history) for user in found)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ({"split": "rest"}, "split"),
        ({"truth": None}, "truth"),
        ({"more": 1}, "more"),
        ({"windows": [{"end": 999, "summary": []}]}, "windows end"),
        ({"windows": []}, "target after no window"),
    ],
)
def test_a_line_that_is_no_user_is_refused_with_its_place(tmp_path, fault, names):
    """File, line and what is wrong with it."""
    row = {**json.loads(line_of(USERS[0])), **fault}
    (tmp_path / "val-00000.jsonl").write_text(json.dumps(row) + "\n")

    with pytest.raises(InputError, match=rf"val-00000.jsonl:1: .*{names}"):
        list(read_split(tmp_path, "val"))


def test_a_corpus_without_a_split_is_told():
    """Rather than a user of nothing."""
    bare = replace(CORPUS, contrasts=(), categories=())

    with pytest.raises(ValueError, match="nothing in the corpus"):
        simulate_user(bare, 0, 0, shares=Shares(val=0, test=0))


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("Prefers short answers.", "I prefer short answers."),
        ("Always checks twice.", "I always check twice."),
        ("Is wary of clouds.", "I am wary of clouds."),
        ("Doesn't watch sport.", "I don't watch sport."),
        ("Can't stand jazz.", "I can't stand jazz."),
        ("Goes by train.", "I go by train."),
        ("Carries no cash.", "I carry no cash."),
        ("Misses nothing of home.", "I miss nothing of home."),
        ("Hates queues, and spends trips at home.", None),
        ("Wants it short; skips the rest.", None),
        ("Finds them garish.", None),
        ("Short answers first.", None),
    ],
)
def test_a_claim_in_ones_own_voice(claim, said):
    """The verb agrees; where more than the verb had to change, nothing is said."""
    assert own_voice(claim) == said
