"""MIND: clicks on news, and the stories that were shown and not clicked.

Checked: the columns of both files, against Microsoft's own description of the set
(Azure Open Datasets) and the reader in the method's public code. Not verified on the
real file: how often a clicked story has no title, and whether any row has a tab in
its text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from persona_cli.errors import InputError

from .draw import draw, draw_others
from .groups import by_user
from .public import Ask, PublicSet
from .reading import cells, found
from .sample import Sample, Skip, Triple, settle

WHEN = "%m/%d/%Y %I:%M:%S %p"


@dataclass(frozen=True, slots=True)
class Impression:
    """One page of stories, as one user saw it.

    at:      ISO 8601, so that text order is time order
    before:  stories clicked before this page, oldest first
    clicked: stories of this page
    passed:  stories of this page that were not clicked
    """

    at: str
    before: tuple[str, ...]
    clicked: tuple[str, ...]
    passed: tuple[str, ...]


def sample_from(
    user: str,
    impressions: Sequence[Impression],
    texts: Mapping[str, str],
    catalogue: Sequence[str],
    *,
    ask: Ask,
) -> Sample | Skip:
    """One user's clicks as a history and a target, which is the latest click.

    Before the log begins, only clicks are known: rejected is then a story drawn from
    all. Within it, rejected is a story of the same page, and a click on a page where
    nothing was passed over is left out. The target comes from within. A story counts
    once; one that the user ever clicked is never a rejected, and none is twice.

    texts:     story to what is shown of it
    catalogue: all stories that have a text
    """
    pages = sorted(impressions, key=lambda page: page.at)
    before = max((page.before for page in pages), key=len, default=())
    ever = set(before).union(*(page.clicked for page in pages))
    known: dict[str, tuple[str, ...] | None] = {
        story: None for story in before if story in texts
    }
    within = False
    for page in pages:
        passed = tuple(s for s in page.passed if s in texts and s not in ever)
        for story in page.clicked:
            if passed and story in texts and story not in known:
                known[story] = passed
                within = True
    if not within:
        return Skip("no click beside a story passed over")
    if len(known) < ask.shortest + 1:
        return Skip("too short a history")
    # The target draws first: no story of its page has then been used up.
    clicks = list(known.items())[-ask.longest - 1 :][::-1]
    used: set[str] = set()
    triples: list[Triple] = []
    for story, beside in clicks:
        free = [s for s in beside or () if s not in used]
        if beside is None:
            free = draw_others(catalogue, ever | used, 1, ask.seed, user, story)
        if not free:
            continue
        other = draw(free, ask.seed, user, story)
        used.add(other)
        with suppress(ValueError):  # the same story, published under two numbers
            triples.append(Triple(None, texts[story], texts[other]))
    return settle(
        f"mind-{user}",
        "mind",
        triples[::-1],
        shortest=ask.shortest,
        longest=ask.longest,
    )


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read news.tsv and behaviors.tsv, of one part or of several.

    Raises: InputError
    """
    texts: dict[str, str] = {}
    for path in found(folder, "news.tsv", needed="news.tsv"):
        for _, row in cells(path, "\t", 8):
            title, abstract = row[3].strip(), row[4].strip()
            if title:
                texts.setdefault(row[0], f"{title}\n{abstract}".strip())
    catalogue = sorted(texts)
    paths = found(folder, "behaviors.tsv", needed="behaviors.tsv")
    for user, rows in by_user(_pages(paths), seed=ask.seed):
        pages = [Impression(at, *map(tuple, lists)) for at, *lists in rows]
        yield sample_from(user, pages, texts, catalogue, ask=ask)


def _pages(paths: Iterable[Path]) -> Iterator[tuple[str, list[str | list[str]]]]:
    for path in paths:
        for place, (_, user, when, before, shown) in cells(path, "\t", 5):
            try:
                at = datetime.strptime(when, WHEN)  # noqa: DTZ007  none is published
            except ValueError as error:
                raise InputError(
                    f"{place}: {when!r} is no time like 11/15/2019 8:55:22 AM",
                    remedy="See that the file is MIND's own behaviors.tsv.",
                ) from error
            marked = [story.rpartition("-") for story in shown.split()]
            if any(not story or mark not in ("0", "1") for story, _, mark in marked):
                raise InputError(
                    f"{place}: a story without -0 or -1 behind it",
                    remedy="Use the train or dev part: the test part has no clicks.",
                )
            yield (
                user,
                [
                    at.isoformat(),
                    before.split(),
                    [story for story, _, mark in marked if mark == "1"],
                    [story for story, _, mark in marked if mark == "0"],
                ],
            )


SET = PublicSet(
    name="mind",
    title="MIND, clicks on Microsoft News",
    get="https://msnews.github.io (MINDsmall or MINDlarge, train and dev)",
    terms="Microsoft Research License Terms: research, non-commercial",
    files=("news.tsv", "behaviors.tsv"),
    recipe="History: clicks, first those before the log with a story drawn from all "
    "as rejected, then those in the log with a story of the same page. Target: the "
    "last click in the log. Train and dev are joined by user when the folder holds "
    "both. At least 9 clicks a user.",
    checked="the columns, against Microsoft's description of the set; not run on the "
    "real files",
    shortest=8,
    read=read,
)
