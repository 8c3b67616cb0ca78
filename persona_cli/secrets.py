"""What must not be kept: keys, tokens, passwords and mail addresses, by pattern.

A first set. It knows the secrets that have a form of their own, and values given to
a name that says so; it does not guess at random-looking text, which in chats about
programs is mostly hashes.
"""

import re
from collections import Counter
from dataclasses import dataclass

# Replacing one secret may bare another beside it. Text made to need more passes than
# this is left to the next reading.
_MOST_PASSES = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    name:    stands in the text in its place: ``[redacted:<name>]``
    pattern: what to replace: its group ``secret``, or all of it. Takes linear time:
             each repetition is bounded, or begins where no other could
    hints:   one of them is in any text that matches; checked first, since it is
             cheaper. Lower case
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]


def _rule(name: str, pattern: str, *hints: str, flags: re.RegexFlag = re.A) -> Rule:
    return Rule(name, re.compile(pattern, flags), hints)


_START = r"(?<![A-Za-z0-9_-])"
_KEPT = r"(?!\[redacted:)"

# A value with a digit or a sign in it: words alone are types, names and placeholders
# far more often than passwords.
_VALUE = (
    r"(?=[A-Za-z_.]{0,60}[0-9!@#$%^&*+~/=-])"
    r"[A-Za-z0-9!@#$%^&*+~/=_.-]{6,300}+(?![(\[{])"
)
_VARIABLE = r"(?!\$\{?[A-Z]|\$\(|%[A-Z]+%|https?://|[*x.-]{3,}(?![A-Za-z0-9]))"

RULES: tuple[Rule, ...] = (
    _rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:(?:\s|\\n)*+[A-Za-z0-9+/=]{16,}+)*+)",
        "private key",
    ),
    _rule("aws-key-id", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", "akia", "asia"),
    _rule(
        "github-token",
        _START + r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    ),
    _rule(
        "gitlab-token",
        _START + r"gl(?:pat|ptt|dt|rt|ft|cbt|soat|agent)-[A-Za-z0-9_.-]{20,300}",
        "gl",
    ),
    _rule(
        "slack-token",
        _START + r"(?:xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,300}"
        r"|xapp-[A-Za-z0-9-]{10,300})"
        r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,100}",
        "xox", "xapp-", "hooks.slack.com",
    ),
    _rule(
        "stripe-key",
        _START + r"(?:(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,250}"
        r"|whsec_[A-Za-z0-9+/=]{24,250})",
        "k_live_", "k_test_", "k_prod_", "whsec_",
    ),
    _rule(
        "google-key",
        _START + r"(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28})(?![A-Za-z0-9_-])"
        r"|(?<![A-Za-z0-9_-])ya29\.[A-Za-z0-9_-]{20,300}",
        "aiza", "gocspx-", "ya29.",
    ),
    _rule("anthropic-key", _START + r"sk-ant-[A-Za-z0-9_-]{20,300}", "sk-ant-"),
    _rule(
        "openai-key",
        _START + r"sk-(?=[a-z-]{0,40}[A-Za-z_-]{0,60}[0-9A-Z])[A-Za-z0-9_-]{20,300}",
        "sk-",
    ),
    _rule("huggingface-token", _START + r"(?:hf|api_org)_[A-Za-z0-9]{30,100}",
          "hf_", "api_org_"),
    _rule("npm-token", _START + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", "npm_"),
    _rule("pypi-token", _START + r"pypi-AgE[A-Za-z0-9_-]{50,500}", "pypi-age"),
    _rule(
        "sendgrid-key",
        _START + r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",
        "sg.",
    ),
    _rule("twilio-key", r"\bSK[0-9a-f]{32}\b", "sk"),
    _rule(
        "jwt",
        _START + r"eyJ[A-Za-z0-9_-]{8,4000}+\.[A-Za-z0-9_-]{8,4000}+"
        r"\.[A-Za-z0-9_-]{8,4000}+",
        "eyj",
    ),
    _rule(
        "bearer-token",
        r"\b(?:bearer|basic)[ \t]{1,8}(?P<secret>(?=[A-Za-z._~+/=-]{0,100}[0-9])"
        r"[A-Za-z0-9._~+/=-]{16,2000})",
        "bearer", "basic",
        flags=re.A | re.I,
    ),
    _rule(
        "url-password",
        r"(?<=://)[^\s/:@\"'<>]{0,100}:"
        rf"(?P<secret>{_KEPT}[^\s/\"'<>]{{1,200}})(?=@)",
        "://",
    ),
    _rule(
        "password",
        r"\b(?:password|passphrase|passwd|passcode|passwort|pwd|pin)[ \t]{1,8}"
        r"(?:is|was|ist)[ \t:]{1,8}[\"'`]?"
        rf"(?P<secret>{_KEPT}{_VARIABLE}{_VALUE})",
        "pass", "pwd", "pin",
        flags=re.A | re.I,
    ),
    _rule(
        "credential",
        r"(?<![\w.-])[\w.-]{0,40}?(?:password|passwd|passphrase|pwd|secret|token"
        r"|api[_-]?key|access[_-]?key|private[_-]?key|credentials?(?!_?id)|(?<![a-z])auth(?![a-z]))"
        r"[\w-]{0,20}[\"'`]?[ \t]{0,8}(?:[=:]|:=|=>)[ \t]{0,8}"
        rf"(?:[\"'`](?P<quoted>{_KEPT}{_VARIABLE}[^\s\"'`<>{{}}]{{6,300}})[\"'`]"
        rf"|(?P<secret>{_KEPT}{_VARIABLE}{_VALUE}))",
        "pass", "pwd", "secret", "token", "key", "credential", "auth",
        flags=re.A | re.I,
    ),
    _rule(
        "mail",
        r"(?<![A-Za-z0-9._%+-])(?!git@)[A-Za-z0-9._%+-]{1,64}+@"
        r"(?!(?:[A-Za-z0-9-]{1,63}\.){0,4}"
        r"(?:example(?:\.(?:com|org|net))?|invalid|test|localhost)(?![A-Za-z0-9.-]*\w))"
        r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])",
        "@",
    ),
)  # fmt: skip


_HINTS = re.compile("|".join(re.escape(h) for rule in RULES for h in rule.hints))


def redact(text: str) -> tuple[str, Counter[str]]:
    """The text with a mark in place of each secret, and how many of each there were.

    A second time changes nothing.
    """
    found: Counter[str] = Counter()
    for _ in range(_MOST_PASSES):
        before = text
        text = _pass(text, found)
        if text == before:
            break
    return text, found


def _pass(text: str, found: Counter[str]) -> str:
    low = text.lower()
    if not _HINTS.search(low):  # most texts: one look instead of one for each rule
        return text
    for rule in RULES:
        if any(hint in low for hint in rule.hints):
            text, count = rule.pattern.subn(lambda m, r=rule: _mark(m, r), text)  # type: ignore[misc]
            if count:
                found[rule.name] += count
    return text


def _mark(match: re.Match[str], rule: Rule) -> str:
    groups = match.groupdict()
    name = next((name for name, value in groups.items() if value), 0)
    start, end = match.start(name), match.end(name)
    mark = f"[redacted:{rule.name}]"
    return match.string[match.start() : start] + mark + match.string[end : match.end()]
