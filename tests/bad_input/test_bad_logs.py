"""Logs that cannot be read, whole or in part."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.bad_input.refusals import (
    INPUT,
    UNPRIVILEGED,
    assert_refused,
    assert_works,
    pair,
    running,
)
from tests.steady import kept


def a_missing_file(path: Path) -> None:
    """Nothing is there."""


def an_unreadable_file(path: Path) -> None:
    path.write_bytes(pair(0))
    path.chmod(0)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_broken_link(path: Path) -> None:
    path.symlink_to("gone")


def holding(content: bytes) -> Callable[[Path], None]:
    """Makes a file of these bytes."""
    return lambda path: path.write_bytes(content) and None


LOGS = {
    "missing": (a_missing_file, "chats.jsonl", "no such log: {log}", "- for stdin"),
    "broken link": (a_broken_link, "chats.jsonl", "no such log: {log}", "name"),
    "unreadable": (
        an_unreadable_file,
        "chats.jsonl",
        "cannot read {log}: permission denied",
        "permissions",
    ),
    "pipe": (a_pipe, "chats.jsonl", "{log}: not a regular file", "Pipe"),
    "device": (a_device, "chats.jsonl", "{log}: not a regular file", "Pipe"),
    "every line broken": (
        holding(b"a,b\n" + b"1,2\n" * 240),
        "chats.csv",
        "{log}: no usable record in 240 lines",
        "formats: pairs",
    ),
    "no line is JSON": (
        holding(b"not json\n" * 3),
        "chats.jsonl",
        "{log}: no usable record in 3 lines",
        "--format",
    ),
    "binary": (
        holding(b"\x1f\x8b\x08" + bytes(range(256))),
        "chats.bin",
        "{log}: not UTF-8 text (byte 0x1f at 0)",
        "UTF-8",
    ),
    "UTF-16": (
        holding(pair(0).decode().encode("utf-16")),
        "chats.jsonl",
        "{log}: not UTF-8 text (byte 0xff at 0)",
        "iconv -f UTF-16",
    ),
    "depth 100,000 alone": (
        holding(b"[" * 100_000 + b"\n"),
        "chats.jsonl",
        "{log}: no usable record in 1 line",
        "formats",
    ),
}


@pytest.mark.parametrize("row", LOGS)
def test_a_log_that_cannot_be_read(persona, tmp_path, log, row):
    """The log and its fault by name; exit 3.

    Folders are read, with what is below them, as the design has it: no row for them.
    """
    make, name, says, tries = LOGS[row]
    path = tmp_path / name
    make(path)
    logs = (path,) if row not in ("unreadable", "missing", "broken link") else ()
    argv = [*UNPRIVILEGED, sys.executable, "-m", "persona_cli", "update", "me"]
    if row == "unreadable" and UNPRIVILEGED and not shutil.which("setpriv"):
        pytest.skip("root may read everything, and there is no setpriv")

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*(argv if row == "unreadable" else argv[len(UNPRIVILEGED) :]), str(path)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=persona.environ,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )

    watched = () if row in ("pipe", "device") else logs
    assert_refused(
        persona, run, INPUT, says.format(log=path), tries, logs=watched, state=False
    )
    if row in ("missing", "binary"):  # refused before and while it is read
        assert_works(persona, log)


def test_a_log_that_is_missing_is_no_profile_name(persona, log):
    """Of two logs the first is missing: that is said, and nothing of profiles."""
    run = running(persona, "update", "gone.jsonl", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "no such log: gone.jsonl", "Check the name")
    assert_works(persona, log)


def test_a_log_inside_the_profile(persona, log):
    """It would be committed: refused; exit 3."""
    inside = persona.root / "me" / "chats.jsonl"
    inside.write_bytes(pair(0))
    run = running(persona, "update", "me", str(inside), code=INPUT)
    says = f"refusing: {inside} is inside a profile and would be committed"
    assert_refused(persona, run, INPUT, says, "Move it out", logs=(inside,))
    inside.unlink()
    assert_works(persona, log)


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.txt", "chats.csv"])
def test_an_empty_log(persona, tmp_path, log, name):
    """Noted; nothing to do; exit 0."""
    path = tmp_path / name
    path.write_bytes(b"")
    before = kept(persona.root, path, state=False)
    done = persona("update", "me", str(path))
    assert f"note: {path} is empty, nothing to do\n" in done.stderr
    assert done.stdout == ""
    assert kept(persona.root, path, state=False) == before
    if name == "chats.jsonl":
        assert_works(persona, log)


def test_one_broken_line_among_good_ones(persona, tmp_path):
    """Place, column and share; the good ones are folded in; exit 0."""
    path = tmp_path / "chats.jsonl"
    lines = [pair(n, at=f"2026-01-01T00:00:{n:02}Z") for n in range(7)]
    path.write_bytes(b"".join([*lines[:3], b'{"chosen": x}\n', *lines[3:]]))
    content = path.read_bytes()
    done = persona("update", "me", str(path))
    assert f"note: {path}:4: not JSON (col 12); skipped\n" in done.stderr
    assert "7 new interactions" in done.stderr
    assert "1 of 8 records skipped" in done.stderr
    assert path.read_bytes() == content


def test_a_last_line_that_is_cut(persona, tmp_path):
    """Kept for the next run, which takes it when it is whole; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(pair(0) + pair(1)[:-9])
    done = persona("update", "me", str(path))
    assert f"{path}:2: incomplete last record kept for next run" in done.stderr
    assert "1 new interactions" in done.stderr
    path.write_bytes(pair(0) + pair(1))
    again = persona("update", "me", str(path))
    assert "1 new interactions" in again.stderr
    assert "Basil goes before bellows." in again.stdout


