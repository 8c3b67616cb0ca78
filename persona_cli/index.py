"""What is known of each interaction in the archive, in a table larger than memory.

    .state/index.db    a table of SQLite's, made from archive.jsonl and folded.jsonl

Nothing is true because it stands here. A run works on a copy of its own, which goes
with the run; what is kept is believed only while its hash, and the files it was made
from, are as they were noted. Otherwise it is made anew.
"""

import sqlite3
import weakref
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, overload

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.rivals import asked_and_reply
from persona_cli.split import held_out

# Of the table below: one of another form is made anew.
FORM = 1

# For pages of the table, in KiB.
_MEMORY = 16 << 10
_BATCH = 500

# SQLite's numbers have a sign; hashes have none.
_SIGN = 1 << 63

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND

# A row without a place is of something forgotten: the ledger alone still knows its id.
# ``state``: 0 new, 1 tried, 2 folded in, 3 folded in but not counted yet.
# ``held``:  0 no, 1 yes, 2 when somebody else's reply is known.
_TABLE = """
CREATE TABLE deed (
  number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, place INTEGER, source BLOB,
  time INTEGER, dated INTEGER, rating REAL, replies INTEGER,
  held INTEGER, asked INTEGER, reply INTEGER, state INTEGER NOT NULL);
CREATE INDEX uncounted ON deed (state) WHERE state = 3;
"""
_INSERT = (
    "INSERT OR IGNORE INTO deed (id, place, source, time, dated, rating, replies, held,"
    " asked, reply, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
)
_MARK_TRIED = "UPDATE deed SET state = 1 WHERE id = ? AND state = 0"
_MARK_FOLDED = (
    "INSERT INTO deed (id, state) VALUES (?, 3)"
    " ON CONFLICT (id) DO UPDATE SET state = 3 WHERE state < 2"
)
_MARK_COUNTED = _MARK_FOLDED.replace("3", "2")
_COUNT = "UPDATE deed SET state = 2 WHERE state = 3"
_HELD = "(held = 1 OR (held = 2 AND rivalled(asked, reply)))"
_ENTRY = f"number, place, id, source, time, dated, rating, replies, {_HELD}"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Where an interaction stands in the archive.

    when:    its time; that of the one before it when the log did not say
    number:  in order of arrival, from 1
    offset:  its first byte in the archive; -1 where it is in memory alone
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


class Entries(Sequence[Entry]):
    """Many entries, of which only the numbers are in memory: 8 bytes each.

    A slice looks at the same numbers.
    """

    def __init__(self, index: "Index", numbers: "array[int]", span: range) -> None:
        self._index, self._numbers, self._span = index, numbers, span

    def __len__(self) -> int:
        return len(self._span)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> "Entries": ...
    def __getitem__(self, place: int | slice) -> "Entry | Entries":
        if isinstance(place, slice):
            return Entries(self._index, self._numbers, self._span[place])
        return self._index.numbered([self._numbers[self._span[place]]])[0]

    def __iter__(self) -> Iterator[Entry]:
        for start in range(0, len(self._span), _BATCH):
            batch = self._span[start : start + _BATCH]
            yield from self._index.numbered([self._numbers[n] for n in batch])


