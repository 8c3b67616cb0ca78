"""What reading came to, in numbers that a person is told afterwards."""

from collections import Counter
from dataclasses import dataclass, field

# A log that is wrong throughout would otherwise fill the terminal, and memory.
MOST_NOTES = 20


@dataclass(slots=True)
class Tally:
    """Counts over one log or many; the caller makes it, the readers fill it.

    records:      records met, usable or not
    interactions: how many were told of
    skipped:      reason -> records, or parts of one, that could not be read
    left_out:     reason -> what is well-formed, but not the user's doing
    mended:       reason -> what was read after all, with a loss
    incomplete:   logs whose last record was still being written
    notes:        places and faults, in the order of reading
    unnoted:      notes beyond the first few
    """

    records: int = 0
    interactions: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    incomplete: int = 0
    notes: list[str] = field(default_factory=list)
    unnoted: int = 0

    def note(self, text: str) -> None:
        """Keep a sentence for the user, or only count it when there are many."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text)
        else:
            self.unnoted += 1
