"""What is known of each interaction: the same whether it was kept or made anew."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_cli import gather as gathering
from persona_cli import index_file
from persona_cli.archive import Archive, folded_line
from persona_cli.errors import InputError
from persona_cli.gather import gather, settle
from persona_cli.index import Index
from persona_cli.interaction import Interaction
from tests.nothing_lost import left_behind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def deed(number: int, **more: object) -> Interaction:
    given = {"chosen": f"words {number}", "at": NOON + timedelta(minutes=number)}
    return Interaction(f"s:{number}", "post", "s:x", **{**given, **more})  # type: ignore[arg-type]


@pytest.fixture
def state(tmp_path) -> Path:
    folder = tmp_path / "me/.state"
    folder.mkdir(parents=True)
    return folder


def archive(state: Path, *deeds: Interaction) -> Archive:
    """An archive with these on disk, as the next run finds it."""
    first = Archive(state, held_share=0.2)
    first.add(deeds)
    settle(first)
    return Archive(state, held_share=0.2)


def ids(entries: object) -> list[str]:
    return [entry.id for entry in entries]  # type: ignore[attr-defined]


def test_entries_are_what_was_archived(state):
    """Times, ratings and sources come back as they were; offsets lead to the deeds."""
    rated = Interaction("s:r", "rating", "s:y", "tea", rating=0.0, query="Which?")
    deeds = [deed(2), deed(1), rated, deed(3, at=None)]
    found = archive(state, *deeds)
    entries = list(found.entries())
    assert ids(entries) == ["s:2", "s:1", "s:r", "s:3"]
    assert [entry.at for entry in entries] == [d.at for d in deeds]
    assert [entry.when for entry in entries] == [deeds[0].at, *[deeds[1].at] * 3]
    assert (entries[2].rating, entries[2].replies, entries[2].source) == (
        0,
        True,
        "s:y",
    )
    assert list(found.read(entries)) == deeds


def test_pending_is_oldest_first_and_a_slice_is_a_view(state):
    """By time, then in order of arrival; slices of slices, from both ends."""
    found = archive(state, *[deed(n) for n in (3, 1, 2)], deed(0, at=NOON)).pending()
    assert ids(found) == ["s:0", "s:1", "s:2", "s:3"]
    assert ids(found[1:][:2]) == ["s:1", "s:2"]
    assert found[-1].id == "s:3"
    assert ids(found[::-1]) == ids(found)[::-1]
    assert (len(found[9:]), bool(found[9:])) == (0, False)
    with pytest.raises(IndexError):
        found[4]


def test_many_are_read_in_pieces_and_in_order(state):
    """More than one question to the table can name."""
    found = archive(state, *map(deed, range(1_203)))
    assert ids(found.pending()) == [f"s:{n}" for n in range(1_203)]


def test_the_ledger_says_what_is_done(state):
    """Tried, folded in, counted or not; in this run and in the next."""
    running = archive(state, *map(deed, range(6)))
    assert len(running.pending()) == 6

    def wrote(line: bytes) -> None:
        with running.folded_path.open("ab") as file:
            file.write(line)

    wrote(folded_line(["s:0", "s:1"], version=1, tried=True))
    wrote(folded_line(["s:2"], version=1, counted=False))
    wrote(folded_line(["s:9"], version=1, counted=False))  # forgotten since
    for found in (running, Archive(state, held_share=0.2)):
        assert ids(found.pending()) == ["s:3", "s:4", "s:5"]
        assert ids(found.pending(retry=True, aside={"s:4", "none"})) == [
            *("s:0", "s:1", "s:3", "s:5")
        ]
        assert ids(found.uncounted()) == ["s:2"]
        assert ids(found.last_folded(5)) == ["s:2"]
        assert found.knows("s:9")
        assert found.add([deed(9), deed(2)], write=False) == 0
    wrote(folded_line(["s:1", "s:4"], version=2))
    for found in (running, Archive(state, held_share=0.2)):
        assert ids(found.uncounted()) == []
        assert ids(found.last_folded(2, aside={"s:4"})) == ["s:1", "s:2"]


def test_a_ledger_that_was_cut_is_read_anew(state):
    """What a transaction took back is pending again, in the same run."""
    found = archive(state, *map(deed, range(3)))
    found.folded_path.write_bytes(folded_line(["s:0"], version=1))
    assert len(found.pending()) == 2
    found.folded_path.write_bytes(b"")
    assert len(found.pending()) == 3


def test_a_kept_index_saves_reading_the_archive(state, monkeypatch):
    """It is taken as it is, and the archive is not parsed; it is nobody else's."""
    archive(state, *map(deed, range(4)))
    assert (state / "index.db").stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("persona_cli.archive.records", None)
    assert ids(Archive(state, held_share=0.2).entries()) == [f"s:{n}" for n in range(4)]
    assert left_behind(state) == []


