"""Rows put together by user, and users put in an order that the seed decides.

In a bounded memory: the rows go through temporary files, a share of the users in
each, and one share at a time is held.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Self

from .draw import rank

SHARES = 64


def by_user(
    rows: Iterable[tuple[str, Any]], *, seed: int
) -> Iterator[tuple[str, list[Any]]]:
    """Each user, with all their rows.

    rows:  (user, anything that JSON can hold)
    Order: users by a hash of the seed, so that the first n of them are a random
           sample, and are the first of every longer one; a user's rows as they came
    """
    with ExitStack() as stack:
        shares = [
            stack.enter_context(tempfile.TemporaryFile("w+", encoding="ascii"))
            for _ in range(SHARES)
        ]
        for user, row in rows:
            share = rank(seed, user) * SHARES >> 64
            shares[share].write(json.dumps([user, row]) + "\n")
        for file in shares:
            file.seek(0)
            users: dict[str, list[Any]] = {}
            for text in file:
                user, row = json.loads(text)
                users.setdefault(user, []).append(row)
            for user in sorted(users, key=lambda name: (rank(seed, name), name)):
                yield user, users[user]


class Shelf(Mapping[str, str]):
    """Texts by name, kept on disk: a catalogue may be larger than the memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self._places: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, name: str, text: str) -> None:
        """Keep a text; a name that is known keeps its first."""
        if name not in self._places:
            raw = text.encode("utf-8", "surrogatepass")
            self._places[name] = (self._file.seek(0, 2), len(raw))
            self._file.write(raw)

    def __getitem__(self, name: str) -> str:
        start, length = self._places[name]
        self._file.seek(start)
        return self._file.read(length).decode("utf-8", "surrogatepass")

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
