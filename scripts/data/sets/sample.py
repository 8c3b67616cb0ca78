"""The canonical form: a user's history of triples, and the next thing they did."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class Triple:
    """Something the user took, and what they passed over.

    query:    what was asked; None for a click in a feed
    chosen:   not blank
    rejected: not blank, and not ``chosen``; None when nothing else was on offer

    Raises:   ValueError when a field breaks its line above
    """

    query: str | None
    chosen: str
    rejected: str | None

    def __post_init__(self) -> None:
        if not self.chosen.strip():
            raise ValueError("`chosen` is blank")
        if self.rejected is not None and not self.rejected.strip():
            raise ValueError("`rejected` is blank")
        if self.rejected == self.chosen:
            raise ValueError("`chosen` and `rejected` are the same")


@dataclass(frozen=True, slots=True)
class Sample:
    """One question about a user, namely what they did next.

    uid:     unique within its file
    source:  the set, or ``set/part``
    user:    whose sample it is; samples of one user never part in a split
    history: oldest first; one at least
    target:  has a ``rejected``; neither of its items is an item of the history

    Raises:  ValueError when a field breaks its line above
    """

    uid: str
    source: str
    user: str
    history: tuple[Triple, ...]
    target: Triple

    def __post_init__(self) -> None:
        if not self.uid or not self.source:
            raise ValueError("`uid` or `source` is empty")
        if not self.history:
            raise ValueError("`history` is empty")
        if self.target.rejected is None:
            raise ValueError("`target` has no `rejected`")
        if leaks(self.history, self.target):
            raise ValueError("an item of `target` is in `history`")


@dataclass(frozen=True, slots=True)
class Skip:
    """A user, or a question, that makes no sample.

    why: completes "skipped, because of ..."
    """

    why: str


def leaks(history: Sequence[Triple], target: Triple) -> bool:
    """Whether an item of the target is already an item of the history."""
    seen = {triple.chosen for triple in history}
    seen |= {triple.rejected for triple in history if triple.rejected is not None}
    return target.chosen in seen or target.rejected in seen


def settle(
    uid: str,
    source: str,
    triples: Sequence[Triple],
    *,
    shortest: int,
    longest: int,
    user: str | None = None,
) -> Sample | Skip:
    """The last triple as the target, those before it as the history.

    shortest: triples a history must have, at least 1
    longest:  triples kept of it, the latest
    user:     None for ``uid``
    """
    if len(triples) < shortest + 1:
        return Skip("too short a history")
    history, target = tuple(triples[:-1][-longest:]), triples[-1]
    if leaks(history, target):
        return Skip("a target that is in the history")
    return Sample(uid, source, uid if user is None else user, history, target)


def line(sample: Sample) -> bytes:
    """A sample as a line of the file, newline included.

    A lone surrogate, which JSON can spell and UTF-8 cannot, becomes ``?``.
    """
    row = {
        "uid": sample.uid,
        "source": sample.source,
        "history": [_plain(triple) for triple in sample.history],
        "target": _plain(sample.target),
    }
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def parse(text: str | bytes) -> Sample:
    """Read a line that ``line`` wrote, and check that it is canonical.

    The file does not say whose sample it is, so ``user`` is the ``uid``.

    Raises: ValueError
    """
    match json.loads(text):
        case {
            "uid": str(uid),
            "source": str(source),
            "history": [*history],
            "target": target,
            **more,
        } if not more:
            triples = tuple(_triple(row) for row in history)
            return Sample(uid, source, uid, triples, _triple(target))
    raise ValueError("a field is missing, unknown, or of the wrong type")


def read_samples(path: Path) -> Iterator[Sample]:
    """Read a file of the canonical form.

    Raises: InputError
    """
    from .reading import lines

    for place, text in lines(path):
        try:
            yield parse(text)
        except ValueError as error:
            raise InputError(
                f"{place}: not a sample: {error}",
                remedy="Make the file anew with scripts/data/load.py.",
            ) from error


def _plain(triple: Triple) -> Mapping[str, str | None]:
    return {
        "query": triple.query,
        "chosen": triple.chosen,
        "rejected": triple.rejected,
    }


def _triple(row: Any) -> Triple:
    match row:
        case {
            "query": str() | None as query,
            "chosen": str(chosen),
            "rejected": str() | None as rejected,
            **more,
        } if not more:
            return Triple(query, chosen, rejected)
    raise ValueError("a triple has a field missing, unknown, or of the wrong type")