def test_bad_bytes_and_a_byte_order_mark(persona, tmp_path):
    """The mark is no part of the log; single bad bytes are replaced, and counted."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + pair(0) + pair(1).replace(b"no", b"n\xff"))
    done = persona("update", "me", str(path))
    assert f"note: {path}:2: bytes that are not UTF-8, replaced\n" in done.stderr
    assert "2 new interactions" in done.stderr


ODD = {
    "record of 3 MiB is over max_record 1 MiB": (
        b'{"chosen": "' + b"x" * (3 << 20) + b'"}',
        "over max_record",
    ),
    "NUL character": (b'{"chosen": "a\\u0000b", "rejected": "c"}', "NUL character"),
    "not JSON (NaN)": (b'{"chosen": "a", "rejected": "b", "n": NaN}', "not JSON"),
    "a number has too many digits": (
        b'{"chosen": "a", "rejected": "b", "n": ' + b"9" * 5000 + b"}",
        "a number has too many digits",
    ),
    "nested too deeply": (b"[" * 100_000, "nested too deeply"),
    "lone surrogate": (b'{"chosen": "\\ud83d", "rejected": "b"}', "lone surrogate"),
    "duplicate keys": (b'{"chosen": "a", "chosen": "b"}', "duplicate keys"),
}


def test_odd_records(persona, tmp_path, log):
    """Each is skipped with its reason, and its neighbours are read; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(
        b"".join(pair(n) + odd + b"\n" for n, (odd, _) in enumerate(ODD.values()))
    )
    done = persona("update", "me", str(path), "--json")
    notes = done.stderr.splitlines()
    for place, says in enumerate(ODD):
        if place < 5:
            assert notes[place] == f"note: {path}:{place * 2 + 2}: {says}; skipped"
    assert notes[5] == "note: and 2 more like these"
    assert "7 of 14 records skipped" in done.stderr
    found = json.loads(done.stdout)
    assert found["skipped"] == {reason: 1 for _, reason in ODD.values()}
    assert found["new"] == 7


def test_an_unknown_role_and_no_time(persona, tmp_path):
    """Nobody we know wrote it, so it is counted and not believed; exit 0."""
    path = tmp_path / "chat.jsonl"
    turns = [
        {"role": "oracle", "content": "I always prefer tabs to spaces."},
        {"role": "user", "content": "ember easel"},
    ]
    path.write_text(json.dumps({"messages": turns}) + "\n")
    done = persona("update", "me", str(path))
    assert "1 new interactions" in done.stderr
    assert "1 unknown role" in done.stderr
    assert "Ember goes before easel." in done.stdout
    archive = (persona.root / "me/.state/archive.jsonl").read_text()
    assert "tabs" not in archive


def test_times_out_of_this_world(persona, tmp_path):
    """Of the year 1 or the future: noted, and the order of the file counts; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(
        pair(3, at="0001-01-01T00:00:00Z")
        + pair(2, at="2999-01-01T00:00:00Z")
        + pair(1, at="once upon a time")
    )
    done = persona("update", "me", str(path))
    assert f"note: {path}:1: time is before 1990 or in the future" in done.stderr
    assert f"note: {path}:2: time is before 1990 or in the future" in done.stderr
    assert f"note: {path}:3: time not understood, left out" in done.stderr
    words = ["Dahlia goes", "Cedar goes", "Basil goes"]
    places = [done.stdout.index(word) for word in words]
    assert places == sorted(places)


def test_the_same_log_again(persona, log, server, tmp_path, monkeypatch):
    """Nothing to do, and no model asked: same name, another name, another copy.

    The design says "nothing new" where the table counts what was applied.
    """
    assert_works(persona, log)
    asked = len(server.requests)
    before = kept(persona.root, log, state=False)
    # Unchanged since it was read, under whichever name: not so much as opened.
    for again in (str(log), log.name, f"./{log.name}"):
        assert persona("update", "me", again).stderr == "me: nothing new\n"
    shutil.copy(log, tmp_path / "copy.jsonl")
    done = persona("update", "me", "copy.jsonl")
    assert "0 new interactions" in done.stderr
    assert done.stdout == ""
    assert len(server.requests) == asked
    assert kept(persona.root, log, state=False) == before


def test_a_bad_log_in_a_folder(persona, tmp_path, log):
    """What nobody named is passed over with a note; its neighbours are read."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"\x00" * 99)
    (folder / "b.jsonl").write_bytes(pair(2))
    done = persona("update", "me", str(folder))
    assert f"note: {folder / 'a.jsonl'}: not UTF-8 text" in done.stderr
    assert "; passed over\n" in done.stderr
    assert "Cedar goes before chisel." in done.stdout
    assert_works(persona, log)
