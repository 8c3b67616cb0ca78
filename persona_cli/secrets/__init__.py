"""What must not be kept: keys, tokens, passwords, and what finds a person.

Known by their forms, by check digits, and by the names that values are given; text
that is merely random-looking passes, which in chats about programs is mostly hashes.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from persona_cli.secrets.ids import IDS
from persona_cli.secrets.keys import KEYS
from persona_cli.secrets.named import NAMED
from persona_cli.secrets.personal import PERSONAL
from persona_cli.secrets.rule import Rule, item_of
from persona_cli.secrets.services import SERVICES
from persona_cli.secrets.sieve import Sieve
from persona_cli.secrets.streets import STREETS
from persona_cli.secrets.tokens import TOKENS

__all__ = ["RULES", "Found", "Rule", "clean", "find", "redact"]

# Exact forms before those that go by a name or by digits alone.
RULES: tuple[Rule, ...] = (*KEYS, *TOKENS, *SERVICES, *NAMED, *PERSONAL, *STREETS, *IDS)

# Given the name of a rule and the item it found: whether the person lets it pass.
Allowed = Callable[[str, str], bool]

# Replacing one secret may bare another beside it. Text made to need more passes than
# this is left to the next reading.
_MOST_PASSES = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that must not be kept.

    rule: what it is
    item: itself; never printed, logged or written
    line: where it begins, from 1
    """

    rule: Rule
    item: str
    line: int


def _nothing(_rule: str, _item: str) -> bool:
    return False


def redact(text: str, allowed: Allowed = _nothing) -> tuple[str, Counter[str]]:
    """The text with a mark in place of each secret, and how many of each there were.

    A second time changes nothing.
    """
    found: Counter[str] = Counter()
    for _ in range(_MOST_PASSES):
        before = text
        text = _pass(text, found, allowed)
        if text == before:
            break
    return text, found


def find(text: str, allowed: Allowed = _nothing) -> Iterator[Found]:
    """Everything in a text that must not be kept; some of it maybe twice."""
    for rule in _SIEVE.pass_by(text):
        for match in rule.pattern.finditer(text):
            start, end = item_of(match)
            item = text[start:end]
            if _counts(rule, item, allowed):
                yield Found(rule, item, text.count("\n", 0, start) + 1)


def _pass(text: str, found: Counter[str], allowed: Allowed) -> str:
    for rule in _SIEVE.pass_by(text):

        def mark(match: re.Match[str], rule: Rule = rule) -> str:
            start, end = item_of(match)
            whole = match.string
            if not _counts(rule, whole[start:end], allowed):
                return match[0]
            found[rule.name] += 1
            mark = f"[redacted:{rule.name}]"
            return whole[match.start() : start] + mark + whole[end : match.end()]

        text = rule.pattern.sub(mark, text)
    return text


def _counts(rule: Rule, item: str, allowed: Allowed) -> bool:
    return (rule.check is None or rule.check(item)) and not allowed(rule.name, item)


def clean(text: str) -> bool:
    """Whether no rule can find anything in a text; quick, and true for most texts.

    What is true of a text is true of its parts.
    """
    return not _SIEVE.pass_by(text)


_SIEVE = Sieve(RULES)
