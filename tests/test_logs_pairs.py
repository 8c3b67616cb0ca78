"""Choices, in persona's own form, TRL's and AlignX's."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log

LOGS = Path(__file__).parent / "logs"
UTC_MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)


def read(path: Path, tally: Tally | None = None) -> list[Interaction]:
    return list(read_log(path, tally=tally or Tally()))


def rows(folder: Path, *given: object) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return path


def test_own_rows_are_of_the_kind_they_say_or_show():
    """A row names its kind, or what it lacks tells it."""
    deeds = read(LOGS / "pairs.jsonl")
    assert [deed.kind for deed in deeds] == [
        "pair",
        "message",
        "post",
        "stated",
        "edit",
        "rating",
    ]
    assert deeds[0].query == "How do I reverse a list?"
    assert deeds[0].rejected.startswith("There are many")
    assert deeds[0].at == deeds[1].at == UTC_MORNING
    assert deeds[2].at is None
    assert [deed.scope for deed in deeds[3:]] == [
        "project:parser",
        "project:parser",
        "global",
    ]
    assert deeds[5].rating == 1.0
    assert {deed.source for deed in deeds} == {"pairs:pairs"}


def test_trl_messages_become_texts():
    """Prompts may be messages, or stand in front of both answers."""
    deeds = read(LOGS / "trl.jsonl")
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("What colour is the sky?", "Blue."),
        ("What colour is grass?", "Green."),
        ("And snow?", "White."),
        ("user: Hi\n\nassistant: Hello\n\nuser: Coal?", "Black."),
    ]
    assert deeds[2].rejected == "Snow is white, mostly."


def test_a_prompt_repeated_before_both_answers_is_taken_off(tmp_path):
    """Some sets give the prompt, and answers that begin with it again."""
    ask = {"role": "user", "content": "And snow?"}
    log = rows(
        tmp_path,
        {
            "prompt": "And snow?",
            "chosen": [ask, {"role": "assistant", "content": "White."}],
            "rejected": [ask, {"role": "assistant", "content": "Hm."}],
            "messages": [ask],
        },
    )
    (deed,) = read(log)
    assert (deed.kind, deed.query, deed.chosen) == ("pair", "And snow?", "White.")


def test_alignx_history_and_target_are_deeds_in_order():
    """History comes before target; raw AlignX has it under longer names."""
    deeds = read(LOGS / "alignx.json")
    assert [(deed.kind, deed.query, deed.chosen) for deed in deeds] == [
        ("pair", "Best soup?", "Lentil."),
        ("message", "Best bread?", "Rye."),
        ("pair", "Best cheese?", "Comté."),
        ("message", "My garden", "Lovely beans!"),
        ("pair", "Which shoes?", "Boots."),
        ("pair", "Which bike?", "A steel one."),
    ]


def test_one_bad_deed_of_a_history_leaves_the_others(tmp_path):
    """A person's history is one record, and its deeds are read one by one."""
    log = rows(
        tmp_path,
        {
            "history": [{"chosen": 7}, {"chosen": "a", "rejected": "b"}, "x"],
            "target": {"query": "q", "chosen": "c", "rejected": "d"},
        },
    )
    tally = Tally()
    assert [deed.chosen for deed in read(log, tally)] == ["a", "c"]
    assert tally.skipped == {"`chosen` is not text": 1, "not a choice": 1}


