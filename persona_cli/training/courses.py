"""Users as the rl stage meets them: a first part, a second part, a choice after each.

Which choices are worth it is told by signals: how much better each is foreseen for
knowing the past, and how hard it stays.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963, section on data pruning.
"""

import hashlib
import math
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from persona_cli.interaction import Interaction
from persona_cli.training.reading import Reader, Reading
from persona_cli.training.users import SimulatedUser, Step, Target

Key = tuple[str, int]

# Kinds that have a reverse: what `each` asks about, here as in an update.
CHOICES = ("pair", "edit")


@dataclass(frozen=True, slots=True)
class Signal:
    """What knowing the past does for one choice.

    key:  id of the user, and place of the target among theirs
    gain: log-probability of the true item with the past, less that without, nats
    p:    probability of the true item with the past, in [0, 1]
    """

    key: Key
    gain: float
    p: float


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which choices are kept.

    share:            of all, those with the most gain, in (0, 1]
    least:            lowest probability, in [0, 1]
    easiest, hardest: the band that is kept of what is left, ranked from easy to hard,
                      as shares in [0, 1]
    """

    share: float
    least: float
    easiest: float
    hardest: float

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is left out, so that nobody has to read for it."""
        return (self.share, self.least, self.easiest, self.hardest) == (1, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Course:
    """A user, cut at ``mid_position``.

    first, second:    interactions before it and after it, oldest first
    early, late:      choices to foresee after the first part, and after both
    bearing:          ids of the interactions that show what each target asks about
    """

    user: str
    first: tuple[Interaction, ...]
    second: tuple[Interaction, ...]
    early: tuple[Target, ...]
    late: tuple[Target, ...]
    bearing: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A course once through: its parts as far as they are read, and one choice each."""

    user: str
    parts: tuple[tuple[Interaction, ...], tuple[Interaction, ...]]
    targets: tuple[Target, Target]


def signals(users: Iterable[SimulatedUser], reader: Reader) -> Iterator[Signal]:
    """How much a reader gains from the true summary before each choice."""
    for user in users:
        readings = []
        summaries = {step.end: _profile(step) for step in user.windows}
        for target in user.targets:
            for profile in (summaries[target.after], ""):
                chosen, rejected = target.chosen, target.rejected
                readings.append(Reading(profile, target.query, chosen, rejected))
        found = reader.p(readings)
        for place, (known, unknown) in enumerate(
            zip(found[::2], found[1::2], strict=True)
        ):
            gain = math.log(max(known, 1e-9)) - math.log(max(unknown, 1e-9))
            yield Signal((user.id, place), gain, known)


def pruned(every: Iterable[Signal], pruning: Pruning) -> frozenset[Key]:
    """The choices that are kept: by gain, then by probability, then by difficulty."""
    ranked = sorted(every, key=lambda one: (-one.gain, one.key))
    best = ranked[: math.ceil(pruning.share * len(ranked))]
    likely = [one for one in best if one.p >= pruning.least]
    easy_first = sorted(likely, key=lambda one: (-one.p, one.key))
    begin, end = (
        round(edge * len(easy_first)) for edge in (pruning.easiest, pruning.hardest)
    )
    return frozenset(one.key for one in easy_first[begin:end])


def courses(
    users: Iterable[SimulatedUser], kept: Collection[Key] | None = None
) -> Iterator[Course]:
    """Users for whom a short and a long history both end in a kept choice.

    Of several such pairs one is taken, the same in every run.

    kept: None is all
    """
    for user in users:
        after: dict[int, list[Target]] = {}
        for place, target in enumerate(user.targets):
            if kept is None or (user.id, place) in kept:
                after.setdefault(target.after, []).append(target)
        pairs = list(pairwise(sorted(after)))
        if not pairs:
            continue
        middle, end = pairs[_lot(user.id) % len(pairs)]
        deeds = user.deeds[:end]
        bearing: dict[str, set[str]] = {}
        for deed in user.interactions[:end]:
            for shown in deed.shows:
                bearing.setdefault(shown, set()).add(deed.id)
        yield Course(
            user=user.id,
            first=deeds[:middle],
            second=deeds[middle:],
            early=tuple(after[middle]),
            late=tuple(after[end]),
            bearing={shown: frozenset(ids) for shown, ids in bearing.items()},
        )


def visits(
    every: Sequence[Course], number: int, *, seed: int, deeds: int | None
) -> list[Visit]:
    """So many visits: all courses in some order, then all again in another.

    deeds: choices that are read of a part, those that bear a target out before others;
           None reads everything that was done
    """
    dice = random.Random(seed)  # noqa: S311  drawn again, not kept secret
    found: list[Visit] = []
    order: list[Course] = []
    while len(found) < number:
        order = order or dice.sample(every, len(every))
        course = order.pop()
        targets = dice.choice(course.early), dice.choice(course.late)
        parts = course.first, course.second
        if deeds is not None:
            wanted = frozenset[str]().union(
                *(course.bearing.get(target.shows, ()) for target in targets)
            )
            parts = (
                _some(course.first, wanted, deeds, dice),
                _some(course.second, wanted, deeds, dice),
            )
        found.append(Visit(course.user, parts, targets))
    return found


def readable(course: Course) -> bool:
    """Whether both parts hold a choice, so that ``each`` has something to ask about."""
    return all(
        any(deed.kind in CHOICES for deed in part)
        for part in (course.first, course.second)
    )


def _some(
    part: Sequence[Interaction], wanted: Collection[str], most: int, dice: random.Random
) -> tuple[Interaction, ...]:
    """Some choices of a part, in order of time."""
    places = [place for place, deed in enumerate(part) if deed.kind in CHOICES]
    dice.shuffle(places)
    places.sort(key=lambda place: part[place].id not in wanted)
    return tuple(part[place] for place in sorted(places[:most]))


def _profile(step: Step) -> str:
    return "\n".join(f"- {line.text}" for line in step.summary)


def _lot(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")
