"""What a transaction is about to do, written down before it does anything.

All of it, the bytes before and after, so that whoever finds the journal can finish
the work or take it back without asking anyone.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persona_cli.files import sha256_of

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Append:
    """Lines for the end of a ledger.

    length: of the ledger before, in bytes; None when there was none
    """

    content: bytes
    length: int | None


@dataclass(frozen=True, slots=True)
class Journal:
    """One transaction, and what it starts from.

    files:   path in the profile's folder -> bytes before and after; None: no file
    appends: path in ``.state`` -> what is added
    commit:  paths to commit together
    message: of the commit
    head:    the commit it starts from; None before the first, or without git
    """

    files: Mapping[str, tuple[bytes | None, bytes | None]]
    appends: Mapping[str, Append]
    commit: tuple[str, ...]
    message: str | None
    head: str | None


def encode(journal: Journal) -> bytes:
    """A journal as one line of JSON that can tell when it is damaged."""
    body = {
        "files": [
            [path, _packed(before), _packed(after)]
            for path, (before, after) in journal.files.items()
        ],
        "appends": {
            path: [_packed(lines.content), lines.length]
            for path, lines in journal.appends.items()
        },
        "commit": journal.commit,
        "message": journal.message,
        "head": journal.head,
    }
    sealed = {"journal": _FORMAT, "sha256": _digest(body), "body": body}
    return json.dumps(sealed).encode() + b"\n"


def decode(content: bytes) -> Journal:
    """Read a journal.

    Raises: ValueError when it is not as it was written
    """
    try:
        sealed = json.loads(content)
        body = sealed["body"]
        if sealed["journal"] != _FORMAT:
            raise ValueError(f"format {sealed['journal']}")
        if sealed["sha256"] != _digest(body):
            raise ValueError("its bytes are not those that were written")
        return Journal(
            files={
                path: (_unpacked(before), _unpacked(after))
                for path, before, after in body["files"]
            },
            appends={
                path: Append(_unpacked(packed) or b"", length)
                for path, (packed, length) in body["appends"].items()
            },
            commit=tuple(body["commit"]),
            message=body["message"],
            head=body["head"],
        )
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a journal: {error!r}") from error


def _digest(body: object) -> str:
    return sha256_of(json.dumps(body, sort_keys=True).encode())


def _packed(content: bytes | None) -> dict[str, str] | None:
    """Text where it is text: a person may have to read a journal."""
    if content is None:
        return None
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _unpacked(packed: Any) -> bytes | None:
    if packed is None:
        return None
    if "text" in packed:
        return str(packed["text"]).encode("utf-8")
    return base64.b64decode(packed["base64"], validate=True)
