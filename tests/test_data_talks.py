"""PersonaMem, HiCUPID and PrefEval: what a conversation says of a user."""

import json
from pathlib import Path

import pytest

from scripts.data.sets import hicupid, personamem, prefeval
from scripts.data.sets.command import main
from scripts.data.sets.public import Ask
from scripts.data.sets.sample import Skip, Triple, read_samples
from scripts.data.sets.turns import said

FILES = Path(__file__).parent / "data_files"
ASK = Ask(shortest=1)


def test_a_message_answers_what_was_said_just_before():
    """Nothing is rejected; the assistant's own words are only the query."""
    talk = [
        ("user", "Hi"),
        ("assistant", "Tea?"),
        ("user", "Never."),
        ("user", "Coffee."),
    ]
    assert said(talk) == [
        Triple(None, "Hi", None),
        Triple("Tea?", "Never.", None),
        Triple(None, "Coffee.", None),
    ]


def test_a_description_of_the_user_is_not_history():
    """The system message tells what is to be found out."""
    talk = [("assistant", "Tea?"), ("system", "Ada loves tea."), ("user", " Hm ")]
    assert said(talk) == [Triple(None, " Hm ", None)]


OPTIONS = ["(a) Row.", "(b) Throw a bowl.", "(c) Sing.", "(d) Sleep."]
ROW = {
    "persona_id": "3",
    "question_id": "q1",
    "user_question_or_message": "What now?",
    "correct_answer": "(b)",
    "all_options": repr(OPTIONS),
    "shared_context_id": "ctx",
    "end_index_in_shared_context": "2",
}
TALK = [("user", "I like bowls."), ("assistant", "Why?"), ("user", "I sold them all.")]


def test_the_right_option_stands_beside_a_wrong_one():
    """Without their letters, which would give the answer's place away."""
    question = personamem.question_from(ROW)
    made = personamem.sample_from(question, TALK, source="personamem/32k", ask=ASK)
    assert made.target.query == "What now?"
    assert made.target.chosen == "Throw a bowl."
    assert made.target.rejected in ("Row.", "Sing.", "Sleep.")
    assert (made.uid, made.user) == ("personamem-32k-q1", "3")


def test_nothing_said_after_the_question_is_history():
    """The context goes on; the question does not know how."""
    question = personamem.question_from(ROW)
    made = personamem.sample_from(question, TALK, source="personamem/32k", ask=ASK)
    assert [triple.chosen for triple in made.history] == ["I like bowls."]


def test_a_question_at_the_beginning_has_no_history():
    """Nothing was said yet."""
    question = personamem.question_from({**ROW, "end_index_in_shared_context": "0"})
    made = personamem.sample_from(question, TALK, source="personamem/32k", ask=ASK)
    assert made == Skip("too short a history")


def test_options_are_read_as_python_and_as_json():
    """Both are found in exports of the set, and the older name of the question."""
    row = {**ROW, "all_options": json.dumps(OPTIONS)}
    row["question"] = row.pop("user_question_or_message")
    assert personamem.question_from(row) == personamem.question_from(ROW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"all_options": "[option for option in ('(a) x', '(b) y')]"},
        {"all_options": "['(a) x', 3]"},
        {"all_options": "['a: x', 'b: y']"},
        {"all_options": "['(b) x']"},
        {"correct_answer": "(e)"},
        {"end_index_in_shared_context": "-1"},
    ],
)
def test_a_question_that_is_none_is_refused(wrong):
    """Options are data: they are read, never run."""
    with pytest.raises(ValueError, match=r"list|\(a\)|differ|option|below"):
        personamem.question_from({**ROW, **wrong})


def test_a_persona_knows_only_its_own_context(tmp_path):
    """No word of another one gets into a history."""
    files, out = str(FILES / "personamem"), tmp_path / "out"
    assert main(["personamem", "--from", files, "--out", str(out)], about="") == 0
    made = {sample.uid[-1]: sample for sample in read_samples(out)}
    assert len(made["1"].history) == 3
    for uid, sample in made.items():
        own = "decade" if uid == "2" else "c0ffee"
        assert all(own in triple.chosen for triple in sample.history)
        assert not any("persona" in (triple.query or "") for triple in sample.history)


