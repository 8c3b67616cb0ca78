"""What the profiles that a model writes are worth: how true, and what they foresee.

    python scripts/bench/claims.py DATA [--model tiny] [--lora FILE.gguf]
        [--split test] [--users 50] [--counting]
        [--out FILE.jsonl] [--beside FILE.jsonl]

DATA is what ``persona train data`` wrote: its users' truth is known, what each of their
interactions shows, and choices of theirs that are in no history. Each user is read
window by window, by the code that ``update`` runs; after each window the choices that
come next are asked, with the profile as it stands then.

Printed, with n and 95 % intervals:

- of those choices, how many the profile foresees, and how many the profile of the user
  before foresees (by another user's an even answer is half, as with none at all); and
  what needs no model foresees
- the share of claims that are *of* a truth, because most of what they cite shows it
  (precision), and the share of truths, of those that two interactions or more show,
  that a claim is of (recall): of all claims, and of those that ``apply`` hands out,
  which were seen twice or stated

That a claim also *says* its truth, and not its contrary, only a reader can tell:
``--out`` is for one, each claim beside the truth it is of. ``--beside`` compares the
choices with those of an ``--out`` before, for the same users: McNemar's exact test.
``--counting`` lets the model write nothing, so that counting alone speaks. ``--lora``
takes the place of all of a model's own adapters, its judge's too: to measure a writer
beside that judge, export it with ``--name``.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from persona_cli.accuracy import Accuracy, paired
from persona_cli.baselines import TfIdf, liked, longer
from persona_cli.each import NOTHING
from persona_cli.engine import Answer, Engine, Message
from persona_cli.engines import opener
from persona_cli.evidence import Evidence
from persona_cli.infer import Asking
from persona_cli.judge import Judge, Question
from persona_cli.profile import Claim
from persona_cli.settings import Settings
from persona_cli.suite.write import folded, read_of
from persona_cli.training.users import SimulatedUser, read_split


@dataclass(frozen=True, slots=True)
class Found:
    """A claim, and the truth that most of what it cites shows; None is none."""

    text: str
    by: str
    tentative: bool
    cites: tuple[str, ...]
    truth: str | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A choice that comes next, foreseen.

    p:      probability of the choice by the user's own profile
    lent:   by the profile of the user before; None for the first user
    longer, alike: points of what needs no model
    """

    p: float
    lent: float | None
    longer: float
    alike: float


class Silent:
    """An engine that writes nothing, and otherwise is another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def draft(
        self, _messages: Sequence[Message], n: int, **_asked: Any
    ) -> list[Answer]:
        """Nothing, so often."""
        return [Answer(NOTHING)] * n


@dataclass(frozen=True, slots=True)
class Row:
    """All about one user.

    shown: truth -> how many interactions show it
    """

    user: SimulatedUser
    claims: tuple[Found, ...]
    foreseen: tuple[Foreseen, ...]
    shown: Mapping[str, int]


def main() -> None:
    """Write, ask, count, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--lora", type=Path, action="append", default=[])
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--counting", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    settings = Settings(model=options.model, lora=tuple(options.lora))
    opened = opener(settings, tell=lambda _: None)
    engine, asking = opened.open()
    if options.counting:
        engine = cast("Engine", Silent(engine))
    users = [*islice(read_split(options.data, options.split), options.users)]
    rows = []
    for row in read(users, engine, asking):
        rows.append(row)
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record(row)) + "\n")
        print(f"{len(rows)}/{len(users)}", end="\r", file=sys.stderr)
    opened.close()
    print(f"{len(users)} users of {options.split}, {options.model}")
    print_choices([one for row in rows for one in row.foreseen])
    print_claims(rows)
    if options.beside:
        print_beside(rows, options.beside)


def read(
    users: Sequence[SimulatedUser], engine: Engine, asking: Asking
) -> Iterator[Row]:
    """Each user's profile, and what it foresees."""
    judge = Judge(engine, asking.manners.judge)
    likeness = TfIdf(" ".join(liked(user.deeds)) for user in users)
    lent: str | None = None
    for user in users:
        profile, evidence, foreseen = None, Evidence(()), []
        ends = [step.end for step in user.windows]
        for step in folded(
            user.id,
            user.deeds[: ends[-1]],
            lambda done, ends=ends: next(end for end in ends if end > done),
            engine,
            asking,
            seed=0,
        ):
            profile, evidence = step.profile, step.evidence
            asked = next_choices(user, step.done)
            taste = likeness.taste(liked(user.deeds[: step.done]))
            text = read_of(profile, tentative=True)
            own = judge.judge(text, asked).verdicts
            other = judge.judge(lent or "", asked).verdicts
            for question, mine, theirs in zip(asked, own, other, strict=True):
                foreseen.append(
                    Foreseen(
                        mine.p,
                        None if lent is None else theirs.p,
                        longer(question),
                        likeness.point(question, taste),
                    )
                )
        if profile is not None:
            lent = read_of(profile, tentative=True)
            found = tuple(claims_of(user, profile.claims, evidence))
            yield Row(user, found, tuple(foreseen), shown(user))


