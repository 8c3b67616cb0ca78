"""What a model proposes: claim lines that cite what they rest on.

    - [p2 i3 i7] communication | Prefers short answers, with the code first.
    - [!p5 i9] coding | Now uses uv instead of pip.

``p`` is a past claim, ``i`` an interaction of the window, ``!p`` a past claim that
no longer holds. The form is checked here; what follows from it, in ``reconcile``.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from persona_cli.inert import all_visible
from persona_cli.profile import section_name

_LINE = re.compile(
    r"\s*(?:[-*+]\s*)?\[(?P<cites>[^\]\n]{0,2000})\]\s*"
    r"(?P<section>[^|\n]{1,60}?)\s*\|\s*(?P<text>.+?)\s*\Z"
)
_CITE = re.compile(r"(?P<not>!?)(?P<kind>[pi])(?P<number>[0-9]{1,6})\Z")

# A claim is one sentence; what is longer is a paragraph that took the form of one.
LONGEST_CLAIM = 400

# Characters of a line with all its citations; no pattern is tried on a longer one.
_LONGEST_LINE = 3000

# Lines of one answer. Twice what a good profile has, so that a model that repeats
# itself stops in seconds.
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One proposed claim.

    keeps:    ids of past claims it restates
    retires:  ids of past claims it says no longer hold
    rests_on: ids of the interactions it cites
    against:  ids of interactions that speak against it
    by:       ``""`` for a model's words, ``digest`` for a template's
    stated:   the user said it outright
    fact:     what was counted, where counting is the reason
    quotes:   interaction id -> the words that show it, where they are known
    hearsay:  it says what another tool remembers, and the user did not
    """

    section: str
    text: str
    keeps: tuple[str, ...] = ()
    retires: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    by: str = ""
    stated: bool = False
    fact: str = ""
    quotes: Mapping[str, str] = field(default_factory=dict)
    hearsay: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer, read.

    lines:   the claims it proposes, in its order
    dropped: reason -> how many lines were left out for it
    """

    lines: tuple[DraftLine, ...]
    dropped: Mapping[str, int]


def read_draft(
    answer: str, *, past: Sequence[str], window: Sequence[str], cut: bool = False
) -> Draft:
    """Read an answer in the citation form.

    past:   claim ids; ``p1`` is the first
    window: interaction ids; ``i1`` is the first
    cut:    the answer was ended by a limit, so its last line is half a line
    """
    texts = [line for line in answer.split("\n") if line.strip()]
    if cut and texts and not answer.endswith("\n"):
        texts.pop()
    lines: list[DraftLine] = []
    dropped: Counter[str] = Counter()
    for text in texts:
        found = _LINE.match(text) if len(text) <= _LONGEST_LINE else None
        if len(lines) == MOST_LINES:
            dropped[f"beyond {MOST_LINES} lines"] += 1
        elif found is None:
            dropped["not a claim line"] += 1
        elif not (_is_plain(found["text"]) and _is_plain(found["section"])):
            dropped["not plain text"] += 1
        elif len(found["text"]) > LONGEST_CLAIM:
            dropped["longer than a claim"] += 1
        elif not (cites := _cites(found["cites"])):
            dropped["cites nothing"] += 1
        elif not all(_exists(cite, past=past, window=window) for cite in cites):
            dropped["cites what does not exist"] += 1
        else:
            lines.append(
                DraftLine(
                    section=section_name(found["section"]),
                    text=" ".join(found["text"].split()),
                    keeps=_named(cites, "p", past),
                    retires=_named(cites, "!p", past),
                    rests_on=_named(cites, "i", window),
                )
            )
    return Draft(tuple(lines), dropped)


def citation_grammar(*, past: int, window: int) -> str:
    """GBNF that allows claim lines citing what there is, and nothing else.

    past:   number of past claims, >= 0
    window: number of interactions, >= 1
    Source: llama.cpp, grammars/README.md
    """
    names = [f'"i{n}"' for n in range(1, window + 1)]
    kept = [f'"p{n}"' for n in range(1, past + 1)]
    rules = [
        f"root ::= line{{1,{MOST_LINES}}}",
        'line ::= "- [" cites "] " section " | " text "\\n"',
        "section ::= [a-z] [a-z -]{2,20}",
        f"text ::= [A-Z] [^\\n\\r|<>\\[\\]]{{8,{LONGEST_CLAIM // 2}}}",
        'news ::= i (" " i){0,7}',
        f"i ::= {' | '.join(names)}",
    ]
    if past:
        rules += [
            'cites ::= news | p (" " p){0,2} (" " news)? | "!" p " " news',
            f"p ::= {' | '.join(kept)}",
        ]
    else:
        rules.append("cites ::= news")
    return "\n".join(rules) + "\n"


def _is_plain(text: str) -> bool:
    """Whether all of a text can be seen, in a terminal and in markdown."""
    return all_visible(text) and "<!--" not in text and "-->" not in text


def _cites(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", text) if part]


def _exists(cite: str, *, past: Sequence[str], window: Sequence[str]) -> bool:
    found = _CITE.match(cite)
    if found is None or (found["not"] and found["kind"] == "i"):
        return False
    among = past if found["kind"] == "p" else window
    return 1 <= int(found["number"]) <= len(among)


def _named(cites: Sequence[str], kind: str, among: Sequence[str]) -> tuple[str, ...]:
    """Ids of the cites of one kind, each once, in order."""
    numbers = [c[len(kind) :] for c in cites if c.startswith(kind)]
    return tuple(dict.fromkeys(among[int(n) - 1] for n in numbers))
