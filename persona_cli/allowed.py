"""What a person lets into their profile though persona would keep it out.

``allowed.jsonl`` in the profile's folder, one line a kind or an item:

    {"kind": "mail"}
    {"kind": "phone", "salt": "9f86d081884c7d65", "hash": "60303ae22b998861..."}

An item stands there as a salted slow hash, so that the list does not say what it is
for: a phone number has too few digits for a fast one.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from persona_cli.errors import InputError, UsageError
from persona_cli.secrets import RULES
from persona_cli.secrets.second import find

FILE = "allowed.jsonl"

# Given the kind and the item: whether it may be kept. What rules and guard ask.
Allows = Callable[[str, str], bool]

KINDS = tuple(rule.name for rule in RULES if rule.personal)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is let in.

    kind: a rule of ``secrets``
    salt, hash: of the item, hexadecimal; empty for all of the kind
    """

    kind: str
    salt: str = ""
    hash: str = ""

    @property
    def id(self) -> str:
        """What names it on the command line: the kind, or the hash's beginning."""
        return f"{self.kind}:{self.hash[2:10]}" if self.hash else self.kind

    def lets(self, kind: str, item: str) -> bool:
        """Whether this is what lets an item in."""
        if kind != self.kind:
            return False
        if not self.hash:
            return True
        plain = _plain(item)
        # Its first byte is of a fast hash: 255 of 256 others need no slow one.
        return (
            _fast(self.salt, plain) == self.hash[:2]
            and _slow(self.salt, plain) == self.hash[2:]
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    """All that is let in, in the order of the file.

    second: what is not let in is looked for by a second opinion too
    """

    entries: tuple[Entry, ...] = ()
    second: bool = False

    def __call__(self, kind: str, item: str) -> bool:
        """Whether an item may be kept."""
        return any(entry.lets(kind, item) for entry in self.entries)

    def with_entries(self, new: Iterable[Entry]) -> "Allowed":
        """These, and the new ones."""
        return replace(self, entries=(*self.entries, *new))

    def without(self, gone: Iterable[Entry]) -> "Allowed":
        """These, less some."""
        dropped = set(gone)
        kept = tuple(e for e in self.entries if e not in dropped)
        return replace(self, entries=kept)


NOTHING = Allowed()


def entries_for(what: str, known: Allowed = NOTHING) -> list[Entry]:
    """What lets in a kind by its name, or each thing that a text holds.

    known:  says whether a second opinion is asked for
    Raises: UsageError when it is no kind, and holds nothing that is kept out; and for
            a kind of secrets, of which only single ones are let in
    """
    if what in KINDS:
        return [Entry(what)]
    if what in (rule.name for rule in RULES):
        raise UsageError(
            f"{what}: is a kind of secret, and not let in as a whole",
            remedy="Name the one item, or the line it stands on: --line 7.",
        )
    asks = Allowed(second=known.second)
    found = {hit.rule.name: hit.item for hit in find(what, asks)}
    if not found:
        raise UsageError(
            "nothing there is kept out, so nothing needs to be let in",
            remedy=f"Name a kind ({', '.join(KINDS)}), or an item as it was written.",
        )
    return [entry_of(kind, item) for kind, item in found.items()]


def entry_of(kind: str, item: str) -> Entry:
    """What lets in one item."""
    salt, plain = os.urandom(8).hex(), _plain(item)
    return Entry(kind, salt, _fast(salt, plain) + _slow(salt, plain))


def render(allowed: Allowed) -> bytes:
    """The bytes of the file."""
    lines = []
    for entry in allowed.entries:
        record = {"kind": entry.kind}
        if entry.hash:
            record |= {"salt": entry.salt, "hash": entry.hash}
        lines.append(json.dumps(record) + "\n")
    return "".join(lines).encode()


def parse(content: bytes | None, *, place: str) -> Allowed:
    """Read the file; nothing where there is none.

    Raises: InputError
    """
    entries = []
    for number, line in enumerate((content or b"").split(b"\n"), start=1):
        if line.strip():
            try:
                entries.append(_entry(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"{place}:{number}: not a line of what is allowed ({error})",
                    remedy="Mend or delete that line.",
                ) from error
    return Allowed(tuple(entries))


def _entry(record: Any) -> Entry:
    match record:
        case {"kind": str(kind), "salt": str(salt), "hash": str(digest)}:
            return Entry(kind, salt, digest)
        case {"kind": str(kind)} if kind in KINDS:
            return Entry(kind)
    raise ValueError("no kind of personal data, and no hash of an item")


def _plain(item: str) -> str:
    """An item however it was written: +49 151 2345678 is +491512345678."""
    bare = "".join(c for c in item.casefold() if c.isalnum() or c in "@+.:_/")
    return bare if "@" in bare or ":" in bare else bare.replace(".", "")


def _fast(salt: str, plain: str) -> str:
    return hashlib.sha256(f"{salt}{plain}".encode()).hexdigest()[:2]


@lru_cache(maxsize=4096)
def _slow(salt: str, plain: str) -> str:
    return hashlib.scrypt(
        plain.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=16
    ).hex()
