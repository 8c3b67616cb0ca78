"""What a text looks like: letters that pass for others, made the letters they pass for.

Rules that read English, and comparisons of who said what, must not be got around by a
Cyrillic ``а`` or by a character that shows nothing. Only for comparing: what is folded
here is never written anywhere.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

# Letters of other scripts that look like Latin ones in common fonts.
_LATIN = {
    **dict(zip("аеорсухѕіјԁԛԝһӏкмтвнгзп", "aeopcyxsijdqwhlkmtbhr3n", strict=True)),
    **dict(zip("АВЕКМНОРСТХУІЈЅԚԜЗ", "ABEKMHOPCTXYIJSQW3", strict=True)),
    **dict(zip("αορνικτυχγεηωβ", "aopviktuxyenwb", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("օսհցոյԼ", "ouhgnjL", strict=True)),
    **dict(zip("ıɑɡɩǀᴀᴄᴇᴏᴜᴠᴡᴢ", "iagilaceouvwz", strict=True)),
}
_FOLD = str.maketrans(_LATIN)

_TAG = re.compile("[\U000e0020-\U000e007e]")
_SPACED = re.compile(r"(?<!\w)(?:\w[ ._\-*]){3,}\w(?!\w)")
_WORD = re.compile(r"[^\W\d_]+")

# As short as a planted sentence can be, and longer than most names and words.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}={0,2}")
_LONGEST = 4000


def folded(text: str) -> str:
    """A text as it looks, in small letters: for rules and comparisons alone.

    Compatibility forms are made plain, look-alikes Latin, tag characters the letters
    they smuggle; what shows nothing goes, and ``i g n o r e`` closes up.
    """
    text = _TAG.sub(lambda tag: chr(ord(tag[0]) - 0xE0000), text)
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = "".join(_plain(text))
        text = text.translate(_FOLD)
    text = _SPACED.sub(lambda found: re.sub(r"[ ._\-*]", "", found[0]), text)
    return " ".join(text.casefold().split())


def squeezed(text: str) -> str:
    """A text as it looks, letters and digits alone: ``i g n o r e`` is ``ignore``."""
    return "".join(char for char in folded(text) if char.isalnum())


def is_spaced(text: str) -> bool:
    """Whether letters stand apart in it, so that its words cannot be told."""
    return _SPACED.search(text) is not None


def _plain(text: str) -> Iterator[str]:
    """Letters without their accents, and nothing that does not show."""
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.category(char) not in ("Cf", "Co", "Cs", "Mn", "Me"):
            yield char


def imposters(text: str) -> set[int]:
    """Places of letters that pass for others.

    Those of another script within a Latin word; those of words that look Latin from
    end to end, in a text that is Latin otherwise; letters of mathematics and of full
    width anywhere. A Russian text, or a Russian word, has none.
    """
    if text.isascii():
        return set()
    words = [(found.start(), found[0]) for found in _WORD.finditer(text)]
    latin = sum(word.isascii() for _, word in words)
    found: set[int] = set()
    for start, word in words:
        if word.isascii():
            continue
        posing = [n for n, char in enumerate(word) if char in _LATIN and _foreign(char)]
        whole = len(posing) == len(word) > 1 and latin > len(words) / 2
        if whole or any("a" <= char.casefold() <= "z" for char in word):
            found.update(start + n for n in posing)
        found.update(start + n for n, char in enumerate(word) if _dressed(char))
    return found


def _foreign(char: str) -> bool:
    """Whether a letter is of another script: the Turkish ``ı`` is at home."""
    return not unicodedata.name(char, "").startswith("LATIN")


def _dressed(char: str) -> bool:
    """Whether a letter is an ASCII one in another dress: 𝐢, ｉ, ⓘ."""
    if char.isascii() or len(char) != 1:
        return False
    plain = unicodedata.normalize("NFKC", char)
    return plain.isascii() and plain.isalpha() and char not in "ªº"


def encoded(text: str) -> list[tuple[str, str]]:
    """Runs that look like base64, 40 characters or more, and what they say.

    Shape: (run, the text it holds), the text empty when it is none
    """
    runs = (found[0] for found in _BASE64.finditer(text[:1_000_000]))
    # A path or a long hyphenated word is of one case.
    return [
        (run, _decoded(run)) for run in runs if not (run.islower() or run.isupper())
    ]


def _decoded(run: str) -> str:
    bare = run[:_LONGEST].rstrip("=").translate(str.maketrans("-_", "+/"))
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""
