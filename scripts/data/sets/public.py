"""What is known of a public set, and how it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .sample import Sample, Skip


@dataclass(frozen=True, slots=True)
class Ask:
    """What one run wants.

    shortest: triples that a history must have, at least 1
    longest:  triples kept of a history, the latest
    rejected: ``unseen`` or ``disliked``; for the sets of ratings
    """

    shortest: int
    seed: int = 0
    longest: int = 100
    rejected: str = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """One set: where it is had, what is read of it, and the reader.

    files:    what is looked for in the folder, or one folder below it
    recipe:   what becomes history, target and rejected
    checked:  against what the layout was checked, and what could not be
    shortest: the default of ``Ask.shortest``
    parts:    what may follow the name in ``source``
    ratings:  whether ``Ask.rejected`` has a say
    """

    name: str
    title: str
    get: str
    terms: str
    files: tuple[str, ...]
    recipe: str
    checked: str
    shortest: int
    read: Callable[[Path, Ask], Iterator[Sample | Skip]]
    parts: tuple[str, ...] = ()
    ratings: bool = False
