"""git's objects: read in bulk, taken apart, and written in one pack."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from persona_cli.git.run import run_git

_TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}

_Item = TypeVar("_Item")

# Objects that are asked for in one call, and so are in memory together.
_AT_ONCE = 200

# What was put in an object's place by `git replace` is not what git would send away.
_AS_STORED = {"GIT_NO_REPLACE_OBJECTS": "1"}


def in_batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items in order, ``size`` at a time, the last time maybe fewer."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


class Object(NamedTuple):
    """An object as git keeps it, without its header.

    kind: ``commit``, ``tree``, ``blob`` or ``tag``
    """

    sha: str
    kind: str
    content: bytes


class TreeEntry(NamedTuple):
    """One line of a tree."""

    mode: bytes
    name: bytes
    sha: str


def read_objects(top: Path, names: Iterable[str]) -> Iterator[Object | None]:
    """The objects of these names (``<sha>``, ``<sha>:<path>``), some at a time.

    Shape:  one for each name; None for what is not there
    Raises: GitError
    """
    for chunk in in_batches(names, _AT_ONCE):
        said = run_git(
            top, "cat-file", "--batch", stdin=_lines(chunk), extra=_AS_STORED
        )
        place = 0
        for _ in chunk:
            end = said.index(b"\n", place)
            head = said[place:end]
            place = end + 1
            if head.endswith(b" missing"):
                yield None
                continue
            sha, kind, size = head.decode("ascii").split(" ")
            yield Object(sha, kind, said[place : place + int(size)])
            place += int(size) + 1


def read_shas(top: Path, names: Sequence[str]) -> list[str]:
    """The object that each name means, by its sha; empty for what is not there."""
    if not names:
        return []
    ask = ("cat-file", "--batch-check=%(objectname)")
    said = run_git(top, *ask, stdin=_lines(names), extra=_AS_STORED)
    found = said.decode("utf-8", "replace").split("\n")[:-1]
    return ["" if line.endswith(" missing") else line for line in found]


def sha_of(kind: str, content: bytes, *, hash: str) -> str:
    """What git calls an object.

    hash: ``sha1`` or ``sha256``
    """
    head = f"{kind} {len(content)}\0".encode()
    return hashlib.new(hash, head + content, usedforsecurity=False).hexdigest()


def tree_entries(content: bytes, *, hash: str) -> list[TreeEntry]:
    """A tree, taken apart."""
    width = hashlib.new(hash, usedforsecurity=False).digest_size
    found, place = [], 0
    while place < len(content):
        end = content.index(b"\0", place)
        mode, _, name = content[place:end].partition(b" ")
        place = end + 1 + width
        found.append(TreeEntry(mode, name, content[end + 1 : place].hex()))
    return found


def tree_content(entries: Iterable[TreeEntry]) -> bytes:
    """A tree, put together again."""
    return b"".join(
        entry.mode + b" " + entry.name + b"\0" + bytes.fromhex(entry.sha)
        for entry in entries
    )


class Pack:
    """Objects for one pack, compressed as they come; each once."""

    def __init__(self, hash: str) -> None:
        self._hash = hash
        self._packed: dict[str, tuple[bytes, bytes]] = {}

    def add(self, kind: str, content: bytes) -> str:
        """Take in an object.

        Shape: its sha
        """
        sha = sha_of(kind, content, hash=self._hash)
        if sha not in self._packed:
            head = _head(_TYPES[kind], len(content))
            self._packed[sha] = (head, zlib.compress(content))
        return sha

    def read(self, sha: str) -> bytes | None:
        """The content of an object that was taken in."""
        found = self._packed.get(sha)
        return None if found is None else zlib.decompress(found[1])

    def __len__(self) -> int:
        return len(self._packed)

    def content(self) -> bytes:
        """The pack, for ``git index-pack --stdin``."""
        head = b"PACK" + (2).to_bytes(4, "big") + len(self).to_bytes(4, "big")
        body = head + b"".join(
            part for parts in self._packed.values() for part in parts
        )
        return body + hashlib.new(self._hash, body, usedforsecurity=False).digest()


def _head(kind: int, size: int) -> bytes:
    """Type and length: four bits of it, then seven a byte, the lowest first."""
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head)


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
