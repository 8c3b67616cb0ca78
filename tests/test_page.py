"""`persona report`: one page that shows a profile, and does nothing else."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nasty import NASTY

from persona_cli.evidence import Link, Wording, line_of
from persona_cli.page import gather, html
from persona_cli.page.curve import HEIGHT, Measured, curve
from persona_cli.reveal import revealed
from persona_cli.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VOID = {"meta", "br", "line", "circle", "path"}


class Reader(HTMLParser):
    """What a browser would make of a page, as far as these tests ask."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, str] = {}
        self._card = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "li" and dict(attrs).get("class") == "claim":
            self._card = dict(attrs)["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self._card and self.open[-2:] == ["li", "p"]:
            self.words.setdefault(self._card, data)


@pytest.fixture
def ada(run_persona):
    """A profile with claims, evidence, a check, and one claim that waits."""
    run_persona("init", "ada", "--title", "Ada & <b>Co</b>")
    write(run_persona, 1, ["- Prefers short answers. <!-- c011 3x 2026-11-02 -->"])
    link = [
        Link("c011", f"i{n}", "pairs:a", NOW, "for", f"quote {n}") for n in range(30)
    ] + [Link("c011", "i99", "pairs:a", None, "against", "longer, please")]
    waits = Wording(
        "c022", "Runs curl.", "coding", "pending", "tiny", 1, why="runs code"
    )
    evidence = run_persona.root / "ada" / "evidence.jsonl"
    evidence.write_text("".join(map(line_of, [*link, waits])))
    return run_persona


def write(persona, version, lines, check=""):
    """A version of the profile, committed as persona would."""
    path = persona.root / "ada" / "profile.md"
    head = path.read_text().partition("\n# ")[0]
    head = re.sub(r"version: \d+", f"version: {version}", head)
    head = re.sub(r"\nverified:.*", "", head)
    if check:
        head = head.replace("\n---", f"\nverified: [{check}]\n---", 1)
        head = (
            head
            if check in head
            else head.replace("version:", f"verified: [{check}]\nversion:")
        )
    path.write_text(f"{head}\n# Ada\n\n## communication\n" + "\n".join(lines) + "\n")
    persona.git("add", "-A")
    persona.git("commit", "-qm", f"ada v{version}: something")


def writable(text):
    """Whether a claim's line can hold it: no lone surrogate, and not for ever."""
    return len(text) < 2000 and not any("\ud800" <= char <= "\udfff" for char in text)


def page_of(persona):
    """The page, read."""
    text = html(gather(Store(persona.root, "ada"), now=NOW))
    return text, Reader(text)


def test_a_page_shows_claims_support_and_what_waits(ada):
    """Newest quotes first and not all of them; what waits stands apart."""
    text, read = page_of(ada)
    assert read.words == {"c011": "Prefers short answers.", "c022": "Runs curl."}
    claims, _, waiting = text.partition('id="waiting"')
    assert "Runs curl." not in claims
    assert "runs code" in waiting
    assert "1× against" in claims
    assert claims.count("<q>quote") == 3 + 20
    assert "and 11 more: persona why c011" in claims
    assert "rests on pairs (31)" in claims
    assert read.open == []


def test_a_page_asks_for_nothing_else(ada):
    """No script, no address, no form: it can't reach out, nor be reached."""
    text, read = page_of(ada)
    used = {tag for tag, _ in read.tags}
    assert not used & {"script", "link", "img", "iframe", "form", "object", "base"}
    for _, attributes in read.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "action", "background")
            if name == "href":
                assert value.startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_claims_cannot_be_more_than_text(ada):
    """Whatever a claim says, a browser shows just that, and nothing of it hides."""
    nasty = [
        *NASTY,
        "<script>alert(1)</script>",
        "</li><h1>",
        '" onclick="x',
        "{{ 7*7 }}",
    ]
    claims = [
        f"- {' '.join(text.split())} <!-- c{n:03x} 2x 2026-11-02 -->"
        for n, text in enumerate(nasty, 16)
        if "<!--" not in text and text.strip() and writable(text)
    ]
    write(ada, 2, claims)
    text, read = page_of(ada)
    loaded = Store(ada.root, "ada").load().profile.claims
    assert len(loaded) >= len(claims) - 3
    for claim in loaded:
        assert read.words[claim.id] == revealed(claim.text)
    assert read.open == []
    assert "<script" not in text


