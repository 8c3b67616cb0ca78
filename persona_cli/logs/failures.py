"""The failures of logs that cannot be opened, and names that are safe to show."""

import os

from persona_cli.errors import InputError


def printable(name: str) -> str:
    """A file's name that can stand in a message and in a file of ours."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def cannot_read(shown: str, error: Exception) -> InputError:
    """The failure of a log that is missing or locked away."""
    if isinstance(error, FileNotFoundError | ValueError):
        return no_such_log(shown)
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(
        f"cannot read {shown}: {(reason or str(error)).lower()}",
        remedy="Check the file and its permissions, and run the command again.",
    )


def no_such_log(shown: str) -> InputError:
    """The failure of a name that nothing has."""
    return InputError(
        f"no such log: {shown}",
        remedy="Check the name; give files, folders, globs in quotes, or - for stdin.",
    )


def not_a_file(shown: str) -> InputError:
    """The failure of a pipe, a device or a folder where a log should be."""
    return InputError(
        f"{shown}: not a regular file",
        remedy="Pipe what it holds into the command, with - for the log.",
    )
