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
from persona_cli.secrets.rule import Rule, any_of, item_of
from persona_cli.secrets.services import SERVICES
from persona_cli.secrets.streets import STREETS
from persona_cli.secrets.tokens import TOKENS

__all__ = ["RULES", "Found", "Rule", "find", "redact"]

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
    for rule in _rules_for(text):
        for match in rule.pattern.finditer(text):
            start, end = item_of(match)
            item = text[start:end]
            if _counts(rule, item, allowed):
                yield Found(rule, item, text.count("\n", 0, start) + 1)


def _pass(text: str, found: Counter[str], allowed: Allowed) -> str:
    for rule in _rules_for(text):

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


def _rules_for(text: str) -> Iterator[Rule]:
    """The rules that may find something; none, and that at once, for most texts.

    Measured on chats: tried one after the other, the rules read 1 MB a second.
    """
    low = text.lower()
    if words := _LONG.findall(low):
        yield from _for_words(words)
    said = any(map(low.__contains__, _SIGNS)) or any(map(low.__contains__, _SAID))
    if said and _NAMED_HINT.search(low):
        yield from (rule for rule in NAMED if _fits(rule, low))
    if "@" in low:
        yield from _MAIL
    if _DIGIT.search(low):
        yield from (rule for rule in STREETS if _fits(rule, low))
        if _NUMBER.search(low):
            yield from (rule for rule in _NUMBERS if _fits(rule, low))


def _for_words(words: list[str]) -> Iterator[Rule]:
    """The rules for tokens: one has no blank in it, and is long."""
    joined = " ".join(words)
    dense = " ".join(
        [word for word in words if _DENSE.search(word) and _DIGIT.search(word)]
    )
    hinted = _TOKEN_HINT.search(joined) is not None
    if not (hinted or dense):
        return
    for rule in _TOKENS:
        if (hinted and any(map(joined.__contains__, rule.hints))) or (
            dense and rule.form is not None and rule.form.search(dense)
        ):
            yield rule


def _fits(rule: Rule, low: str) -> bool:
    if rule.many is not None:
        if not rule.many.search(low):
            return False
    elif rule.hints and not any(map(low.__contains__, rule.hints)):
        return False
    return rule.form is None or rule.form.search(low) is not None


# As long as the shortest token that has no name before it.
_LONG = re.compile(r"\S{13,}")
# Digits, and enough that is no mark of a path or a call to be drawn by lot.
_DENSE = re.compile("[a-z0-9_~-]{13}")
_DIGIT = re.compile("[0-9]")
# Digits enough for a number of anyone's, and near each other.
_NUMBER = re.compile("[0-9](?:[^0-9]{0,3}[0-9]){4}")
_TOKENS = (*KEYS, *TOKENS, *SERVICES)
_TOKEN_HINT = re.compile(any_of({hint for rule in _TOKENS for hint in rule.hints}))

# A secret that goes by a name has one of these beside it, or is said in a sentence.
_SIGNS = ("=", ":", "$", "--", " -u", " -p")
_SAID = (
    *("pass", "pwd", "pin ", "bearer", "basic "),
    *("kennwort", "mot de ", "contrase", "wachtwoord", "senha"),
)
_NAMED_HINT = re.compile(any_of({hint for rule in NAMED for hint in rule.hints}))
_MAIL = tuple(rule for rule in PERSONAL if rule.name == "mail")
_NUMBERS = tuple(rule for rule in (*PERSONAL, *IDS) if rule.name != "mail")
