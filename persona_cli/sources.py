"""What is on this machine to learn from: how much is new, how old, and for how long.

Read-only: of each log its name, size and time, and where asked for, its records, which
are counted and let go. Nothing is written anywhere, and no word of a log is kept.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from persona_cli.archive import Archive
from persona_cli.enabled import Enabled, Wish, enabled
from persona_cli.errors import InputError, UsageError
from persona_cli.gather import log_key
from persona_cli.gather_each import Batch
from persona_cli.known_sources import (
    KEPT_DAYS,
    SOURCES,
    Surroundings,
    claude_folder,
    known_source,
)
from persona_cli.logs import Tally, find_logs, read_log
from persona_cli.stamps import read_as, stamp, was_read

# Of each source so many bytes are read to count, the newest logs first: a few seconds,
# which a person waits.
MOST_BYTES = 128 << 20

# A log that will go within so many days is spoken of.
SOON = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Going:
    """Logs that the program which wrote them will soon delete.

    logs:  that is, so many of those that were not read yet
    first: when the first of them may go
    """

    logs: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One source, as it is now.

    name:    as it is enabled, or would be
    says:    what it is
    where:   folder or file
    logs:    files
    unread:  files that are new, or have changed, since this profile read them
    new:     interactions in those that this profile does not know, before the guard,
             which leaves some out; None where none was counted
    counted: files of those that were read for it, to the end
    newest, oldest: when a file was last written; None without files
    named:   ``persona.yaml`` names it
    agreed:  and the person at this machine agreed to that
    drops:   it can be found, and not followed
    going:   None where nothing is soon deleted
    fault:   why it cannot be read
    """

    name: str
    says: str
    where: str
    logs: int = 0
    unread: int = 0
    new: int | None = None
    counted: int = 0
    newest: datetime | None = None
    oldest: datetime | None = None
    named: bool = False
    agreed: bool = False
    drops: bool = False
    going: Going | None = None
    fault: str = ""


def batch_of(
    wish: Wish, *, root: Path, around: Surroundings, me: Sequence[str] = ()
) -> Batch:
    """The logs of a source that is named; none, with the fault, where it is wrong.

    me: the user's own addresses, where the source has none of its own
    """
    known = known_source(wish.name) if wish.path is None else None
    if known is not None:
        paths = known.files(around)
        there = paths or any(folder.is_dir() for folder, _ in known.places(around))
        fault = "" if there else f"{where_of(wish, root, around)}: is not there"
        return Batch(wish.name, tuple(paths), known.format, fault=fault)
    try:
        paths = find_logs([where_of(wish, root, around)], inside=root)
    except InputError as error:
        return Batch(wish.name, (), wish.reader, fault=str(error))
    if not _of_this_machine(wish.path or ""):
        # Beside the profiles lies what others may have put there: a link of theirs
        # could lead to any file.
        paths = [p for p in paths if os.path.realpath(p) == os.path.normpath(p)]
    return Batch(wish.name, tuple(paths), wish.reader, wish.me or tuple(me))


def batches(
    root: Path, around: Surroundings, *, me: Sequence[str] = ()
) -> tuple[list[Batch], list[str]]:
    """The logs of all that is enabled, and the names of what nobody agreed to here.

    Raises: InputError when ``persona.yaml`` names them wrongly
    """
    followed = enabled(root)
    return (
        [
            batch_of(one.wish, root=root, around=around, me=me)
            for one in followed
            if one.agreed
        ],
        [one.wish.name for one in followed if not one.agreed],
    )


def sources(
    root: Path,
    archive: Archive | None,
    around: Surroundings,
    *,
    now: datetime,
    max_record: int,
    me: Sequence[str] = (),
    quick: bool = False,
) -> Iterator[Found]:
    """Everything that was found, and everything that is named.

    archive: of the profile that is meant; None where there is none yet, and all is new
    quick:   count files alone
    Order:   of the table of known sources, then of ``persona.yaml``
    Raises:  InputError when ``persona.yaml`` names them wrongly
    """
    followed = {one.wish.name: one for one in enabled(root)}
    cursors = archive.cursors().get("files", {}) if archive is not None else {}
    look = _Look(archive, cursors, now, max_record, quick=quick)
    for known in SOURCES:
        one = followed.pop(known.name, None)
        batch = Batch(known.name, tuple(known.files(around)), known.format)
        if batch.paths or one is not None:
            where = where_of(Wish(known.name), root, around)
            if known.drops:
                yield look.at(batch, known.says, where, one, drops=True)
                continue
            days = kept_days(around) if known.name == "claude-code" else None
            yield look.at(batch, known.says, where, one, days=days)
    for one in followed.values():
        batch = batch_of(one.wish, root=root, around=around, me=me)
        yield look.at(
            batch, one.wish.reader or "", where_of(one.wish, root, around), one
        )


