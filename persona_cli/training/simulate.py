"""A user who never was: preferences, what they do about them, and what is true of it.

User k of a seed is the same whatever else is made along with it.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from persona_cli.training.behave import Act, acts, choice
from persona_cli.training.draw import Corpus, Preference, both
from persona_cli.training.seed import Contrast, Split, lot
from persona_cli.training.summaries import Held, summaries
from persona_cli.training.things import Category
from persona_cli.training.users import Deed, SimulatedUser, Target, Truth

_PREFERENCES = ((2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), (2, 4, 6, 6, 6, 5, 4, 3, 2, 2, 2))
_WINDOWS = ((2, 3, 4), (5, 3, 2))
_TIMES = {"strong": (3, 6), "mild": (2, 4)}
_AGAINST = {"strong": 0.03, "mild": 0.08}
_FROM_THINGS = 0.4
_CHANGES = 0.2
_MOST_TARGETS = 4
_FIRST_DAY = datetime(2025, 1, 1, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shares:
    """Of all users, how many are kept from training, each in [0, 1)."""

    val: float
    test: float


@dataclass(frozen=True, slots=True)
class _Event:
    """A deed and when it is done, in [0, 1)."""

    when: float
    act: Act
    shows: str


def split_of(seed: int, number: int, shares: Shares) -> Split:
    """The split that a user belongs to."""
    drawn = lot(f"user:{seed}:{number}")
    if drawn < shares.test:
        return "test"
    return "val" if drawn < shares.test + shares.val else "train"


def simulate_user(
    corpus: Corpus, seed: int, number: int, *, shares: Shares
) -> SimulatedUser:
    """User ``number`` of a seed.

    Raises: ValueError when there is nothing in the corpus for the split of the user
    """
    digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    dice = random.Random(int.from_bytes(digest, "big"))  # noqa: S311  drawn again
    name = split_of(seed, number, shares)
    (many,) = dice.choices(*_PREFERENCES)
    origins = _origins(corpus, name, dice)
    own = [both(origin, dice) for origin in islice(origins, many)]
    if not own:
        raise ValueError(f"nothing in the corpus is of split {name}")
    changing = [dice.random() < _CHANGES for _ in own]
    events: list[_Event] = []
    for (now, opposite), changes in zip(own, changing, strict=True):
        events += _shown(now, opposite, dice, changes=changes)
    for origin in islice(origins, dice.randint(0, 2)):
        events += _indifferent(both(origin, dice), dice)
    for origin in islice(origins, round(len(events) * dice.uniform(0.1, 0.4))):
        now, _opposite = both(origin, dice)
        events.append(_Event(dice.random(), choice(dice.choice(now.shown)), ""))
    events.sort(key=lambda event: event.when)

    held = [h for two in own for h in _held(two, events, dice)]
    ends = _ends(len(events), dice.choices(*_WINDOWS)[0])
    windows = summaries(held, [e.shows for e in events], ends)
    return SimulatedUser(
        id=f"u{number:06d}",
        split=name,
        truth=tuple(h.truth for h in held),
        interactions=tuple(_deeds(events, dice)),
        windows=windows,
        targets=tuple(_targets(held, events, ends, dice)),
    )


def _origins(
    corpus: Corpus, name: Split, dice: random.Random
) -> Iterator[Contrast | Category]:
    """What preferences and unrelated deeds are drawn from, none of it twice."""
    left = [dice.sample(part, len(part)) for part in corpus.by_split[name]]
    while any(left):
        of_things = left[1] and (not left[0] or dice.random() < _FROM_THINGS)
        yield left[1 if of_things else 0].pop()


def _shown(
    now: Preference, opposite: Preference, dice: random.Random, *, changes: bool
) -> Iterator[_Event]:
    """The events in which a preference shows, and those that go against it."""
    phases = [(now, opposite, 0.0, 1.0)]
    if changes:
        turn = dice.uniform(0.35, 0.65)
        phases = [(now, opposite, 0.0, turn), (opposite, now, turn, 1.0)]
    for of, against, begin, end in phases:
        times = dice.randint(*_TIMES[of.strength])
        doing = acts(of, dice)
        for number in range(times):
            when = dice.uniform(begin, end)
            if number and dice.random() < _AGAINST[of.strength]:
                act = choice(dice.choice(against.shown))
                yield _Event(when, act, "")
            elif (act_or_none := next(doing, None)) is not None:
                yield _Event(when, act_or_none, of.id)


def _indifferent(
    two: tuple[Preference, Preference], dice: random.Random
) -> Iterator[_Event]:
    """Choices now this way, now that way, which show nothing."""
    for _ in range(dice.randint(2, 4)):
        scene = dice.choice(dice.choice(two).shown)
        yield _Event(dice.random(), choice(scene), "")


def _held(
    two: tuple[Preference, Preference], events: Sequence[_Event], dice: random.Random
) -> Iterator[Held]:
    """What is true of a preference, by what was done: a change is known by its deed."""
    first = {
        one.id: next((n for n, e in enumerate(events) if e.shows == one.id), None)
        for one in two
    }
    now, opposite = two
    changed = first[opposite.id]
    if first[now.id] is not None:
        yield Held(now, _truth(now, 0, changed, dice))
    if changed is not None:
        yield Held(opposite, _truth(opposite, changed, None, dice))


def _truth(of: Preference, since: int, until: int | None, dice: random.Random) -> Truth:
    claim = dice.choice(of.claims)
    return Truth(of.id, of.section, claim, of.sign, of.strength, since, until)


def _ends(size: int, windows: int) -> list[int]:
    """Where windows of about one size end; the last with all."""
    return sorted({max(1, round(size * n / windows)) for n in range(1, windows + 1)})


def _deeds(events: Sequence[_Event], dice: random.Random) -> Iterator[Deed]:
    at = _FIRST_DAY + timedelta(days=dice.randrange(300))
    for number, event in enumerate(events, 1):
        at += timedelta(seconds=60 + int(dice.expovariate(1 / 20_000)))
        act = event.act
        yield Deed(
            id=f"i{number}",
            kind=act.kind,
            at=at.isoformat(),
            query=act.query,
            chosen=act.chosen,
            rejected=act.rejected,
            rating=act.rating,
            shows=(event.shows,) if event.shows else (),
        )


def _targets(
    held: Sequence[Held],
    events: Sequence[_Event],
    ends: Sequence[int],
    dice: random.Random,
) -> Iterator[Target]:
    """Choices after each window, of preferences that have shown by then."""
    for begin, end in pairwise([0, *ends]):
        seen = {event.shows for event in events[:end]}
        new = {event.shows for event in events[begin:end]}
        able = [h for h in held if h.truth.holds(end) and h.truth.id in seen]
        dice.shuffle(able)
        able.sort(key=lambda h: h.truth.id not in new)  # what is new is asked first
        for one in able[:_MOST_TARGETS]:
            scene = dice.choice(one.preference.kept)
            yield Target(end, scene.query, scene.fits, scene.other, one.truth.id)
