"""Which language a text is written in, and in whose spelling."""

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_BRITISH = re.compile(
    r"\b(?:(?:colou?r|behaviou?r|favou?r|harbou?r|labou?r|honou?r|neighbou?r|flavou?r)\w*"
    r"|(?:organi|reali|recogni|apologi|prioriti|summari|initiali|normali|optimi|seriali"
    r"|generali|minimi|maximi|customi)[sz](?:e[srd]?|ing|ation\w*)"
    r"|gr[ea]y\w*|cent(?:re|er)s?|(?:kilo|centi|milli)?met(?:re|er)s?|lit(?:re|er)s?"
    r"|fib(?:re|er)s?|theat(?:re|er)s?|(?:travel|model|cancel|label)l?(?:ed|ing|er))\b",
    re.IGNORECASE,
)
_BRITISH_FORM = re.compile(
    r"ou(?:r)|is(?:e|ing|ation)|grey|[nbt]re(?:s|$)|l{2}(?:ed|ing|er)", re.IGNORECASE
)

_COMMON = {
    "English": "the and of to is in that it for with you this are not be on have was",
    "German": "der die das und ist nicht ich ein eine zu den mit auf für wir auch es",
    "French": "le la les et est une des que pour dans pas je vous nous avec sur qui",
    "Spanish": "el la los las y es una que para por con no del se lo está como más",
    "Italian": "il la che di e un una per non con sono del è questo anche come più",
    "Dutch": "de het een en van ik niet dat je is op voor met zijn ook maar wat deze",
    "Portuguese": "o a os as e é um uma que para com não do da em por mais você isso",
}
_COMMON_WORDS = {name: frozenset(text.split()) for name, text in _COMMON.items()}
_SCRIPTS = (
    ("Russian", re.compile("[\u0400-\u04ff]")),
    ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Korean", re.compile("[\uac00-\ud7af]")),
    ("Chinese", re.compile("[\u4e00-\u9fff]")),
    ("Arabic", re.compile("[\u0600-\u06ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")),
    ("Hindi", re.compile("[\u0900-\u097f]")),
)

# Below so many known words a language is a guess.
_KNOWN = 3


def language(text: str) -> str | None:
    """The language a text is written in, by its script or commonest words.

    Shape: an English name; None when too few words are known, or two languages tie
    """
    letters = sum(map(str.isalpha, text)) or 1
    for name, script in _SCRIPTS:
        if len(script.findall(text)) > letters * 0.3:
            return name
    found = [word.lower() for word in _WORD.findall(text)]
    known = sorted(
        (
            (sum(w in common for w in found), name)
            for name, common in _COMMON_WORDS.items()
        ),
        reverse=True,
    )
    (most, name), (next_most, _) = known[:2]
    return name if most >= _KNOWN and most > next_most else None


def british(text: str) -> int:
    """Words in British spelling less those in American, where the two differ."""
    words = _BRITISH.findall(text)
    ours = sum(_BRITISH_FORM.search(word) is not None for word in words)
    return 2 * ours - len(words)