@dataclass(frozen=True, slots=True)
class _Look:
    archive: Archive | None
    cursors: dict[str, list[object]]
    now: datetime
    max_record: int
    quick: bool

    def at(
        self,
        batch: Batch,
        says: str,
        where: str,
        one: Enabled | None,
        *,
        days: int | None = None,
        drops: bool = False,
    ) -> Found:
        times = sorted(
            (status.st_mtime, status.st_size, path)
            for path in batch.paths
            if (status := _status(path)) is not None
        )
        unread = [found for found in times if not self._was_read(found[2], batch)]
        new, counted = (None, 0) if self.quick or drops else self._count(unread, batch)
        return Found(
            name=batch.name,
            says=says,
            where=where,
            logs=len(times),
            unread=len(unread),
            new=new,
            counted=counted,
            newest=_moment(times[-1][0]) if times else None,
            oldest=_moment(times[0][0]) if times else None,
            named=one is not None,
            agreed=one is not None and one.agreed,
            drops=drops,
            going=self._going([found[0] for found in unread], days),
            fault=batch.fault,
        )

    def _was_read(self, path: Path, batch: Batch) -> bool:
        """Whether it was read as it is now: as its source's, or by its name alone."""
        cursor = self.cursors.get(log_key(path), [])
        try:
            return any(
                was_read(cursor, path, stamp(path, how))
                for how in (read_as(batch.format, batch.me), read_as(None, batch.me))
            )
        except OSError:
            return False

    def _count(
        self, unread: Sequence[tuple[float, int, Path]], batch: Batch
    ) -> tuple[int | None, int]:
        """Interactions that are not known, and the logs that were read for them."""
        new, counted, room = 0, 0, MOST_BYTES
        seen: set[str] = set()
        for _, size, path in reversed(unread):
            room -= size
            if room < 0:
                break
            counted += 1
            try:
                for deed in read_log(
                    path,
                    tally=Tally(),
                    format=batch.format,
                    max_record=self.max_record,
                    now=self.now,
                    me=batch.me,
                ):
                    known = self.archive is not None and self.archive.knows(deed.id)
                    if not known and deed.id not in seen:
                        seen.add(deed.id)
                        new += 1
            except (InputError, UsageError):
                continue
        return (new if counted or not unread else None), counted

    def _going(self, times: Sequence[float], days: int | None) -> Going | None:
        if days is None:
            return None
        ends = [_moment(time) + timedelta(days=days) for time in times]
        soon = [end for end in ends if end - self.now <= SOON]
        return Going(len(soon), min(soon)) if soon else None


def kept_days(around: Surroundings) -> int:
    """For how many days Claude Code keeps a session that nobody goes on with.

    Source: ``cleanupPeriodDays`` of its settings.json; 30 where it says nothing
    """
    try:
        content = (claude_folder(around) / "settings.json").read_bytes()[: 1 << 20]
        found = json.loads(content)
    except (OSError, ValueError, RecursionError):
        return KEPT_DAYS
    days = found.get("cleanupPeriodDays") if isinstance(found, dict) else None
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days < 100_000:
        return KEPT_DAYS
    return days


def where_of(wish: Wish, root: Path, around: Surroundings) -> str:
    """The folder, file or glob that a source is read from."""
    if wish.path is None:
        known = known_source(wish.name)
        assert known is not None  # noqa: S101 (enabled.py saw to it)
        folder, pattern = next(iter(known.places(around)))
        return str(folder if "*" in pattern else folder / pattern)
    if wish.path == "~" or wish.path.startswith("~/"):
        return str(around.home / wish.path[2:])
    if _of_this_machine(wish.path):
        return wish.path
    return os.path.join(os.path.realpath(root), wish.path)  # noqa: PTH118 (a glob)


def _of_this_machine(path: str) -> bool:
    """Whether a path starts somewhere else than beside the profiles."""
    return path.startswith(("/", "~"))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(time, UTC)
