"""The failures persona knows by name, and the exit code each one ends with.

    PersonaError
      UsageError      2   the command line asks for what cannot be
      InputError      3   a file we were handed is wrong: log, profile, settings
      ModelError      4   the model is missing, does not fit, or answered badly
      HandoffError    5   the training script did not start, or did not finish
      BusyError       6   the profile is locked, or changed meanwhile
      ChangeError     6   an update would take away more than it may unasked

Exit 1 is left to bugs (a traceback), 130 to Ctrl-C.
"""

from typing import ClassVar


class PersonaError(Exception):
    """Something the user can mend.

    problem: what is wrong, beginning with the place (``ada.jsonl:14: ...``)
    remedy:  the next thing to try, as an imperative sentence
    """

    exit_code: ClassVar[int]

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class UsageError(PersonaError):
    """The command line names something that is not there, or may not be."""

    exit_code = 2


class InputError(PersonaError):
    """A file we were handed is not what it should be."""

    exit_code = 3


class ModelError(PersonaError):
    """The language model could not do its part."""

    exit_code = 4


class HandoffError(PersonaError):
    """Training was handed to its script, and the script failed."""

    exit_code = 5


class BusyError(PersonaError):
    """Someone else is at work on the profile; nothing was changed."""

    exit_code = 6


class ChangeError(PersonaError):
    """An update would take away so much that a person has to agree."""

    exit_code = 6
