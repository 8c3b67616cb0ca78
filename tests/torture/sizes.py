"""How much of a torture is done, and what came of it.

In CI a sample; before a release, with ``PERSONA_TORTURE=release``, all of it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

# Read before a test begins: each has an environment of its own.
_RELEASE = os.environ.get("PERSONA_TORTURE") == "release"
_FIGURES = os.environ.get("PERSONA_FIGURES")


def size(ci: int, release: int) -> int:
    """How many cases: the smaller number, unless a release is being tested."""
    return release if _RELEASE else ci


# What twins came to, in this process.
_COUNTED: dict[Callable[..., str], str] = {}


def once(twin: Callable[..., str], *args: object) -> str:
    """What a twin came to that stands for several rows: it runs for the first of them.

    twin: switches something off, sees that the row's own check fails, and says in how
          many of how many cases; an AssertionError when it never does
    """
    if twin not in _COUNTED:
        _COUNTED[twin] = twin(*args)
    return _COUNTED[twin]


def note_figure(row: str, what: str, cases: int, *, twin: str, **more: object) -> None:
    """Note a line of the table that ``scripts/torture`` prints; at the end of a test.

    Only a test that passed comes here, so that each figure is of no violation.

    row:   of the test plan: R3, P1
    what:  was done, in a few words
    cases: how many times
    twin:  what was switched off in the broken twin, and in how many of how many cases
           it then failed: ``no fsync: 23 of 25 torn``
    more:  anything that was measured beside: ``peak_mb=112``
    """
    if not _FIGURES:
        return
    found = {"row": row, "what": what, "cases": cases, "twin": twin, **more}
    with Path(_FIGURES).open("a", encoding="utf-8") as file:
        file.write(json.dumps(found, ensure_ascii=False) + "\n")
