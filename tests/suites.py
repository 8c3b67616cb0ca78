"""Suites of a few users, and engines that write and read their profiles."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from persona_cli.engine import Answer, Engine, Message
from persona_cli.infer import Asking
from persona_cli.models.catalogue import Manners
from persona_cli.settings import Settings
from tests.steady import SteadyEngine

PAIRS = Manners(judge="pair")
ASKING = Asking(answer_tokens=200, manners=PAIRS)

DRINKS = ("tea", "rum", "milk", "cocoa")


def user(drink: str, source: str = "drinks", other: str = "water") -> dict[str, Any]:
    """Somebody who takes one drink, four times, and then once more."""
    history = [
        {"query": f"Thirsty {n}?", "chosen": f"{drink} poured {n}", "rejected": other}
        for n in range(4)
    ]
    target = {"query": "A drink?", "chosen": drink, "rejected": other}
    return {"uid": drink, "source": source, "history": history, "target": target}


def write_suite(path: Path, *rows: dict[str, Any] | str) -> Path:
    """A file of a suite."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
    return path


def reads_well(before: str, question: str) -> float:
    """A judge who takes the item that the profile names; else can't tell."""
    item_a = question.partition("<item_a>\n")[2].partition("\n")[0]
    item_b = question.partition("<item_b>\n")[2].partition("\n")[0]
    profile = before.partition("<profile>")[2].casefold()
    likes_a, likes_b = item_a.casefold() in profile, item_b.casefold() in profile
    return 0.5 if likes_a == likes_b else (0.9 if likes_a else 0.1)


class Writer(SteadyEngine):
    """Writes a claim of each interaction, and reads as it is told to.

    fails_at:   the answer that breaks off the run
    rambles_at: windows of so many interactions give no claim
    """

    def __init__(
        self,
        *,
        name: str = "scripted",
        chooses: Callable[[str, str], float] = reads_well,
        fails_at: int | None = None,
        rambles_at: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(name=name, chooses=chooses, **more)
        self.fails_at, self.rambles_at = fails_at, rambles_at

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: Any
    ) -> Answer:
        """Answer by rule, until the run is to break off."""
        if len(self.asked) == self.fails_at:
            raise KeyboardInterrupt
        if messages[-1].content.count("</interaction>") == self.rambles_at:
            self.asked.append(list(messages))
            return Answer("I cannot tell.")
        return super().complete(messages, max_tokens=max_tokens, **more)


class Engines:
    """Opens engines in place of ``engines.Opener``: ``one`` for ``one.gguf``."""

    def __init__(self, *engines: Engine, manners: Manners = PAIRS) -> None:
        self.asking = Asking(answer_tokens=40, manners=manners)
        self.engines = {engine.name: engine for engine in engines}
        self.open_now: list[str] = []
        self.most_open = 0

    def __call__(self, settings: Settings, *, tell: object) -> "_Opened":
        """An opener for these settings."""
        return _Opened(self, self.engines[settings.model.removesuffix(".gguf")])


class _Opened:
    def __init__(self, engines: Engines, engine: Engine) -> None:
        self.engines, self.engine = engines, engine

    def open(self, **_: object) -> tuple[Engine, Asking]:
        self.engines.open_now.append(self.engine.name)
        self.engines.most_open = max(self.engines.most_open, len(self.engines.open_now))
        return self.engine, self.engines.asking

    def close(self) -> None:
        if self.engine.name in self.engines.open_now:
            self.engines.open_now.remove(self.engine.name)
