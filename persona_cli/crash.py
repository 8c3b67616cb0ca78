"""What a bug leaves behind: where it happened, and nothing of whom it happened to.

The message of an exception may quote a log or a profile, and so may the values of
variables. Neither is shown or written; the lines of code are enough to find it.
"""

import os
import platform
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from persona_cli import __version__

# Frames of one exception; an endless recursion has a thousand, all the same.
_MOST_FRAMES = 40


def told(error: BaseException) -> str:
    """A traceback without messages and values, the last exception last."""
    parts = []
    for number, one in enumerate(_chain(error)):
        if number:
            parts.append("\nand while that was dealt with:\n\n")
        parts += ["Traceback (most recent call last; messages left out):\n"]
        frames = traceback.extract_tb(one.__traceback__, limit=-_MOST_FRAMES)
        parts += traceback.format_list(frames)
        parts += [f"{type(one).__module__}.{type(one).__qualname__}\n"]
    return "".join(parts)


def report(error: BaseException, folder: Path) -> Path | None:
    """Write what a bug left behind into a file for this user alone.

    folder: of reports; made where it is missing
    Shape:  the file; None when it can't be written
    """
    from persona_cli.files import make_private, private_opener

    when = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = folder / f"crash-{when}-{os.getpid()}.txt"
    # Of the command only its name: what follows may be a prompt.
    verb = next((word for word in sys.argv[1:] if word.isalpha()), "")
    head = (
        f"persona {__version__}, Python {platform.python_version()},"
        f" {platform.system()} {platform.machine()}\ncommand: {verb[:20]}\n\n"
    )
    try:
        make_private(folder)
        with open(path, "x", opener=private_opener) as file:
            file.write(head + told(error))
    except OSError:
        return None
    return path


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that led to this one, first the first."""
    found: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in found:
        found.append(now)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    yield from reversed(found)
