"""The people of a data folder: what they did, what is true of them, what they chose.

One line of ``<split>-<block>.jsonl`` is one user:

    {"id": "u000123", "split": "train",
     "truth": [{"id", "section", "claim", "sign", "strength", "since", "until"}, …],
     "interactions": [{"id", "kind", "at", "query", "chosen", "rejected", "rating",
                       "shows": ["<truth id>", …]}, …],
     "windows": [{"end": 9, "summary": [{"section", "text", "cites", "truth"}, …]}, …],
     "targets": [{"after": 9, "query", "chosen", "rejected", "shows"}, …]}

Of people who were made up, ``truth`` is known. Of real ones it is empty, and so are
``shows`` and a summary's ``truth``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction, Kind
from persona_cli.training.seed import Sign, Split, Strength

SPLITS: tuple[Split, ...] = get_args(Split)

_REMEDY = "Make the folder anew: persona train data."


@dataclass(frozen=True, slots=True)
class Truth:
    """A preference that a user has, or had.

    claim: one wording of it
    since: number of interactions before it held
    until: number of interactions before it no longer did; None when it still does
    """

    id: str
    section: str
    claim: str
    sign: Sign
    strength: Strength
    since: int
    until: int | None

    def holds(self, after: int) -> bool:
        """Whether it is in force after so many interactions."""
        return self.since < after and (self.until is None or after <= self.until)


@dataclass(frozen=True, slots=True)
class Deed:
    """An interaction as its line has it.

    at:    ISO 8601, with a time zone; None where nobody knows
    shows: ids of the truths it bears out; none for what is unrelated, or done against
           one's own taste
    """

    id: str
    kind: Kind
    at: str | None
    query: str
    chosen: str
    rejected: str
    rating: float | None
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A sentence of a summary.

    cites: ids of the interactions it rests on; empty where the writer cites nothing
    """

    section: str
    text: str
    cites: tuple[str, ...]
    truth: str


@dataclass(frozen=True, slots=True)
class Step:
    """A window of interactions, and the summary after it.

    end: number of interactions that are in this window or an earlier one
    """

    end: int
    summary: tuple[SummaryLine, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A choice to foresee from the first ``after`` interactions; no part of them."""

    after: int
    query: str
    chosen: str
    rejected: str
    shows: str


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """One line of a data folder.

    interactions: in order of time
    """

    id: str
    split: Split
    truth: tuple[Truth, ...]
    interactions: tuple[Deed, ...]
    windows: tuple[Step, ...]
    targets: tuple[Target, ...]

    @property
    def deeds(self) -> tuple[Interaction, ...]:
        """The interactions as the rest of persona knows them."""
        return tuple(_interaction(deed, self.id) for deed in self.interactions)

    def window(self, number: int) -> tuple[Interaction, ...]:
        """The interactions of one window, counted from 0."""
        begin = self.windows[number - 1].end if number else 0
        return self.deeds[begin : self.windows[number].end]

    def targets_after(self, end: int) -> tuple[Target, ...]:
        """The choices to foresee from the window that ends there."""
        return tuple(target for target in self.targets if target.after == end)


def line_of(user: SimulatedUser) -> str:
    """A user as a line, without its newline."""
    return json.dumps(asdict(user), ensure_ascii=False, separators=(",", ":"))


def read_user(line: str) -> SimulatedUser:
    """A user from a line.

    Raises: ValueError for what is not of the form
    """
    found = json.loads(line)
    user: SimulatedUser = _built(SimulatedUser, found)
    if user.split not in SPLITS:
        raise ValueError(f"no split {user.split!r}")
    ends = [step.end for step in user.windows]
    if ends != sorted(set(ends)) or (ends and ends[-1] > len(user.interactions)):
        raise ValueError(f"windows end at {ends} of {len(user.interactions)}")
    if any(target.after not in ends for target in user.targets):
        raise ValueError("a target after no window")
    return user


def split_files(folder: Path, split: Split) -> list[Path]:
    """The files of one split, in order."""
    return sorted(folder.glob(f"{split}-[0-9]*.jsonl"))


def read_split(folder: Path, split: Split) -> Iterator[SimulatedUser]:
    """The users of one split.

    Order:  of the files, and of their lines
    Raises: InputError with file and line; or when there is no file of that split
    """
    paths = split_files(folder, split)
    if not paths:
        raise InputError(f"{folder}: no {split}-….jsonl in it", remedy=_REMEDY)
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield read_user(line)
                except (ValueError, KeyError, TypeError) as error:
                    raise InputError(
                        f"{path}:{number}: not a user: {error}", remedy=_REMEDY
                    ) from error


def as_log(
    user: SimulatedUser, *, before: int | None = None
) -> Iterator[dict[str, Any]]:
    """The interactions as lines of a log that ``persona update`` reads.

    before: only so many of them, from the first; None is all
    """
    for deed in user.interactions[:before]:
        row: dict[str, Any] = {"kind": deed.kind, "id": f"{user.id}-{deed.id}"}
        row |= {"at": deed.at} if deed.at else {}
        if deed.kind == "rating":
            row |= {"item": deed.chosen, "rating": deed.rating, "scale": 1}
            row |= {"query": deed.query} if deed.query else {}
        else:
            row |= {"query": deed.query, "chosen": deed.chosen}
            row |= {"rejected": deed.rejected} if deed.rejected else {}
        yield row


def as_suite(user: SimulatedUser, *, source: str) -> dict[str, Any] | None:
    """The user as a line of a suite: all that they did, and the last choice to foresee.

    A suite knows no ratings and no edits by name: a rating below the middle and one
    above have no place in it, so ratings are left out; an edit is a choice.

    Shape: None for somebody without a choice to foresee
    """
    last = user.targets_after(user.windows[-1].end) if user.windows else ()
    if not last:
        return None
    target = last[0]
    return {
        "uid": user.id,
        "source": source,
        "history": [
            {
                "query": deed.query or None,
                "chosen": deed.chosen,
                "rejected": deed.rejected or None,
            }
            for deed in user.interactions
            if deed.kind != "rating"
        ],
        "target": {
            "query": target.query or None,
            "chosen": target.chosen,
            "rejected": target.rejected,
        },
    }


def _interaction(deed: Deed, user: str) -> Interaction:
    return Interaction(
        id=deed.id,
        kind=deed.kind,
        source=f"simulated:{user}",
        chosen=deed.chosen,
        query=deed.query,
        rejected=deed.rejected,
        at=None if deed.at is None else datetime.fromisoformat(deed.at),
        rating=deed.rating,
    )


# Which parts of a line are lists, and of what.
_PARTS: Mapping[type, Mapping[str, type]] = {
    SimulatedUser: {
        "truth": Truth,
        "interactions": Deed,
        "windows": Step,
        "targets": Target,
    },
    Step: {"summary": SummaryLine},
    Deed: {"shows": str},
    SummaryLine: {"cites": str},
}


def _built(kind: type, found: Any) -> Any:
    """A value from its part of a line.

    Raises: ValueError or TypeError
    """
    if not isinstance(found, dict):
        raise TypeError(f"{found!r} is no {kind.__name__}")
    values = dict(found)
    for name, part in _PARTS.get(kind, {}).items():
        if not isinstance(values.get(name), list):
            raise TypeError(f"{name} is no list")
        values[name] = tuple(
            each if part is str else _built(part, each) for each in values[name]
        )
    return kind(**values)
