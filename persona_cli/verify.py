"""A run's dealings with its judge: which draft is taken, and whether it is kept.

Between ``update`` and the gate stands what makes a check cheap and honest: questions
that are bounded, answers that are remembered, a model that was found unable left in
peace, and other questions for choosing a draft than for testing it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from persona_cli.accuracy import FEWEST
from persona_cli.errors import InputError, ModelError
from persona_cli.gate import Check, check
from persona_cli.judge import Judge, Question
from persona_cli.questions import NOTHING_FAIR, halves
from persona_cli.verdicts import Inability, Verdicts


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the check of one version.

    judge: its name; empty when there was to be no check
    asked: questions there were for it
    check: None when nobody was asked
    why:   why it says nothing, as a sentence; empty when it says something
    """

    judge: str = ""
    asked: int = 0
    check: Check | None = None
    why: str = ""

    @property
    def kept(self) -> bool:
        """False only when the new version is worse beyond chance."""
        return self.check is None or self.check.kept

    @property
    def able(self) -> bool:
        """Whether there are numbers, and they mean something."""
        return self.check is not None and self.check.new is not None and not self.why


UNCHECKED = Checked()

UNTESTED = "not checked by behaviour"


class Verifier:
    """The judge of one run.

    questions:  in their order; none are no fault
    memory:     grows with use, and is saved as it does
    candidates: whether drafts are chosen by questions too; those are then others
    gate:       False takes every version as it is
    """

    def __init__(
        self,
        judge: Judge,
        questions: Sequence[Question],
        memory: Verdicts,
        *,
        candidates: bool = False,
        gate: bool = True,
    ) -> None:
        self._judge, self._memory, self._gate = judge, memory, gate
        self._asked = len(questions)
        self._choosing = self._testing = list(questions)
        if candidates and gate:
            two = halves(questions)
            if all(len(half) >= FEWEST for half in two):
                self._choosing, self._testing = two
        self._mute = ""

    def best(self, texts: Sequence[str], *, step: int) -> int:
        """Which of some profiles foresees choices most surely; the first in doubt.

        step: the window, by its seed
        """
        if len(texts) < 2 or not self._choosing or self._known(texts, step=step):
            return 0
        try:
            scores = [
                (self._judge.judge(text, self._choosing).confidence, -len(text), -place)
                for place, text in enumerate(texts)
            ]
        except ModelError as error:
            self._mute = f"{self._judge.name}: can't be asked ({error}); kept unchecked"
            return 0
        self._save()
        return -max(scores)[2]

    def check(self, old: str, new: str, *, step: int) -> Checked:
        """Whether a new version is kept.

        old, new: as ``judge.profile_text`` makes them
        step:     the window, by its seed
        """
        if not self._gate:
            return UNCHECKED
        name, asked = self._judge.name, len(self._testing)
        if not asked:
            return Checked(name, why=f"{NOTHING_FAIR}: {UNTESTED}")
        if asked < FEWEST:
            return Checked(name, asked, why=f"{_too_few(asked)}: {UNTESTED}")
        if why := self._known([new], step=step):
            return Checked(name, asked, why=why)
        try:
            found = check(self._judge, self._testing, old, new)
        except ModelError as error:
            self._mute = f"{name}: can't be asked ({error}); kept unchecked"
            return Checked(name, asked, why=self._mute)
        if found.new is None:  # neither version says anything yet
            return Checked(name, asked, why=f"no claim says anything yet: {UNTESTED}")
        unable = Inability(self._asked, len(new), step, found.unable)
        self._memory.remember(self._judge.identity, unable if found.unable else None)
        self._save()
        return Checked(name, asked, found, self._unable(found.unable))

    def _known(self, texts: Sequence[str], *, step: int) -> str:
        """Why it is no use to ask; empty when it is."""
        if self._mute:
            return self._mute
        length = max(map(len, texts))
        why = self._memory.unable(
            self._judge.identity, asked=self._asked, length=length, step=step
        )
        return self._unable(why)

    def _save(self) -> None:
        with suppress(InputError):  # what can't be kept is asked again
            self._memory.save()

    def _unable(self, why: str) -> str:
        name = self._judge.name
        return why and f"{name}: this model can't judge ({why}); kept unchecked"


def verified(checked: Checked, *, when: str) -> list[dict[str, Any]] | None:
    """The latest check as the front matter says it; None when it says nothing.

    when: as ``stamped``
    """
    found = checked.check
    if not checked.able or found is None or found.new is None:
        return None
    return [
        {
            "by": f"persona/judge {checked.judge}",
            "at": when,
            "accuracy": round(found.new.accuracy.rate, 2),
            "interval": [round(bound, 2) for bound in found.new.accuracy.interval],
            "n": found.asked,
            "baseline": round(max(empty_and_strangers(found)), 2),
        }
    ]


def empty_and_strangers(found: Check) -> tuple[float, float]:
    """Accuracy of a profile that says nothing, and the mean of strangers'."""
    empty = found.empty.accuracy.rate if found.empty else 0.0
    return empty, fmean(one.accuracy.rate for one in found.strangers)


def _too_few(asked: int) -> str:
    are = "choice is" if asked == 1 else "choices are"
    return f"only {asked} {are} held out, and it takes {FEWEST} to tell"
