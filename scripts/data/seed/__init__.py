"""The seed corpus; its loader is part of the package.

See README.md beside this file for the form.
"""

from collections.abc import Iterator
from pathlib import Path

from persona_cli.training import seed
from persona_cli.training.seed import SIDES, WORDS, Contrast, Side, Situation

__all__ = ["FOLDER", "SIDES", "WORDS", "Contrast", "Side", "Situation", "contrasts"]

FOLDER = Path(__file__).parent


def contrasts(folder: Path = FOLDER) -> Iterator[Contrast]:
    """All contrasts, by domain and in the order of its file.

    Raises: ValueError with the place of what is not of the form
    """
    return seed.contrasts(folder)
