"""The files that targets stand in: where they are, and what is in them."""

import os
from collections.abc import Mapping
from pathlib import Path

from persona_cli.errors import InputError, UsageError
from persona_cli.files import read_whole, write_whole
from persona_cli.targets.target import Target

# Instructions are pages. What is larger came here by mistake, and is not read.
LARGEST = 16 << 20


def place_of(target: Target, here: Path, environ: Mapping[str, str]) -> Path:
    """Where a target's file is when nobody says otherwise.

    here:   the folder one stands in
    Raises: UsageError for a target that has no usual place
    """
    if not target.path:
        raise UsageError(
            f"{target.name}: has no usual place",
            remedy="Name a file with --out, or print it: --out -.",
        )
    if target.variable and environ.get(target.variable):
        return Path(environ[target.variable]).expanduser() / Path(target.path).name
    if target.path.startswith("~/"):
        return Path(target.path).expanduser()
    return here / target.path


def reached(path: Path, *, within: Path | None) -> Path:
    """The file that a path leads to, its links followed.

    within: a folder it may not lead out of: a checkout may be somebody else's, and a
            link in it may lead to anything of this user's
    Raises: InputError
    """
    try:
        found = path.resolve()
        inside = within is None or found.is_relative_to(within.resolve())
    except (OSError, RuntimeError) as error:  # links that lead to each other
        raise InputError(
            f"{path}: links that lead nowhere", remedy="Put the file itself there."
        ) from error
    if not inside:
        raise InputError(
            f"{path}: is a link that leads out of {within}; nothing was changed",
            remedy=f"If that is meant, name the file itself: --out {found}.",
        )
    return found


def read(path: Path) -> bytes | None:
    """A file's bytes; None where there is none.

    Raises: InputError when it is no file, or too large
    """
    try:
        special = path.exists() and not path.is_file()  # a pipe would never end
        large = path.stat().st_size > LARGEST if path.is_file() else False
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="See that you may read it, or name another file with --out.",
        ) from error
    if special or large:
        what = f"over {LARGEST >> 20} MB" if large else "not a regular file"
        raise InputError(
            f"{path}: {what}; nothing was changed",
            remedy="Name another file with --out; - prints.",
        )
    return read_whole(path)


def decoded(content: bytes, path: Path) -> str:
    """A file's bytes as a text that gives the same bytes again, UTF-8 or not.

    Raises: InputError when line breaks are not single bytes in it
    """
    if b"\0" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            f"{path}: not UTF-8 text; nothing was changed",
            remedy="Save it as UTF-8, or name another file with --out.",
        )
    return content.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes that ``decoded`` read."""
    return text.encode("utf-8", "surrogateescape")


def write(path: Path, content: bytes, *, new: bool) -> None:
    """Write a file whole, its folder too where that is missing.

    new:    it is not there yet; then anybody may read it whom the user's mask lets
    Raises: InputError
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{path.parent}: {(error.strerror or str(error)).lower()}",
            remedy="See that you may write there, or name another place with --out.",
        ) from error
    write_whole(path, content, mode=_mode() if new else None)


def _mode() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
