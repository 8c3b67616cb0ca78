"""A person's own words, turned into the third person."""

import re

# Verbs of instructions and of habits. After "always" or "never" anything else is
# more likely a complaint ("never works") than a wish.
_VERBS = """
    accept add address adjust align allow answer apologise apologize append apply
    argue ask assume attach avoid begin book break bring build buy call change check
    choose cite clean close combine comment commit compare configure consider
    convert cook copy count create cut declare default define delete deploy describe
    dismiss display do document drop edit email emit enable end escape exclude
    explain export expose fetch finish fix fly follow force format generate give go
    group guess handle have hide highlight hold ignore import include indent inline
    insert install introduce invent keep leave lecture limit link list listen log
    look lower make mention merge mix mock move name nest number offer omit open
    order output pad paraphrase paste pick pin place plan pop praise prefer prefix
    present print propose provide publish push put quote raise read rebase recommend
    refactor refer reformat regenerate remind remove rename repeat rephrase replace
    reply report require reserve reset respond return reuse review rewrite round run
    save say schedule send separate serve set shorten show sign simplify sit skip
    sort speak spell split squash stage start state stay stick store suggest sum
    summarise summarize swear switch take talk tell test thank throw touch translate
    travel treat trim truncate trust try turn type use validate vary verify wait
    want watch wear work wrap write
"""
VERBS = frozenset(_VERBS.split())

_NOT_A_WISH = re.compile(
    r"(?:it(?! when)|its|that|this|these|those|them|they|he|him|she|her|you|your"
    r"|yours|we|us|one(?: of|$)|both|either|neither|all of|any of|none|so|too|not"
    r"|mind|what|where|why|how (?:it|this|that|you)"
    r"|the (?:first|second|third|last|latter|former|idea|look|sound"
    r"|way (?:you|this|that|it)|new|old|other|original|current|same|above|below"
    r"|one|ones|result|next|previous)"
    r"|(?:option|version|variant|choice|number|answer) ?\w?$|\W*\w?\W*$)(?![\w'’])",
    re.IGNORECASE,
)

# Where a wish ends and its sentence goes on.
_END = re.compile(
    r"[,;]\s+(?:(?:and|but|so|then)\s+(?=(?:I|you|he|she|it|we|they|that|this|there|then"
    r"|my|his|her|our|their|the|[A-Z])[\w'’]*\b)|(?:I|because|since|as|although|though|which|thanks|okay?)\b)"
    r"|;\s|:\s|\s[-–—]+\s|\s\(|\s(?:because|although|since|thanks)\b",
)
_TAIL = re.compile(
    r"(?:[\s,.!;:]|\b(?:please|thanks|thank you|too|as well|instead|again|okay?)\b)+\Z",
    re.IGNORECASE,
)
_MOST_WORDS = 25
_LONGEST = 400

_PERSONS = (
    (r"\bI['’]m\b", "they are"),
    (r"\bI['’]ve\b", "they have"),
    (r"\bI['’]ll\b", "they will"),
    (r"\bI['’]d\b", "they would"),
    (r"\bI am\b", "they are"),
    (r"\bI was\b", "they were"),
    (r"\b(?:I|we)\b", "they"),
    (r"\b(?:my|our)\b", "their"),
    (r"\b(?:mine|ours)\b", "theirs"),
    (r"\b(?:me|us)\b", "them"),
    (r"\bmyself\b", "themselves"),
)
_PERSON_PATTERNS = tuple(
    (re.compile(p, re.IGNORECASE if "I" not in p else re.NOFLAG), w)
    for p, w in _PERSONS
)
_TICKED = re.compile(r"(`[^`\n]*`)")


def wish(words: str) -> str | None:
    """What is wished for, without what its sentence goes on to say.

    Shape: in the third person; None when it is nothing one could read on its own
    """
    text = words[:_LONGEST].strip()
    end = _END.search(text)
    if end is not None:
        text = text[: end.start()]
    text = _TAIL.sub("", text)
    if _NOT_A_WISH.match(text) or len(text.split()) > _MOST_WORDS:
        return None
    if len(re.sub(r"\W", "", text)) < 2 or text.count("`") % 2:
        return None
    return third_person(text)


def third_person(text: str) -> str:
    """The words with the speaker named from outside; code in backticks as it was."""
    parts = _TICKED.split(text)
    for place in range(0, len(parts), 2):
        for pattern, word in _PERSON_PATTERNS:
            parts[place] = pattern.sub(word, parts[place])
    return "".join(parts)


def conjugate(verb: str) -> str:
    """A verb as he, she or it does it."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return verb + "es"
    return verb + "s"
