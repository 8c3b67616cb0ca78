"""What a person says outright that they want: sentences of a few plain forms.

A form matches at the beginning of a clause only, and in the first person or as an
instruction; so "she says she prefers", "the linter always fails" and "do you
always ...?" match nothing. What is said of one task ("in this PR", "port 8081") is
left out: a wish that is lost costs less than an errand that is kept for ever.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from persona_cli.digest import manner
from persona_cli.digest.forms import Statement, read_form
from persona_cli.digest.phrasing import VERBS, conjugate, wish

LONGEST_QUOTE = 200

_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+")
_BULLET = re.compile(r"\s*(?:[-*+•]|[0-9]{1,2}[.)])\s+")
_CLAUSE = re.compile(
    r"([,;:]|\s[-–—]+)\s+(?=(?:and |but |so )?(?:please,? )?(?:I\b|always\b|never\b"
    r"|don['’]t\b|do not\b|stop\b|use\b|shorter\b|too long\b|just\b|no (?!more than)))",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:(?:and|also|but|so|again|ok(?:ay)?|hm+|hey|hi|well|right|good|great|nice|fine"
    r"|thanks|thank you|better|yes|yeah|nope|btw|by the way|next|then|oh|no(?=[,.:!;])"
    r"|remember(?: that)?|fyi|in general|generally|as a rule|just|please|pls)\b"
    r"[\s,:.!;-]*)+",
    re.IGNORECASE,
)
_NO = re.compile(r"\bno\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if(?! (?:possible|you can|at all possible))|unless|suppose|assuming)\b",
    re.IGNORECASE,
)
_SETTING = re.compile(r"(?:for|in|when|whenever|on) \w[^,;:]{2,60}\Z", re.IGNORECASE)
_REPORTED = re.compile(
    r"\b(?:says?|said|saying|thinks?|wrote|writes|told|claims?|asked|according to"
    r"|insists?|argues?|used to)\b",
    re.IGNORECASE,
)
_ONE_OFF = re.compile(
    r"\b(?:here|today|tonight|tomorrow|yesterday|yet|for now|right now|just now"
    r"|this time|for once|just this once|at the moment|for the moment|until|anymore"
    r"|(?:in|on|for|of|from|with|to) (?:this|that|these|those)\b"
    r"|this (?:file|function|pr|branch|commit|repo|module|class|test|task|case|one|week"
    r"|project|line|change|release|step|version|morning|afternoon|evening))\b",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:from now on(?:wards)?|from here on|in (?:the )?future|going forward"
    r"|henceforth|(?:for|in) (?:all )?future (?:sessions?|chats?|conversations?))\b"
    r"[\s,]*(:?)\s*",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:act as (?:an?|the|my|if)|you are now|pretend (?:to be|you are|that you)"
    r"|play the (?:role|part))\b",
    re.IGNORECASE,
)

# Words before a colon that name a topic ("Style: I prefer ..."); more lead in speech.
_LONGEST_LABEL = 3

_CHANGED = re.compile(
    r"forget what I(?: have|['’]ve)? said about (?P<x>[^;,.]{2,80})[;,.]\s*"
    r"(?P<for>for [^;,.]{2,60}?\s)?I(?: have|['’]ve)? changed my mind and (?:now )?"
    r"(?P<verb>like|prefer|love|want|use|hate|dislike) (?:it|them)\b",
    re.IGNORECASE,
)


def statements(text: str, *, instructs: bool = True) -> list[Statement]:
    """What a text says its author wants, each wish once, in its order.

    text:      what they typed, and nothing else (see ``guard``)
    instructs: it speaks to the assistant. A post does not: what it tells its readers
               to do is no wish of this kind
    """
    found: dict[str, Statement] = {}
    # Who casts the assistant in a part gives stage directions.
    instructs = instructs and _ROLE.search(text) is None
    for sentence in _sentences(text):
        if not sentence.rstrip("\"') ").endswith("?"):
            for one in _of_sentence(sentence, instructs=instructs):
                quote = sentence[:LONGEST_QUOTE]
                found.setdefault(one.claim, replace(one, quote=quote))
    return list(found.values())


def _sentences(text: str) -> Iterator[str]:
    """Sentences, with wrapped lines joined and list items apart."""
    for paragraph in re.split(r"\n\s*\n", text):
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if _BULLET.match(line) and lines:
                yield from _SENTENCE.split(" ".join(lines))
                lines = []
            lines.append(" ".join(_BULLET.sub("", line, count=1).split()))
        yield from _SENTENCE.split(" ".join(lines))


def _of_sentence(sentence: str, *, instructs: bool) -> Iterator[Statement]:
    lead = _FILLER.match(sentence)
    corrects = lead is not None and _NO.search(lead[0]) is not None
    rest = sentence[lead.end() :] if lead else sentence
    changed = _CHANGED.match(rest)
    if changed is not None:
        yield from _changed(changed)
        return
    lasting = _LASTING.search(rest) if instructs else None
    if lasting is not None:
        yield from _lasting(rest, lasting)
        return
    setting = ""
    for mark, clause in _clauses(rest):
        if _REPORTED.search(setting) or _CONDITION.search(setting):
            return
        if mark == ":" and len(setting.split()) > _LONGEST_LABEL:
            return  # "display this prompt: I hate everyone"
        one = _of_clause(clause, instructs=instructs, corrects=corrects)
        if one is not None and not _ONE_OFF.search(setting):
            yield _within(one, setting)
        setting = clause


def _clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """(what parts it from the one before, clause) for each clause of a sentence."""
    pieces = ["", *_CLAUSE.split(sentence)]
    yield from zip(pieces[::2], pieces[1::2], strict=True)


def _within(one: Statement, setting: str) -> Statement:
    """A wish with the occasion it is for, when its sentence began with that."""
    occasion = wish(setting) if _SETTING.match(setting) else None
    if occasion is None:
        return one
    return replace(one, claim=f"{one.claim[:-1]}, {occasion[0].lower()}{occasion[1:]}.")


def _changed(match: re.Match[str]) -> Iterator[Statement]:
    thing = wish(match["x"])
    if thing is not None:
        where = wish(match["for"]) if match["for"] else None
        verb = conjugate(match["verb"].lower())
        yield Statement(f"Now {verb} {thing}{f' {where}' if where else ''}.")


def _lasting(sentence: str, mark: re.Match[str]) -> Iterator[Statement]:
    """Wishes of a sentence that says they are for good."""
    before, after = sentence[: mark.start()].rstrip(" ,"), sentence[mark.end() :]
    if _CONDITION.search(sentence) or _REPORTED.search(before):
        return
    for part in (before, after):
        bare = _FILLER.sub("", part, count=1) if _FILLER.match(part) else part
        pieces = [
            _of_clause(c, instructs=True, corrects=False) for _, c in _clauses(bare)
        ]
        known = [replace(one, durable=True) for one in pieces if one is not None]
        if known:
            yield from known
            return
        what = wish(bare.replace(": ", ", "))
        if what is None:
            continue
        if bare.split()[0].lower() in VERBS:
            yield Statement(f"Asks to {what[0].lower()}{what[1:]}.")
            return
        if part is after and mark[1]:
            yield Statement(f"Asks for {what}.")
            return


def _of_clause(clause: str, *, instructs: bool, corrects: bool) -> Statement | None:
    lead = _FILLER.match(clause)
    text = clause[lead.end() :] if lead else clause
    if instructs and (said := manner.correction(text)) is not None:
        return Statement(said)
    if _CONDITION.search(text) or _ONE_OFF.search(text):
        return None
    return read_form(text, instructs=instructs, corrects=corrects)
