"""A window through a small model: a statement an interaction, and what bears each out.

    each interaction ──say──▶ statements ──weigh on the choices──▶ claims they bear out

The model says what each interaction shows. Then every statement, and every past claim,
is weighed on the choices that it may be about: how much better does it follow from what
was taken than from what was passed over? What a statement cites is not believed but
measured, and so is what speaks against it. Of statements that say the same of the same
choices one is kept.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963: what a summary is worth is what it foresees.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from persona_cli.backward import MATTERS, Scales
from persona_cli.draft import Draft, DraftLine
from persona_cli.each import each_messages
from persona_cli.engine import Engine
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.similar import contradicts, similarity, words
from persona_cli.stating import CHOICES, Statement, stated
from persona_cli.words_en import FORM, GENERIC

# Nats of evidence by which a choice bears a claim out. A true claim has them after a
# third of the choices that show it, and its contrary after one in thirty; see the log
# of experiments.
BEARS_OUT = 1.0

# Choices that speak for a claim, of each that speaks against it.
MOST_AGAINST = 3

# Choices that must speak against a past claim before it is given up: people slip.
GIVES_UP = 2

# Statements that are weighed, and past claims. Past ones beyond it stay as they are.
MOST_WEIGHED = 32

_ALIKE = 0.8

# In a word that names something: a digit, a sign of code, a capital.
_NAME = re.compile(r"[0-9_/\\=]|--|\w\.\w|[A-Z]")
_MARKS = ".,;:!?'\"`()"

# Stems that are in claims about everything.
_COMMON = FORM | GENERIC | {"tend", "fond"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a model made of a window, one interaction at a time.

    text:   its statements, one a line
    tokens: written
    """

    draft: Draft
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A claim that may be borne out.

    told: id of an interaction -> what it says for the claim, nats
    """

    section: str
    text: str
    told: dict[str, float] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[list[str], list[str]]:
        """Ids of what bears it out, and of what speaks against it."""
        for_it = [one for one, nats in self.told.items() if nats >= BEARS_OUT]
        against = [one for one, nats in self.told.items() if nats <= -BEARS_OUT]
        return for_it, against

    def gain(self, explained: set[str]) -> float:
        """Evidence in interactions that nothing explains yet, less what is against.

        Each counts up to a bound: ten that agree count for more than one.
        """
        bound = 2 * BEARS_OUT
        return sum(
            max(-bound, min(bound, nats))
            for one, nats in self.told.items()
            if one not in explained and abs(nats) >= BEARS_OUT
        )


def weighed(
    past: Sequence[Claim], window: Sequence[Interaction], engine: Engine
) -> Told:
    """The claims that a window's interactions bear out, new ones and past ones.

    Choices and edits have a reverse to weigh against. What somebody wrote has none: it
    speaks for what the model says of it.

    engine: one that can weigh answers
    Raises: ModelError
    """
    scales = Scales(engine, remedy="Use a local model.")
    told = stated(window, engine)
    dropped = Counter(told.dropped)
    known = {claim.id: _Candidate(claim.section, claim.text) for claim in past}
    known = dict(list(known.items())[:MOST_WEIGHED])
    fresh = _distinct(told.statements, {one.text for one in known.values()})
    fresh = fresh[:MOST_WEIGHED]
    every = [*known.values(), *fresh]
    scales.learn([*(one.text for one in every), *(one.text for one in told.statements)])
    of = {one.origin: one for one in told.statements}
    for deed in window:
        if deed.kind in CHOICES:
            _weigh(every, deed, of.get(deed.id), scales)
        elif deed.id in of:
            _hear(every, deed, of[deed.id], scales)

    lines = list(_lines(known, fresh, dropped))
    return Told(Draft(tuple(lines), dropped), "\n".join(told.answers), told.tokens)


def _lines(
    known: Mapping[str, _Candidate], fresh: list[_Candidate], dropped: Counter[str]
) -> Iterator[DraftLine]:
    """Past claims that are borne out again, and then new ones: few that explain much.

    known: past claims by their ids
    fresh: grows empty
    """
    explained: set[str] = set()
    for name, claim in known.items():
        if (line := _of_past(name, claim)) is not None:
            explained |= set(line.rests_on)
            yield line
    while fresh:
        # The one that explains most of what nothing explains yet.
        best = max(
            fresh, key=lambda one: (one.gain(explained), -len(one.text), one.text)
        )
        fresh.remove(best)
        for_it, against = best.sides
        if not set(for_it) - explained or len(for_it) < MOST_AGAINST * len(against):
            dropped["not borne out"] += 1
            continue
        explained |= set(for_it)
        yield DraftLine(
            best.section,
            best.text,
            retires=tuple(_overturned(known, for_it)),
            rests_on=tuple(for_it),
            against=tuple(against),
        )


def _distinct(said: Sequence[Statement], known: set[str]) -> list[_Candidate]:
    """Statements in different words; those that were made most often first.

    known: words of past claims, which need not be said again
    """
    kept: list[Statement] = []
    times: Counter[str] = Counter()
    for one in said:
        same = next((k for k in kept if similarity(k.text, one.text) >= _ALIKE), one)
        if same is one:
            kept.append(one)
        times[same.text] += 1
    kept.sort(key=lambda one: -times[one.text])
    return [_Candidate(one.section, one.text) for one in kept if one.text not in known]


def _weigh(
    candidates: Sequence[_Candidate],
    deed: Interaction,
    own: Statement | None,
    scales: Scales,
) -> None:
    """Let a choice say what it has to say for each claim that it may be about."""
    near = list(_near(candidates, deed, own))
    if not near:
        return
    claims = [one.text for one in near]
    weights = scales.weights(deed.query, deed.chosen, deed.rejected, claims)
    for candidate, weight in zip(near, weights, strict=True):
        candidate.told[deed.id] = weight.evidence()


def _near(
    candidates: Sequence[_Candidate], deed: Interaction, own: Statement | None
) -> Iterator[_Candidate]:
    """The claims that a choice may be about.

    Those of the section that the model saw in it, and those that share a word with it
    or with what the model said of it. To weigh all on all would take minutes. A claim
    that names something is about the choices that name it too.
    """
    said = own.text if own is not None else ""
    text = " ".join((deed.query, deed.chosen, deed.rejected))
    seen = {*words(f"{text} {said}")} - _COMMON
    for one in candidates:
        same_section = own is not None and own.section == one.section
        if not same_section and not seen.intersection(words(one.text)):
            continue
        if all(name in text.casefold() for name in _names(one.text)):
            yield one


def _names(claim: str) -> set[str]:
    """What a claim calls by its name: numbers, code, and capitalized words.

    >>> sorted(_names("Runs tests with the '--fast' flag in 900 ms on Debian, always."))
    ['--fast', '900', 'debian']
    """
    _, *rest = claim.split()
    bare = [word.strip(_MARKS) for word in rest]
    return {word.casefold() for word in bare if _NAME.search(word)}


def _hear(
    candidates: Sequence[_Candidate], deed: Interaction, own: Statement, scales: Scales
) -> None:
    """Let what somebody wrote speak for what was said of it, and against its contrary.

    If it is about that at all: what it makes no likelier was not said of it.
    """
    if scales.lift(each_messages(deed), own.text) < MATTERS:
        return
    for candidate in candidates:
        if similarity(candidate.text, own.text) >= _ALIKE:
            candidate.told[deed.id] = BEARS_OUT
        elif contradicts(candidate.text, own.text):
            candidate.told[deed.id] = -BEARS_OUT


def _of_past(name: str, claim: _Candidate) -> DraftLine | None:
    """A past claim that the window bears out again; None where it says nothing new."""
    for_it, against = claim.sides
    if len(for_it) <= MOST_AGAINST * len(against):
        return None
    return DraftLine(
        claim.section,
        claim.text,
        keeps=(name,),
        rests_on=tuple(for_it),
        against=tuple(against),
    )


def _overturned(
    known: Mapping[str, _Candidate], rests_on: Sequence[str]
) -> Iterator[str]:
    """Ids of past claims that what a new claim rests on speaks against.

    A past claim that new choices contradict, and no new claim explains, stays: they
    were noise, or nothing better is known.
    """
    for name, claim in known.items():
        for_it, against = claim.sides
        shared = set(against) & set(rests_on)
        if len(shared) >= GIVES_UP and len(against) > MOST_AGAINST * len(for_it):
            yield name
