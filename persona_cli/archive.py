"""This machine's copy of the interactions, redacted, and how far they are folded in.

    .state/archive.jsonl   every interaction that was read, in order of arrival
    .state/folded.jsonl    one line a window: the ids it folded in, or tried to
    .state/cursors.json    size and time of each log when it was last read whole

The archive comes first: an interaction is in it, on disk, before a model sees it,
so a run that is killed goes on from here though the log be gone. ``folded`` grows in
the same transaction as the profile. The cursors only save time: without them the
logs are read again, and every interaction is recognised by its id.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError
from persona_cli.files import append_whole, heal_tail, write_whole
from persona_cli.interaction import Interaction
from persona_cli.logs.archive import from_record, to_record
from persona_cli.rivals import Rivals
from persona_cli.split import held_out

# Raised when readers learn to see more: the cursors of an older one are not believed.
READERS = 1

# Interactions are written to disk by so many bytes at a time.
_CHUNK = 1 << 20

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Where an interaction stands in the archive.

    when:    its time; that of the one before it when the log did not say
    number:  in order of arrival, from 0
    rating:  as in ``Interaction``
    replies: whether something was asked, or said, before it
    """

    when: datetime
    number: int
    offset: int = field(compare=False)
    id: str = field(compare=False)
    source: str = field(compare=False)
    held: bool = field(compare=False)
    at: datetime | None = field(compare=False)
    rating: float | None = field(compare=False)
    replies: bool = field(compare=False)


class Archive:
    """The interactions of one profile on this machine.

    held_share: of the interactions that can be asked again, see ``split.held_out``
    rivals:     what others replied; None holds no message out
    """

    def __init__(
        self, state: Path, *, held_share: float, rivals: Rivals | None = None
    ) -> None:
        self.state = state
        self.path = state / "archive.jsonl"
        self.folded_path = state / "folded.jsonl"
        self.cursor_path = state / "cursors.json"
        self.held_share = held_share
        self.rivals = rivals
        self._entries: list[Entry] | None = None
        self._known: set[str] | None = None
        self._chunk = bytearray()
        self._end = 0  # of the file, once what is in the chunk is written
        self._waiting: dict[str, Interaction] = {}  # a dry run's: never written

    def entries(self) -> list[Entry]:
        """Every interaction, in order of arrival."""
        if self._entries is None:
            self._entries = list(self._scan())
        return self._entries

    def add(self, interactions: Iterable[Interaction], *, write: bool = True) -> int:
        """Take in what is not here yet; on disk after ``flush``.

        write:  False keeps it in memory, for a run that writes nothing
        Shape:  the number that was new
        """
        entries = self.entries()
        if self._known is None:
            # Of the ledger too: what was forgotten is not taken in again.
            self._known = {entry.id for entry in entries} | self.folded()
            if write:
                heal_tail(self.path)
            self._end = self.path.stat().st_size if self.path.exists() else 0
        when = entries[-1].when if entries else _EARLIEST
        before = len(entries)
        for interaction in interactions:
            if interaction.id in self._known:
                continue
            self._known.add(interaction.id)
            when = interaction.at or when
            if not write:
                self._waiting[interaction.id] = interaction
                entries.append(self._entry(interaction, when, len(entries), -1))
                continue
            entries.append(self._entry(interaction, when, len(entries), self._end))
            line = _line(interaction)
            self._end += len(line)
            self._chunk += line
            if len(self._chunk) >= _CHUNK:
                self.flush()
        return len(entries) - before

    def flush(self) -> None:
        """Put what was added on disk. One flush for many logs: each costs a sync."""
        if self._chunk:
            append_whole(self.path, bytes(self._chunk))
            self._chunk.clear()

    def folded(self) -> set[str]:
        """Ids of the interactions that some version has taken in."""
        return self._ledger()[0]

    def tried(self) -> set[str]:
        """Ids of those whose version was rejected, and that no other has taken in."""
        folded, tried = self._ledger()
        return tried - folded

    def _ledger(self) -> tuple[set[str], set[str]]:
        found: tuple[set[str], set[str]] = (set(), set())
        for line in _rows(self.folded_path):
            found[bool(line.get("tried"))].update(line["ids"])
        return found

    def uncounted(self) -> list[Entry]:
        """Folded in without a change since the front matter last counted."""
        ids: set[str] = set()
        for line in _rows(self.folded_path):
            if not line.get("tried"):
                ids = set() if line.get("counted", True) else ids | set(line["ids"])
        return [entry for entry in self.entries() if entry.id in ids]

    def pending(
        self, *, aside: Collection[str] = (), retry: bool = False
    ) -> list[Entry]:
        """What is still to be folded in, oldest first.

        aside: ids to leave out
        retry: what was tried already is taken up again
        """
        folded, tried = self._ledger()
        done = folded | set(aside) | (set() if retry else tried)
        waiting = [e for e in self.entries() if e.id not in done and not e.held]
        return sorted(waiting)

    def readable(self, *, aside: Collection[str] = ()) -> list[Entry]:
        """All that inference may read, folded in or not, oldest first.

        What was once folded in is of no use for checks any more, also where it would
        be held out today.
        """
        folded, tried = self._ledger()
        read = folded | tried
        return sorted(
            e
            for e in self.entries()
            if e.id not in aside and (not e.held or e.id in read)
        )

    def read(self, entries: Sequence[Entry]) -> Iterator[Interaction]:
        """The interactions themselves, in the order of ``entries``."""
        if all(entry.id in self._waiting for entry in entries):
            yield from (self._waiting[entry.id] for entry in entries)
            return
        with self.path.open("rb") as file:
            for entry in entries:
                if entry.id in self._waiting:
                    yield self._waiting[entry.id]
                    continue
                file.seek(entry.offset)
                yield from_record(json.loads(file.readline()))

    def _scan(self) -> Iterator[Entry]:
        when = _EARLIEST
        for number, (offset, row) in enumerate(_rows_at(self.path)):
            deed = _deed(row, self.path, offset)
            when = deed.at or when
            yield self._entry(deed, when, number, offset)

    def _entry(
        self, deed: Interaction, when: datetime, number: int, offset: int
    ) -> Entry:
        return Entry(
            when,
            number,
            offset,
            deed.id,
            deed.source,
            held_out(deed, share=self.held_share, rivalled=self._rivalled),
            deed.at,
            deed.rating,
            bool(deed.query.strip()),
        )

    def _rivalled(self, message: Interaction) -> bool:
        return self.rivals is not None and self.rivals.known(message)

    def forget(self, gone: Collection[str]) -> bytes:
        """The archive without some interactions, to be written by the caller."""
        kept = bytearray()
        for _, row in _rows_at(self.path):
            if row.get("id") not in gone:
                kept += json.dumps(row, ensure_ascii=False).encode() + b"\n"
        return bytes(kept)

    def cursors(self) -> dict[str, Any]:
        """What was known of the logs when they were last read."""
        try:
            found = json.loads(self.cursor_path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict) or found.get("readers") != READERS:
            return {}
        return found

    def save_cursors(self, files: dict[str, list[Any]], *, pending: int) -> None:
        """Remember the logs, and that so much is left to fold in."""
        found = {
            "readers": READERS,
            "files": files,
            "pending": pending,
            "sizes": self.sizes(),
        }
        write_whole(self.cursor_path, json.dumps(found).encode())

    def sizes(self) -> list[int]:
        """Bytes of archive and ledger: unchanged sizes mean nothing was folded."""
        return [
            path.stat().st_size if path.exists() else 0
            for path in (self.path, self.folded_path)
        ]


