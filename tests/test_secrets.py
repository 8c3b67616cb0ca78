"""What must not be kept is found by its own rule, and what looks like it is left."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secret_cases import CASES, PERSONAL

from persona_cli.secrets import RULES, clean, find, redact
from persona_cli.secrets.sieve import Sieve

SIEVE = Sieve(RULES)
EVERY_CASE = [text for both in CASES.values() for texts in both for text in texts]


def test_each_rule_has_its_cases():
    """No rule without three examples and three look-alikes."""
    assert sorted(rule.name for rule in RULES) == sorted(CASES)
    assert len({rule.name for rule in RULES}) == len(RULES) >= 60
    for found, passed_over in CASES.values():
        assert len(found) >= 3
        assert len(passed_over) >= 3
    assert {rule.name for rule in RULES if rule.personal} == set(PERSONAL)


@pytest.mark.parametrize(
    ("name", "text"), [(n, t) for n, (found, _) in CASES.items() for t in found]
)
def test_a_secret_is_replaced(name, text):
    """Each is found by its own rule, once, and no part of it is left."""
    clean, found = redact(f"see {text} there")
    assert found == {name: 1}
    assert f"[redacted:{name}]" in clean
    assert redact(clean) == (clean, {})
    assert name in {hit.rule.name for hit in find(f"a\n\nsee {text}")}
    assert all(hit.line >= 3 for hit in find(f"a\n\nsee {text}"))


@pytest.mark.parametrize(
    ("name", "text"), [(n, t) for n, (_, passed) in CASES.items() for t in passed]
)
def test_a_look_alike_is_left(name, text):
    """What only looks like a secret stays, as far as this rule goes."""
    assert name not in redact(f"see {text} there")[1]


@given(
    st.lists(
        st.sampled_from(EVERY_CASE) | st.text(max_size=8),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["", " ", "\n", "\t", "\x0b", "\u00a0", "é", "ß", '"', "-"]),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_the_sieve_lets_every_rule_pass_that_finds_something(pieces, glue):
    """It may let one pass in vain; it never holds one back that would have matched."""
    text = glue.join(pieces)
    passed = SIEVE.pass_by(text)
    assert clean(text) == (not passed)
    for rule in RULES:
        if rule.pattern.search(text):
            assert rule in passed, (rule.name, text)


def test_a_pattern_that_the_sieve_does_not_know_is_named():
    """A look behind is none of RE2's."""
    from persona_cli.secrets.rule import rule

    with pytest.raises(ValueError, match="odd-token"):
        Sieve([rule("odd-token", "(?<!a)b", form="(?<!a)b")])


# What people say that is neither a secret nor about anyone.
BENIGN = """
I prefer tabs over spaces, and short answers with the code first.
Use version 3.11.4, not 2.7.18; the build is 20261124.3 of release 10.15.7.1.
see commit f4bdf4ae4d8008950d1f274f2a8a590fc472464b, or e7a1c3f
id e737a6f3-d2c8-4591-af1e-81384ef2654d
meeting at 2026-07-13T10:30:00Z, or 2026-07-13 10:30:00.123456+02:00
bind to 127.0.0.1:8080, 0.0.0.0:443 or 192.168.6.23, and ask 8.8.8.8
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
/usr/lib/python3.11/site-packages/some_package_of_mine/__init__.py
https://docs.example.org/a/b?page=2&sort=name#section-4.2
write to someone@example.com in the docs, or git@github.com:owner/name.git
pattern [A-Z0-9]{20} matches key ids, [0-9]{3}-[0-9]{2}-[0-9]{4} matches others
class AbstractSingletonProxyFactoryBean is too long
Qwen3-0.6B-Q4_K_M.gguf runs fine at 12.5 tokens a second
use #a7e7a6 for headings, rgb(12, 34, 56) below
build 4111 1111 1111 1112 took 1234567890 ns and 1700000000000 ms
export OPENAI_API_KEY=<your-key-here>; password: ********
I keep my passwords in a manager and never paste tokens in chat
the key is to be brief; a token of thanks; the secret of good bread is time
the token limit is 4096, max_tokens=2048, top_k: 40, seed = 1234567
def f(password: str, *, token: str | None = None) -> bool: ...
if not api_key: raise ValueError("no api key")
kubectl get pods -n kube-system; docker run -p 8080:80 -u 1000 nginx:1.25.3
ISBN 978-3-16-148410-0, RFC 9110 section 8.8.3, arXiv 2401.12345
I grew up near Main Street, love Abbey Road the album, and live at home
call me Sam; text me when the tests pass; my phone is an old 12 Pro
1,234,567 rows; 10-20-30 rule; 3-2-1 backup; 555 timers; 2026-2027
margin: 0 auto 12px; padding: 4px 8px; z-index: 2147483647
git log --since=2026-01-01 --until=2026-06-30 --format=%h
lat 48.8566, lon 2.3522; 3.14159265358979; 6.02214076e23
npm install left-pad@1.3.0 @types/node@20.11.30
Subject: AB12 or not; flight LH 1234; train ICE 579; room 4.027
0x7fffffffdead, 0b101010101010, 1e-10, 1_000_000_000
""".strip().splitlines()


@pytest.mark.parametrize("text", BENIGN)
def test_ordinary_talk_is_left_as_it_is(text):
    """Versions, times, hashes, ports, paths and placeholders pass, byte for byte."""
    assert redact(text) == (text, {})


@pytest.mark.parametrize(
    "piece",
    [
        "aws ", "awsA1b2", "0 ", "0-", "+1", "1.", "a1", "ab:", "12 A ", "Aa ", "x-key",
        "cookie: a=b; ", "password", "machine a login ", "mysql ", "otpauth://totp/?",
        "phone ", "passport ", "datadog ", "DE89 3704 ", "eyJaaaaaaaa.", "-u a",
        "?key=", "$6$", "MTaa", "4111-", "2a00:", "[redacted:", "authorization: ",
    ],
)  # fmt: skip
def test_time_grows_with_the_text(piece):
    """Four times the text takes about four times as long, and not sixteen."""
    times = []
    for size in (50_000, 200_000):
        text = piece * (size // len(piece))
        start = time.process_time()
        redact(text)
        times.append(time.process_time() - start)
    assert times[1] < 10 * times[0] + 0.05, times
