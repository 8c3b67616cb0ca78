"""Facts about a window, counted by code (see Observation).

Nothing here understands a text. What is said outright is taken from sentences of
plain forms, what was chosen from counts that chance does not explain; each makes a
claim by a template, so that there is one to write when no model can.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from persona_cli.digest import traits
from persona_cli.digest.forms import Statement
from persona_cli.digest.language import british, language
from persona_cli.digest.majority import clear, standing
from persona_cli.digest.notes import notes
from persona_cli.digest.statements import statements
from persona_cli.digest.topics import section_of
from persona_cli.digest.wordstats import (
    common_words,
    content_words,
    partner,
    telling_words,
)
from persona_cli.interaction import Interaction
from persona_cli.scope import GLOBAL, TASTES, covers


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that counting shows about what the user likes.

    section:  of the claim it would make: ``communication``, ``coding``, ...
    claim:    the observation as a sentence of preference, by template
    fact:     what was counted, for a model to read: "chosen is shorter than
              rejected in 14 of 16 pairs"
    ids:      interactions that bear it out, in the order of the window; n >= 1
    against:  interactions that speak against it
    quotes:   interaction id -> the user's own words (or the part of the chosen
              item) that show it; a short excerpt, verbatim
    stated:   the user said it outright, and for good ("I prefer", "always")
    strength: to rank by; larger is stronger, comparable within one digest
    hearsay:  another tool remembers it; the user did nothing
    """

    section: str
    claim: str
    fact: str
    ids: tuple[str, ...]
    against: tuple[str, ...]
    quotes: dict[str, str]
    stated: bool
    strength: float
    hearsay: bool = False


# A share of the interactions that show a habit of writing.
_HABIT = 0.8
_FEWEST_WRITTEN = 3

_LONGEST_QUOTE = 120

# Words have passed a test of their own before.
_WORD_CHANCE = 0.13

_TYPED = frozenset(("message", "edit", "stated", "post"))
# A post speaks to its readers, and an edited answer to its user's: an instruction in
# one of them is not for the assistant.
_INSTRUCTS = frozenset(("message", "stated"))


def digest(window: Sequence[Interaction]) -> list[Observation]:
    """What counting shows of a window: the same for the same window, always.

    Order: strongest first, then by claim
    """
    said = _statements(window)
    named = {(one.likes, one.over): one.claim for _, one in said if one.over}
    found = [*_said(said), *_chosen(window, named), *_rated(window), *_written(window)]
    merged = _merged([*found, *_remembered(window)], [one.id for one in window])
    return sorted(merged, key=lambda one: (-one.strength, one.claim))


def _statements(window: Sequence[Interaction]) -> list[tuple[Interaction, Statement]]:
    """Wishes that were said outright, oldest first."""
    return [
        (deed, one)
        for deed in _by_time(window)
        if deed.kind in _TYPED
        for one in statements(deed.own, instructs=deed.kind in _INSTRUCTS)
    ]


def _said(said: Sequence[tuple[Interaction, Statement]]) -> Iterator[Observation]:
    """Each wish, without those that were taken back since.

    A wish that was spoken in one project takes back none of another's.
    """
    fuller = {
        (one.likes, deed.scope): one.claim
        for deed, one in said
        if one.likes and one.over
    }
    passed = [
        (place, one.over, _holds_in(deed, one))
        for place, (deed, one) in enumerate(said)
        if one.over
    ]
    for place, (deed, one) in enumerate(said):
        scope = _holds_in(deed, one)
        if one.likes and any(
            later > place and over == one.likes and covers(wide, scope)
            for later, over, wide in passed
        ):
            continue
        # "Has moved to uv." beside "Uses uv, not pip." says nothing more
        known = fuller.get((one.likes, deed.scope), one.claim)
        claim = one.claim if one.over else known
        yield Observation(
            section=section_of(claim, deed.query),
            claim=claim,
            fact=f'the user wrote: "{one.quote}"',
            ids=(deed.id,),
            against=(),
            quotes={deed.id: one.quote},
            stated=one.durable,
            strength=standing(1, 0, stated=one.durable),
        )


