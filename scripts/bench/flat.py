"""Whether an update with one new window costs the same however long the history is.

Three profiles of one person, after 1, 10 and 100 windows; then one more window for
each, in turns, with the embedded model: what is timed is all that ``update`` does once
its model is loaded, git included. The windows before were written by counting alone,
since what was once said by the model costs nothing now.

Without the check by behaviour, whose cost has nothing to do with the history: at most
``questions`` choices of one profile, and none when its words did not change.
"""

# ruff: noqa: ARG002  (the silent engine has the signatures of one that speaks)

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from persona_cli.archive import Archive
from persona_cli.engine import Answer, Choice, Engine, Message
from persona_cli.fold import Checking
from persona_cli.infer import Asking
from persona_cli.init import init
from persona_cli.interaction import Interaction
from persona_cli.llama import LlamaEngine
from persona_cli.models.catalogue import catalogue
from persona_cli.places import READ
from persona_cli.split import held_out
from persona_cli.store import Store
from persona_cli.update import update

WINDOWS = (1, 10, 100)
A_WINDOW = 24  # interactions
SHARE = 0.2
START = datetime(2026, 1, 1, tzinfo=UTC)
TOPICS = ("lists", "dates", "files", "loops", "tests", "types", "errors", "sockets")


class Silent:
    """An engine that says nothing, at once: counting speaks for it."""

    name = identity = "silent"
    context = 1 << 20

    def count(self, messages: Sequence[Message]) -> int:
        """Nothing costs anything."""
        return 1

    def complete(self, messages: Sequence[Message], **_: Any) -> Answer:
        """Say nothing."""
        return Answer("")

    def draft(self, messages: Sequence[Message], n: int, **_: Any) -> list[Answer]:
        """Say nothing, ``n`` times."""
        return [Answer("")] * n

    def choose(
        self, prefix: Sequence[Message], questions: Sequence[str], **_: Any
    ) -> list[Choice]:
        """Foresee nothing."""
        return [Choice(-1.0, -1.0)] * len(questions)

    def close(self) -> None:
        """Free nothing."""


def update_flat(model: Path, rounds: int) -> dict[str, Any]:
    """Time of one more window after 100, in that after 1."""
    with tempfile.TemporaryDirectory(prefix="persona-flat-") as folder:
        roots = {n: Path(folder) / str(n) for n in WINDOWS}
        for windows, root in roots.items():
            _history(root, windows)
            _more(root, windows, model)  # what is asked once is asked now
        taken: dict[int, list[float]] = {n: [] for n in WINDOWS}
        for turn in range(rounds):
            for windows, root in roots.items():
                copy = Path(folder) / f"{windows}-{turn}"
                shutil.copytree(root, copy)
                taken[windows].append(_more(copy, windows + 1, model))
                shutil.rmtree(copy)
    found = {n: _row(taken[n], taken[WINDOWS[0]]) for n in WINDOWS[1:]}
    return found[WINDOWS[-1]] | {
        "after_10": found[10],
        "seconds": statistics.median(taken[WINDOWS[-1]]),
    }


def _history(root: Path, windows: int) -> None:
    """A profile that was updated so many times."""
    init(root, "ada", title=None)
    for window in range(windows):
        _add(root, window)
        _run(root, Silent())


def _more(root: Path, window: int, model: Path) -> float:
    """Seconds that one further window takes, the model being loaded."""
    _add(root, window)
    states = Store(root, "ada").state / READ
    with closing(LlamaEngine(model, name="tiny", states=states)) as engine:
        began = time.perf_counter()
        _run(root, engine)
        return time.perf_counter() - began


def _add(root: Path, window: int) -> None:
    """One window of choices that are not held out, like all the others."""
    archive = Archive(Store(root, "ada").state, held_share=SHARE)
    deeds = (_choice(1_000 + window * 100 + n) for n in count())
    free = (deed for deed in deeds if not held_out(deed, share=SHARE))
    archive.add(_first(A_WINDOW, free))
    archive.flush()


def _run(root: Path, engine: Engine) -> None:
    store = Store(root, "ada")
    asking = Asking(manners=catalogue()["tiny"].manners, answer_tokens=160)
    with store.at_work("update", timeout=5):
        for _ in update(
            store,
            Archive(store.state, held_share=SHARE),
            open_engine=lambda: (engine, asking),
            seed=0,
            now=lambda: START,
            checking=Checking(most=0),
        ):
            pass


def _choice(number: int) -> Interaction:
    """A choice of the short answer, with code, on some topic."""
    topic = TOPICS[number % len(TOPICS)]
    short = f"Use `{topic}[{number}]`, and sort the rest."
    return Interaction(
        f"choices:{number}",
        "pair",
        "choices:flat",
        short,
        query=f"How do I handle {topic} number {number}?",
        rejected=f"Great question! There are many ways to handle {topic}. " * 4,
        at=START + timedelta(minutes=number),
    )


def _first(most: int, deeds: Iterable[Interaction]) -> list[Interaction]:
    return list(islice(deeds, most))


def _row(new: Sequence[float], old: Sequence[float]) -> dict[str, Any]:
    ratios = [a / b for a, b in zip(new, old, strict=True)]
    return {
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "rounds": len(ratios),
    }
