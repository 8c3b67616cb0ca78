"""A seed corpus that two layers can learn: an item repeats the name of its thing."""

import json
from itertools import count
from pathlib import Path

from persona_cli.training.things import Category, split_category

# Each a single one of the first tokens of the embedded model's vocabulary.
_NAMES = {
    "colours": "red blue green black white",
    "food": "water milk fish fruit meat",
    "materials": "gold iron stone wood glass",
    "media": "film paper music book game",
    "seasons": "winter summer spring night day",
}


def write_corpus(folder: Path) -> Path:
    """Categories of five things; each stands once in every split, by an id of its own.

    What is learned is then also what is tested: that anything is learned at all is the
    question, not whether it carries over.
    """
    lines = [
        _category(_id_of(noun, split), noun, names.split())
        for noun, names in _NAMES.items()
        for split in ("train", "val", "test")
    ]
    path = folder / "things" / "words.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def _id_of(noun: str, split: str) -> str:
    """The first id of this noun that belongs to a split."""
    for number in count():
        found = f"{noun}-{number}"
        if split_category(Category(found, noun, noun, ("",), ())) == split:
            return found
    raise AssertionError


def _category(name: str, noun: str, things: list[str]) -> dict[str, object]:
    return {
        "id": name,
        "section": noun,
        "noun": noun,
        "queries": [f"Which {noun}?"],
        "things": [
            {
                "name": one,
                "claims": {"likes": [f"Loves {one}."], "dislikes": [f"Hates {one}."]},
                "items": [f"{word} {one}" for word in ("some", "more", "any", "my")],
            }
            for one in things
        ],
    }
