"""This machine's copy of the interactions, redacted, and how far they are folded in.

    .state/archive.jsonl   every interaction that was read, in order of arrival
    .state/folded.jsonl    one line a window: the ids it folded in, or tried to
    .state/cursors.json    size and time of each log when it was last read whole
    .state/index.db        what is known of each interaction; a cache (see index.py)

The archive comes first: an interaction is in it, on disk, before a model sees it,
so a run that is killed goes on from here though the log be gone. ``folded`` grows in
the same transaction as the profile. The cursors only save time: without them the
logs are read again, and every interaction is recognised by its id.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from persona_cli import index_file, ledger
from persona_cli.files import append_whole, heal_tail, write_whole
from persona_cli.index import FORM, Entries, Entry, Index
from persona_cli.interaction import Interaction, is_mark, mark
from persona_cli.ledger import ARCHIVE, CURSORS, FOLDED, damaged, records, sealed
from persona_cli.logs.archive import from_record, to_record
from persona_cli.places import INDEX
from persona_cli.rivals import Rivals
from persona_cli.stamps import made_of

# Raised when readers learn to see more: the cursors of an older one are not believed.
READERS = 2

# Interactions are written to disk by so many bytes at a time.
_CHUNK = 1 << 20


class Archive:
    """The interactions of one profile on this machine.

    held_share: of the interactions that can be asked again, see ``split.held_out``
    rivals:     what others replied; None holds no message out
    """

    def __init__(
        self, state: Path, *, held_share: float, rivals: Rivals | None = None
    ) -> None:
        self.state = state
        self.path = state / ARCHIVE
        self.folded_path = state / FOLDED
        self.cursor_path = state / CURSORS
        self.index_path = state / INDEX
        self.held_share = held_share
        self.rivals = rivals
        self._index: Index | None = None
        self._made_of: list[Any] = []
        self._marked = 0  # bytes of the ledger that the index has
        self._note: dict[str, Any] = self.cursors().get("index") or {}
        self._chunk = bytearray()
        self._end: int | None = None  # of the file, once the chunk is written
        self._waiting: dict[str, Interaction] = {}  # a dry run's: never written

    def entries(self) -> Entries:
        """Every interaction, in order of arrival."""
        return self._known().every()

    def knows(self, id: str) -> bool:
        """Whether an interaction is here, or was, and is not to come again."""
        # Asked for each line of a log: the ledger is not looked at again.
        return (self._index or self._known()).knows(id)

    def add(self, interactions: Iterable[Interaction], *, write: bool = True) -> int:
        """Take in what is not here yet; on disk after ``flush``.

        write:  False keeps it in memory, for a run that writes nothing
        Shape:  the number that was new
        """
        if write and self._end is None:
            if self._made_of != self._stamps():
                self._index = None  # from before the lock, and stale
            heal_tail(self.path)
            self._end = self.path.stat().st_size if self.path.exists() else 0
        index = self._known()
        forgets = index.forgets()
        new = 0
        for interaction in interactions:
            if index.knows(interaction.id):
                continue
            if forgets and index.knows(mark(interaction.id)):
                continue
            new += 1
            if not write or self._end is None:
                self._waiting[interaction.id] = interaction
                index.add(interaction, -1)
                continue
            index.add(interaction, self._end)
            line = _line(interaction)
            self._end += len(line)
            self._chunk += line
            if len(self._chunk) >= _CHUNK:
                self.flush()
        return new

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
        for _, line in records(self.folded_path):
            found[bool(line.get("tried"))].update(line["ids"])
        return found

    def uncounted(self) -> Entries:
        """Folded in without a change since the front matter last counted."""
        return self._known().uncounted()

    def pending(self, *, aside: Collection[str] = (), retry: bool = False) -> Entries:
        """What is still to be folded in, oldest first.

        aside: ids to leave out
        retry: what was tried already is taken up again
        """
        return self._known().pending(aside=aside, retry=retry)

    def readable(self, *, aside: Collection[str] = ()) -> Entries:
        """All that inference may read, folded in or not, oldest first.

        What was once folded in is of no use for checks any more, also where it would
        be held out today.
        """
        return self._known().readable(aside=aside)

    def last_folded(self, most: int, *, aside: Collection[str] = ()) -> list[Entry]:
        """The latest interactions that some version has taken in, oldest first."""
        return self._known().last_folded(most, aside=aside)

    def held(self, *, aside: Collection[str] = (), rated: bool) -> Entries:
        """What is held out and was never read: ratings, or all that is none."""
        return self._known().held(aside=aside, rated=rated)

    def read(self, entries: Sequence[Entry]) -> Iterator[Interaction]:
        """The interactions themselves, in the order of ``entries``."""
        self.flush()
        if all(entry.id in self._waiting for entry in entries):
            yield from (self._waiting[entry.id] for entry in entries)
            return
        with self.path.open("rb") as file:
            for entry in entries:
                if entry.id in self._waiting:
                    yield self._waiting[entry.id]
                    continue
                file.seek(entry.offset)
                content = ledger.unsealed(file.readline(), of=ARCHIVE) or {}
                yield _deed(content, self.path, entry.offset)

    def _known(self) -> Index:
        """The index, with what the ledger says by now."""
        length = ledger.whole_length(self.folded_path)
        if self._index is None or length < self._marked:
            self._made_of = self._stamps()
            self._index = self._new_index()
        if length > self._marked:
            for _, line in records(self.folded_path, start=self._marked):
                tried, counted = bool(line.get("tried")), line.get("counted", True)
                self._index.mark(line["ids"], tried=tried, counted=bool(counted))
            self._marked = length
        return self._index

    def _new_index(self) -> Index:
        """What an earlier run kept of these very files, or else of each line anew."""
        index = Index(self.held_share, self._rivalled)
        self._marked = 0
        if index_file.load(index, self.index_path, self._note, self._made_of):
            self._marked = ledger.whole_length(self.folded_path)
            return index
        index = Index(self.held_share, self._rivalled)
        for offset, row in records(self.path):
            index.add(_deed(row, self.path, offset), offset)
        return index

    def keep_index(self) -> None:
        """Save the next run from making the index anew."""
        index = self._known()
        self.flush()
        if index.changed:
            self._made_of = self._stamps()
            self._note = index_file.keep(index, self.index_path, self._made_of)

    def _stamps(self) -> list[Any]:
        """What an index is made of: it is believed as long as this is the same."""
        return [FORM, self.held_share, *made_of(self.path, self.folded_path)]

    def _rivalled(self, asked: int, reply: int) -> bool:
        return self.rivals is not None and self.rivals.knows(asked, reply)

    def forget(self, gone: Collection[str]) -> bytes:
        """The archive without some interactions, to be written by the caller."""
        return b"".join(
            line.content
            for line in ledger.lines(self.path)
            if line.record is None or line.record.get("id") not in gone
        )

    def unnamed(self, gone: Collection[str], *, version: int) -> bytes:
        """The ledger, some ids of it marks, to be written by the caller.

        They are all in it then, so that none is taken in again.

        gone: ids or marks; see ``interaction.mark``
        """
        marks = {mark(one) for one in gone}
        kept = []
        for _, record in records(self.folded_path):
            ids = [mark(one) if mark(one) in marks else one for one in record["ids"]]
            kept.append(sealed({**record, "ids": ids}) + b"\n")
        kept.append(folded_line(sorted(marks), version=version, counted=False))
        return b"".join(kept)

    def unmarked(self, ids: Collection[str]) -> set[str]:
        """Ids, and those of the archive that marks among them stand for.

        Where this machine itself forgot them, the archive has none of them any more.
        """
        known = self._known()
        marks = {one for one in ids if is_mark(one) and not known.knows(one)}
        found = {one for one in ids if not is_mark(one)}
        if marks:
            found |= {entry.id for entry in self.entries() if mark(entry.id) in marks}
        return found

    def cursors(self) -> dict[str, Any]:
        """What was known of the logs when they were last read."""
        found = ledger.cursors(self.state) or {}
        return found if found.get("readers") == READERS else {}

    def save_cursors(self, files: dict[str, list[Any]], *, pending: int) -> None:
        """Remember the logs, and that so much is left to fold in."""
        found = {
            "readers": READERS,
            "files": files,
            "pending": pending,
            "sizes": self.sizes(),
            "index": self._note,
        }
        write_whole(self.cursor_path, sealed(found))

    def sizes(self) -> list[int]:
        """Bytes of archive and ledger: unchanged sizes mean nothing was folded."""
        return [ledger.whole_length(path) for path in (self.path, self.folded_path)]


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
    return sealed(line) + b"\n"


def _line(interaction: Interaction) -> bytes:
    return sealed(to_record(interaction)) + b"\n"


def _deed(row: dict[str, Any], path: Path, offset: int) -> Interaction:
    try:
        return from_record(row)
    except ValueError as error:
        where = f": byte {offset}"
        raise damaged(path, where, f"not an interaction ({error})") from error