def test_equal_sides_tell_nothing(tmp_path):
    """Choosing a thing over itself is left out, and is no fault."""
    tally = Tally()
    assert read(rows(tmp_path, {"chosen": "a", "rejected": "a"}), tally) == []
    assert tally.left_out == {"chosen and rejected are the same": 1}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"chosen": "", "rejected": "b"}, "`chosen` is empty"),
        ({"chosen": " \n"}, "`chosen` is empty"),
        ({"chosen": 3, "rejected": "b"}, "`chosen` is not text"),
        ({"chosen": "a", "rejected": [{"content": 1}]}, "`rejected` is not text"),
        ({"kind": "wish", "chosen": "a"}, "unknown kind"),
        ({"kind": "edit", "chosen": "a"}, "`rejected` is empty"),
        ({"chosen": "a", "scope": "team"}, "`scope` is not global or project:<name>"),
        ({"kind": "pair", "chosen": "a"}, "`rejected` is empty"),
        (["chosen"], "not a choice"),
    ],
)
def test_a_row_that_tells_nothing_is_skipped_by_reason(tmp_path, row, reason):
    """The neighbour is read, and the tally says why this one was not."""
    tally = Tally()
    good = {"chosen": "good", "rejected": "bad"}
    assert [d.chosen for d in read(rows(tmp_path, good, row), tally)] == ["good"]
    assert tally.skipped == {reason: 1}
    (note,) = tally.notes
    assert note.startswith(f"{tmp_path}/log.jsonl:2: {reason}")
    assert note.endswith("; skipped")


def test_ids_do_not_depend_on_place_or_name(tmp_path):
    """A deed has the same id in a renamed log, further down, beside others."""
    deed = {"query": "q", "chosen": "a", "rejected": "b", "at": 1772355600}
    (first,) = read(rows(tmp_path, deed))
    other = tmp_path / "renamed.json"
    moved = {**deed, "at": "2026-03-01T10:00:00+01:00"}
    other.write_text(json.dumps([{"chosen": "x"}, moved], indent=1))
    assert read(other)[1].id == first.id
    assert first.id.startswith("pairs:")


def test_a_given_id_names_the_deed(tmp_path):
    """A unique id is taken as it is; a number of some file is told by its text too."""
    given = "9f8e7d6c-0000-4000-8000-000000000001"
    deeds = read(
        rows(
            tmp_path,
            {"id": given, "chosen": "a", "rejected": "b"},
            {"id": 1, "chosen": "a", "rejected": "b"},
            {"id": 1, "chosen": "c", "rejected": "d"},
            {"id": 2, "chosen": "c", "rejected": "d"},
        )
    )
    assert deeds[0].id == f"pairs:{given}"
    assert len({deed.id for deed in deeds}) == 4
    assert deeds[1].id.startswith("pairs:1:")


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("2026-03-01T09:00:00", UTC_MORNING),
        ("2026-03-01 10:00:00+01:00", UTC_MORNING),
        ("2026-03-01 09:00:00 UTC", UTC_MORNING),
        (1772355600, UTC_MORNING),
        (1772355600000, UTC_MORNING),
        ("1772355600000", UTC_MORNING),
        (1772355600000000.0, UTC_MORNING),
        ("20260301", datetime(2026, 3, 1, tzinfo=UTC)),
        ("", None),
    ],
)
def test_times_are_read_in_their_usual_forms(tmp_path, when, at):
    """ISO or a number since 1970; without a zone it is UTC."""
    tally = Tally()
    (deed,) = read(rows(tmp_path, {"chosen": "a", "created_at": when}), tally)
    assert deed.at == at
    assert not tally.mended


@pytest.mark.parametrize(
    "when",
    ["0001-01-01T00:00:00Z", "9999-12-31", 0, 1e308, "soon", True, "0001-01-01T00+05"],
)
def test_silly_times_are_left_out_and_counted(tmp_path, when):
    """A deed of the year 1 is read, without its time, and that is said."""
    tally = Tally()
    (deed,) = read(rows(tmp_path, {"chosen": "a", "at": when}), tally)
    assert deed.at is None
    assert sum(tally.mended.values()) == len(tally.notes) == 1


def test_an_id_does_not_change_when_its_future_comes(tmp_path):
    """What is not believed today, and is tomorrow, stays the same deed."""
    log = rows(tmp_path, {"chosen": "a", "at": "2030-01-01"})
    (early,) = read_log(log, tally=Tally(), now=datetime(2029, 1, 1, tzinfo=UTC))
    (late,) = read_log(log, tally=Tally(), now=datetime(2031, 1, 1, tzinfo=UTC))
    assert early.at is None
    assert late.at is not None
    assert early.id == late.id