CHECK = (
    "{{by: persona/judge tiny, at: 2026-11-23T22:21:50Z, accuracy: {0},"
    " interval: [{1}, {2}], n: 96, baseline: 0.5}}"
)


def test_a_check_counts_for_the_version_it_came_with(ada):
    """It stands in the front matter until the next one; it is not measured twice."""
    first, other = CHECK.format(0.6, 0.5, 0.7), CHECK.format(0.7, 0.6, 0.8)
    lines = ["- Prefers short answers. <!-- c011 3x 2026-11-02 -->"]
    for version, check in ((2, first), (3, first), (4, other)):
        write(ada, version, [*lines, f"- Claim {version}."], check)
    steps = gather(Store(ada.root, "ada"), now=NOW).steps
    rates = {s.version: s.measured.rate if s.measured else None for s in steps}
    assert rates == {0: None, 1: None, 2: 0.6, 3: None, 4: 0.7}
    text, read = page_of(ada)
    assert "60 % of 96" in text
    assert sum(tag == "circle" for tag, _ in read.tags) == 2


@pytest.mark.parametrize(
    "check",
    ["7", "{accuracy: 2}", "{accuracy: .6, interval: [.7, .5], n: 3, baseline: .5}"],
)
def test_a_check_that_is_none_is_not_drawn(ada, check):
    """A front matter is a person's to edit."""
    write(ada, 2, ["- Something else."], check)
    _, read = page_of(ada)
    assert not [tag for tag, _ in read.tags if tag == "circle"]


def test_the_curve_stays_within_its_box():
    """Lower rates stand lower, whatever the rates are, and one version is enough."""
    assert curve([]) is None
    rows = [(f"v{n}", Measured(n / 40, (0.0, 1.0), 9, 1 - n / 40)) for n in range(41)]
    for some in (rows, rows[:1], rows[::-1]):
        drawn = curve(some)
        assert len(drawn.marks) == len(some)
        for mark in drawn.marks:
            assert all(
                0 <= y <= HEIGHT for y in (mark.y, mark.low, mark.high, mark.base)
            )
            assert mark.high <= mark.y <= mark.low
        assert 1 <= sum(mark.named for mark in drawn.marks) <= 16
        ranked = sorted(drawn.marks, key=lambda mark: mark.measured.rate)
        heights = [mark.y for mark in ranked]
        assert heights == sorted(heights, reverse=True)


def test_the_command_writes_a_private_file_or_prints(ada, tmp_path):
    """It quotes the user, so nobody else may read it."""
    out = tmp_path / "page.html"
    said = ada("report", "ada", "--out", str(out))
    assert (said.stdout, out.stat().st_mode & 0o777) == ("", 0o600)
    printed = ada("report", environ={"SOURCE_DATE_EPOCH": "1"}).stdout
    assert printed.startswith("<!DOCTYPE html>")
    assert ada("report", "eve", code=2).stdout == ""
    lost = ada("report", "ada", "--out", str(tmp_path / "no" / "page.html"), code=3)
    assert "page.html" in lost.stderr


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(not BROWSER, reason="no Chromium to look at it with")
def test_a_real_browser_shows_it(ada, tmp_path):
    """Nothing is refused by the page's own policy, and every claim is there."""
    out = tmp_path / "page.html"
    ada("report", "ada", "--out", str(out))
    argv = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
    ]
    argv += [f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", out.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert "Prefers short answers." in done.stdout
    assert "Content Security Policy" not in done.stderr
    assert Path(out).read_text().count("<li") == done.stdout.count("<li")