def next_choices(user: SimulatedUser, done: int) -> list[Question]:
    """The choices that come after so many interactions."""
    return [
        Question(f"{user.id}-{done}-{n}", one.query, one.chosen, one.rejected)
        for n, one in enumerate(user.targets_after(done))
    ]


def shown(user: SimulatedUser) -> Mapping[str, int]:
    """Truth -> how many interactions show it."""
    return Counter(truth for deed in user.interactions for truth in set(deed.shows))


def claims_of(
    user: SimulatedUser, claims: Sequence[Claim], evidence: Evidence
) -> Iterator[Found]:
    """The claims of a user's profile, each with its truth."""
    own = {deed.id: deed.shows for deed in user.interactions}
    for claim in claims:
        cites = tuple(link.interaction for link in evidence.links(claim.id))
        counts = Counter(truth for cite in cites for truth in set(own[cite]))
        best = max(counts, key=counts.__getitem__, default=None)
        of = best if best is not None and 2 * counts[best] > len(cites) else None
        yield Found(claim.text, claim.by, claim.tentative, cites, of)


def print_choices(foreseen: Sequence[Foreseen]) -> None:
    """What foresees how many of the choices."""
    own = Accuracy(sum(one.p > 0.5 for one in foreseen), len(foreseen))
    even = sum(one.p == 0.5 for one in foreseen)
    print(f"{'foreseen':<18} {_said(own)}; {even} of the misses even")
    lent = [one.lent for one in foreseen if one.lent is not None]
    points = sum((p > 0.5) + (p == 0.5) / 2 for p in lent)
    print(f"{'  by another user':<18} {_said(Accuracy(round(points), len(lent)))}")
    for name, points in (
        ("longer", sum(one.longer for one in foreseen)),
        ("tf-idf", sum(one.alike for one in foreseen)),
    ):
        print(f"  {name:<16} {_said(Accuracy(round(points), len(foreseen)))}")


def print_claims(rows: Sequence[Row]) -> None:
    """Precision and recall, of all claims and of some."""
    kinds: tuple[tuple[str, Callable[[Found], bool]], ...] = (
        ("all claims", lambda _: True),
        ("  by the model", lambda one: one.by != "digest"),
        ("  by counting", lambda one: one.by == "digest"),
        ("handed out", lambda one: not one.tentative),
        ("  by the model", lambda one: not one.tentative and one.by != "digest"),
        ("  by counting", lambda one: not one.tentative and one.by == "digest"),
    )
    for name, holds in kinds:
        precision, recall = counted(rows, holds)
        print(f"{name:<18} precision {_said(precision)}  recall {_said(recall)}")


def counted(
    rows: Sequence[Row], holds: Callable[[Found], bool]
) -> tuple[Accuracy, Accuracy]:
    """Precision and recall of the claims of which something holds."""
    every = [one for row in rows for one in row.claims if holds(one)]
    right = sum(one.truth is not None for one in every)
    wanted = [
        truth.id in {one.truth for one in row.claims if holds(one)}
        for row in rows
        for truth in row.user.truth
        if row.shown[truth.id] > 1 and truth.until is None
    ]
    return Accuracy(right, len(every)), Accuracy(sum(wanted), len(wanted))


def print_beside(rows: Sequence[Row], path: Path) -> None:
    """The same choices by these profiles and by those of a file."""
    with path.open(encoding="utf-8") as file:
        before = {(row := json.loads(line))["user"]: row["p"] for line in file}
    both = [
        (old, new.p)
        for row in rows
        if row.user.id in before
        for old, new in zip(before[row.user.id], row.foreseen, strict=True)
    ]
    test = paired([old > 0.5 for old, _ in both], [new > 0.5 for _, new in both])
    old = Accuracy(sum(p > 0.5 for p, _ in both), len(both))
    even = sum(p == 0.5 for p, _ in both), sum(p == 0.5 for _, p in both)
    print(
        f"{path.name}: {_said(old)}; {test.gained} gained, {test.lost} lost since,"
        f" p = {test.p_value:.3g}; {even[0]} of its misses even, {even[1]} of these"
    )


def record(row: Row) -> dict[str, Any]:
    """What a reader needs to see of a user, and what ``--beside`` does."""
    said = {truth.id: truth.claim for truth in row.user.truth}
    return {
        "user": row.user.id,
        "p": [one.p for one in row.foreseen],
        "lent": [one.lent for one in row.foreseen],
        "truth": [
            {
                "claim": truth.claim,
                "shown": row.shown.get(truth.id, 0),
                "until": truth.until,
            }
            for truth in row.user.truth
        ],
        "claims": [
            {
                "text": one.text,
                "by": one.by,
                "tentative": one.tentative,
                "cites": len(one.cites),
                "of": said.get(one.truth or "", ""),
            }
            for one in row.claims
        ],
    }


def _said(found: Accuracy) -> str:
    low, high = found.interval
    return f"{found.rate:.1%} [{low:.1%}, {high:.1%}], n = {found.asked}"


if __name__ == "__main__":
    main()
