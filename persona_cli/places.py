"""Where profiles lie under a root, and what they may be called."""

import re
from pathlib import Path

from persona_cli.errors import InputError, UsageError

PROFILE, EVIDENCE, STATE = "profile.md", "evidence.jsonl", ".state"

# In ``.state``: what a model had read of its last prompt. It only saves time.
READ = "read.bin"

# In ``.state``: what is known of each interaction. It only saves time.
INDEX = "index.db"

# In ``.state``: what ``restore`` has replaced.
DAMAGED = "damaged"

# In ``.state``: there while ``forget --history`` is at work, or was stopped in it.
BEGUN = "forgetting"

# Of a profile file. A person's preferences are pages, not megabytes; what is larger
# came here by mistake.
LARGEST = 4 << 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def profile_names(root: Path) -> list[str]:
    """Profiles under a root, sorted."""
    if not root.is_dir():
        return []
    return sorted(path.parent.name for path in root.glob(f"*/{PROFILE}"))


def folder_names(root: Path) -> list[str]:
    """Profiles under a root, sorted, also those whose ``profile.md`` is gone."""
    left = {path.parent.name for path in root.glob(f"*/{EVIDENCE}")}
    return sorted({*profile_names(root), *left})


def check_name(name: str) -> str:
    """A name that can be a folder.

    Raises: UsageError
    """
    if not _NAME.match(name) or name.endswith("."):
        raise UsageError(
            f"profile name {name!r} is not allowed",
            remedy="Use letters, digits, dots, dashes and underscores.",
        )
    return name


def profile_path(root: Path, name: str) -> Path:
    """The file of a profile that is there, and where it says it is.

    Raises: UsageError; InputError when there is no profile at all
    """
    folder = root / check_name(name)
    path = folder / PROFILE
    if not path.is_file():
        if (folder / EVIDENCE).exists():
            raise InputError(
                f"{path}: gone, and its past is still there",
                remedy=f"Take the last good version: persona restore {name}.",
            )
        others = profile_names(root)
        if not others:
            raise no_profile_yet(root, name)
        raise UsageError(
            f"no profile {name!r} in {root}",
            remedy=f"Make it: persona init {name}"
            f"; or take one of: {', '.join(others)}.",
        )
    if folder.resolve().parent != root.resolve():
        raise UsageError(
            f"{folder}: leads out of {root}",
            remedy="Put the profile's folder itself there, not a link to it.",
        )
    return path


def no_profile_yet(root: Path, name: str = "") -> InputError:
    """Nothing was ever made here: not a wrong word, but a step that is missing."""
    return InputError(
        f"no profile in {root}", remedy=f"Make one: persona init {name}".rstrip() + "."
    )


def read_bytes(path: Path) -> bytes | None:
    """What a file of a profile holds; None where there is no such file.

    Raises: InputError when it cannot be read, or is too large to be a profile
    """
    try:
        if path.stat().st_size > LARGEST and path.name == PROFILE:
            raise InputError(
                f"{path}: {path.stat().st_size >> 20} MB are no profile",
                remedy="Take the last good version: persona undo.",
            )
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="See that you may read it.",
        ) from error


def decoded(content: bytes | None, path: Path) -> str:
    """The text of a file; empty where there is none.

    Raises: InputError when it is not UTF-8
    """
    try:
        return (content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        before, byte = error.object[: error.start], error.object[error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise InputError(
            f"{path}:{line}:{column}: not UTF-8 text (byte {byte:#04x} at"
            f" {error.start})",
            remedy="Save it as UTF-8, or take the last good version: persona undo.",
        ) from error
