"""Whether a new version of a profile is kept: the user's own choices decide.

Kept, unless it foresees them worse than the old one beyond chance. A judge that cannot
judge decides nothing, and no number of its is shown.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.accuracy import FEWEST, Paired, paired
from persona_cli.judge import Judge, Judgement, Question
from persona_cli.strangers import STRANGERS

# Above this share of flips the order of the items decides more than the items do.
MOST_FLIPS = 1 / 3

# One-sided 95 %: a margin over strangers that chance alone seldom makes.
_Z = 1.6449

# Probabilities that differ by less are the same, but for rounding.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """What held-out choices say of a new version.

    asked:     number of questions there were
    old, new:  how well each version foresees them; None when nobody was asked
    empty, strangers: the controls: a profile that says nothing, and others' profiles
    unable:    why this judge's answers mean nothing; empty when they mean something
    """

    asked: int
    old: Judgement | None = None
    new: Judgement | None = None
    empty: Judgement | None = None
    strangers: tuple[Judgement, ...] = ()
    unable: str = ""

    @property
    def paired(self) -> Paired | None:
        """Where the two versions differ; None when nobody was asked."""
        if self.old is None or self.new is None:
            return None
        return paired(
            [v.right for v in self.old.verdicts], [v.right for v in self.new.verdicts]
        )

    @property
    def kept(self) -> bool:
        """False only when the new version is worse beyond chance."""
        found = self.paired
        return found is None or bool(self.unable) or not found.worse


def check(judge: Judge, questions: Sequence[Question], old: str, new: str) -> Check:
    """Compare two versions of a profile on held-out choices.

    old, new: as ``judge.profile_text`` makes them; the same twice is asked once
    Raises:   ModelError
    """
    if len(questions) < FEWEST or not (old or new):
        return Check(len(questions))
    before, after = judge.judge(old, questions), judge.judge(new, questions)
    others = tuple(judge.judge(stranger, questions) for stranger in STRANGERS)
    # Of the better of the two: a bad new version must not pass as a bad judge.
    best = max(before, after, key=lambda one: one.confidence)
    unable = cannot_judge(best, others)
    # Only shown beside figures that mean something, and so only asked for then.
    empty = None if unable else judge.judge("", questions)
    return Check(len(questions), before, after, empty, others, unable)


def cannot_judge(own: Judgement, others: Sequence[Judgement]) -> str:
    """Why a judge's answers mean nothing; empty when they mean something.

    own:    with the person's profile
    others: with strangers' profiles, on the same questions; at least one
    """
    asked = len(own.verdicts)
    flipped = sum(verdict.flipped for verdict in own.verdicts)
    if flipped > MOST_FLIPS * asked:
        return f"the order of the items decided {flipped} of {asked} answers"
    margins = [
        verdict.p - statistics.fmean(other.verdicts[place].p for other in others)
        for place, verdict in enumerate(own.verdicts)
    ]
    if not _beyond_chance(margins):
        return f"strangers' profiles foresee these {asked} choices as well"
    return ""


def _beyond_chance(margins: Sequence[float]) -> bool:
    """Whether the mean is above 0 by more than 1.64 of its standard errors.

    Where nothing varies there is no error either: then rounding is not to decide.
    """
    if len(margins) < 2:
        return False
    error = statistics.stdev(margins) / math.sqrt(len(margins))
    return statistics.fmean(margins) > max(_Z * error, _SAME)
