"""A claim about somebody, as they would say it themselves."""

import re

# Before the verb, and not changed by who speaks.
_ADVERBS = frozenset(
    (
        *("always", "definitely", "firmly", "freely", "generally", "mostly", "never"),
        *("often", "only", "rarely", "rather", "really", "slightly", "strongly"),
        "usually",
    )
)
_MODALS = frozenset(
    ("can", "can't", "cannot", "must", "will", "won't", "would", "wouldn't")
)
_ODD = {
    "is": "am",
    "has": "have",
    "does": "do",
    "goes": "go",
    "doesn't": "don't",
    "isn't": "am not",
    "hasn't": "haven't",
}

# Words after which "I" no longer fits without more changes than these.
_OTHERS = re.compile(
    r"""\b(?:they|them|their|theirs|themselves|he|she|his|her|him)\b
    |\b(?:and|or|but|then)\ (?!this|us|always|less|yes|its|was|as\b)\w*[a-rt-z]s\b
    |\b(?:and|or|but|then)\ (?:\w+ly|never|always|can't|doesn't|won't)\b
    |;""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST = re.compile(r"(?P<adverb>\w+ )?(?P<verb>[\w']+)(?P<rest> .+|\.)\Z")


def own_voice(claim: str) -> str | None:
    """Turn ``Prefers short answers.`` into ``I prefer short answers.``.

    Shape: None where the sentence has a second verb or speaks of "them": better no
           words than wrong ones
    """
    found = _FIRST.match(claim)
    if found is None:
        return None
    adverb = (found["adverb"] or "").strip().lower()
    if adverb and adverb not in _ADVERBS:
        found = re.match(r"(?P<verb>[\w']+)(?P<rest> .+)\Z", claim)
        adverb = ""
    if found is None or _OTHERS.search(found["rest"]):
        return None
    verb = _first_person(found["verb"].lower())
    if verb is None:
        return None
    said = f"{adverb} {verb}".strip()
    return f"I {said}{found['rest']}"


def _first_person(verb: str) -> str | None:
    if verb in _MODALS:
        return verb
    if verb in _ODD:
        return _ODD[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    if re.search(r"(?:ch|sh|ss|x|zz)es\Z", verb):
        return verb[:-2]
    if verb.endswith("s") and not verb.endswith("ss"):
        return verb[:-1]
    return None
