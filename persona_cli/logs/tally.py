"""What reading came to, in numbers that a person is told afterwards."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

# A log that is wrong throughout would otherwise fill the terminal, and memory.
MOST_NOTES = 20


class GoesOn(NamedTuple):
    """From where the rest of a log can be read by itself.

    place:  in bytes
    lines:  before it
    format: of what stands there
    """

    place: int
    lines: int
    format: str


@dataclass(slots=True)
class Tally:
    """Counts over one log or many; the caller makes it, the readers fill it.

    records:      records met, usable or not
    interactions: how many were told of
    skipped:      reason -> records, or parts of one, that could not be read
    left_out:     reason -> what is well-formed, but not the user's doing
    mended:       reason -> what was read after all, with a loss
    signals:      rule -> choices seen in chats; they are among the interactions
    incomplete:   logs whose last record was still being written
    goes_on:      how to go on with the log that was read last, when it grows; None
                  where all of it has to be read again
    notes:        places and faults, in the order of reading
    unnoted:      notes beyond the first few
    """

    records: int = 0
    interactions: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    signals: Counter[str] = field(default_factory=Counter)
    incomplete: int = 0
    goes_on: "GoesOn | None" = None
    notes: list[str] = field(default_factory=list)
    unnoted: int = 0

    def note(self, text: str) -> None:
        """Keep a sentence for the user, or only count it when there are many."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text)
        else:
            self.unnoted += 1
