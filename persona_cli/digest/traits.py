"""What can be counted in a text without understanding it.

Each trait is a number of one text; two answers to the same question are compared by
it. Counts that grow with the text are rates, or they would only say how long it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FENCED = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*+•]|[0-9]{1,2}[.)])\s+\S", re.MULTILINE)
_HEADING = re.compile(r"^(?:#{1,6} \S|\*\*[^*\n]{2,60}\*\*:?\s*$)", re.MULTILINE)
_OFFER = re.compile(
    r"\b(?:would you like|do you want|want me to|shall i|should i|may i"
    r"|which (?:one|of)|(?:could|can) you (?:share|tell|clarify)|does that"
    r"|do you have)\b[^?]{0,200}\?",
    re.IGNORECASE,
)
_SORRY = re.compile(r"\b(?:sorry|apologi[sz]e|apologies|my mistake)\b", re.IGNORECASE)
_PLEASANTRY = re.compile(
    r"\W*(?:great|good|excellent|lovely|interesting)"
    r" (?:question|point|find|idea|choice)"
    r"|\W*(?:sure|certainly|absolutely|of course|definitely|how lovely|no problem)\b"
    r"[!,.]"
    r"|\W*(?:i['’]d be (?:happy|glad)|i['’]m happy to|happy to help|thanks for)"
    r"|.{0,2000}?\b(?:i hope (?:this|that|it)|hope (?:this|that) helps"
    r"|let me know if)\b",
    re.IGNORECASE | re.DOTALL,
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]")
_HEDGE = re.compile(
    r"\b(?:might|may want|could|perhaps|maybe|possibly|potentially|generally|typically"
    r"|usually|it depends|in some (?:cases|situations)|a (?:bit|little)|seems?"
    r"|should probably|probably)\b",
    re.IGNORECASE,
)
_CONTRACTION = re.compile(r"\b\w+['’](?:s|re|ve|ll|d|t|m)\b", re.IGNORECASE)
_DEF = re.compile(r"^\s*(?:async )?def \w+\(", re.MULTILINE)
_HINTED = re.compile(r"^\s*(?:async )?def \w+\(.{0,400}?\)\s*->", re.MULTILINE)
_DOCSTRING = re.compile(
    r"^\s*(?:async )?(?:def|class) [^\n]{1,300}:\n\s*[rf]?\"\"\"", re.MULTILINE
)
_CLASS = re.compile(r"^class \w+", re.MULTILINE)
_METRIC = re.compile(r"\b[0-9.,]+ ?(?:km|m|cm|mm|kg|g|ml|l|litres?|metres?)\b|°C")
_IMPERIAL = re.compile(
    r"\b(?:miles?|mph|feet|foot|inch(?:es)?|pounds?|lbs?|oz|ounces?|gallons?)\b|°F",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Trait:
    """A number of one text, and what it means to take more or less of it.

    measure: None where the trait has no sense (type hints without a function)
    margin:  absolute difference below which two texts are alike
    share:   and the same as a share of the larger
    more, less: the claim; empty where taking more (less) of it says nothing
    fact:    what is counted, after "chosen" and before "than rejected"
    """

    name: str
    section: str
    measure: Callable[[str], float | None]
    more: str
    less: str
    fact: tuple[str, str]
    margin: float = 0.5
    share: float = 0.0

    def leaning(self, chosen: str, rejected: str) -> int:
        """1 when more of it was taken, -1 when less, 0 when that cannot be told."""
        ours, theirs = self.measure(chosen), self.measure(rejected)
        if ours is None or theirs is None:
            return 0
        apart = max(self.margin, self.share * max(ours, theirs))
        return 0 if abs(ours - theirs) < apart else (1 if ours > theirs else -1)


def prose(text: str) -> str:
    """A text without its code blocks."""
    return _FENCED.sub("\n", text)


def word_count(text: str) -> int:
    """Words, code included."""
    return len(_WORD.findall(text))


def emoji(text: str) -> bool:
    """Whether there is an emoji or a pictogram in it."""
    return _EMOJI.search(text) is not None


def _has_code(text: str) -> float:
    return float(_FENCED.search(text) is not None)


def _code_first(text: str) -> float | None:
    block = _FENCED.search(text)
    if block is None:
        return None
    return float(text[: block.start()].strip().count("\n") == 0 and block.start() < 100)


def _listed(text: str) -> float:
    return float(len(_ITEM.findall(prose(text))) >= 2)


def _headed(text: str) -> float:
    return float(_HEADING.search(prose(text)) is not None)


def _offers(text: str) -> float:
    """Whether the last words ask the reader something."""
    return float(_OFFER.search(prose(text)[-300:]) is not None)


def _rate(
    pattern: re.Pattern[str], *, fewest: int = 0
) -> Callable[[str], float | None]:
    """Matches in a hundred words of prose.

    fewest: words below which a text shows nothing either way
    """

    def per_hundred_words(text: str) -> float | None:
        bare = prose(text)
        words = word_count(bare)
        if words < fewest:
            return None
        return 100 * len(pattern.findall(bare)) / max(words, 20)

    return per_hundred_words


def _hinted(text: str) -> float | None:
    functions = len(_DEF.findall(text))
    return len(_HINTED.findall(text)) / functions if functions else None


def _documented(text: str) -> float | None:
    if not _DEF.search(text) and not _CLASS.search(text):
        return None
    return float(_DOCSTRING.search(text) is not None)


def _units(text: str) -> float:
    metric, imperial = len(_METRIC.findall(text)), len(_IMPERIAL.findall(text))
    return float((metric > imperial) - (imperial > metric))


SHORT = "Prefers short answers."
NO_OFFERS = "Dislikes being asked whether to go on."
NO_EMOJI = "Dislikes emoji in answers."
NO_APOLOGIES = "Dislikes apologies in answers."
CODE_FIRST = "Prefers the code first, and the reasons after it."
METRIC = "Prefers metric units."
BRITISH = "Uses British spelling."
AMERICAN = "Uses American spelling."
HINTED = "Prefers Python code with type hints."

TRAITS: tuple[Trait, ...] = (
    Trait(
        "length", "communication", word_count,
        "Prefers long, detailed answers.", SHORT,
        ("longer than", "shorter than"), margin=5, share=0.2,
    ),
    Trait(
        "code first", "communication", _code_first,
        CODE_FIRST, "Prefers an explanation before the code.",
        ("code first, unlike", "words before code, unlike"),
    ),
    Trait(
        "code", "communication", _has_code,
        "Prefers answers that show code.", "Prefers answers in words to code.",
        ("with a code block, unlike", "without a code block, unlike"),
    ),
    Trait(
        "lists", "communication", _listed,
        "Prefers answers set out as lists.", "Prefers running text to lists.",
        ("with a list, unlike", "without a list, unlike"),
    ),
    Trait(
        "headings", "communication", _headed,
        "Prefers answers with headings.", "Prefers answers without headings.",
        ("with headings, unlike", "without headings, unlike"),
    ),
    Trait(
        "questions back", "communication", _offers,
        "Likes answers that end with a question back.", NO_OFFERS,
        ("ending with a question back, unlike", "not ending with a question, unlike"),
    ),
    Trait(
        "apologies", "communication", lambda t: float(bool(_SORRY.search(prose(t)))),
        "", NO_APOLOGIES,
        ("with an apology, unlike", "without an apology, unlike"),
    ),
    Trait(
        "pleasantries", "communication",
        lambda t: float(bool(_PLEASANTRY.match(prose(t)))),
        "Likes answers with a friendly opening or ending.",
        "Dislikes pleasantries around an answer.",
        ("with pleasantries, unlike", "without pleasantries, unlike"),
    ),
    Trait(
        "emoji", "communication", lambda t: float(emoji(t)),
        "Likes emoji in answers.", NO_EMOJI,
        ("with emoji, unlike", "without emoji, unlike"),
    ),
    Trait(
        "exclamations", "communication", _rate(re.compile("!(?=\\s|$|[\"”*])")),
        "Prefers a lively tone, with exclamation marks.",
        "Prefers a calm tone, without exclamation marks.",
        ("with more exclamation marks than", "with fewer exclamation marks than"),
        margin=1,
    ),
    Trait(
        "hedges", "communication", _rate(_HEDGE, fewest=8),
        "Prefers careful wording to flat statements.",
        "Prefers plain statements to hedged ones.",
        ("more hedged than", "less hedged than"), margin=1,
    ),
    Trait(
        "contractions", "communication", _rate(_CONTRACTION, fewest=25),
        "Prefers an informal tone, with contractions.",
        "Prefers a formal tone, without contractions.",
        ("with more contractions than", "with fewer contractions than"), margin=2,
    ),
    Trait(
        "type hints", "coding", _hinted,
        HINTED, "Prefers Python code without type hints.",
        ("with type hints, unlike", "without type hints, unlike"),
    ),
    Trait(
        "docstrings", "coding", _documented,
        "Chooses code with docstrings.", "Chooses code without docstrings.",
        ("with docstrings, unlike", "without docstrings, unlike"),
    ),
    Trait(
        "units", "writing", _units,
        METRIC, "Prefers imperial units.",
        ("in metric units, unlike", "in imperial units, unlike"),
    ),
)  # fmt: skip
