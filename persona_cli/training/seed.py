"""The seed corpus: contrasts between preferences, and situations that tell them apart.

See scripts/data/seed/README.md for the form.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Sign = Literal["likes", "dislikes"]
Strength = Literal["strong", "mild"]
SIDES = ("a", "b")
WORDS = ("choose", "accept", "correct")


@dataclass(frozen=True, slots=True)
class Side:
    """One preference of a contrast.

    claims:  two wordings or more
    implied: what such a person says without stating it
    """

    claims: tuple[str, ...]
    sign: Sign
    strength: Strength
    implied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """One query, items that fit either side, and what either says about them.

    items: side -> two or more
    says:  side -> ``choose``, ``accept`` and ``correct``
    """

    query: str
    items: Mapping[str, tuple[str, ...]]
    says: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two preferences that exclude each other.

    domain: name of the file
    """

    id: str
    domain: str
    section: str
    sides: Mapping[str, Side]
    situations: tuple[Situation, ...]


Split = Literal["train", "val", "test"]


def lot(text: str) -> float:
    """A number in [0, 1) that a text always draws."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split(contrast: "Contrast") -> Split:
    """Where a contrast belongs, for ever: by its domain, and then by itself.

    So what is tested is of domains that nothing was learned from, and of preferences
    that nothing was learned from in domains that are known.
    """
    domain = lot(f"domain:{contrast.domain}")
    if domain < 0.3:
        return "test" if domain < 0.2 else "val"
    own = lot(f"contrast:{contrast.id}")
    if own < 0.14:
        return "test" if own < 0.08 else "val"
    return "train"


def contrasts(folder: Path) -> Iterator[Contrast]:
    """All contrasts, by domain and in the order of its file.

    Raises: ValueError with the place of what is not of the form
    """
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _contrast(json.loads(line), path.stem)
                except (ValueError, KeyError, TypeError) as error:
                    raise ValueError(f"{path.name}:{number}: {error!r}") from error


def _contrast(record: Any, domain: str) -> Contrast:
    _only(record, {"id", "section", "a", "b", "situations"})
    if not str(record["id"]).startswith(f"{domain}-"):
        raise ValueError(f"id {record['id']!r} is not of {domain}")
    situations = tuple(map(_situation, record["situations"]))
    if len(situations) < 2:
        raise ValueError("fewer than two situations")
    return Contrast(
        record["id"],
        domain,
        text_of(record["section"]),
        {side: _side(record[side]) for side in SIDES},
        situations,
    )


def _side(record: Any) -> Side:
    _only(record, {"claims", "sign", "strength", "implied"})
    if record["sign"] not in ("likes", "dislikes"):
        raise ValueError(f"sign {record['sign']!r}")
    if record["strength"] not in ("strong", "mild"):
        raise ValueError(f"strength {record['strength']!r}")
    return Side(
        texts_of(record["claims"], least=2),
        record["sign"],
        record["strength"],
        texts_of(record["implied"], least=1),
    )


def _situation(record: Any) -> Situation:
    _only(record, {"query", "a", "b", "says"})
    _only(record["says"], set(SIDES))
    for side in SIDES:
        _only(record["says"][side], set(WORDS))
    return Situation(
        text_of(record["query"]),
        {side: texts_of(record[side], least=2) for side in SIDES},
        {
            side: {word: text_of(record["says"][side][word]) for word in WORDS}
            for side in SIDES
        },
    )


def _only(record: Any, keys: set[str]) -> None:
    if not isinstance(record, dict) or record.keys() != keys:
        raise ValueError(f"not exactly the keys {sorted(keys)}")


def texts_of(value: Any, *, least: int) -> tuple[str, ...]:
    """Different texts of a line, as many as needed; Raises: ValueError."""
    texts = tuple(map(text_of, value)) if isinstance(value, list) else ()
    if len(set(texts)) < max(least, len(texts)):
        raise ValueError(f"not {least} different texts or more: {value!r}")
    return texts


def text_of(value: Any) -> str:
    """A text of a line, with no blanks around it; Raises: ValueError."""
    if not isinstance(value, str) or not value.strip() or value != value.strip():
        raise ValueError(f"not a text without blanks around it: {value!r}")
    return value
