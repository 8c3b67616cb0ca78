"""A vendor's zip, read as it is; and one that somebody made to do harm."""

import contextlib
import io
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.errors import InputError
from persona_cli.logs import Tally, find_logs, read_log, read_stream
from tests.chatgpt_export import chat
from tests.peak import peak

LOGS = Path(__file__).parent / "logs"
GOOD = json.dumps([chat("Good.", "Yes.", "Bye.")])


def read(path, **options):
    tally = Tally()
    return list(read_log(path, tally=tally, **options)), tally


def packed(path, members, method=zipfile.ZIP_DEFLATED):
    """A zip of names and contents, as they are given."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return path


def folder_as_zip(path, folder, prefix=""):
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return packed(
        path, [(prefix + str(f.relative_to(folder)), f.read_bytes()) for f in files]
    )


@pytest.mark.parametrize("name", ["chatgpt", "claude-ai"])
@pytest.mark.parametrize("prefix", ["", "an export/"])
def test_a_zip_tells_what_its_folder_does(tmp_path, name, prefix):
    """Feedback and names of projects lie beside, in either."""
    path = folder_as_zip(tmp_path / "export.zip", LOGS / name, prefix)
    packed_deeds, tally = read(path)
    aside = Tally()
    deeds = [
        deed
        for log in find_logs([str(LOGS / name)])
        for deed in read_log(log, tally=aside)
    ]
    assert set(packed_deeds) == set(deeds)
    assert len(packed_deeds) == len(deeds) > 10
    assert tally.interactions == len(deeds)
    assert tally.skipped == aside.skipped
    others = tally.left_out.pop("another file of an export")
    assert others == aside.left_out.pop("another file of an export") + (
        name == "chatgpt"  # chat.html, which a folder does not offer
    )
    assert tally.left_out == aside.left_out


def test_takeout_is_found_deep_inside(tmp_path):
    """And its page is noted, with what to do, when that is what there is."""
    inside = "Takeout/My Activity/Gemini Apps/MyActivity"
    page = (f"{inside}.html", (LOGS / "gemini" / "MyActivity.html").read_bytes())
    rows = (f"{inside}.json", (LOGS / "gemini" / "MyActivity.json").read_bytes())
    other = ("Takeout/archive_browser.html", b"<html></html>")
    deeds, tally = read(packed(tmp_path / "both.zip", [page, rows, other]))
    assert len(deeds) == 5
    assert "a web page, not a log; passed over" in tally.notes[0]
    with pytest.raises(InputError, match="a web page, not a log") as caught:
        read(packed(tmp_path / "page.zip", [page, other]))
    assert "choose JSON" in caught.value.remedy


def test_shards_are_read_in_order(tmp_path):
    """Whatever their order in the archive."""
    names = [f"conversations-{number:03d}.json" for number in (2, 0, 1)]
    members = [(name, json.dumps([chat(name, name=name)])) for name in names]
    members.append(("export_manifest.json", "{}"))
    deeds, _ = read(packed(tmp_path / "x.zip", members, zipfile.ZIP_STORED))
    assert [deed.chosen for deed in deeds] == sorted(names)


def test_any_zip_gives_the_logs_in_it(tmp_path):
    """JSON of a known format; other files are not looked at, or counted."""
    pair = json.dumps({"chosen": "a", "rejected": "b"})
    members = [
        ("pairs.jsonl", pair),
        ("deep/in/array.json", f"[{pair}]"),
        ("config.json", '{"colour": "teal"}'),
        ("list.json", "[1, 2, 3]"),
        ("no.json", "not JSON at all"),
        ("notes.txt", "I prefer what a document says."),
        ("picture.png", b"\x89PNG\x00\x00"),
    ]
    deeds, tally = read(packed(tmp_path / "x.zip", members))
    assert len(deeds) == 2
    assert tally.left_out == {"a member of no known format": 3}
    assert not tally.skipped
    assert len(read(tmp_path / "x.zip", format="pairs", max_record=1000)[0]) == 2


@pytest.mark.parametrize(
    "name",
    [
        "../conversations.json",
        "a/../../conversations.json",
        "/conversations.json",
        "..\\conversations.json",
        "C:/conversations.json",
    ],
)
def test_a_name_that_leads_out_is_left_out(tmp_path, name, monkeypatch):
    """Counted; the rest is read, and nothing is written anywhere."""
    members = [(name, json.dumps([chat("Bad.")])), ("conversations.json", GOOD)]
    path = packed(tmp_path / "x.zip", members)
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    before = sorted(tmp_path.rglob("*"))
    deeds, tally = read(path)
    assert [deed.chosen for deed in deeds] == ["Good.", "Bye."]
    assert tally.left_out == {"a member whose name leads out of the archive": 1}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_members_name_is_shown_safely(tmp_path):
    """Without escapes, and not at any length."""
    members = [("\x1b[31m" + "x" * 5000 + "/conversations.json", "[7]")]
    with pytest.raises(InputError) as caught:
        read(packed(tmp_path / "x.zip", members))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def bomb(path, mebibytes):
    """A member that is a long string, a thousandth of its size packed."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conversations.json", "w") as file,
    ):
        file.write(b'[{"mapping": {"')
        for _ in range(mebibytes):
            file.write(b"x" * (1 << 20))
    return path


def test_a_bomb_is_refused_and_takes_no_memory(tmp_path):
    """At 64 MB, which is 200 times its size and more; not at its end."""
    path = bomb(tmp_path / "bomb.zip", 80)
    assert path.stat().st_size < 100_000
    grown, said, _ = peak(path)
    assert said == f"{path}: expands to more than 200 times its size"
    assert grown < 80, f"{grown} MB"