QA = {
    "user_id": 5,
    "question_id": 9,
    "question": "Lunch?",
    "personalized_answer": "Figs.",
    "general_answer": "Soup.",
    "type": "persona",
}


def test_hicupid_sets_the_personal_answer_beside_the_general_one():
    """Over all dialogues of the user, each of which begins anew."""
    talks = [[("I like figs.", "Noted."), ("And nuts.", "Yes.")], [("No fish.", "No.")]]
    made = hicupid.sample_from(QA, talks, ask=ASK)
    assert made.history == (
        Triple(None, "I like figs.", None),
        Triple("Noted.", "And nuts.", None),
        Triple(None, "No fish.", None),
    )
    assert made.target == Triple("Lunch?", "Figs.", "Soup.")
    assert (made.uid, made.source, made.user) == ("hicupid-5-9", "hicupid/persona", "5")


def test_hicupid_without_a_difference_is_left_out():
    """Two answers that are the same ask nothing."""
    row = {**QA, "general_answer": "Figs."}
    assert isinstance(hicupid.sample_from(row, [[("a", "b")]], ask=ASK), Skip)


def test_hicupid_users_keep_their_dialogues_apart(tmp_path):
    """And a question without a general answer is counted, not written."""
    files, out = str(FILES / "hicupid"), tmp_path / "out"
    assert main(["hicupid", "--from", files, "--out", str(out)], about="") == 0
    made = list(read_samples(out))
    assert len(made) == 3
    for sample in made:
        own = f"says {sample.uid.split('-')[1]}."
        assert len(sample.history) == 4
        assert all(triple.chosen.endswith(own) for triple in sample.history)


FOUR = ["A low inn", "A tower", "A cellar", "A loft"]
CHOICE = {
    "preference": "I avoid stairs.",
    "question": "Where shall I sleep?",
    "implicit_query": "Any inn?",
    "options": ["Hill inn", "Flat inn", "Cliff inn", "Roof inn"],
    "conversation": {
        "query": "Any inn?",
        "assistant_options": "There are four.",
        "user_selection": "The flat one.",
        "assistant_acknowledgment": "Understood.",
    },
    "aligned_op": "Flat inn",
}


def test_prefeval_explicit_is_the_preference_as_stated():
    """The first option respects it; another is drawn beside it."""
    made = prefeval.sample_from("explicit", CHOICE, FOUR, "inn-1", ask=ASK)
    assert made.history == (Triple(None, "I avoid stairs.", None),)
    assert (made.target.query, made.target.chosen) == (CHOICE["question"], "A low inn")
    assert made.target.rejected in FOUR[1:]


def test_prefeval_choice_is_what_was_taken_and_said():
    """And never the preference itself."""
    made = prefeval.sample_from("choice", CHOICE, FOUR, "inn-1", ask=ASK)
    taken, words = made.history
    assert (taken.query, taken.chosen) == ("Any inn?", "Flat inn")
    assert taken.rejected in ("Hill inn", "Cliff inn", "Roof inn")
    assert words == Triple("There are four.", "The flat one.", None)
    assert made.user == "inn-1"


def test_prefeval_draws_among_all_the_wrong_options_and_no_other():
    """Whatever the seed, there is a sample; over many seeds, each of them comes up."""
    made = [
        prefeval.sample_from("choice", CHOICE, FOUR, "i", ask=Ask(shortest=1, seed=n))
        for n in range(60)
    ]
    assert {sample.target.rejected for sample in made} == set(FOUR[1:])
    passed = {sample.history[0].rejected for sample in made}
    assert passed == {"Hill inn", "Cliff inn", "Roof inn"}


def test_prefeval_options_seen_before_are_left_out():
    """Eight of the 1,000 real rows offer the same option twice."""
    made = prefeval.sample_from("choice", CHOICE, ["Flat inn", *FOUR], "i", ask=ASK)
    assert made == Skip("a target that is in the history")


@pytest.mark.parametrize("lost", ["implicit_query", "options", "conversation"])
def test_prefeval_rows_that_lack_a_field_are_refused(lost):
    """By the reader of the form they are meant for."""
    row = {key: value for key, value in CHOICE.items() if key != lost}
    with pytest.raises(ValueError, match="'choice'"):
        prefeval.sample_from("choice", row, FOUR, "inn-1", ask=ASK)
