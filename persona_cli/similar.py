"""How alike two claims are, and which texts bear on a task: by words alone.

English is read closely: endings are cut, and each word is known to be affirmed or
denied ("pytest over unittest" affirms one and denies the other). Of other languages
only the words are compared; Chinese, Japanese and Korean by pairs of characters.

Precision goes before recall: two claims wrongly taken for one lose a claim, two
wrongly kept apart cost a line.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.words_en import (
    ADJECTIVES,
    AFFIRMERS,
    CONTRASTS,
    DENIERS,
    FORM,
    GENERIC,
    NUMBERS,
    OPPOSITES,
    SAME,
    SIDES,
    STOP_WORDS,
)

# Chosen on the table of pairs in tests/test_similar.py: the lowest value at which no
# pair of different claims is taken for one.
NEAR = 0.75

# What two claims that contradict each other are alike at most.
CONTRARY = 0.3

# Claims that contradict each other speak of the same thing: half of the words, or more.
_SAME_SUBJECT = 0.5

_GENERIC_WEIGHT = 0.5
_SUBSTITUTED = 0.8
_ENGLISH_SHARE = 0.25

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Vowel signs and the like, which re does not count among the letters.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e"
_LETTER = rf"(?:[^\W{_CJK}]|[{_SIGNS}])"
_TOKEN = re.compile(
    rf"[{_CJK}]+"
    rf"|\.?{_LETTER}+(?:(?:['.\-/:&]|::){_LETTER}+)*(?:\+\+|\#)?"
    r"|[,;:.!?()\n]"
)
_NOT = re.compile(r".+n't|cannot")
_APOSTROPHE = re.compile(r"'(?:s|re|ve|ll|d|m)?$")
_VOWEL = re.compile(r"[aeiouy]")
_PLAIN = re.compile(r"[a-z]+(?:-[a-z]+)*")

_HARD_BREAKS = frozenset(";:.!?()\n")
_CONJUNCTIONS = frozenset({"and", "or", "then", "also", "plus", ","})

# BM25's two numbers, as everybody sets them.
_SATURATION = 1.2
_LENGTH_PENALTY = 0.75


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a sentence says.

    signs: content word -> affirmed (+1) or denied (-1)
    sides: a word like "to" or "before" -> the content words before and after it
    first: sign of the first word that is neither generic nor a verb of preference
    """

    signs: dict[str, int]
    sides: dict[str, tuple[frozenset[str], frozenset[str]]]
    first: int


def words(text: str) -> tuple[str, ...]:
    """The words that carry meaning, in the order of the text.

    Case and English endings are gone, stop words and words of denial left out. What
    is written as one name stays one: ``os.path``, ``c++``, ``type-hint``. Verbs of
    preference ("prefers", "likes") are kept.
    """
    found: list[str] = []
    for token in _tokens(text):
        if _is_word(token) and not _is_denier(token) and token not in STOP_WORDS:
            found.extend(_stems(token))
    return tuple(found)


def polarity(text: str) -> int:
    """Whether a claim says what to do (+1) or what to leave (-1).

    Decided by most of its content words: "Dislikes emoji" and "Wants answers without
    emoji" are -1, "Prefers short answers without preamble" is +1 like the claim it
    refines. Two denials make an affirmation.
    """
    return _polarity(_read(text))


def similarity(a: str, b: str) -> float:
    """How much of what two claims say is the same.

    The share of content words they have in common; verbs of preference do not count,
    and generic words ("answer") count half. Claims that deny what the other affirms,
    or have its words in the contrary places, come to 0.3 at most.

    Shape: in [0, 1]; symmetric; 1 for the same content words
    """
    one, two = _read(a), _read(b)
    if not one.signs or not two.signs:
        return float(a.split() == b.split() and bool(a.split()))
    found = _shared(one, two)
    return min(found, CONTRARY) if _contrary(one, two) else found


def contradicts(a: str, b: str) -> bool:
    """Whether two claims are of one subject, and cannot both hold.

    "Uses pip." and "Uses uv, not pip."; not "Uses pip." and "Dislikes emoji."
    """
    one, two = _read(a), _read(b)
    if not one.signs or not two.signs:
        return False
    shared = one.signs.keys() & two.signs.keys()
    if shared and _opposites(one.signs.keys() - shared, two.signs.keys() - shared):
        return True
    return _shared(one, two) >= _SAME_SUBJECT and _contrary(one, two)


