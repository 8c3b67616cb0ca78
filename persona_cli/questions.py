"""What can be asked about a person fairly: choices that no inference has read.

They come from the archive, which keeps what was held out, redacted, after the logs are
gone. Of all that there is, a bounded number is asked: those whose ids have the lowest
hashes. That is as good as drawn by lot, and stays nearly the same as new ones arrive,
so that what a judge said of them need not be asked again.
"""

from collections.abc import Collection, Iterable, Sequence
from heapq import nsmallest
from itertools import chain

from persona_cli.archive import Archive
from persona_cli.index import Entry
from persona_cli.interaction import Interaction
from persona_cli.judge import Question
from persona_cli.rivals import normal
from persona_cli.split import HIGH, LOW, lot
from persona_cli.window import LONGEST_CONTEXT, middle_cut

NOTHING_FAIR = "no choices, edits or ratings are held out"

# Ratings that are looked at for pairs: enough for any check, and the work stays small.
MOST_RATED = 256


def questions(
    archive: Archive, *, aside: Collection[str] = (), most: int | None = None
) -> list[Question]:
    """The questions of one person.

    aside: ids that are not to be read again
    most:  None is all there are
    Order: by hash of the id, which is as good as none
    """
    pairs = _paired(archive.held(aside=aside, rated=True))
    low_of = {high.id: low for high, low in pairs}
    unrated = archive.held(aside=aside, rated=False)
    every = chain(unrated, (high for high, _ in pairs))
    kept = sorted(every, key=_rank) if most is None else nsmallest(most, every, _rank)
    low = dict(
        zip(
            [entry.id for entry in kept if entry.id in low_of],
            archive.read([low_of[e.id] for e in kept if e.id in low_of]),
            strict=True,
        )
    )
    deeds = list(archive.read(kept))
    rivals = _rivals([deed for deed in deeds if deed.kind == "message"], archive)
    made = (_question(deed, low.get(deed.id), rivals.get(deed.id)) for deed in deeds)
    return [question for question in made if question is not None]


def rank(id: str) -> int:
    """Where a question stands in the order of all."""
    return lot(f"asked:{id}")


def _rank(entry: Entry) -> tuple[int, str]:
    return rank(entry.id), entry.id


def halves(asked: Sequence[Question]) -> tuple[list[Question], list[Question]]:
    """Questions to choose by, and questions to test the chosen by.

    By a hash of their own, so that none changes sides when others arrive: what a
    version was chosen by must never be what the next is measured against it on.
    """
    sides: tuple[list[Question], list[Question]] = ([], [])
    for question in asked:
        sides[lot(f"side:{question.id}") & 1].append(question)
    return sides


def _paired(rated: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """(what was rated high, something that was rated low); each once.

    Each takes the free one that a hash of both names, so that a new rating moves few.
    Answers go with answers, and items that nobody asked for with such items.
    """
    found: list[tuple[Entry, Entry]] = []
    for answers in (True, False):
        of_a_kind = [entry for entry in rated if entry.replies is answers]
        highs = [e for e in of_a_kind if e.rating is not None and e.rating >= HIGH]
        lows = [e for e in of_a_kind if e.rating is not None and e.rating <= LOW]
        free = {low.id: low for low in nsmallest(MOST_RATED, lows, _rank)}
        for high in nsmallest(MOST_RATED, highs, _rank):
            if not free:
                break
            best = min(free, key=lambda low: (lot(f"{high.id}\x1f{low}"), low))
            found.append((high, free.pop(best)))
    return found


def _rivals(messages: Sequence[Interaction], archive: Archive) -> dict[str, str]:
    """Id of a message -> what somebody else wrote in reply to the same."""
    if not messages or archive.rivals is None:
        return {}
    replies = archive.rivals.replies({normal(deed.query) for deed in messages})
    found: dict[str, str] = {}
    for deed in messages:
        others = {
            other: words
            for other, words in replies.get(normal(deed.query), {}).items()
            # the same log may be in both
            if not archive.knows(other) and normal(words) != normal(deed.chosen)
        }
        if others:
            best = min(others, key=lambda other: (lot(f"{deed.id}\x1f{other}"), other))
            found[deed.id] = others[best]
    return found


def _question(
    deed: Interaction, low: Interaction | None, rival: str | None
) -> Question | None:
    match deed.kind:
        case "pair" | "edit":
            return Question(deed.id, deed.query, deed.chosen, deed.rejected)
        case "rating" if low is not None and normal(low.query) == normal(deed.query):
            return Question(deed.id, deed.query, deed.chosen, low.chosen)
        case "rating" if low is not None:
            return Question(deed.id, "", _answer(deed), _answer(low))
        case "message" if rival is not None:
            return Question(deed.id, deed.query, deed.chosen, rival)
    return None


def _answer(deed: Interaction) -> str:
    """A rated answer with what it answers: the other answers something else."""
    query = middle_cut(deed.query.strip(), LONGEST_CONTEXT // 2)
    return f"asked: {query}\n{deed.chosen}" if query else deed.chosen
