"""The forms in which people say what they want, each read as a sentence about them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from persona_cli.digest import manner
from persona_cli.digest.phrasing import VERBS, conjugate, wish


@dataclass(frozen=True, slots=True)
class Statement:
    """One wish, as a sentence about the person.

    claim:   in the third person, as near to their words as that allows
    quote:   their sentence, white space evened out
    durable: they meant it for good; False when that is not sure
    likes:   what is taken rather than ``over``; empty when nothing is named
    """

    claim: str
    quote: str = ""
    durable: bool = True
    likes: str = ""
    over: str = ""


_ADVERBS = (
    r"(?:(?:really|much|strongly|generally|usually|still|also|now|always|do|definitely"
    r"|personally|truly|absolutely|particularly|especially|just) )*"
)
_DETERMINED = re.compile(
    r"\b(?:the|this|that|these|those|it|them|my|your|his|her|their|our)\b|[0-9]|/|\w\.\w",
    re.IGNORECASE,
)
_WORD = r"[A-Za-z][\w+#-]*(?:\.\w+)*"
_NAME = rf"[`\"']?{_WORD}(?: {_WORD}){{0,2}}?[`\"']?"


def _bare(name: str) -> str:
    return name.strip("`\"' ").lower()


def _prefers(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None:
        return None
    likes, _, over = re.sub(
        r" (?:over|rather than|instead of) ", " to ", what
    ).partition(" to ")
    over = re.split(r"[ ,]", over, maxsplit=1)[0]
    return Statement(f"Prefers {what}.", likes=_bare(likes), over=_bare(over))


def _likes(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None:
        return None
    return Statement(f"{conjugate(match['verb'].lower()).capitalize()} {what}.")


def _dislikes(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    return Statement(f"Dislikes {what}.") if what else None


def _habit(match: re.Match[str]) -> Statement | None:
    verb, what = match["verb"].lower(), wish(match["x"])
    if what is None or verb not in VERBS:
        return None
    return Statement(f"{match['how'].capitalize()} {conjugate(verb)} {what}.")


def _uses(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None:
        return None
    claim = f"Uses {what}, not {match['over']}."
    return Statement(claim, likes=_bare(what), over=_bare(match["over"]))


def _only(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    return Statement(f"Uses {what}.", likes=_bare(what)) if what else None


def _uses_not(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or _DETERMINED.search(what):
        return None
    return Statement(f"Does not use {what}.", over=_bare(what))


def _moved(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or _DETERMINED.search(what):
        return None
    over = _bare(match["over"] or "")
    return Statement(f"Has moved to {what}.", likes=_bare(what), over=over)


def _favourite(match: re.Match[str]) -> Statement | None:
    kind, what = wish(match["kind"]), wish(match["x"])
    return Statement(f"Names {what} as favourite {kind}.") if kind and what else None


def _told(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or what.split()[0].lower() not in VERBS:
        return None
    # "use" and its like are followed by a thing; a thing that was pointed at is of
    # one task.
    _, _, thing = what.partition(" ")
    if thing and wish(thing) is None:
        return None
    return Statement(f"Asks {match['how'].lower()} to {what[0].lower()}{what[1:]}.")


def _stopped(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    return Statement(f"Asks to stop {what}.") if what else None


def _told_not(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or what.split()[0].lower() not in VERBS:
        return None
    general = bool(match["ever"]) or manner.is_of_manner(what)
    if _DETERMINED.search(what) and not general:
        return None
    return Statement(f"Asks not to {what[0].lower()}{what[1:]}.", durable=general)


def _wants_no(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or not (match["more"] or manner.is_of_manner(what)):
        return None
    return None if _DETERMINED.search(what) else Statement(f"Wants no {what}.")


def _corrected(match: re.Match[str]) -> Statement | None:
    what = wish(match["x"])
    if what is None or _DETERMINED.search(what):
        return None
    return Statement(f"Asks to use {what}.", likes=_bare(what))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_OVER = rf"(?:,? not|,? instead of|,? rather than) (?P<over>{_NAME})(?=[\s,.!;]|\Z)"
_CORRECTION = _pattern(rf"use (?P<x>{_NAME})(?:,? please)?[.!]?\Z")

_FIRST_PERSON: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str]], Statement | None]], ...
] = (
    (_pattern(rf"I {_ADVERBS}prefer (?P<x>.+)"), _prefers),
    (
        _pattern(
            rf"I {_ADVERBS}(?P<verb>like|love|enjoy|hate|dislike|loathe|detest|adore)"
            r" (?P<x>.+)"
        ),
        _likes,
    ),
    (
        _pattern(
            r"I (?:(?:really|just|still) )?(?:(?:don['’]t|do not) (?:\w+ly )?"
            r"(?:like|enjoy)|can['’]?t stand|cannot stand) (?P<x>.+)"
        ),
        _dislikes,
    ),
    (
        _pattern(rf"I (?:only |now |exclusively )?use (?P<x>{_NAME}){_OVER}"),
        _uses,
    ),
    (
        _pattern(rf"I (?:only|now|exclusively) use (?P<x>{_NAME})(?=[\s,.!;]|\Z)"),
        _only,
    ),
    (
        _pattern(r"I (?:don['’]t|do not|no longer|never) use (?P<x>.+)"),
        _uses_not,
    ),
    (_pattern(r"I (?P<how>always|never) (?P<verb>\w+) (?P<x>.+)"), _habit),
    (
        _pattern(
            r"I(?:['’]ve| have)? (?:now )?(?:moved|switched|migrated)(?: \w+)?"
            rf"(?: over)?(?: from (?P<over>{_NAME}))? to (?P<x>{_NAME})(?=[\s,.!;]|\Z)"
        ),
        _moved,
    ),
    (
        _pattern(
            r"my (?:all-time )?favou?rite (?P<kind>[\w -]{2,40}?) (?:is|are) (?P<x>.+)"
        ),
        _favourite,
    ),
)

_INSTRUCTIONS: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str]], Statement | None]], ...
] = (
    (_pattern(r"(?P<how>always|never) (?:ever )?(?P<x>.+)"), _told),
    (_pattern(rf"use (?P<x>{_NAME}){_OVER}"), _uses),
    (_pattern(r"(?:stop|quit) (?P<x>\w{2,30}ing\b.*)"), _stopped),
    (_pattern(r"(?:don['’]t|do not) (?P<ever>ever )?(?P<x>.+)"), _told_not),
    (_pattern(r"no (?P<more>more )?(?P<x>[\w' -]{3,40})[.!,]*\Z"), _wants_no),
)


def read_form(clause: str, *, instructs: bool, corrects: bool) -> Statement | None:
    """A clause as a wish; None when it has none of the forms.

    instructs: it may tell the assistant what to do
    corrects:  its sentence began with "no"
    """
    for pattern, read in (*_FIRST_PERSON, *(_INSTRUCTIONS if instructs else ())):
        match = pattern.match(clause)
        if match is not None:
            return read(match)
    if instructs and corrects and (match := _CORRECTION.match(clause)):
        return _corrected(match)
    return None
