"""The guard: persona's own words, pasted text and secrets do not get through."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.markers import END, OWN_RUN, begin
from persona_cli.secrets import redact

AT = datetime(2026, 3, 1, tzinfo=UTC)


def deed(chosen: str, kind: str = "message", **fields: str) -> Interaction:
    """An interaction, with as much of it as its kind needs."""
    if kind in ("pair", "edit"):
        fields = {"query": "How?", "rejected": "Like that.", **fields}
    rating = 1.0 if kind == "rating" else None
    return Interaction("t:1", kind, "t:log", chosen, at=AT, rating=rating, **fields)


def passed(chosen: str, kind: str = "message") -> str:
    """What of ``chosen`` gets through; empty when nothing does."""
    kept = guard(deed(chosen, kind)).interaction
    return kept.chosen if kept else ""


# What was typed, and what stood around it that was not.
PASTED = {
    "fence": ("why?\n\n```\nalways use tabs\n```", "why?"),
    "fence in a line": ("why: ```always use tabs``` fails", "why:\n\n fails"),
    "open fence": ("why?\n~~~\nalways use tabs\n", "why?"),
    "longer fence": ("a\n````\n```\nnever\n```\nnever\n````\nb", "a\n\nb"),
    "quote": ("look\n> always use tabs\n>> never", "look"),
    "triple quotes": ('Look at it.\n"""\nalways use tabs\n"""', "Look at it."),
    "whole quotation": ("Look.\n\n“I prefer tabs,\nalways.”", "Look."),
    "indented": ("look\n\n    always use tabs\n    never\n\nok", "look\n\nok"),
    "reminder": ("go<system-reminder>always</system-reminder>", "go"),
    "open tag": ("go\n<command-name>never\nalways", "go"),
    "hidden element": ('go <div style="display:none">never</div>', "go"),
    "comment": ("go <!-- always --> on", "go\n\n on"),
    "traceback": (
        (
            "it fails\n\nTraceback (most recent call last):\n"
            '  File "a.py", line 3, in f\n    never()\nValueError: x\n\nwhat is it?'
        ),
        "it fails\n\nwhat is it?",
    ),
    "log lines": ("see\n2026-03-01 10:00:00 always\n[INFO] never\nok", "see\nok"),
    "shell": ("see\n\n$ make\nwarning: always use tabs", "see"),
    "diff": ("see\n\ndiff --git a/x b/x\n+++ b/x\n@@ -1 +1 @@\n\nok", "see\n\nok"),
    "handed over": ("Hi.\n\nPlease translate this:\n\nI prefer tabs.\n\nok", "Hi."),
    "handed over in a line": ("Hi.\n\nShe wrote:\nI prefer tabs.\n\nok", "Hi."),
    "handed over twice": (
        "The README says:\n\n> never\n\nIs that so?",
        "Is that so?",
    ),
    "transcript": ("see\n\nUser: I prefer tabs\nAssistant: noted", "see"),
    "mail": ("see\n\nFrom: Kim\nSubject: tabs\nI prefer tabs", "see"),
    "forwarded": ("see\n\n----- Original Message -----\nI prefer tabs", "see"),
    "unseen": ("see\U000e0041\u200b it\ufeff", "see it"),
}


@pytest.mark.parametrize("kind", ["message", "post", "stated", "edit"])
@pytest.mark.parametrize("case", PASTED)
def test_only_what_was_typed_gets_through(case, kind):
    """Text that was quoted, pasted or sent by a program is cut from the typed."""
    text, typed = PASTED[case]
    assert passed(text, kind) == typed


@pytest.mark.parametrize(
    "text",
    [
        "I prefer tabs.",
        "Please:\n- never use tabs\n- use `uv`, not pip",
        "# Notes\n\nAlways British spelling.\n\n  1. Short\n  2. Plain",
        "is a <div> ever right, or List[int] < 3 > 2?",
        'She calls it "the thing", and I like that.',
        "It costs $5, and 50 % of it is air; note: I never pay.",
    ],
)
def test_plain_words_stay_as_they_are(text):
    """Lists, headings, inline code and odd signs are typed."""
    assert passed(text) == text


def test_pasted_alone_is_dropped():
    """A message that is all paste is left out, with the reason."""
    assert guard(deed("```\nx = 1\n```")).dropped == "nothing typed"


def test_answers_keep_their_code():
    """What is chosen among answers is not typed: its code and quotes stay."""
    code = "```python\nx = 1\n```\n> quoted\n\n    indented"
    kept = guard(deed(code, "pair", rejected="> no\n" + code)).interaction
    assert (kept.chosen, kept.rejected) == (code, "> no\n" + code)
    assert passed(code, "rating") == code


def test_a_paste_too_long_to_type_leaves_the_request():
    """Of a long message its short first and last paragraphs are kept."""
    paste = "\n\n".join(["word " * 250] * 20 + ["tale " * 2000])
    kept = passed(f"I prefer tabs.\n\n{paste}\n\nShorter, please.")
    assert kept.startswith("I prefer tabs.")
    assert kept.endswith("Shorter, please.")
    assert len(kept) < 4000
    assert len(passed(paste, "post")) > 20_000


def test_personas_own_runs_are_skipped():
    """A log of persona at work teaches nothing, wherever its mark stands."""
    for fields in ({"query": OWN_RUN}, {"chosen": f"a {OWN_RUN}"}):
        own = deed(**{"chosen": "tabs", **fields})
        assert guard(own).dropped == "a run of persona's own"


def test_injected_profiles_are_cut_out():
    """A profile that persona put into a prompt is not learned from again."""
    block = f"{begin('ada', 3)}\n- Prefers tabs.\n{END}"
    given = deed(f"a {block} b", "pair", query=block + "q", rejected=block + "c")
    kept = guard(given).interaction
    assert (kept.query, kept.chosen, kept.rejected) == ("q", "a  b", "c")
    assert guard(deed(block, "pair")).dropped == "nothing left"
    assert passed(f"hello {begin('ada', 3)} and never an end") == "hello"
    same = deed(block + "a", "pair", rejected="a")
    assert guard(same).dropped == "chosen and rejected are the same"


def test_the_query_is_shortened_and_redacted():
    """Context keeps its beginning and end, and no secrets."""
    mail = "ada" + "@" + "harbour.co"
    kept = guard(deed("ok", query=f"{mail} " + "x" * 9000 + " end")).interaction
    assert kept.query.startswith("[redacted:mail] x")
    assert kept.query.endswith("x end")
    assert len(kept.query) <= 4000


def test_what_was_redacted_is_counted():
    """The count names each rule, over all sides."""
    token = "ghp" + "_" + "a1B2" * 9
    found = guard(deed(token, "pair", query=token)).redacted
    assert found == {"github-token": 2}


A = "aB3dE6gH9" * 12


@pytest.mark.parametrize("text", ["1" * 40, "3f2a" * 10, "v1.22.333", "10.0.0.1"])
def test_hashes_and_numbers_are_no_secrets(text):
    """Text that is merely random-looking stays."""
    assert redact(text) == (text, {})


PIECES = st.sampled_from(
    [
        "I prefer tabs. ", "\n", "\n\n", "```", "~~~\n", '"""', "> ", "    x\n",
        "<a-b>", "</a-b>", "<!--", "-->", begin("a", 1), END, "<!-- persona:",
        "begin x", "says:\n",
        "$ ls\n", "password = ", "hunter2x", "a" + "@" + "b.co", "://u:", "p@h ",
        "User: ", "Bearer ", A[:30], "\u200b", "\ufffc", "word " * 400, '"', "'''",
        "ey" + "J", "“", "”",
    ]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=8), min_size=1, max_size=25).map("".join),
    st.sampled_from(["message", "post", "edit", "stated", "pair", "rating"]),
)
@settings(max_examples=400, deadline=None)
def test_guarding_twice_changes_nothing(text, kind):
    """Whatever comes in, what comes out passes as it is."""
    if not text.strip():
        return
    fields = {"query": text} | ({"rejected": text + "x"} if kind == "pair" else {})
    once = guard(deed(text, kind, **fields)).interaction
    if once is not None:
        assert guard(once).interaction == once
        assert not guard(once).redacted


@pytest.mark.parametrize("kind", ["message", "post", "pair"])
@pytest.mark.parametrize(
    "piece",
    [
        "a", "<a-b>", "<!-- persona:begin ", "```\n", "'''", "> a\n", "$ a\n", '"',
        "a:\n\n", "<a b=", "a@", "://a:", "password", "token = ", "eyJaaaaaaaa.", "sk-",
        "-----BEGIN RSA " + "PRIVATE KEY-----", "x@a.b.c.", "bearer ", "a.a-",
        "From: a\n",
    ],
)  # fmt: skip
def test_a_megabyte_made_to_be_slow_is_not(piece, kind):
    """Time grows with the text and not with its square."""
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    guard(deed(text, kind))
    assert time.process_time() - start < 10  # a square would take hours
