"""Claims that would have a model act, and so wait until a person has seen them.

A profile says how someone wants to be answered. A claim that would run commands,
weaken safety, send data out, name a seller, erase other claims or speak of the
assistant's own rules says more, whoever wrote it and wherever it stood. Such a claim
is not wrong: it waits (``persona review``). What the rules here know by its words is
told by its reason; all else must have the form of a preference (see ``form``).

This is no filter against attacks: what keeps those out is that only the user's own
words are evidence. It errs on the side of waiting, since a claim that waits costs its
owner one keystroke.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from persona_cli.form import out_of_form
from persona_cli.lookalike import encoded, folded

SELLER = "would name a seller"

# What takes care is left out of these two: "never delete a file without asking".
_OF_DEEDS = frozenset(("would run or change things", "would weaken safety"))

# A capital within a sentence, or CamelCase anywhere.
_NAME = r"(?:\b[A-Z][a-z]+[A-Z]\w*|(?<=[a-z,] )[A-Z][\w-]+)"

# A claim is far shorter; one that is not has been cut long before.
_LONGEST = 4000


class _Rules(NamedTuple):
    """``powers.yaml``, compiled."""

    claims: Mapping[str, re.Pattern[str]]
    names: re.Pattern[str]
    careful: re.Pattern[str]


def waits_for(text: str) -> str | None:
    """Why a claim has to wait for a person, in a few words; None when it need not.

    text: its words, or the name of its section
    """
    text = text[:_LONGEST]
    if encoded(text):
        return "holds encoded text"
    rules = _rules()
    looks = folded(text)
    bold = rules.careful.sub(" ", looks)
    for why, rule in rules.claims.items():
        if rule.search(bold if why in _OF_DEEDS else looks):
            return why
    if rules.names.search(text):
        return SELLER
    return out_of_form(text, bold)


@cache
def _rules() -> _Rules:
    text = files("persona_cli").joinpath("powers.yaml").read_text("utf-8")
    found = yaml.safe_load(text)
    words = {name: f"(?:{'|'.join(map(str, w))})" for name, w in found["words"].items()}
    words["name"] = _NAME

    def compiled(patterns: Sequence[str]) -> re.Pattern[str]:
        joined = "|".join(patterns)
        named = re.sub(r"<([a-z]+)>", lambda hole: words[hole[1]], joined)
        return re.compile(named)

    return _Rules(
        {why: compiled(patterns) for why, patterns in found["claims"].items()},
        compiled(found["names"]),
        compiled(found["careful"]),
    )
