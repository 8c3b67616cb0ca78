"""Gemini Apps in Google Takeout."""

import json
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.logs import Tally, find_logs, read_log

EXPORT = Path(__file__).parent / "logs" / "gemini"


def read(path, **options):
    tally = Tally()
    return list(read_log(path, tally=tally, **options)), tally


def test_prompts_are_messages_by_conversation():
    """Without the word before them, in English; in other languages with it."""
    deeds, tally = read(EXPORT / "MyActivity.json")
    assert [(d.kind, d.source, d.chosen) for d in deeds] == [
        ("message", "gemini:abc123", "Shorter, please."),
        ("message", "gemini:abc123", "Write a haiku about mosses."),
        ("message", "gemini:def456", "What is a heap?"),
        ("message", "gemini:ghi789", "Frage: Wie backe ich Brot?"),
        ("message", "gemini:MyActivity", "Without an address."),
    ]
    assert deeds[0].at.isoformat() == "2026-03-01T12:05:00.123000+00:00"
    assert tally.left_out == {
        "activity that is no prompt": 2,
        "message without text": 1,
        "activity in another product": 2,
    }
    assert tally.skipped == {"not a row of activity": 2}


def test_exports_that_overlap_agree(tmp_path):
    """In any order, with the replies or without: a prompt is its words and its time."""
    rows = json.loads((EXPORT / "MyActivity.json").read_text())
    known = {deed.id for deed in read(EXPORT / "MyActivity.json")[0]}
    for row in rows[:2]:
        del row["safeHtmlItem"]
    (tmp_path / "MyActivity.json").write_text(json.dumps(rows[:3][::-1]))
    again = {deed.id for deed in read(tmp_path / "MyActivity.json")[0]}
    assert len(again) == 3
    assert again < known


def test_the_page_is_refused_with_a_remedy(tmp_path):
    """It is what Takeout makes unless JSON is chosen; a folder does not hide it."""
    found = find_logs([str(EXPORT)])
    assert EXPORT / "MyActivity.html" in found
    for content in (None, b"<!doctype HTML>\n<p>Prompted x"):
        page = EXPORT / "MyActivity.html"
        if content:
            page = tmp_path / "any.name"
            page.write_bytes(content)
        with pytest.raises(InputError, match="a web page, not a log") as caught:
            read(page)
        assert "choose JSON" in caught.value.remedy
    # Unless the page is the user's own text.
    assert len(read(tmp_path / "any.name", format="text")[0]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/app/c/abc",
        "https://gemini.google.com.evil.example/app/c/abc",
        "https://[bad/app/c/abc",
        "//gemini.google.com@evil.example/app/c/abc",
        7,
        None,
    ],
)
def test_an_address_elsewhere_makes_no_prompt(tmp_path, url):
    """Of another product's row nothing is a prompt, whatever its address says."""
    row = {"header": "Chrome", "products": ["Chrome"], "time": "2026-01-01T00:00:00Z"}
    path = tmp_path / "MyActivity.json"
    path.write_text(json.dumps([{**row, "title": "Visited it", "titleUrl": url}]))
    deeds, tally = read(path)
    assert deeds == []
    assert tally.left_out == {"activity in another product": 1}