class Index:
    """The entries of one archive, and what has been done with each.

    share:    of the interactions that can be asked again; see ``split.held_out``
    rivalled: hashes of what was asked and of the reply -> whether somebody else's
              reply is known
    changed:  since it was loaded
    Raises:   InputError, from every method, when there is no room for it
    """

    def __init__(self, share: float, rivalled: Callable[[int, int], bool]) -> None:
        self._share = share
        self._rivalled = rivalled
        self._new: dict[bytes, tuple[Any, ...]] = {}  # not in the table yet
        self._time = _EARLIEST
        self.changed = False
        with _faults_named():
            # It has no name: a file that is nobody else's, and goes with the process.
            self._table = sqlite3.connect("", isolation_level=None)
            weakref.finalize(self, self._table.close)
            self._set_up()
            self._table.executescript(_TABLE)
            self._table.execute("BEGIN")

    def load(self, path: Path) -> bool:
        """Take over a table that was kept; False when it is none."""
        try:
            with _kept(path, "mode=ro&immutable=1") as kept:
                self._table.execute("COMMIT")
                kept.backup(self._table)
            self._set_up()
            self._table.execute("BEGIN")
            last = "SELECT time FROM deed WHERE place >= 0 ORDER BY number DESC LIMIT 1"
            for (time,) in self._table.execute(last):
                self._time = time
        except sqlite3.Error:
            return False
        return True

    def keep(self, path: Path) -> None:
        """Write the table to a file that is there, and empty."""
        self._settle()
        with _faults_named(), _kept(path, "mode=rw") as kept:
            self._table.execute("COMMIT")
            self._table.backup(kept)
            self._table.execute("BEGIN")

    def add(self, deed: Interaction, place: int) -> None:
        """Note an interaction that stands at this byte; the first of an id counts."""
        if deed.at is not None:
            time = (deed.at - _EPOCH) // _MICROSECOND
            self._time = min(max(time, _EARLIEST), _LATEST)
        held, asked, reply = self._lot(deed)
        key, dated = _packed(deed.id), deed.at is not None
        what = (key, place, _packed(deed.source), self._time, dated, deed.rating)
        how = (bool(deed.query.strip()), held, asked, reply)
        self._new.setdefault(key, (*what, *how))
        self.changed = True
        if len(self._new) >= _BATCH:
            self._settle()

    def knows(self, id: str) -> bool:
        """Whether an interaction is here, or was and is forgotten."""
        packed = _packed(id)
        if packed in self._new:
            return True
        found = self._ask("SELECT 1 FROM deed WHERE id = ?", packed)
        return found.fetchone() is not None

    def forgets(self) -> bool:
        """Whether it has marks of what is forgotten; see ``interaction.mark``."""
        self._settle()
        found = self._ask(  # from # to $
            "SELECT 1 FROM deed WHERE id >= X'23' AND id < X'24' AND length(id) = 17"
            " LIMIT 1"
        )
        return found.fetchone() is not None

    def mark(self, ids: Iterable[str], *, tried: bool, counted: bool) -> None:
        """Note what the ledger says of some ids; see ``archive.folded_line``."""
        self._settle()
        self.changed = True
        keys = ((_packed(key),) for key in ids)
        with _faults_named():
            if tried:
                self._table.executemany(_MARK_TRIED, keys)
                return
            if counted:
                self._table.execute(_COUNT)
            self._table.executemany(_MARK_COUNTED if counted else _MARK_FOLDED, keys)

    def every(self) -> Entries:
        """All, in order of arrival."""
        return self._entries("1 ORDER BY number")

    def pending(self, *, aside: Collection[str], retry: bool) -> Entries:
        """What inference may read and no version has taken in, oldest first."""
        where = f"state <= {int(retry)} AND NOT {_HELD} ORDER BY time, number"
        return self._entries(where, aside)

    def readable(self, *, aside: Collection[str]) -> Entries:
        """What inference may read or has read, oldest first."""
        where = f"(state > 0 OR NOT {_HELD}) ORDER BY time, number"
        return self._entries(where, aside)

    def held(self, *, aside: Collection[str], rated: bool) -> Entries:
        """What no inference has read, to be asked; ratings, or all else."""
        rating = "NOT NULL" if rated else "NULL"
        where = f"state = 0 AND rating IS {rating} AND {_HELD} ORDER BY number"
        return self._entries(where, aside)

    def uncounted(self) -> Entries:
        """Folded in, but not counted in the front matter."""
        return self._entries("state = 3 ORDER BY number")

    def last_folded(self, most: int, *, aside: Collection[str]) -> list[Entry]:
        """The latest that some version has taken in, oldest first."""
        limit = most + len(aside)
        order = f"ORDER BY time DESC, number DESC LIMIT {limit}"
        found = self._entries(f"state >= 2 {order}", aside)
        return list(found[:most])[::-1]

    def numbered(self, numbers: Sequence[int]) -> list[Entry]:
        """The entries of these numbers, in their order."""
        marks = ", ".join("?" * len(numbers))
        rows = self._ask(
            f"SELECT {_ENTRY} FROM deed WHERE number IN ({marks})",  # noqa: S608
            *numbers,
        )
        found = {row[0]: _entry(row) for row in rows}
        return [found[number] for number in numbers]

    def _entries(self, where: str, aside: Collection[str] = ()) -> Entries:
        self._settle()
        left_out = {
            number
            for key in aside
            for (number,) in self._ask(
                "SELECT number FROM deed WHERE id = ?", _packed(key)
            )
        }
        rows = self._ask(
            f"SELECT number FROM deed WHERE place IS NOT NULL AND {where}"  # noqa: S608
        )
        numbers = array("q", (n for (n,) in rows if n not in left_out))
        return Entries(self, numbers, range(len(numbers)))

    def _lot(self, deed: Interaction) -> tuple[int, int | None, int | None]:
        """Whether it is held out: no, yes, or when the last two find a rival."""
        if held_out(deed, share=self._share):
            return 1, None, None
        if held_out(deed, share=self._share, rivalled=lambda _: True):
            asked, reply = asked_and_reply(deed)
            return 2, asked - _SIGN, reply - _SIGN
        return 0, None, None

    def _settle(self) -> None:
        if self._new:
            with _faults_named():
                self._table.executemany(_INSERT, self._new.values())
            self._new.clear()

    def _ask(self, sql: str, *values: object) -> sqlite3.Cursor:
        with _faults_named():
            return self._table.execute(sql, values)

    def _set_up(self) -> None:
        rivalled = self._rivalled

        def is_rivalled(asked: int | None, reply: int | None) -> bool:
            if asked is None or reply is None:  # SQLite may ask before it has to
                return False
            return rivalled(asked + _SIGN, reply + _SIGN)

        self._table.create_function("rivalled", 2, is_rivalled)
        for setting in ("journal_mode = OFF", "synchronous = OFF"):
            self._table.execute(f"PRAGMA {setting}")
        self._table.execute(f"PRAGMA cache_size = -{_MEMORY}")


def _entry(row: tuple[Any, ...]) -> Entry:
    number, place, key, source, time, dated, rating, replies, held = row
    when = _EPOCH + timedelta(microseconds=time)
    return Entry(
        when,
        number,
        place,
        _unpacked(key),
        _unpacked(source),
        bool(held),
        when if dated else None,
        rating,
        bool(replies),
    )


def _packed(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unpacked(packed: bytes) -> str:
    return packed.decode("utf-8", "surrogatepass")


@contextmanager
def _kept(path: Path, how: str) -> Iterator[sqlite3.Connection]:
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
    ) as kept:
        kept.execute("PRAGMA journal_mode = OFF")
        kept.execute("PRAGMA synchronous = OFF")
        yield kept


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(
            f"the index of the archive: {error}",
            remedy="Free some space in the folder for temporary files; see TMPDIR.",
        ) from error