def relevance(task: str, texts: Sequence[str]) -> list[float]:
    """How much each text bears on a task (BM25 over ``words``).

    Shape: one number a text, at least 0; 0 where no word is shared
    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009
    """
    bags = [Counter(_parted(words(text))) for text in texts]
    asked = set(_parted(words(task))) - FORM
    seen_in = Counter(word for bag in bags for word in bag)
    mean = sum(bag.total() for bag in bags) / max(1, len(bags))
    return [_bm25(asked, bag, seen_in, len(bags), mean) for bag in bags]


def is_english(text: str) -> bool:
    """Whether enough words of a text are English ones known by name.

    A guess on the safe side: German that borrows is still German, and a line of
    English names alone is taken for something else.
    """
    found = re.findall(r"[^\W\d_]+", text.casefold())
    known = sum(w in STOP_WORDS or _stem(w) in _COMMON for w in found)
    return text.isascii() and known >= _ENGLISH_SHARE * max(1, len(found))


def _bm25(
    asked: set[str], bag: Counter[str], seen_in: Counter[str], n: int, mean: float
) -> float:
    score = 0.0
    # sorted: a sum of floats depends on its order, and a set's changes from run to run
    for word in sorted(asked & bag.keys()):
        rarity = math.log(1 + (n - seen_in[word] + 0.5) / (seen_in[word] + 0.5))
        length = 1 - _LENGTH_PENALTY + _LENGTH_PENALTY * bag.total() / mean
        often = bag[word]
        score += rarity * often * (_SATURATION + 1) / (often + _SATURATION * length)
    return score


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [
        "not" if _NOT.fullmatch(found) else _APOSTROPHE.sub("", found)
        for found in _TOKEN.findall(plain)
    ]


def _is_word(token: str) -> bool:
    return bool(token) and token not in _HARD_BREAKS and token not in _CONJUNCTIONS


def _is_denier(token: str) -> bool:
    return token in DENIERS or _stem(token) in DENIERS


def _stems(token: str) -> list[str]:
    if re.match(f"[{_CJK}]", token):
        return [token[i : i + 2] for i in range(max(1, len(token) - 1))]
    if _PLAIN.fullmatch(token):
        return ["-".join(_stem(part) for part in token.split("-"))]
    return [token]


def _stem(word: str) -> str:
    """An English word without its ending; cut the same way in all its forms."""
    if not word.isascii() or not word.isalpha() or len(word) < 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        word = word[:-2]
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("est", "er"):
        for root in (word.removesuffix(ending), word.removesuffix(ending) + "e"):
            if word.endswith(ending) and root in ADJECTIVES:
                word = root
    for ending in ("ing", "ed", "ly"):
        root = word.removesuffix(ending)
        if root == word or word.endswith("eed"):
            continue
        if len(root) >= 3 + (ending == "ly") and _VOWEL.search(root):
            word = _single(root) if ending != "ly" else root
            break
    if word.endswith("e"):
        word = word[:-1]
    return SAME.get(word, word)


def _single(root: str) -> str:
    doubled = root[-1] == root[-2] and root[-1] not in "lsz"
    return root[:-1] if doubled else root


_OPPOSITES = frozenset(frozenset(map(_stem, pair)) for pair in OPPOSITES)


_NUMBERS = frozenset(map(_stem, NUMBERS))
_COMMON = frozenset(map(_stem, ADJECTIVES | DENIERS)) | AFFIRMERS | GENERIC


def _parted(found: Sequence[str]) -> list[str]:
    """Words, and the parts of compounds: ``type-hint``, ``type``, ``hint``."""
    parted: list[str] = []
    for word in found:
        parts = [part for part in re.split(r"[-./:&_]+", word) if part]
        parted += [word, *(parts if len(parts) > 1 else [])]
    return parted