def _remembered(window: Sequence[Interaction]) -> Iterator[Observation]:
    """Each note of another tool's, weaker than whatever the user said or did."""
    for deed, claim in notes(window):
        yield Observation(
            section=section_of(claim),
            claim=claim,
            fact=f'another tool remembers: "{claim}"',
            ids=(deed.id,),
            against=(),
            quotes={deed.id: _line_with(deed.chosen, ())},
            stated=False,
            strength=0.0,
            hearsay=True,
        )


def _holds_in(deed: Interaction, one: Statement) -> str:
    personal = one.durable and one.claim.startswith(TASTES)
    return GLOBAL if personal else deed.scope


def _chosen(
    window: Sequence[Interaction], named: Mapping[tuple[str, str], str]
) -> Iterator[Observation]:
    """What sets the chosen answers apart from the rejected ones.

    named: (what is taken, what it is taken over) -> the claim that says so already
    """
    # Edits are no pairs here: the guard took the code out of what was typed, and left
    # it in the answer.
    pairs = [deed for deed in window if deed.kind == "pair"]
    # What only a rule saw in a chat tells how it was answered, and not of what: there a
    # tool may have put the same word into both answers.
    outright = [deed for deed in pairs if not deed.signal]
    # Without a question the items are no answers, and how they are written is not
    # what was chosen.
    answers = [deed for deed in pairs if deed.query.strip()]
    for trait in traits.TRAITS:
        yield from _by_trait(trait, answers)
    yield from _by_words(outright, named)


def _by_words(
    pairs: Sequence[Interaction], named: Mapping[tuple[str, str], str]
) -> Iterator[Observation]:
    """Words that set the chosen items apart, each with the one it was taken over."""
    taken = [content_words(deed.chosen) for deed in pairs]
    passed = [content_words(deed.rejected) for deed in pairs]
    told: set[str] = set()
    # What was taken first: it may name what it was taken over.
    for one in sorted(telling_words(taken, passed), key=lambda one: one.z < 0):
        likes = one.z > 0
        places, against = (one.for_, one.against) if likes else (one.against, one.for_)
        other = partner(places, taken, passed) if likes else None
        if one.word in told or not clear(
            len(places), len(against), chance=_WORD_CHANCE
        ):
            continue
        told |= {one.word, other or one.word}
        if other is not None:
            places = tuple(n for n in places if other in passed[n] - taken[n])
        shows = [pairs[n] for n in places]
        items = "answers" if all(deed.query.strip() for deed in shows) else "items"
        verb = "Chooses" if likes else "Passes over"
        over = f" over ones with `{other}`" if other else ""
        claim = f"{verb} {items} that mention `{one.word}`{over}."
        claim = named.get((one.word, other or ""), claim)
        yield Observation(
            section=section_of(claim, *(deed.query for deed in shows)),
            claim=claim,
            fact=f"`{one.word}` only in the {'chosen' if likes else 'rejected'} one in"
            f" {len(shows)} pairs, the other way round in {len(against)}",
            ids=tuple(deed.id for deed in shows),
            against=tuple(pairs[n].id for n in against),
            quotes={d.id: _line_with(d.chosen, (one.word,)) for d in shows},
            stated=False,
            strength=standing(len(shows), len(against)),
        )


def _by_trait(
    trait: traits.Trait, answers: Sequence[Interaction]
) -> Iterator[Observation]:
    more: list[Interaction] = []
    less: list[Interaction] = []
    for deed in answers:
        leaning = trait.leaning(deed.chosen, deed.rejected)
        if leaning:
            (more if leaning > 0 else less).append(deed)
    side = len(less) > len(more)
    shows, speaks_against = (less, more) if side else (more, less)
    claim = trait.less if side else trait.more
    if not claim or not clear(len(shows), len(speaks_against)):
        return
    told = len(shows) + len(speaks_against)
    yield Observation(
        section=trait.section,
        claim=claim,
        fact=f"chosen is {trait.fact[side]} rejected in {len(shows)} of {told} pairs",
        ids=tuple(deed.id for deed in shows),
        against=tuple(deed.id for deed in speaks_against),
        quotes={deed.id: _line_with(deed.chosen, ()) for deed in shows},
        stated=False,
        strength=standing(len(shows), len(speaks_against)),
    )


