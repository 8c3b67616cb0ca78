"""The index of an archive, kept from one run to the next.

    .state/index.db    what ``Index.keep`` wrote

It is believed only while its hash is the one that was noted when it was kept, and the
files it was made of are the same: so neither a torn write nor a bad disk can make an
interaction look read, or new. Whatever is wrong with it, it is made anew.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError
from persona_cli.files import SUFFIX, open_above
from persona_cli.index import Index
from persona_cli.stamps import sha256_of_file


def load(index: Index, path: Path, note: Mapping[str, Any], made_of: list[Any]) -> bool:
    """Fill an empty index from the one that was kept; False when there is no such.

    note:    what ``keep`` gave
    made_of: the same as then, if it is to be believed
    """
    if note.get("made_of") != made_of or note.get("sha256") != sha256_of_file(path):
        return False
    return index.load(path)


def keep(index: Index, path: Path, made_of: list[Any]) -> dict[str, Any]:
    """Write an index for the next run, and give what is to be noted of it.

    Shape: empty when it could not be written, which harms nothing
    """
    token = secrets.token_hex(4)
    temporary = path.with_name(f".{path.name}.{token}{SUFFIX}")
    try:
        fd = open_above(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(fd)
        index.keep(temporary)
        found = sha256_of_file(temporary)
        temporary.replace(path)
    except (OSError, InputError):
        with suppress(OSError):
            temporary.unlink()
        return {}
    return {"made_of": made_of, "sha256": found}
