"""The lexicon of the seed corpus: things that people like and dislike, by category.

See scripts/data/seed/README.md for the form.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.training.seed import Split, lot, text_of, texts_of

FEWEST_THINGS = 4
FEWEST_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to like or dislike.

    name:   completes "Likes …" and "Dislikes …"
    claims: ``likes`` and ``dislikes`` -> wordings, one or more
    items:  what it is met as, when something is chosen
    """

    name: str
    claims: Mapping[str, tuple[str, ...]]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """Things among which one is chosen.

    queries: what is asked then; one may be empty
    """

    id: str
    section: str
    noun: str
    queries: tuple[str, ...]
    things: tuple[Thing, ...]


def categories(folder: Path) -> Iterator[Category]:
    """All categories, by file and in the order of its lines.

    Raises: ValueError with the place of what is not of the form
    """
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _category(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise ValueError(f"{path.name}:{number}: {error!r}") from error


def split_category(category: Category) -> Split:
    """Where a category belongs, for ever."""
    drawn = lot(f"category:{category.id}")
    return "test" if drawn < 0.2 else "val" if drawn < 0.3 else "train"


def _category(record: Any) -> Category:
    things = tuple(
        Thing(
            text_of(one["name"]),
            {
                sign: texts_of(one["claims"][sign], least=1)
                for sign in ("likes", "dislikes")
            },
            texts_of(one["items"], least=FEWEST_ITEMS),
        )
        for one in record["things"]
    )
    if len({one.name for one in things}) < max(FEWEST_THINGS, len(things)):
        raise ValueError(f"not {FEWEST_THINGS} different things or more")
    queries = tuple(str(query) for query in record["queries"])
    if not queries:
        raise ValueError("no queries")
    return Category(
        text_of(record["id"]),
        text_of(record["section"]),
        text_of(record["noun"]),
        queries,
        things,
    )
