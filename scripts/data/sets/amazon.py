"""Amazon Reviews 2023 (McAuley Lab): purchases that were reviewed, in time.

Checked: file names and field names, against the owners' repository (benchmark
scripts, pretraining sampler) and public listings of the fields of the raw files. The
review has rating, user_id, parent_asin, timestamp (milliseconds); the item has
parent_asin, title, description (a list), features (a list). Not verified on the real
file: that ``description`` is never null, which is borne, and ``sortTimestamp``, which
the owners' scripts read from an older export, and which is taken when ``timestamp``
is not there.

The 2018 edition that the method's authors used (reviewerID, asin, unixReviewTime) is
another layout, and is not read.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError

from .groups import Shelf, by_user
from .public import Ask, PublicSet
from .ratings import Rating, sample_from
from .reading import found, objects, text_of
from .sample import Sample, Skip

# Of a description; some are whole manuals.
CHARACTERS = 500


def item_text(row: dict[str, Any]) -> str | None:
    """What is shown of an item: its title, and the beginning of its description.

    Shape: None for an item without a title
    """
    title = row.get("title")
    if not isinstance(title, str) or not title.strip():
        return None
    parts = row.get("description") or row.get("features") or []
    words = parts if isinstance(parts, str) else " ".join(map(str, parts))
    more = " ".join(words.split())
    if len(more) > CHARACTERS:
        more = more[:CHARACTERS].rsplit(" ", 1)[0] + " …"
    return f"{' '.join(title.split())}\n{more}".strip()


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read <Category>.jsonl and meta_<Category>.jsonl, also packed as .gz.

    Raises: InputError
    """
    every = found(folder, "*.jsonl", "*.jsonl.gz", needed="<Category>.jsonl")
    metas = [path for path in every if path.name.startswith("meta_")]
    reviews = [path for path in every if path not in metas]
    if not metas or not reviews:
        raise InputError(
            f"{folder}: no {'reviews beside the' if metas else 'meta_'} .jsonl",
            remedy="Put <Category>.jsonl and meta_<Category>.jsonl of a category "
            "into one folder.",
        )
    category = reviews[0].name.split(".")[0] if len(reviews) == 1 else "mixed"
    with Shelf() as shelf:
        for path in metas:
            for place, row in objects(path):
                item = text_of(row, "parent_asin", place)
                if (text := item_text(row)) is not None:
                    shelf.put(item, text)
        catalogue = sorted(shelf)
        for user, rows in by_user(_ratings(reviews), seed=ask.seed):
            ratings = [Rating(*row) for row in rows]
            yield sample_from(
                user, ratings, shelf, catalogue, source=f"amazon/{category}", ask=ask
            )


def _ratings(paths: Iterable[Path]) -> Iterator[tuple[str, list[str | float]]]:
    for path in paths:
        for place, row in objects(path):
            user = text_of(row, "user_id", place)
            item = text_of(row, "parent_asin", place)
            score, at = (
                row.get("rating"),
                row.get("timestamp", row.get("sortTimestamp")),
            )
            if not isinstance(score, int | float) or not isinstance(at, int | float):
                raise InputError(
                    f"{place}: `rating` or `timestamp` is missing, or no number",
                    remedy="Use the raw reviews of the 2023 edition.",
                )
            yield user, [item, score, at]


SET = PublicSet(
    name="amazon",
    title="Amazon Reviews 2023, McAuley Lab",
    get="https://amazon-reviews-2023.github.io (raw reviews and item metadata of one "
    "category), or the Hugging Face dataset McAuley-Lab/Amazon-Reviews-2023",
    terms="no licence is stated: cite Hou et al. 2024; research use",
    files=("<Category>.jsonl[.gz]", "meta_<Category>.jsonl[.gz]"),
    recipe="History and target: the items a user reviewed, by time, the last as the "
    "target; whatever the rating. Rejected: an item of the category that the user "
    "never reviewed. With --rejected disliked: chosen has 4 or 5 stars, rejected is an "
    "item that the same user gave 1 or 2. At least 17 items a user.",
    checked="fields and file names, against the owners' scripts; not run on the real "
    "files",
    shortest=16,
    read=read,
    ratings=True,
)