def test_many_small_bombs_are_one(tmp_path):
    """What is counted is what the whole archive came to."""
    content = json.dumps([chat("a " * 300_000)])
    members = [(f"{n}/conversations.json", content) for n in range(130)]
    path = packed(tmp_path / "x.zip", members)
    with pytest.raises(InputError, match="expands to more than 200 times"):
        read(path)


def test_the_size_that_is_declared_is_not_believed(tmp_path):
    """Neither a small one nor a large one is; what is read is counted."""
    path = packed(tmp_path / "x.zip", [("conversations.json", GOOD)])
    content = bytearray(path.read_bytes())
    central = content.rfind(b"PK\x01\x02")
    for declared in (1, len(GOOD) - 1, 0xFFFFFFF0):
        struct.pack_into("<I", content, central + 24, declared)
        path.write_bytes(content)
        tally = Tally()
        if declared < len(GOOD):
            with pytest.raises(InputError, match="damaged"):
                list(read_log(path, tally=tally))
        else:
            assert len(list(read_log(path, tally=tally))) == 2


def encrypted(path):
    """The flag alone, as an encrypted member has it."""
    packed(path, [("conversations.json", GOOD)])
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(magic) + offset] |= 1
    path.write_bytes(content)
    return path


def flipped(path):
    packed(path, [("conversations.json", GOOD)], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.find(b"Bye.")] ^= 1
    path.write_bytes(content)
    return path


def truncated(path):
    packed(path, [("conversations.json", GOOD)])
    path.write_bytes(path.read_bytes()[:-30])
    return path


def no_utf8_name(path):
    packed(path, [("conversations\u00e9.json", GOOD)])
    path.write_bytes(path.read_bytes().replace(b"\xc3\xa9", b"\xff\xff"))
    return path


FAULTS = {
    "encrypted": (encrypted, "encrypted"),
    "bzip2": (
        lambda p: packed(p, [("conversations.json", GOOD)], zipfile.ZIP_BZIP2),
        "packed in a way that is not read",
    ),
    "lzma": (
        lambda p: packed(p, [("conversations.json", GOOD)], zipfile.ZIP_LZMA),
        "packed in a way that is not read",
    ),
    "flipped": (flipped, "damaged, or no zip"),
    "truncated": (truncated, "damaged, or no zip"),
    "a name that is no text": (no_utf8_name, "damaged, or no zip"),
    "empty": (lambda p: packed(p, []), "no log in it that is known"),
    "a document": (
        lambda p: packed(p, [("word/document.xml", "<w/>")]),
        "no log in it that is known",
    ),
    "no usable record": (
        lambda p: packed(p, [("conversations.json", '[{"a": 1}]')]),
        "no usable record in 1 item",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_cannot_be_read_is_said(tmp_path, case):
    """An InputError with the place, and what to do."""
    make, words = FAULTS[case]
    path = make(tmp_path / "x.zip")
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.remedy


def test_a_member_that_fails_does_not_take_the_others_along(tmp_path):
    """It is noted, and what is in the rest is told."""
    path = packed(
        tmp_path / "x.zip",
        [("a/conversations.json", "[7]"), ("b/conversations.json", GOOD)],
    )
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("c/conversations.json", GOOD)
    deeds, tally = read(path)
    assert [deed.chosen for deed in deeds] == ["Good.", "Bye."]
    assert tally.notes[1:] == [
        f"{path}/a/conversations.json: no usable record in 1 item; passed over",
        f"{path}/c/conversations.json: packed in a way that is not read; passed over",
    ]


def test_a_long_list_of_members_is_refused(tmp_path):
    """Nine megabytes of names would be many more as objects."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(160):
            archive.writestr(f"{number}{'n' * 60_000}", b"")
    with pytest.raises(InputError, match="damaged, or no zip"):
        read(path)


def test_a_zip_through_a_pipe_is_refused_with_a_remedy(tmp_path):
    """It would have to be put on disk first."""
    path = packed(tmp_path / "x.zip", [("conversations.json", GOOD)])
    with pytest.raises(InputError) as caught:
        list(read_stream(io.BytesIO(path.read_bytes()), name="stdin", tally=Tally()))
    assert "give the file by its name" in caught.value.remedy


def test_reading_leaves_nothing_behind(tmp_path, monkeypatch):
    """No file is made, in no folder for such."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = folder_as_zip(tmp_path / "export.zip", LOGS / "chatgpt")
    made = []
    sys_open = os.open
    monkeypatch.setattr(
        os, "open", lambda p, flags, *a: (made.append(flags), sys_open(p, flags, *a))[1]
    )
    assert len(read(path)[0]) == 14
    assert made
    assert not any(flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) for flags in made)
    assert sorted(tmp_path.rglob("*")) == [path, tmp_path / "tmp"]


SAMPLE = io.BytesIO()
with zipfile.ZipFile(SAMPLE, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("conversations.json", GOOD)
    _archive.writestr("message_feedback.json", "[]")
    _archive.writestr("other.json", '{"chosen": "a", "rejected": "b"}')


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(4, len(SAMPLE.getvalue()) - 1), st.binary(max_size=4)),
        max_size=6,
    ),
    st.integers(0, 40),
)
def test_no_damage_ends_otherwise(tmp_path_factory, changes, cut):
    """Bytes changed anywhere, or missing at the end: read, or said to be damaged."""
    content = bytearray(SAMPLE.getvalue())
    for place, new in changes:
        content[place : place + len(new)] = new
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    path.write_bytes(content[: len(content) - cut])
    tally = Tally()
    with contextlib.suppress(InputError):
        assert list(read_log(path, tally=tally)) or tally.left_out
    assert all(note.isprintable() for note in tally.notes)
