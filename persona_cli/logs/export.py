"""The files of a vendor's export: what lies beside the conversations.

A reader of conversations may need another file of the same export (the thumbs that were
given, the names of projects): ``Beside`` opens it, in a folder or in a zip. The rest is
about the account, its payments, its settings; none of it says what the user likes.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

# Opens another file of the export by its name there; None when there is none.
Beside = Callable[[str], BinaryIO | None]

_CONVERSATIONS = re.compile(r"conversations(?:-[0-9]{1,6})?\.jsonl?", re.IGNORECASE)

# Of ChatGPT's and Claude.ai's exports. None holds the user's words but as a copy.
_OTHERS = frozenset(
    (
        "chat.html",
        "export_manifest.json",
        "message_feedback.json",
        "model_comparisons.json",
        "shared_conversations.json",
        "user.json",
        "user_settings.json",
        "users.json",
    )
)

# What ChatGPT's feedback file says of an answer -> its rating, in [0, 1].
THUMBS = {"thumbsUp": 1.0, "thumbs_up": 1.0, "thumbsDown": 0.0, "thumbs_down": 0.0}

_JSON = (".json", ".jsonl", ".ndjson")

# Gemini's, which Takeout makes of HTML unless it is told not to: refused by name.
_PAGE = "myactivity.html"
_LOGS = frozenset(("memories.json", "myactivity.json", "projects.json", _PAGE))


def nothing_beside(name: str) -> BinaryIO | None:
    """A log that came alone, through a pipe."""
    del name
    return None


def is_conversations(name: str) -> bool:
    """Whether a file of this name holds an export's conversations."""
    return _CONVERSATIONS.fullmatch(name) is not None


def is_log(name: str) -> bool:
    """Whether an export's file of this name is read as a log."""
    return is_conversations(name) or name.lower() in _LOGS


def no_log_in_zip(path: str) -> str | None:
    """Why a member of a zip is not looked at; None when it may be a log.

    path: as the archive has it
    Shape: empty where it need not be said, as of a picture
    """
    parts = re.split(r"[/\\]", path)
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        return "a member whose name leads out of the archive"
    if is_other(parts[-1]):
        return "another file of an export"
    return None if parts[-1].lower().endswith((*_JSON, _PAGE)) else ""


def is_other(name: str) -> bool:
    """Whether an export's file of this name is none, and known to be none."""
    return name.lower() in _OTHERS


def left_out(path: Path) -> bool:
    """Whether a file is one of an unpacked export that is not read as a log.

    Only beside conversations: a ``user.json`` may be anything elsewhere.
    """
    return is_other(path.name) and any(
        is_conversations(name) for name in _names(path.parent)
    )


def beside(path: Path) -> Beside:
    """What opens the files beside ``path``; whoever asks for one closes it."""

    def opened(name: str) -> BinaryIO | None:
        try:
            # As for a log: a pipe in its place must not keep us waiting.
            descriptor = os.open(path.parent / name, os.O_RDONLY | os.O_NONBLOCK)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        return os.fdopen(descriptor, "rb")

    return opened


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (names are all that is wanted)
    except OSError:
        return []
