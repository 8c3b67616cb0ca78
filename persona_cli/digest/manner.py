"""Corrections of how an assistant answers: the ones people make, by pattern.

"shorter please" is no sentence about its author, but everyone knows what it asks for.
Each is told by the claim that counting would make of the same taste, so that words
and choices bear out one claim together.
"""

import re

from persona_cli.digest import traits

_PLEASE = r"(?:[,\s]*(?:please|pls|thanks|thank you|again|everywhere|ever))*[\s.!,]*\Z"
_DO_NOT = r"(?:don['’]t|do not|stop|quit|never)"
_KEEP_TO = r"(?:always )?(?:(?:use|write(?: in)?|keep to|stick to|in) )?"

_FORMS = (
    (
        (
            r"(?:I (?:want|prefer|like|need) |(?:make|keep) (?:it|them|that|this"
            r"|(?:your )?(?:answers?|repl(?:y|ies))) )?(?:be )?"
            r"(?:(?:much|way|a bit|a lot|a little|even|far) )*"
            r"(?:shorter|briefer|brief|short|concise|terse|more concise|more terse"
            r"|less verbose|less wordy)(?: answers?)?"
        ),
        traits.SHORT,
    ),
    (
        (
            r"(?:(?:that|this|it)(?:['’]s| is| was) |still )?"
            r"(?:(?:much|way|far|a bit) )*too (?:long|verbose|wordy|chatty)"
        ),
        traits.SHORT,
    ),
    (
        (
            r"(?:no|without|skip the|drop the|lose the"
            rf"|{_DO_NOT} (?:use|using|add|adding|put|putting))"
            r"(?: more| any)? emojis?(?: in (?:your )?(?:answers|replies))?"
        ),
        traits.NO_EMOJI,
    ),
    (
        (
            rf"(?:{_DO_NOT}|no need to|no|no more) (?:always )?"
            r"(?:apologi[sz](?:e|ing)|apologies|say(?:ing)? sorry)"
            r"(?: (?:all the time|so much|to me|every time))?"
        ),
        traits.NO_APOLOGIES,
    ),
    (
        (
            rf"{_DO_NOT} (?:always |ever |keep )?ask(?:ing)?(?: me)?"
            r"(?: (?:whether|if|to) .{0,40}\b(?:go on|continue|proceed|go ahead"
            r"|carry on|keep going)| for (?:permission|confirmation))?"
        ),
        traits.NO_OFFERS,
    ),
    (
        (
            r"(?:always )?(?:(?:use|give me|stick to|answer in|in) )?"
            r"metric(?: units?)?(?: only)?"
        ),
        traits.METRIC,
    ),
    (
        _KEEP_TO + r"(?:british|uk) (?:english(?: spelling)?|spelling)",
        traits.BRITISH,
    ),
    (
        _KEEP_TO + r"(?:american|us) (?:english(?: spelling)?|spelling)",
        traits.AMERICAN,
    ),
    (
        (
            r"(?:always )?(?:(?:show|put|give)(?: me)? )?(?:the )?code first"
            r"(?:,? (?:and )?(?:the )?(?:reasons?|explanations?|words|prose)"
            r" (?:after(?: it)?|later|second))?"
        ),
        traits.CODE_FIRST,
    ),
)
_CORRECTIONS = tuple(
    (re.compile(form + _PLEASE, re.IGNORECASE), claim) for form, claim in _FORMS
)

_MANNER = re.compile(
    r"\b(?:apologi[sz]e|ask|explain|explanations?|summari[sz]e|summar(?:y|ies)|repeat"
    r"|emojis?|greet(?:ings?)?|praise|flatter\w*|hedg\w+|lecture|remind|disclaimers?"
    r"|bullet(?: ?points?| lists?)?|headings?|docstrings?|comments?|introductions?"
    r"|pleasantries|small talk|jokes?|exclamation|adjectives|jargon|buzzwords|filler"
    r"|tables?|markdown|preambles?|follow-up|placeholders?|boilerplate|start|begin"
    r"|end your|answers?|replies|push|guess|invent|assume)\b",
    re.IGNORECASE,
)


def correction(clause: str) -> str | None:
    """The claim behind a correction that is nothing else; None when it is none."""
    if len(clause) > 120:
        return None
    head = re.split(r": |; ", clause, maxsplit=1)[0]
    for pattern, claim in _CORRECTIONS:
        if pattern.match(head):
            return claim
    head = head.split(",", maxsplit=1)[0]
    return next((c for pattern, c in _CORRECTIONS if pattern.match(head)), None)


def is_of_manner(wish: str) -> bool:
    """Whether a wish is about how answers are written, and so outlives its task."""
    return _MANNER.search(wish) is not None
