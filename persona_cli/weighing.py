"""A window through a small model: a statement an interaction, and what bears each out.

    each choice ──say──▶ statements ──weigh on every choice──▶ claims that many bear out

The model says what each choice shows. Then every statement, and every past claim, is
weighed on every choice: how much better does it follow from what was taken than from
what was passed over? What a statement cites is not believed but measured, and so is
what speaks against it. Of statements that say the same of the same choices one is kept.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963: what a summary is worth is what it foresees.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from persona_cli.draft import LONGEST_CLAIM, Draft, DraftLine
from persona_cli.each import choice_messages, each_messages, read_statement
from persona_cli.engine import Engine, Sampling
from persona_cli.errors import ModelError
from persona_cli.inert import all_visible
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.similar import similarity

# Nats by which a choice must foretell a claim better than its reverse does, to bear it
# out. A claim about something else differs by about 1; see the log of experiments.
BEARS_OUT = 2.0

# Choices that speak for a claim, of each that speaks against it.
MOST_AGAINST = 3

# Choices that must speak against a past claim before it is given up: people slip.
GIVES_UP = 2

# Statements that are weighed on every choice, and past claims: the work is their
# product. Past ones beyond it stay as they are.
MOST_WEIGHED = 32

# A statement is a sentence.
ANSWER_TOKENS = 40

_ALIKE = 0.8

STATEMENT_GRAMMAR = (
    'root ::= text " | " section\n'
    "text ::= [A-Z] [^|\\n\\r<>\\[\\]]{6,140} [.!]\n"
    "section ::= [a-z] [a-z -]{2,20}\n"
)


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
class _Statement:
    section: str
    text: str
    origin: str


def weighed(
    past: Sequence[Claim],
    window: Sequence[Interaction],
    engine: Engine,
    sampling: Sampling,
    *,
    seed: int,
) -> Told:
    """The claims that a window's choices bear out, new ones and past ones.

    Choices and edits alone have a reverse to weigh against; other kinds are left to
    counting.

    engine: one that can weigh answers
    Raises: ModelError
    """
    choices = [deed for deed in window if deed.kind in ("pair", "edit")]
    said, dropped, texts, tokens = _statements(choices, engine, sampling, seed=seed)
    known = list(past[:MOST_WEIGHED])
    candidates = _distinct(said)[:MOST_WEIGHED]
    every = [*(claim.text for claim in known), *(one.text for one in candidates)]
    told = _ratios(every, choices, engine)
    lines = [
        line
        for claim in known
        if (line := _of_past(claim, told[claim.text])) is not None
    ]
    held = {claim.text for claim in known}
    fresh = {one.text: one for one in candidates if one.text not in held}
    explained = {i for line in lines for i in line.rests_on}
    while fresh:
        # The one that explains most of what nothing explains yet.
        best = max(
            fresh, key=lambda text: (_gain(told[text], explained), -len(text), text)
        )
        one = fresh.pop(best)
        line = _line(one, told[best])
        if line is None or not set(line.rests_on) - explained:
            dropped["not borne out by the choices"] += 1
            continue
        explained |= set(line.rests_on)
        lines.append(line)
    lines = [_turning(line, known, told) for line in lines]
    return Told(Draft(tuple(lines), dropped), "\n".join(texts), tokens)


def _statements(
    choices: Sequence[Interaction], engine: Engine, sampling: Sampling, *, seed: int
) -> tuple[list[_Statement], Counter[str], list[str], int]:
    said: list[_Statement] = []
    dropped: Counter[str] = Counter()
    texts: list[str] = []
    tokens = 0
    for deed in choices:
        answer = engine.complete(
            each_messages(deed),
            max_tokens=ANSWER_TOKENS,
            sampling=sampling,
            seed=seed,
            grammar=STATEMENT_GRAMMAR,
        )
        tokens += answer.answer_tokens
        texts.append(answer.text)
        found = None if answer.cut else read_statement(answer.text)
        if found is None:
            dropped["no statement"] += 1
        elif not all_visible(answer.text) or len(found[1]) > LONGEST_CLAIM:
            dropped["not plain text"] += 1
        else:
            said.append(_Statement(*found, deed.id))
    return said, dropped, texts, tokens


def _distinct(said: Sequence[_Statement]) -> list[_Statement]:
    """Statements in different words; those that were made most often first."""
    kept: list[_Statement] = []
    times: Counter[str] = Counter()
    for one in said:
        same = next((k for k in kept if similarity(k.text, one.text) >= _ALIKE), None)
        if same is None:
            kept.append(one)
        times[(same or one).text] += 1
    return sorted(kept, key=lambda one: -times[one.text])


def _ratios(
    claims: Sequence[str], choices: Sequence[Interaction], engine: Engine
) -> dict[str, dict[str, float]]:
    """Claim -> id of a choice -> how much better it follows than from the reverse."""
    weigh = getattr(engine, "weigh", None)
    if weigh is None:
        raise ModelError(
            f"{engine.name}: cannot tell how probable an answer is",
            remedy="Use a local model.",
        )
    found: dict[str, dict[str, float]] = {claim: {} for claim in claims}
    unique = list(found)
    for deed in choices if unique else ():
        there = weigh(choice_messages(deed.query, deed.chosen, deed.rejected), unique)
        back = weigh(choice_messages(deed.query, deed.rejected, deed.chosen), unique)
        for claim, one, other in zip(unique, there, back, strict=True):
            found[claim][deed.id] = one - other
    return found


def _of_past(claim: Claim, told: Mapping[str, float]) -> DraftLine | None:
    """A past claim that the window bears out again, or no longer; None is neither."""
    for_it, against = _sides(told)
    if len(for_it) > MOST_AGAINST * len(against):
        return DraftLine(
            claim.section,
            claim.text,
            keeps=(claim.id,),
            rests_on=tuple(for_it),
            against=tuple(against),
        )
    return None


def _turning(
    line: DraftLine, past: Sequence[Claim], told: Mapping[str, Mapping[str, float]]
) -> DraftLine:
    """A new claim takes the place of past ones that the same choices speak against.

    A past claim that new choices contradict, and no new claim explains, stays: they
    were noise, or nothing better is known.
    """
    if line.keeps:
        return line
    gone = []
    for claim in past:
        for_it, against = _sides(told[claim.text])
        shared = set(against) & set(line.rests_on)
        if len(shared) >= GIVES_UP and len(against) > MOST_AGAINST * len(for_it):
            gone.append(claim.id)
    return replace(line, retires=tuple(gone)) if gone else line


def _line(one: _Statement, told: Mapping[str, float]) -> DraftLine | None:
    for_it, against = _sides(told)
    if not for_it or len(for_it) < MOST_AGAINST * len(against):
        return None
    return DraftLine(
        one.section, one.text, rests_on=tuple(for_it), against=tuple(against)
    )


def _sides(told: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """Ids of the choices that bear a claim out, and of those that speak against it."""
    for_it = [one for one, ratio in told.items() if ratio >= BEARS_OUT]
    against = [one for one, ratio in told.items() if ratio <= -BEARS_OUT]
    return for_it, against


def _gain(told: Mapping[str, float], explained: set[str]) -> float:
    """Evidence for a claim in choices that nothing explains yet, less what is against.

    Each choice counts up to a bound: ten that agree count for more than one.
    """
    bound = 2 * BEARS_OUT
    return sum(
        max(-bound, min(bound, ratio))
        for one, ratio in told.items()
        if one not in explained and abs(ratio) >= BEARS_OUT
    )
