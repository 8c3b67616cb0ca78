"""The guard: persona's own words, pasted text and secrets do not get through."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.markers import END, OWN_RUN, begin
from persona_cli.secrets import RULES, redact

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
    "handed over": ("Please translate this text:\n\nI prefer tabs.\n\nok", "ok"),
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


KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\n{}-----END RSA " + "PRIVATE KEY-----"
A = "aB3dE6gH9" * 12

# Each rule: what it must find, and what only looks like it.
SECRETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "private-key": (
        (
            KEY.format("MIIE" + A + "\n"),
            "x " + KEY.format("Proc-Type: 4\n\n" + A) + " y",
            "-----BEGIN " + "PRIVATE KEY-----\n" + A,
        ),
        ("-----BEGIN PUBLIC KEY-----", "a private key", "-----BEGIN CERTIFICATE-----"),
    ),
    "aws-key-id": (
        (
            "AK" + "IA" + "A2B3C4D5E6F7G2H3",
            "id=AS" + "IA" + "Z" * 16,
            "(AK" + "IA" + "7" * 16 + ")",
        ),
        ("AKIA", "AK" + "IA" + "abcdefghijklmnop", "XAK" + "IA" + "A" * 16),
    ),
    "github-token": (
        ("ghp" + "_" + A[:36], "gho" + "_" + A[:40], "github" + "_pat_" + A[:60]),
        ("ghp_short", "github_path_to_it", "xghp" + "_" + A[:36]),
    ),
    "gitlab-token": (
        ("glpat" + "-" + A[:20], "gldt" + "-" + A[:22], "glrt" + "-" + A[:20]),
        ("glpat-short", "glossary-" + A[:20], "gl-" + A[:20]),
    ),
    "slack-token": (
        (
            "xoxb" + "-" + "1234567890-" + A[:24],
            "xapp" + "-1-" + A[:20],
            "https://hooks." + "slack.com/services/T0/B0/" + A[:24],
        ),
        ("xoxo-hugs", "xoxb-1", "https://slack.com/services/" + "a" * 24),
    ),
    "stripe-key": (
        ("sk" + "_live_" + A[:24], "rk" + "_test_" + A[:24], "whsec" + "_" + A[:32]),
        ("sk_live_", "pk" + "_live_" + A[:24], "task_live_" + A[:24]),
    ),
    "google-key": (
        ("AI" + "za" + A[:35], "GOCSPX" + "-" + A[:28], "ya29" + "." + A[:40]),
        ("AIzaShort", "AI" + "za" + A[:50], "GOCSPX-no"),
    ),
    "anthropic-key": (
        (
            "sk" + "-ant-api03-" + A[:80],
            "sk" + "-ant-" + A[:30],
            "k sk" + "-ant-sid01-" + A[:30],
        ),
        ("sk-ant-short", "task-ant-" + A[:30], "sk-antelope"),
    ),
    "openai-key": (
        ("sk" + "-proj-" + A[:48], "sk" + "-" + A[:48], "sk" + "-svcacct-" + A[:40]),
        ("sk-short1", "sk-learn-is-a-nice-library-to-have", "risk-" + A[:40]),
    ),
    "huggingface-token": (
        ("hf" + "_" + A[:34], "x=hf" + "_" + A[:37], "api" + "_org_" + A[:34]),
        ("hf_hub_download", "hf_" + "a" * 10, "self" + "hf" + "_" + A[:34]),
    ),
    "npm-token": (
        ("npm" + "_" + A[:36], "t npm" + "_" + "b" * 36, "(npm" + "_" + A[:36] + ")"),
        ("npm_config_cache", "npm" + "_" + A[:35], "npm" + "_" + A[:40]),
    ),
    "pypi-token": (
        (
            "pypi" + "-AgE" + A[:60],
            "x pypi" + "-AgE" + A[:80],
            "=pypi" + "-AgE" + A[:70],
        ),
        ("pypi-AgEnt", "pypi-server", "pypi-" + A[:60]),
    ),
    "sendgrid-key": (
        (
            "SG" + "." + A[:22] + "." + A[:43],
            "k SG" + "." + "x" * 22 + "." + A[:43],
            "'SG" + "." + A[:22] + "." + A[:43],
        ),
        ("SG.1.2", "MSG." + A[:22] + "." + A[:43], "SG." + A[:22]),
    ),
    "twilio-key": (
        ("SK" + "0a1b2c3d" * 4, "k SK" + "f" * 32, "(SK" + "9" * 32 + ")"),
        ("SK" + "g" * 32, "SK" + "a" * 31, "TASK" + "a" * 32),
    ),
    "jwt": (
        (
            "ey" + "J" + A[:20] + ".ey" + "J" + A[:30] + "." + A[:40],
            "t: ey" + "J" + A[:9] + "." + A[:9] + "." + A[:9],
            "(ey" + "J" + A[:20] + "." + A[:20] + "." + A[:20] + ")",
        ),
        (
            "eyJ.a.b",
            "ey" + "J" + A[:20] + "." + A[:20],
            "keyJ" + A[:20] + "." + A[:20] + "." + A[:20],
        ),
    ),
    "bearer-token": (
        ("Bearer " + A[:40], "bearer  " + A[:20] + "==", "Basic " + "dXNlcjE6" * 4),
        ("Bearer token", "bearer of bad news everywhere", "Basic " + "x" * 5),
    ),
    "url-password": (
        (
            "postgres://app:" + "s3cret@db/x",
            "https://a:" + "b@c.de",
            "amqp://:" + "p@w@host",
        ),
        ("https://a.de:8080/x", "ssh://git@host/x", "https://a.de/x:y@z"),
    ),
    "password": (
        (
            "my password is " + "Tr0ub4dor",
            "pwd is: '" + "hunter2!",
            "The passphrase was " + "a-b-c-d",
        ),
        (
            "my password is wrong",
            "the password is too short",
            "password is $" + "PASSWORD1",
        ),
    ),
    "credential": (
        (
            "password = " + "hunter2x!",
            'API_KEY="' + A[:20] + '"',
            "{'client_secret': '" + A[:16] + "'}",
            "aws_secret_access_key=" + A[:40],
        ),
        (
            "password: str = input()",
            "token = make_token_2(user)",
            "tokens: 4096",
            "password=${PASSWORD_1}",
            "author = 'ada-1815'",
            "secret = os.environ['X1']",
        ),
    ),
    "mail": (
        (
            "ada" + "@" + "harbour.co",
            "<a.b+c" + "@" + "mail.x-y.org>",
            "A" + "@" + "b.museum",
        ),
        (
            "git" + "@github.com:a/b",
            "a@example.com",
            "@app.get",
            "me@example",
            "x@1.2.3",
        ),
    ),
}


def test_each_rule_has_its_cases():
    """No rule without three examples and three look-alikes."""
    assert [rule.name for rule in RULES] == list(SECRETS)
    for found, passed_over in SECRETS.values():
        assert len(found) >= 3
        assert len(passed_over) >= 3


@pytest.mark.parametrize(
    ("name", "text"), [(n, t) for n, (found, _) in SECRETS.items() for t in found]
)
def test_a_secret_is_replaced(name, text):
    """Each is found by its own rule, once, and no part of it is left."""
    clean, found = redact(f"see {text} there")
    assert found == {name: 1}
    assert f"[redacted:{name}]" in clean
    assert redact(clean) == (clean, {})


@pytest.mark.parametrize(
    ("name", "text"), [(n, t) for n, (_, passed) in SECRETS.items() for t in passed]
)
def test_a_look_alike_is_left(name, text):
    """What only looks like a secret stays, as far as this rule goes."""
    assert name not in redact(f"see {text} there")[1]


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
    start = time.perf_counter()
    guard(deed(text, kind))
    assert time.perf_counter() - start < 10  # a square would take hours
