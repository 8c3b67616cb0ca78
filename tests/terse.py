"""A person who takes terse answers, and models that may or may not read of it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from persona_cli.interaction import Interaction
from persona_cli.judge import Question
from persona_cli.split import held_out

SHARE = 0.2


def likes_terse(before: str, question: str) -> float:
    """A judge that reads: it goes by what the profile says, and knows nothing else."""
    profile = before.partition("<profile>")[2].casefold()
    liking = ("terse" in profile) - ("wordy" in profile)
    if "<item_b>" not in question:  # one item alone, Yes or No
        return 0.5 + 0.3 * liking * (1 if "terse" in question else -1)
    first = "terse" in question.partition("</item_a>")[0]
    return 0.5 if not liking else 0.9 if first == (liking > 0) else 0.1


def first_letter(before: str, question: str) -> float:
    """A judge that says A, whatever it is asked."""
    return 0.8


def own_taste(before: str, question: str) -> float:
    """A judge that likes terse answers itself, and does not look at the profile."""
    return 0.9 if "terse" in question.partition("</item_a>")[0] else 0.1


def noisily(judge: Callable[[str, str], float]) -> Callable[[str, str], float]:
    """The same judge, a little different from question to question."""

    def chooses(before: str, question: str) -> float:
        odds = judge(before, question)
        return min(max(odds + 0.01 * math.sin(len(before) + len(question)), 0.01), 0.99)

    return chooses


def question(number: int) -> Question:
    """A choice between a terse and a wordy answer; the person took the terse one."""
    return Question(
        f"q:{number}", f"what of {number}?", f"terse {number}", f"wordy {number}"
    )


def ids(count: int, *, held: bool, stem: str = "p") -> list[str]:
    """Ids that are held out, or are not."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        number += 1
        deed = pair(f"{stem}:{number}")
        if held_out(deed, share=SHARE) is held:
            found.append(deed.id)
    return found


def pair(id: str, **more: str) -> Interaction:
    """A choice of this person's."""
    sides = {"chosen": f"terse {id}", "rejected": f"wordy {id}"} | more
    return Interaction(id, "pair", "pairs:1", query=f"what of {id}?", **sides)


def held_pairs(count: int) -> list[Interaction]:
    """Choices that are held out."""
    return [pair(one) for one in ids(count, held=True)]


def wrote(number: int, text: str) -> Interaction:
    """A message of the user's, on day ``number`` of June."""
    at = datetime(2026, 6, number, tzinfo=UTC)
    return Interaction(f"chat:{number}", "message", "chat:1", text, at=at)
