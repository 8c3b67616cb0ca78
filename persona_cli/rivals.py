"""What others under the same root replied to the same words of an assistant.

A message says something of its writer only beside what somebody else wrote there:
their own from another day would test nothing. Read from the other profiles' archives,
and only when there is a message to ask about.
"""

import json
import unicodedata
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.places import STATE
from persona_cli.split import lot

# Of what is replied to. "Done." is said to everybody, and replies to it compare
# nothing.
SHORTEST = 16


class Rivals:
    """The replies in the archives beside that of one profile."""

    def __init__(self, root: Path, name: str) -> None:
        self._root, self._name = root, name

    def known(self, message: Interaction) -> bool:
        """Whether somebody else wrote something else in reply to the same."""
        return self.knows(*asked_and_reply(message))

    def knows(self, asked: int, reply: int) -> bool:
        """The same by the hashes of query and reply; see ``asked_and_reply``."""
        return bool(self._replies.get(asked, frozenset()) - {reply})

    def replies(self, queries: Collection[str]) -> dict[str, dict[str, str]]:
        """Their words: query (normal) -> id of the message -> what was written.

        queries: normal
        """
        found: dict[str, dict[str, str]] = {}
        for row in self._rows():
            asked = normal(row["query"])
            if asked in queries:
                found.setdefault(asked, {})[row["id"]] = row["chosen"]
        return found

    @cached_property
    def _replies(self) -> dict[int, frozenset[int]]:
        """Hash of a query -> hashes of the replies to it: texts would fill memory."""
        found: dict[int, set[int]] = {}
        for row in self._rows():
            asked = normal(row["query"])
            if len(asked) >= SHORTEST:
                reply = lot(normal(row["chosen"]))
                found.setdefault(lot(asked), set()).add(reply)
        return {asked: frozenset(replies) for asked, replies in found.items()}

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Messages of the others that reply to something.

        Without their locks: a line that is not whole, or damaged, is their concern.
        """
        for path in sorted(self._root.glob(f"*/{STATE}/archive.jsonl")):
            if path.parent.parent.name == self._name:
                continue
            try:
                with path.open("rb") as file:
                    for line in file:
                        if b'"message"' in line and (row := _message(line)):
                            yield row
            except OSError:
                continue


def asked_and_reply(message: Interaction) -> tuple[int, int]:
    """Hashes of what a message replies to, and of what it says."""
    return lot(normal(message.query)), lot(normal(message.chosen))


def normal(text: str) -> str:
    """A text without what two logs may write differently."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    match row:
        case {"kind": "message", "id": str(), "query": str(), "chosen": str()}:
            return dict(row)
    return None