def folded_line(
    ids: Sequence[str], *, version: int, counted: bool = True, tried: bool = False
) -> bytes:
    """A line of the ledger: these interactions are in the profile since ``version``.

    counted: its front matter counts them; False when nothing changed, and so nothing
             was written
    tried:   they are not in it: held-out choices spoke against what they led to
    """
    line: dict[str, Any] = {"version": version, "counted": counted, "ids": list(ids)}
    if tried:
        line["tried"] = True
    return json.dumps(line).encode() + b"\n"


def stamp(path: Path, format: str | None) -> list[Any]:
    """What must not change for a log to count as read."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, format]


def _line(interaction: Interaction) -> bytes:
    text = json.dumps(to_record(interaction), ensure_ascii=False)
    return text.encode("utf-8", "replace") + b"\n"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return (row for _, row in _rows_at(path))


def _rows_at(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(offset, row) of each whole line; a torn last line is left for the healer."""
    if not path.exists():
        return
    with path.open("rb") as file:
        offset = 0
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise _damaged(path, number) from error
                if not isinstance(row, dict):
                    raise _damaged(path, number)
                yield offset, row
            offset += len(line)


def _deed(row: dict[str, Any], path: Path, offset: int) -> Interaction:
    try:
        return from_record(row)
    except ValueError as error:
        raise InputError(
            f"{path}: byte {offset}: not an interaction ({error})",
            remedy=f"Move {path.name} away; the logs are then read again.",
        ) from error


def _damaged(path: Path, number: int) -> InputError:
    return InputError(
        f"{path}:{number}: damaged",
        remedy=f"Move {path.name} away; the logs are then read again.",
    )
