"""What a rule is: a pattern, what it is found by, and what it must be to count."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str], bool]

# A token is not the tail of a longer word, ...
START = r"(?<![A-Za-z0-9_-])"
# ... nor its head.
END = r"(?![A-Za-z0-9_-])"
# What stands there was replaced already.
KEPT = r"(?!\[redacted:)"


# So many words are looked for one by one as fast as in one pattern.
_FEW = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that must not be kept.

    name:     stands in the text in its place: ``[redacted:<name>]``
    pattern:  what to replace: its group ``secret`` or ``quoted``, or all of it. Takes
              linear time: each repetition is bounded, or begins where no other could
    hints:    one of them is in any text that matches, in lower case; looked for
              first, since that is cheaper
    many:     all hints as one pattern, where they are many
    form:     a pattern that any match fits in lower case: beside the hints of a
              token, after the hints of anything else
    check:    what the item must be besides; None is nothing more
    personal: about a person, rather than a key to something
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    form: re.Pattern[str] | None = None
    many: re.Pattern[str] | None = None
    check: Check | None = None
    personal: bool = False


def rule(
    name: str,
    pattern: str,
    *hints: str,
    form: str = "",
    check: Check | None = None,
    personal: bool = False,
    ignore_case: bool = False,
) -> Rule:
    """A rule from the source of its patterns, of ASCII letters and digits only."""
    flags = re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG)
    if personal:  # names of streets are written in all languages
        flags &= ~re.ASCII
    return Rule(
        name,
        re.compile(pattern, flags),
        hints,
        re.compile(form) if form else None,
        re.compile(any_of(set(hints))) if len(hints) > _FEW else None,
        check,
        personal,
    )


def item_of(match: re.Match[str]) -> tuple[int, int]:
    """Where the item itself stands in a match."""
    groups = match.groupdict()
    name = next((name for name, value in groups.items() if value), 0)
    return match.start(name), match.end(name)


def any_of(words: set[str]) -> str:
    """One pattern for many words, which reads each beginning once."""
    if "" in words:  # one ends here; what would go on is found by it too
        return ""
    heads: dict[str, set[str]] = {}
    for word in words:
        heads.setdefault(word[0], set()).add(word[1:])
    parts = [re.escape(head) + any_of(rest) for head, rest in sorted(heads.items())]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
