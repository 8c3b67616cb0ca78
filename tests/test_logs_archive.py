"""persona's archive: interactions as JSON, and back."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.interaction import KINDS, Interaction
from persona_cli.logs import Tally, read_log
from persona_cli.logs.archive import from_record, to_record

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SOME_TEXT = TEXT.filter(str.strip)


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    kind = draw(st.sampled_from(KINDS))
    zones = st.builds(
        timezone, st.timedeltas(-timedelta(hours=23), timedelta(hours=23))
    )
    return Interaction(
        id=draw(SOME_TEXT),
        kind=kind,
        source=draw(SOME_TEXT),
        chosen=draw(SOME_TEXT),
        query=draw(TEXT),
        rejected=draw(SOME_TEXT if kind in ("pair", "edit") else TEXT),
        at=draw(st.none() | st.datetimes(timezones=zones)),
        rating=draw(st.floats(0, 1)) if kind == "rating" else None,
        scope=draw(st.just("global") | TEXT.map("project:{}".format)),
    )


@given(interactions())
def test_an_interaction_survives_the_archive(interaction):
    """Through JSON and back it is equal, and nothing empty was written."""
    record = json.loads(json.dumps(to_record(interaction)))
    assert from_record({**record, "keeper": "own"}) == interaction
    assert None not in record.values()
    assert "" not in record.values()


def test_a_rating_of_zero_is_not_empty():
    """Zero is a score."""
    deed = Interaction("a", "rating", "s", "x", rating=0.0)
    assert to_record(deed)["rating"] == 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": 7},
        {"kind": "wish"},
        {"chosen": ""},
        {"at": 5},
        {"at": "yesterday"},
        {"at": "2026-01-01"},
        {"rating": True},
        {"rating": "5"},
        {"rating": 0.5},
        {"scope": "team"},
    ],
)
def test_what_is_no_interaction_is_a_value_error(change):
    """The store names the place; nothing else may come out of here."""
    record = {"id": "a", "kind": "post", "source": "s", "chosen": "x", **change}
    with pytest.raises(ValueError, match=r"\w"):
        from_record(record)
    del record["source"]
    with pytest.raises(ValueError, match=r"\w"):
        from_record(record)


def test_an_archive_is_a_log_too(tmp_path):
    """Ids and sources stay what they were on the other machine."""
    at = datetime.fromisoformat("2026-01-02T03:04:05+06:00")
    deeds = [
        Interaction("pairs:1", "pair", "pairs:x", "a", rejected="b", at=at),
        Interaction("text:2", "post", "text:y", "c"),
    ]
    log = tmp_path / "archive.jsonl"
    lines = [json.dumps(to_record(deed)) for deed in deeds]
    log.write_text("\n".join([*lines, '{"id": "torn"}', "[]"]) + "\n")
    tally = Tally()
    assert list(read_log(log, tally=tally)) == deeds
    assert tally.skipped == {"not a line of an archive": 2}
