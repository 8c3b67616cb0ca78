"""A real history to summaries that were checked by what its owner chose next.

    signal   how probable a choice is, given the past; the predictable are targets
    parts    the history in three
    drafts   of part 1, each with a target of part 2 in view
    check    a draft is kept when its target is foreseen from it
    merge    of what is kept, by set union; checked again
    second   the same with part 2 after that summary, and targets of part 3

Every history, draft and choice that is dropped is counted by reason.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from persona_cli.engine import Answer
from persona_cli.interaction import Interaction, fingerprint
from persona_cli.training.seed import Split
from persona_cli.training.teacher import Numbered, Teacher, lines_of
from persona_cli.training.users import (
    Deed,
    SimulatedUser,
    Step,
    SummaryLine,
    Target,
)

PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a history must pass.

    predictable: probability that a target must have more than, given the past
    targets:     of a step, at most
    least:       interactions of a part; drafts of a step that must pass. Of targets
                 there must be more
    again:       share of the passed targets that the merged summary must foresee
    """

    predictable: float
    targets: int
    least: int
    again: float


@dataclass(frozen=True, slots=True)
class Synthesized:
    """What came of a history.

    user:    None when it was dropped
    dropped: reason -> how many: histories, drafts, choices
    calls:   of the teacher
    """

    user: SimulatedUser | None
    dropped: Counter[str]
    calls: int


@dataclass(slots=True)
class _Work:
    """One history in the making."""

    teacher: Teacher
    checks: Checks
    dice: random.Random
    dropped: Counter[str] = field(default_factory=Counter)


class _DroppedError(Exception):
    """This history is of no use; the reason is its text."""


def synthesize(
    history: Sequence[Interaction],
    teacher: Teacher,
    checks: Checks,
    *,
    seed: int,
    split: Split,
) -> Synthesized:
    """Summaries of a history after its first and its second part.

    history: oldest first
    Shape:   a user with the interactions of two parts, two windows, and the choices
             that were foreseen. Those of part 2 stand among the interactions of the
             second window: they are to be foreseen from the first alone
    Raises:  ModelError when the teacher cannot be asked
    """
    name = f"r{fingerprint(*(deed.id for deed in history))}"
    work = _Work(teacher, checks, random.Random(f"{seed}/{name}"))  # noqa: S311
    before = teacher.calls
    user = None
    try:
        user = _user(name, history, work, split)
    except _DroppedError as error:
        work.dropped[f"histories: {error}"] += 1
    return Synthesized(user, work.dropped, teacher.calls - before)


def _user(
    name: str, history: Sequence[Interaction], work: _Work, split: Split
) -> SimulatedUser:
    every = [Numbered(number, deed) for number, deed in enumerate(history, 1)]
    first, second, third = _parts(every, least=work.checks.least)
    targets = [_targets(every, part, work) for part in (second, third)]
    one, passed = _step((), first, targets[0], "first step", work)
    two, passed_too = _step(one, second, targets[1], "second step", work)
    ends = (len(first), len(first) + len(second))
    return SimulatedUser(
        id=name,
        split=split,
        truth=(),
        interactions=tuple(_deed(of) for of in every[: ends[1]]),
        windows=(Step(ends[0], one), Step(ends[1], two)),
        targets=tuple(
            Target(end, of.deed.query, of.deed.chosen, of.deed.rejected, "")
            for end, some in zip(ends, (passed, passed_too), strict=True)
            for of in some
        ),
    )


def _parts(every: list[Numbered], *, least: int) -> list[list[Numbered]]:
    if len(every) < PARTS * least:
        raise _DroppedError(f"fewer than {PARTS * least} interactions")
    cuts = [round(len(every) * n / PARTS) for n in range(PARTS + 1)]
    return [every[a:b] for a, b in pairwise(cuts)]


def _targets(
    every: Sequence[Numbered], part: Sequence[Numbered], work: _Work
) -> list[Numbered]:
    """The choices of a part that the past explains; in order of time."""
    found: list[Numbered] = []
    for one in part:
        if one.deed.kind not in ("pair", "edit"):
            continue
        past = every[: one.number - 1]
        if work.teacher.signal(past, one) > work.checks.predictable:
            found.append(one)
        else:
            work.dropped["choices: not explained by the past"] += 1
    if len(found) <= work.checks.least:
        raise _DroppedError(f"{work.checks.least} predictable choices a part, or fewer")
    if len(found) > work.checks.targets:
        work.dropped["choices: more than are wanted"] += (
            len(found) - work.checks.targets
        )
        found = work.dice.sample(found, work.checks.targets)
    return sorted(found, key=lambda one: one.number)


def _step(
    past: tuple[SummaryLine, ...],
    window: Sequence[Numbered],
    targets: Sequence[Numbered],
    name: str,
    work: _Work,
) -> tuple[tuple[SummaryLine, ...], list[Numbered]]:
    """(the summary after a window, the targets that a draft has foreseen)."""
    known = range(1, window[-1].number + 1)
    kept: list[Answer] = []
    passed: list[Numbered] = []
    for target in targets:
        answer = work.teacher.draft(
            past,
            window,
            target,
            turned=work.dice.random() < 0.5,
            seed=work.dice.getrandbits(31),
        )
        lines = lines_of(answer.text, known=known)
        if answer.cut or not lines:
            why = "cut short" if answer.cut else "no summary"
            work.dropped[f"drafts: {why}"] += 1
        elif work.teacher.foresees(lines, [target]) != [True]:
            work.dropped["drafts: do not foresee their target"] += 1
        else:
            kept.append(answer)
            passed.append(target)
    if len(kept) < work.checks.least:
        raise _DroppedError(f"{name}: fewer than {work.checks.least} drafts pass")
    merged = work.teacher.merge(kept, seed=work.dice.getrandbits(31))
    lines = lines_of(merged.text, known=known)
    if merged.cut or not lines:
        raise _DroppedError(f"{name}: the merged summary is none")
    right = sum(work.teacher.foresees(lines, passed))
    if right < work.checks.again * len(passed):
        raise _DroppedError(
            f"{name}: the merged summary foresees less than {work.checks.again:.0%}"
        )
    return lines, passed


def _deed(one: Numbered) -> Deed:
    deed = one.deed
    return Deed(
        id=f"i{one.number}",
        kind=deed.kind,
        at=None if deed.at is None else deed.at.isoformat(),
        query=deed.query,
        chosen=deed.chosen,
        rejected=deed.rejected,
        rating=deed.rating,
        shows=(),
    )
