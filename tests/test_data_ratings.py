"""The two recipes for ratings, and the texts of items and films."""

import gzip
import shutil
from pathlib import Path

from scripts.data.sets.amazon import CHARACTERS, item_text
from scripts.data.sets.command import main
from scripts.data.sets.movielens import film_text
from scripts.data.sets.public import Ask
from scripts.data.sets.ratings import Rating, sample_from
from scripts.data.sets.sample import Skip, read_samples

FILES = Path(__file__).parent / "data_files"
ITEMS = [f"i{n}" for n in range(40)]
TEXTS = {item: f"Text of {item}" for item in ITEMS}


def sample(*ratings, texts=TEXTS, catalogue=None, **ask):
    """Ada's sample; a rating is (item, score, at)."""
    return sample_from(
        "ada",
        [Rating(*rating) for rating in ratings],
        texts,
        sorted(texts) if catalogue is None else catalogue,
        source="made/part",
        ask=Ask(**{"shortest": 2, **ask}),
    )


def chosen(made):
    """The items that were taken, in order, the target last."""
    return [triple.chosen[8:] for triple in (*made.history, made.target)]


def rejected(made):
    """The items passed over, in order, the target's last; None where none is."""
    return [t.rejected and t.rejected[8:] for t in (*made.history, made.target)]


FOUR = [("i1", 5.0, 30), ("i2", 1.0, 10), ("i3", 3.0, 20), ("i4", 4.5, 40)]


def test_items_become_a_history_by_time_whatever_their_score():
    """The method's own recipe; the last item is the target."""
    made = sample(*FOUR)
    assert chosen(made) == ["i2", "i3", "i1", "i4"]
    assert (made.uid, made.source) == ("made-ada", "made/part")


def test_rejected_is_an_item_never_rated():
    """Another for each, none of the user's own."""
    made = sample(*FOUR)
    assert len(set(rejected(made))) == 4
    assert not set(rejected(made)) & {"i1", "i2", "i3", "i4"}


def test_at_the_same_time_the_first_row_comes_first():
    """MovieLens' timestamps are of a second, and people click through lists."""
    assert chosen(sample(("i3", 4, 1), ("i1", 4, 1), ("i2", 4, 1))) == [
        "i3",
        "i1",
        "i2",
    ]


def test_an_item_rated_again_counts_the_first_time():
    """It is no target that stands in its own history."""
    made = sample(*FOUR, ("i2", 5.0, 90))
    assert chosen(made) == ["i2", "i3", "i1", "i4"]


def test_an_item_without_a_text_was_never_rated():
    """It is no history, no target; and as it was rated, it is no rejected."""
    texts = {item: text for item, text in TEXTS.items() if item != "i4"}
    assert chosen(sample(*FOUR, texts=texts)) == ["i2", "i3", "i1"]


def test_who_rated_little_is_left_out():
    """Three items before the target are not four."""
    assert sample(*FOUR, shortest=4) == Skip("too short a history")


def test_a_catalogue_that_is_used_up():
    """Where nothing is left to reject, there is no sample."""
    catalogue = ["i1", "i2", "i3", "i4", "i5"]
    assert sample(*FOUR, catalogue=catalogue) == Skip(
        "too few items that the user never rated"
    )


def test_a_long_history_keeps_its_latest():
    """Two and the target."""
    assert chosen(sample(*FOUR, longest=2)) == ["i3", "i1", "i4"]


LOVED = [(f"i{n}", 4.0, n) for n in range(5)]


def test_disliked_sets_what_was_liked_beside_what_was_not():
    """Chosen has 4 or more, rejected 2 or less, of the same user; 3 is neither."""
    made = sample(
        *LOVED, ("i20", 2.0, 50), ("i21", 0.5, 1), ("i22", 3.0, 60), rejected="disliked"
    )
    assert chosen(made) == ["i0", "i1", "i2", "i3", "i4"]
    assert rejected(made)[:3] == [None, None, None]
    assert set(rejected(made)[3:]) == {"i20", "i21"}


def test_disliked_items_are_used_once_and_the_target_has_one():
    """What was rejected in the history is never the target's other item."""
    low = [(f"i{n}", 1.0, n) for n in range(20, 35)]
    made = sample(*LOVED, *low, rejected="disliked")
    assert None not in rejected(made)
    assert len(set(rejected(made))) == 5
    assert sample(*LOVED, rejected="disliked") == Skip("nothing rated low")


def test_the_first_score_of_an_item_counts():
    """What was liked and then scored anew is not a thing disliked."""
    again = [("i4", 1.0, 90), ("i20", 1.0, 1), ("i20", 5.0, 95)]
    made = sample(*LOVED, *again, rejected="disliked")
    assert chosen(made) == ["i0", "i1", "i2", "i3", "i4"]
    assert rejected(made)[-1] == "i20"


def test_two_items_that_read_the_same():
    """The same thing sold under two numbers is no choice."""
    texts = dict.fromkeys(ITEMS, "Kettle")
    assert sample(*FOUR, texts=texts) == Skip("two items that read the same")


def test_an_item_shows_its_title_and_the_start_of_its_description():
    """Features where there is no description; a long one is cut between words."""
    row = {"title": "Tin  kettle", "description": ["For tea.", "Or not."]}
    assert item_text(row) == "Tin kettle\nFor tea. Or not."
    assert item_text({"title": "Mug", "features": ["Blue"]}) == "Mug\nBlue"
    assert item_text({"title": "Mug", "description": None}) == "Mug"
    assert item_text({"title": " "}) is None
    assert item_text({"title": None}) is None
    long = item_text({"title": "Mug", "description": ["word " * 500]})
    assert long.endswith("word …")
    assert len(long) < CHARACTERS + 10


def test_a_film_shows_its_title_and_genres():
    """Or its title alone."""
    assert film_text("Heat (1995)", "Crime|Drama") == "Heat (1995) | Crime, Drama"
    assert film_text("Heat (1995)", "(no genres listed)") == "Heat (1995)"


def texts_of(path):
    """All items of a written file."""
    return {
        text
        for made in read_samples(path)
        for triple in (*made.history, made.target)
        for text in (triple.chosen, triple.rejected)
    }


def test_old_and_new_layout_of_movielens_give_the_same_films(tmp_path):
    """Also where the old one is Latin-1."""
    for folder in ("movielens", "movielens_dat"):
        files, out = str(FILES / folder), str(tmp_path / folder)
        argv = ["movielens", "--from", files, "--out", out, "--shortest", "2"]
        assert main(argv, about="") == 0
    old, new = texts_of(tmp_path / "movielens_dat"), texts_of(tmp_path / "movielens")
    assert {text.split(" | ")[0] for text in old} == {
        text.split(" | ")[0] for text in new
    }
    assert "Harvest Café (2010)" in new
    assert "Moth, The (1975) | Horror" in new


def test_reviews_are_read_packed_as_unpacked(tmp_path):
    """The owners publish .jsonl.gz."""
    packed = tmp_path / "packed"
    shutil.copytree(FILES / "amazon", packed)
    for path in list(packed.iterdir()):
        with gzip.open(f"{path}.gz", "wb") as file:
            file.write(path.read_bytes())
        path.unlink()
    made = []
    for folder in (FILES / "amazon", packed):
        argv = ["amazon", "--from", str(folder), "--out", str(tmp_path / "out")]
        assert main([*argv, "--shortest", "2"], about="") == 0
        made.append((tmp_path / "out").read_bytes())
    assert made[0] == made[1]
    assert b'"source": "amazon/Home"' in made[0]