def _flip(path: Path) -> None:
    # An id that would be met again, and not known: in the row, and where it is sought.
    path.write_bytes(path.read_bytes().replace(b"s:1", b"s:7"))


WRONG = {
    "flipped": _flip,
    "cut": lambda path: os.truncate(path, 4096),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "another": lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 5000),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_index_is_made_anew(state, how):
    """Whatever became of the file: the truth is elsewhere."""
    archive(state, *map(deed, range(3)))
    WRONG[how](state / "index.db")
    found = Archive(state, held_share=0.2)
    assert ids(found.entries()) == ["s:0", "s:1", "s:2"]
    assert found.add([deed(1)]) == 0


def test_without_the_hash_a_wrong_index_would_be_believed(state, monkeypatch):
    """The broken twin: what was read seems new, and would be learned from twice."""
    monkeypatch.setattr(index_file, "sha256_of_file", lambda _path: "same")
    archive(state, *map(deed, range(3)))
    _flip(state / "index.db")
    assert Archive(state, held_share=0.2).add([deed(1)]) == 1


def test_an_archive_that_changed_makes_the_index_anew(state):
    """Lines that another run added, or took away."""
    archive(state, *map(deed, range(3)))
    path = state / "archive.jsonl"
    first, *_ = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first)
    assert ids(Archive(state, held_share=0.2).entries()) == ["s:0"]


def test_what_was_added_before_a_death_is_found_by_the_next_run(state):
    """Flushed and not settled: the index is behind, and is made anew."""
    archive(state, deed(0))
    dying = Archive(state, held_share=0.2)
    dying.add([deed(1), deed(2)])
    dying.flush()
    after = Archive(state, held_share=0.2)
    assert after.add([deed(2), deed(3)]) == 1
    after.flush()
    lines = (state / "archive.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"s:{n}" for n in range(4)]


def test_an_index_from_before_the_lock_is_not_added_to(state):
    """Another run added meanwhile: what it took in is not taken in again."""
    early = archive(state, deed(0))
    assert len(early.pending()) == 1
    archive(state, deed(1))
    assert early.add([deed(1), deed(2)]) == 1
    early.flush()
    assert ids(Archive(state, held_share=0.2).entries()) == ["s:0", "s:1", "s:2"]


def test_an_index_that_cannot_be_kept_is_no_fault(state, monkeypatch):
    """The run is good; the next one makes it anew, and no file is left over."""

    def full(*_: object) -> None:
        raise InputError("no space", remedy="None.")

    monkeypatch.setattr(Index, "keep", full)
    found = archive(state, *map(deed, range(3)))
    assert not (state / "index.db").exists()
    assert left_behind(state) == []
    assert len(found.pending()) == 3


def taken_in(state: Path, log: Path) -> gathering.Gathered:
    found = Archive(state, held_share=0.2)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        return gather(
            found, [str(log)], root=state.parents[1], stdin=nothing, max_record=1 << 20
        )


def test_a_log_with_another_time_and_the_same_bytes_is_not_read(state, tmp_path):
    """A copy, a checkout, a touch: its bytes tell. Other bytes of one size are read."""
    log = tmp_path / "a.jsonl"
    log.write_text('{"chosen": "one"}\n')
    assert (taken_in(state, log).new, taken_in(state, log).unchanged) == (1, 1)
    os.utime(log, (1, 1))
    assert taken_in(state, log).unchanged == 1
    log.write_text('{"chosen": "two"}\n')
    os.utime(log, (1, 2))
    assert (found := taken_in(state, log)).new == 1
    assert found.unchanged == 0


def test_a_log_that_is_written_to_while_it_is_read_is_read_again(
    state, tmp_path, monkeypatch
):
    """The bytes that were hashed are not those that were read: none are noted."""
    log = tmp_path / "a.jsonl"
    log.write_text('{"chosen": "one"}\n')
    read_log = gathering.read_log

    def read_slowly(path: Path, **how: object):
        yield from read_log(path, **how)
        log.write_text('{"chosen": "two"}\n')
        os.utime(log, (5, 5))

    with monkeypatch.context() as patch:
        patch.setattr(gathering, "read_log", read_slowly)
        taken_in(state, log)
    assert taken_in(state, log).new == 1