def _rated(window: Sequence[Interaction]) -> Iterator[Observation]:
    """What the items that were rated high have in common, and those rated low."""
    high = [d for d in window if d.kind == "rating" and (d.rating or 0) > 0.6]
    low = [d for d in window if d.kind == "rating" and (d.rating or 0) < 0.4]
    for likes, ours, theirs in ((True, high, low), (False, low, high)):
        sides = ([content_words(d.chosen) for d in side] for side in (ours, theirs))
        for one in common_words(*sides):
            shows = [ours[n] for n in one.for_]
            level = "high" if likes else "low"
            if not clear(len(shows), len(one.against), chance=_WORD_CHANCE):
                continue
            claim = f"Rates {level} what mentions `{one.word}`."
            yield Observation(
                section=section_of(claim, *(d.chosen for d in shows)),
                claim=claim,
                fact=f"`{one.word}` in {len(shows)} items rated {level}, and in"
                f" {len(one.against)} of the others",
                ids=tuple(d.id for d in shows),
                against=tuple(theirs[n].id for n in one.against),
                quotes={d.id: _line_with(d.chosen, (one.word,)) for d in shows},
                stated=False,
                strength=standing(len(shows), len(one.against)),
            )


def _written(window: Sequence[Interaction]) -> Iterator[Observation]:
    """Habits of the user's own writing."""
    own = [deed for deed in window if deed.kind in ("message", "post")]
    ours = [deed for deed in own if british(deed.chosen) > 0]
    theirs = [deed for deed in own if british(deed.chosen) < 0]
    for claim, shows, others in (
        (traits.BRITISH, ours, theirs),
        (traits.AMERICAN, theirs, ours),
    ):
        yield from _habit("writing", claim, shows, others)
    by_language: dict[str, list[Interaction]] = {}
    for deed in own:
        if (name := language(deed.chosen)) is not None:
            by_language.setdefault(name, []).append(deed)
    known = [deed for deeds in by_language.values() for deed in deeds]
    for name, deeds in sorted(by_language.items()):
        # English is what most logs are in; it tells of no one
        if name != "English":
            others = [deed for deed in known if deed not in deeds]
            yield from _habit("communication", f"Writes in {name}.", deeds, others)


def _habit(
    section: str,
    claim: str,
    shows: Sequence[Interaction],
    others: Sequence[Interaction],
) -> Iterator[Observation]:
    told = len(shows) + len(others)
    if len(shows) < _FEWEST_WRITTEN or len(shows) < _HABIT * told:
        return
    yield Observation(
        section=section,
        claim=claim,
        fact=f"so in {len(shows)} of {told} texts of the user that show it",
        ids=tuple(deed.id for deed in shows),
        against=tuple(deed.id for deed in others),
        quotes={deed.id: _line_with(deed.chosen, ()) for deed in shows},
        stated=False,
        strength=standing(len(shows), len(others)),
    )


def _merged(found: Iterable[Observation], order: Sequence[str]) -> list[Observation]:
    """One observation a claim: what was said and what was chosen, together."""
    place = {one: n for n, one in enumerate(order)}
    by_claim: dict[str, Observation] = {}
    for one in found:
        known = by_claim.get(one.claim)
        if known is None:
            by_claim[one.claim] = one
            continue
        ids = sorted({*known.ids, *one.ids}, key=place.__getitem__)
        against = sorted(
            {*known.against, *one.against} - set(ids), key=place.__getitem__
        )
        stated = known.stated or one.stated
        facts = [known.fact] if one.fact == known.fact else [known.fact, one.fact]
        by_claim[one.claim] = replace(
            known,
            fact="; ".join(facts),
            ids=tuple(ids),
            against=tuple(against),
            quotes={**one.quotes, **known.quotes},
            stated=stated,
            strength=standing(len(ids), len(against), stated=stated),
        )
    return list(by_claim.values())


def _by_time(window: Sequence[Interaction]) -> list[Interaction]:
    """Oldest first; what has no time comes before, in the order of the window."""
    return sorted(window, key=lambda one: one.at.timestamp() if one.at else -math.inf)


def _line_with(text: str, words: Sequence[str]) -> str:
    """The first line that holds one of the words, else the first that says anything."""
    lines = [line.strip() for line in text.split("\n")]
    telling = [line for line in lines if line and not line.startswith(("```", "~~~"))]
    for line in telling:
        if any(word in line.lower() for word in words):
            return line[:_LONGEST_QUOTE]
    return (telling or [text.strip()])[0][:_LONGEST_QUOTE]
