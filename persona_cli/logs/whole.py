"""Logs that are read as files, not as streams of text: databases and archives.

Each such format has one function in ``WHOLE`` and one mark that tells it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from persona_cli.interaction import Interaction
from persona_cli.logs.log import Log

# (path, log, max_record in bytes) -> what the file tells of, in its order. Counts
# records by ``log.meet``, ``log.usable`` and ``log.skip`` as the cutters do.
ReadWhole = Callable[[Path, Log, int], Iterator[Interaction]]

# Format -> its reader.
WHOLE: dict[str, ReadWhole] = {}

# How much of a file's beginning tells what it is.
HEAD = 512


def whole_format(path: Path, head: bytes) -> str | None:
    """The format of a file that is to be read as one; None for a stream of text.

    head: its first HEAD bytes
    """
    del path, head
    return None
