"""The recipe of MIND: what a page of news says about who read it."""

from scripts.data.sets.mind import Impression, sample_from
from scripts.data.sets.public import Ask
from scripts.data.sets.sample import Skip

NEWS = [f"N{n}" for n in range(1, 30)]
TEXTS = {story: f"Story {story}" for story in NEWS}
ASK = Ask(shortest=2)


def page(at, before, clicked, passed):
    """One impression, on a day of November; the stories as words."""
    lists = (tuple(words.split()) for words in (before, clicked, passed))
    return Impression(f"2019-11-{at:02}T08:00:00", *lists)


def sample(*pages, texts=TEXTS, ask=ASK):
    """Ada's sample from her pages."""
    return sample_from("ada", pages, texts, sorted(texts), ask=ask)


def chosen(made):
    """The stories that were taken, in order, the target last."""
    return [triple.chosen[6:] for triple in (*made.history, made.target)]


def rejected(made):
    """The stories that were passed over, in order, the target's last."""
    return [triple.rejected[6:] for triple in (*made.history, made.target)]


def test_clicks_become_a_history_and_the_last_is_the_target():
    """First those before the log, then those of the pages, by time."""
    made = sample(page(12, "N1 N2", "N5", "N6"), page(11, "N1 N2", "N3", "N4"), ask=ASK)
    assert chosen(made) == ["N1", "N2", "N3", "N5"]
    assert made.uid == "mind-ada"


def test_a_rejected_story_was_on_the_same_page():
    """What stood beside a click, and not another day's."""
    made = sample(page(11, "N1 N2", "N3", "N4"), page(12, "N1 N2", "N5", "N6 N7"))
    assert rejected(made)[2] == "N4"
    assert rejected(made)[3] in ("N6", "N7")


def test_before_the_log_a_story_is_drawn_from_all():
    """One that was never clicked, and another for each click."""
    made = sample(page(11, "N1 N2 N3 N4", "N5", "N6"))
    drawn = rejected(made)[:4]
    assert len(set(drawn)) == 4
    assert not set(drawn) & {"N1", "N2", "N3", "N4", "N5"}


def test_no_story_is_both_taken_and_passed_over():
    """One passed over today and clicked tomorrow was not rejected."""
    made = sample(page(11, "N1 N2", "N3", "N4 N5"), page(12, "N1 N2", "N4", "N8 N3"))
    assert not set(chosen(made)) & set(rejected(made))
    assert rejected(made)[2:] == ["N5", "N8"]


def test_a_story_counts_once():
    """Clicked again, it is no second target: that would leak."""
    made = sample(page(11, "N1 N2", "N3", "N4"), page(12, "N1 N2", "N3 N1", "N6"))
    assert chosen(made) == ["N1", "N2", "N3"]


def test_no_story_is_rejected_twice():
    """A target's rejected was not seen in the history."""
    made = sample(*(page(day, "N1 N2", f"N{day}", "N3 N4") for day in (11, 12, 13)))
    assert len(set(rejected(made))) == len(rejected(made)) == 4
    # On the third page, both stories had been used: that click is left out.
    assert chosen(made) == ["N1", "N2", "N12", "N13"]


def test_the_target_has_a_story_beside_it():
    """A click on a page of one story says nothing of preference."""
    made = sample(page(11, "N1 N2", "N3", "N4"), page(12, "N1 N2", "N5", ""))
    assert chosen(made) == ["N1", "N2", "N3"]
    assert sample(page(11, "N1 N2 N3", "N5", "")) == Skip(
        "no click beside a story passed over"
    )


def test_who_clicked_little_is_left_out():
    """Two clicks before the target are not three."""
    pages = [page(11, "N1 N2", "N3", "N4")]
    assert sample(*pages, ask=Ask(shortest=3)) == Skip("too short a history")
    assert len(sample(*pages).history) == 2


def test_the_longest_list_of_earlier_clicks_counts():
    """Train and dev know different lengths of one past."""
    made = sample(page(11, "N1", "N4", "N5"), page(15, "N1 N2 N3", "N6", "N7"))
    assert chosen(made) == ["N1", "N2", "N3", "N4", "N6"]


def test_a_story_without_a_text_is_as_if_not_there():
    """Neither taken nor passed over."""
    texts = {story: text for story, text in TEXTS.items() if story not in ("N2", "N5")}
    made = sample(page(11, "N1 N2 N3", "N4", "N5 N6"), texts=texts)
    assert chosen(made) == ["N1", "N3", "N4"]
    assert rejected(made)[-1] == "N6"


def test_a_long_history_keeps_its_latest():
    """With the target, and nothing drawn for what is cut off."""
    pages = [page(11, "N1 N2 N3 N4", "N5", "N6")]
    assert chosen(sample(*pages, ask=Ask(shortest=1, longest=2))) == ["N3", "N4", "N5"]
