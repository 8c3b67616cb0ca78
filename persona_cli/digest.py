"""Facts about a window, counted by code (see Observation)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that counting shows about what the user likes.

    section:  of the claim it would make: ``communication``, ``coding``, ...
    claim:    the observation as a sentence of preference, by template
    fact:     what was counted, for a model to read: "chosen is shorter than
              rejected in 14 of 16 pairs"
    ids:      interactions that bear it out, in the order of the window; n >= 1
    against:  interactions that speak against it
    quotes:   interaction id -> the user's own words (or the part of the chosen
              item) that show it; a short excerpt, verbatim
    stated:   the user said it outright, and for good ("I prefer", "always")
    strength: to rank by; larger is stronger, comparable within one digest
    """

    section: str
    claim: str
    fact: str
    ids: tuple[str, ...]
    against: tuple[str, ...]
    quotes: dict[str, str]
    stated: bool
    strength: float
