"""Whether a claim has the form of a preference.

A list of dangerous words is never long enough: of 67 claims of power that were worded
anew, such lists found 3. So this asks the other way. A claim may say how to answer, or
what its owner likes and does: the verbs for that are listed, and whatever begins in
another way waits. So does what begins so, and goes on to permit something, to hold an
opinion of the world, to have something done beside the answer, or to speak of the
profile that it stands in.

German, French and Spanish are read likewise, with fewer words; of other languages,
tokens that no plain wish holds, as of commands and places.

What is shaped like a taste passes, whatever it is meant to do (``Prefers open
diaries.``): this is no filter against attacks, see ``authority``.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

# Words that every other English sentence of a few words has.
_ENGLISH = re.compile(
    r"\b(?:the|and|of|to|on|with|for|are|not|that|it|at|by|be|i|my|from|over|than|no"
    r"|never|always|please|without|before|after|when|who|they|their|this|what|every"
    r"|(?:want|prefer|like|ask|use|write|dislike|read|work|live|love|avoid|ha|i)s?)\b"
)
_ABROAD = re.compile(
    r"\b(?:der|die|das|und|nicht|mit|fur|bitte|immer|ohne|mag|ist|ein|eine|keine?|zu|ich"
    r"|alle[ns]?|diese[nrs]?|meine?[nrs]?|dass|wenn|mochte|jede[nrs]?|vergiss"
    r"|le|la|les|des|de|en|sur|une?|et|pas|avec|pour|toujours|sans|aime|est|je|ne|dans|du"
    r"|el|los|las|una?|y|con|para|siempre|sin|prefiere|prefiero|es|por|del|al|que|se|sobre"
    r"|il|che|di|per|sempre|senza|een|het|niet|met|voor|altijd|geen|van|os|com|nao)\b"
)

# Who it is about, and how much: neither changes what a claim asks for.
_WHO = re.compile(r"^(?:the user|this user|user|they|he|she|i|we|you)(?:'d|'m)? (?=\w)")
_HOW = re.compile(
    r"^(?:(?:really|mostly|often|usually|generally|also|strongly|always|please|just"
    r"|from (?:now|here) on|simply|kindly|still|much|greatly|clearly|now|ever|never"
    r"|only|sometimes|rarely|seldom|regularly|currently|particularly|especially|quite"
    r"|remember(?: for [a-z ]{1,30})? that|remember|keep in mind that|and|but|so|then"
    r"|should|must|will always"
    r"|do(?:es)?(?: not|n't)|cannot|can't|can not|(?:would )?rather|hardly|tends? to"
    r"|likes? to|loves? to)(?:[,:]|(?= )) ?"
    r"|(?:instead of|when|whenever|if|for|in) [^,]{1,60}, ?)+"
)

# What is no sentence gives no orders: "Metric units only", a section's name.
_SHORT = 3


class _Forms(NamedTuple):
    """``forms.yaml``, compiled."""

    plain: re.Pattern[str]
    forms: Mapping[str, re.Pattern[str]]
    names: Mapping[str, re.Pattern[str]]
    codes: re.Pattern[str]
    begins: re.Pattern[str]
    abroad: re.Pattern[str]


def out_of_form(text: str, looks: str) -> str | None:
    """Why a claim is no plain preference, in a few words; None when it is one.

    text:  as it is written
    looks: as it looks, see ``lookalike.folded``
    """
    rules = _forms()
    if is_abroad(text, looks):
        return _out_of_form_abroad(looks, rules)
    body = looks.strip()
    for _ in range(2):  # "Remember that I always ..."
        body = _HOW.sub("", _WHO.sub("", body))
    for why, rule in rules.forms.items():
        if rule.search(body):
            return why
    for why, rule in rules.names.items():
        if rule.search(text):
            return why
    if len(body.split()) <= _SHORT or rules.plain.match(body):
        return None
    return "is worded as no plain preference"


def is_abroad(text: str, looks: str) -> bool:
    """Whether a claim is in another language than English, as far as one can tell."""
    english, other = len(_ENGLISH.findall(looks)), len(_ABROAD.findall(looks))
    if text.isascii():
        return other > english
    return other > english or not english or other == english > 0


def _out_of_form_abroad(looks: str, rules: _Forms) -> str | None:
    if rules.abroad.search(looks):
        return "would have something done"
    if rules.codes.search(looks):
        return "holds code in another language"
    if len(looks.split()) <= _SHORT or not looks.isascii() or rules.begins.match(looks):
        return None
    return "is worded as no plain preference"


@cache
def _forms() -> _Forms:
    found = yaml.safe_load(
        files("persona_cli").joinpath("forms.yaml").read_text("utf-8")
    )
    words = {name: f"(?:{'|'.join(map(str, w))})" for name, w in found["words"].items()}
    # A verb that is no verb of answering is a deed.
    others = "always|just|also|never|not|please|is|are|was|were|has|had|can|does"
    others += (
        "|when|if|that|where|with|in|on|for|of|from|than|because|and|or|but|better"
    )
    words["deed"] = rf"(?!(?:{words['says']}|{others})\b)[a-z]{{2,}}"
    words["name"] = r"(?:\b[A-Z][a-z]+[A-Z]\w*|(?<=[a-z,] )[A-Z][\w&'-]+)"

    def compiled(patterns: list[str]) -> re.Pattern[str]:
        joined = "|".join(patterns)
        return re.compile(re.sub(r"<([a-z]+)>", lambda hole: words[hole[1]], joined))

    return _Forms(
        compiled(found["plain"]),
        {why: compiled(patterns) for why, patterns in found["forms"].items()},
        {why: compiled(patterns) for why, patterns in found["names"].items()},
        compiled(found["codes"]),
        compiled([one for patterns in found["begins"].values() for one in patterns]),
        compiled([one for patterns in found["abroad"].values() for one in patterns]),
    )
