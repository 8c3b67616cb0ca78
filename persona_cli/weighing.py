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

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from persona_cli.draft import Draft, DraftLine
from persona_cli.engine import Engine
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.similar import contradicts, similarity, words
from persona_cli.stating import BEARS_OUT, CHOICES, Scales, Statement, stated
from persona_cli.words_en import FORM, GENERIC

# Choices that speak for a claim, of each that speaks against it.
MOST_AGAINST = 3

# Choices that must speak against a past claim before it is given up: people slip.
GIVES_UP = 2

# Statements that are weighed, and past claims. Past ones beyond it stay as they are.
MOST_WEIGHED = 32

_ALIKE = 0.8

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
    scales = Scales(engine)
    told = stated(window, engine, scales)
    said, dropped = told.statements, Counter(told.dropped)
    known = {claim.id: _Candidate(claim.section, claim.text) for claim in past}
    known = dict(list(known.items())[:MOST_WEIGHED])
    fresh = _distinct(said, {one.text for one in known.values()})[:MOST_WEIGHED]
    choices = [deed for deed in window if deed.kind in CHOICES]
    _weigh([*known.values(), *fresh], choices, said, scales)
    _hear([*known.values(), *fresh], said, {deed.id for deed in choices})

    lines = [
        line for name, one in known.items() if (line := _of_past(name, one)) is not None
    ]
    explained = {i for line in lines for i in line.rests_on}
    while fresh:
        # The one that explains most of what nothing explains yet.
        best = max(
            fresh, key=lambda one: (one.gain(explained), -len(one.text), one.text)
        )
        fresh.remove(best)
        for_it, against = best.sides
        if not set(for_it) - explained or len(for_it) < MOST_AGAINST * len(against):
            dropped["not borne out by the choices"] += 1
            continue
        explained |= set(for_it)
        lines.append(
            DraftLine(
                best.section,
                best.text,
                retires=tuple(_overturned(known, for_it)),
                rests_on=tuple(for_it),
                against=tuple(against),
            )
        )
    return Told(Draft(tuple(lines), dropped), "\n".join(told.texts), told.tokens)


def _distinct(said: Sequence[Statement], known: set[str]) -> list[_Candidate]:
    """Statements in different words.

    known: words of past claims, which need not be said again
    """
    kept: list[_Candidate] = []
    for one in said:
        if not any(similarity(k.text, one.text) >= _ALIKE for k in kept):
            kept.append(_Candidate(one.section, one.text))
    return [one for one in kept if one.text not in known]


def _weigh(
    candidates: Sequence[_Candidate],
    choices: Sequence[Interaction],
    said: Sequence[Statement],
    scales: Scales,
) -> None:
    """Let each choice say what it has to say for each claim that it may be about."""
    of = {one.origin: one for one in said}
    for deed in choices:
        near = [candidates[n] for n in _near(candidates, deed, of.get(deed.id))]
        told = scales.evidence(deed, [one.text for one in near])
        for candidate, nats in zip(near, told, strict=True):
            candidate.told[deed.id] = nats


def _near(
    candidates: Sequence[_Candidate], deed: Interaction, own: Statement | None
) -> Iterator[int]:
    """Places of the claims that a choice may be about.

    Those of the section that the model saw in it, and those that share a word with it
    or with what the model said of it. To weigh all on all would take minutes.
    """
    said = own.text if own is not None else ""
    seen = {*words(" ".join((deed.query, deed.chosen, deed.rejected, said)))} - _COMMON
    for place, one in enumerate(candidates):
        same_section = own is not None and own.section == one.section
        if same_section or seen.intersection(words(one.text)):
            yield place


def _hear(
    candidates: Sequence[_Candidate],
    said: Sequence[Statement],
    choices: set[str],
) -> None:
    """Let what somebody wrote speak for what was said of it, and against its contrary.

    choices: ids of what was weighed; those speak for themselves
    """
    for one in said:
        if one.origin in choices:
            continue
        for candidate in candidates:
            if similarity(candidate.text, one.text) >= _ALIKE:
                candidate.told[one.origin] = BEARS_OUT
            elif contradicts(candidate.text, one.text):
                candidate.told[one.origin] = -BEARS_OUT


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
