"""Data sets for training: TRL's forms, Alpaca's, and LongMemEval's chats."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log

LOGS = Path(__file__).parent / "logs"


def read(name: str) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    return list(read_log(LOGS / name, tally=tally)), tally


def of(folder: Path, *rows: Any) -> tuple[list[Interaction], Tally]:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    return list(read_log(path, tally=tally)), tally


def test_preference_in_all_its_forms():
    """With a prompt, without, as text and as messages, under others' names for it."""
    deeds, tally = read("trl/preference.jsonl")
    assert [(deed.query, deed.chosen, deed.rejected) for deed in deeds] == [
        ("The sky is", " blue.", " green."),
        ("What colour is the sky?", "Blue.", "Green, as one may see."),
        ("", "The sea is deep.", "The sea is wet."),
        ("And snow?", "White.", "Cold."),
        ("Name a fruit.", "Quince.", "There are many fruits."),
        ("Name a tree.", "Elm.", "Trees are many."),
    ]
    assert {deed.kind for deed in deeds} == {"pair"}
    assert not any(deed.signal for deed in deeds)
    assert not tally.skipped


def test_unpaired_preference_is_a_rating():
    """A label is yes or no, also where it is a number, and not a star of five."""
    deeds, tally = read("trl/unpaired.jsonl")
    assert [(deed.query, deed.chosen, deed.rating) for deed in deeds] == [
        ("The sky is", " blue.", 1.0),
        ("The sky is", " green.", 0.0),
        ("And snow?", "White.", 1.0),
        ("Coal?", "Black.", 1.0),
        ("Coal?", "Pink.", 0.0),
    ]
    assert not tally.skipped


@pytest.mark.parametrize(
    ("row", "rating"),
    [
        ({"item": "a", "rating": 1}, 0.0),
        ({"item": "a", "rating": "1"}, 0.0),
        ({"completion": "a", "label": "1"}, 1.0),
        ({"completion": "a", "label": "false"}, 0.0),
        ({"completion": "a", "label": 4}, 0.75),
        ({"completion": "a", "label": 1, "scale": 10}, 0.1),
        ({"item": "a", "rating": "up"}, 1.0),
        ({"item": "a", "score": 9, "scale": 10}, 0.9),
    ],
)
def test_a_star_is_a_star_and_a_label_a_label(tmp_path, row, rating):
    """One of five is the least; a label of one is yes."""
    (deed,), _ = of(tmp_path, row)
    assert deed.rating == rating


def test_of_prompts_and_completions_the_prompts_are_the_users():
    """The completion is the assistant's, whoever wrote it, and shows no choice."""
    deeds, tally = read("trl/prompts.jsonl")
    assert [(deed.kind, deed.query, deed.chosen) for deed in deeds] == [
        ("message", "", "Name a fruit, in one word."),
        ("message", "", "And a tree?"),
        ("message", "Elm, or oak.", "One, please."),
        ("message", "", "Name a herb."),
    ]
    assert tally.left_out == {"message without text": 1}
    assert tally.skipped == {"no `instruction` or `prompt`": 1}


def test_a_bare_text_is_a_post():
    """Of whoever hands it in; with its day, where it has one."""
    deeds, _ = read("trl/language.jsonl")
    assert [(deed.kind, deed.chosen) for deed in deeds] == [
        ("post", "I walk to work, and take the long way home."),
        ("post", "I bake on Sundays."),
    ]
    assert deeds[1].at == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_text_among_other_things_is_of_no_known_format(tmp_path):
    """Whose words it holds, nobody knows."""
    good = {"chosen": "a", "rejected": "b"}
    deeds, tally = of(tmp_path, {"text": "I like tea.", "author": "Kim"}, good)
    assert [deed.chosen for deed in deeds] == ["a"]
    assert tally.skipped == {"of no known format": 1}


def test_of_alpaca_the_instructions_are_the_users():
    """The input was pasted, and the output is the assistant's: neither is theirs."""
    deeds, tally = read("trl/alpaca.json")
    assert [(deed.kind, deed.query, deed.chosen) for deed in deeds] == [
        ("message", "", "Shorten this text."),
        ("message", "", "Give me a title."),
        ("message", "", "Give me a motto."),
        ("message", "Be good, and be brief.", "One word, please."),
    ]
    assert tally.left_out == {
        "the input of an instruction": 1,
        "message without text": 1,
    }
    assert tally.skipped == {"a round that is no question and answer": 1}
    assert not any("long texts" in f"{d.query}{d.chosen}" for d in deeds)


def test_longmemeval_is_read_by_its_chats():
    """Neither the question nor its answer, which are the benchmark's."""
    deeds, tally = read("longmemeval.json")
    assert [(deed.source, deed.query, deed.chosen) for deed in deeds] == [
        ("longmemeval:s1", "", "I like lentil soup."),
        ("longmemeval:s1", "It is good.", "And bread."),
        ("longmemeval:s2", "", "What is a heap?"),
    ]
    assert deeds[0].at == datetime(2023, 5, 20, 2, 21, tzinfo=UTC)
    assert deeds[2].at is None
    assert tally.skipped == {"a session that is no list": 1}
    assert tally.mended == {"time not understood, left out": 1}


@pytest.mark.parametrize("name", ["preference", "unpaired", "prompts", "language"])
def test_the_same_set_twice_is_the_same_deeds(name, tmp_path):
    """Renamed, and with its rows in another order."""
    deeds, _ = read(f"trl/{name}.jsonl")
    rows = (LOGS / "trl" / f"{name}.jsonl").read_text().splitlines(keepends=True)
    again = tmp_path / "again.jsonl"
    again.write_text("".join(reversed(rows)))
    found = list(read_log(again, tally=Tally()))
    assert {deed.id for deed in found} == {deed.id for deed in deeds}
    assert len({deed.id for deed in deeds}) == len(deeds)
