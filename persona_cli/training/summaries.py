"""The true summary after each window: what holds, has shown, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.training.draw import Preference
from persona_cli.training.users import Step, SummaryLine, Truth


@dataclass(frozen=True, slots=True)
class Held:
    """A preference, and from when to when somebody has it."""

    preference: Preference
    truth: Truth


def summaries(
    held: Sequence[Held], shows: Sequence[str], ends: Sequence[int]
) -> tuple[Step, ...]:
    """A summary after each window, of all interactions so far.

    What is true but has not shown yet is not in it: nobody could know. A claim has the
    same words in each, until a change of mind takes it out.

    shows: of each interaction, the id of the truth that it bears out, or nothing
    Order: of lines, by when a claim first showed
    """
    steps: list[Step] = []
    for end in ends:
        cites: dict[str, list[str]] = {}
        for number, shown in enumerate(shows[:end], 1):
            if shown:
                cites.setdefault(shown, []).append(f"i{number}")
        truths = {h.truth.id: h.truth for h in held if h.truth.holds(end)}
        steps.append(
            Step(
                end,
                tuple(
                    SummaryLine(truth.section, truth.claim, tuple(ids), truth.id)
                    for name, ids in cites.items()
                    if (truth := truths.get(name)) is not None
                ),
            )
        )
    return tuple(steps)
