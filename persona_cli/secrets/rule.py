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


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that must not be kept.

    name:     stands in the text in its place: ``[redacted:<name>]``
    pattern:  what to replace: its group ``secret`` or ``quoted``, or all of it. Takes
              linear time: each repetition is bounded, or begins where no other could
    hints:    one of them is in any text that matches, in lower case
    form:     a pattern of RE2's that is in any such text too, in lower case
    either:   hints or form will do: the hints are of some of its forms only
    counts:   its form is a long run of what any text has
    check:    what the item must be besides; None is nothing more
    personal: about a person, rather than a key to something
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    form: str = ""
    either: bool = False
    counts: bool = False
    check: Check | None = None
    personal: bool = False


def rule(
    name: str,
    pattern: str,
    *hints: str,
    form: str = "",
    either: bool = False,
    counts: bool = False,
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
        form,
        either,
        counts,
        check,
        personal,
    )


def item_of(match: re.Match[str]) -> tuple[int, int]:
    """Where the item itself stands in a match."""
    groups = match.groupdict()
    name = next((name for name, value in groups.items() if value), 0)
    return match.start(name), match.end(name)
