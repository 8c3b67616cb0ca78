"""Logs that are read as files, not as streams of text: databases, and YAML.

Each such format has one function in ``WHOLE`` and one mark that tells it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from persona_cli.interaction import Interaction
from persona_cli.logs.aichat import aichat_session
from persona_cli.logs.llm_database import HEADER, llm_database
from persona_cli.logs.log import Log

# (path, log, max_record in bytes) -> what the file tells of, in its order. Counts
# records by ``log.meet``, ``log.usable`` and ``log.skip`` as the cutters do.
ReadWhole = Callable[[Path, Log, int], Iterator[Interaction]]

# Format -> its reader.
WHOLE: dict[str, ReadWhole] = {"llm": llm_database, "aichat": aichat_session}

# How much of a file's beginning tells what it is.
HEAD = 512


def whole_format(path: Path, head: bytes) -> str | None:
    """The format of a file that is to be read as one; None for a stream of text.

    head: its first HEAD bytes
    """
    if head.startswith(HEADER):
        return "llm"
    if path.suffix.lower() in (".yaml", ".yml") and head.startswith(b"model:"):
        return "aichat"
    return None