def _read(text: str) -> _Reading:
    tokens = _tokens(_plain_phrases(text))
    signs: dict[str, int] = {}
    places: list[tuple[str, int]] = []  # content word, place among the tokens
    turns: list[tuple[str, int]] = []
    sign, fresh, first, choosing = 1, True, 0, False
    for place, written in enumerate(tokens):
        stem = _stem(written)
        if written in _HARD_BREAKS or written == "but":
            sign, fresh, choosing = 1, True, False
            continue
        if written in _CONJUNCTIONS:
            fresh = True
        if written in SIDES:
            turns.append((written, place))
        if _is_denier(written):
            # "does not dislike" is a like; "no emoji, no lists" denies twice
            sign, fresh = (-1 if fresh and sign < 0 and places else -sign), False
            continue
        if written in CONTRASTS or (written == "over" and choosing):
            sign, fresh = -sign, False
            continue
        if stem in AFFIRMERS:
            choosing = True
            if fresh and places:
                sign = 1
            continue
        if written == "with" and fresh and places:
            sign = 1
        if not _is_word(written) or written in STOP_WORDS:
            continue
        fresh = False
        for word in _stems(written):
            for part in word.split("-") if _PLAIN.fullmatch(word) else [word]:
                signs.setdefault(part, sign)
                places.append((part, place))
                first = first or (sign if part not in GENERIC else 0)
    return _Reading(signs, _sides(turns, places), first or sign)


def _sides(
    turns: Sequence[tuple[str, int]], places: Sequence[tuple[str, int]]
) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    sides = {}
    for turn, where in turns:
        earlier = frozenset(word for word, at in places if at < where)
        later = frozenset(word for word, at in places if at > where)
        earlier, later = earlier - later, later - earlier
        # "reasons after code" is "code before reasons"
        if turn == "after":
            sides["before"] = (later, earlier)
        else:
            sides[turn] = (earlier, later)
    return sides


def _plain_phrases(text: str) -> str:
    # "no more than three" denies nothing, and "instead of" is one word to us.
    text = re.sub(
        r"(?i)\b(?:no|not) (?:more|longer|less|fewer|larger) than\b", "", text
    )
    text = re.sub(r"(?i)\b(instead|rather|better|more) (of|than)\b", r"\1-\2", text)
    text = re.sub(r"(?i)\b(no|any) longer\b", r"\1-longer", text)
    return re.sub(r"(?i)\bnot (only|just|necessarily)\b", r"\1", text)


def _weight(found: set[str]) -> float:
    return sum(_GENERIC_WEIGHT if word in GENERIC else 1.0 for word in found)


def _polarity(reading: _Reading) -> int:
    telling = [sign for word, sign in reading.signs.items() if word not in GENERIC]
    total = sum(telling or reading.signs.values())
    return reading.first if total == 0 else (1 if total > 0 else -1)


def _crossed(one: _Reading, two: _Reading) -> bool:
    """Whether words change sides around the same word: "tea to coffee"."""
    return any(
        (one.sides[turn][0] & two.sides[turn][1] - GENERIC)
        and (one.sides[turn][1] & two.sides[turn][0] - GENERIC)
        for turn in one.sides.keys() & two.sides.keys()
    )


def _shared(one: "_Reading", two: "_Reading") -> float:
    """The share of content words that two claims have in common, in [0, 1]."""
    shared = one.signs.keys() & two.signs.keys()
    union = one.signs.keys() | two.signs.keys()
    found = _weight(shared) / _weight(union)
    if all(_weight(r.signs.keys() - shared - GENERIC) for r in (one, two)):
        found *= _SUBSTITUTED  # a word for another word: mostly another subject
    return found


def _contrary(one: "_Reading", two: "_Reading") -> bool:
    """Whether one denies what the other affirms."""
    shared = one.signs.keys() & two.signs.keys()
    return (
        _polarity(one) != _polarity(two)
        or any(one.signs[w] != two.signs[w] for w in shared - GENERIC)
        or _crossed(one, two)
        or _opposites(one.signs.keys() - shared, two.signs.keys() - shared)
    )


def _opposites(one: set[str], two: set[str]) -> bool:
    """Whether what one has beyond the other is the contrary of what that has."""
    if all(any(_is_number(word) for word in side) for side in (one, two)):
        return True
    return any(
        frozenset((a, b)) in _OPPOSITES
        or any(a == un + b or b == un + a for un in ("un", "in", "im", "non", "dis"))
        for a in one
        for b in two
    )


def _is_number(word: str) -> bool:
    return word in _NUMBERS or any(char.isdigit() for char in word)
