"""Logs to the archive: what is new, guarded, and safely on this machine."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from persona_cli.allowed import NOTHING, Allows
from persona_cli.archive import Archive
from persona_cli.errors import InputError, UsageError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.logs import GoesOn, Tally, find_logs, read_log, read_stream
from persona_cli.stamps import begins_as_it_was, digest, read_as, stamp, was_read


@dataclass(slots=True)
class Gathered:
    """What reading the logs came to.

    logs:      files that were read; unchanged ones are not
    new:       interactions that were not known before
    left_out:  reason -> interactions the guard did not let pass
    redacted:  rule -> texts replaced
    early:     interactions before ``since``
    broken:    logs of a folder that could not be read to their end
    fault:     of the first of them
    """

    tally: Tally = field(default_factory=Tally)
    logs: int = 0
    unchanged: int = 0
    new: int = 0
    early: int = 0
    broken: int = 0
    fault: str = ""
    left_out: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)


def up_to_date(
    archive: Archive,
    paths: Sequence[Path],
    format: str | None,
    me: Sequence[str] = (),
) -> bool:
    """Whether nothing has changed since everything was folded in.

    Costs one look at each file's size and time, and reads none of them.
    """
    cursors = archive.cursors()
    if cursors.get("pending") != 0 or cursors.get("sizes") != archive.sizes():
        return False
    files, how = cursors["files"], read_as(format, me)
    return all(files.get(log_key(path), [])[:3] == stamp(path, how) for path in paths)


def gather(
    archive: Archive,
    names: Sequence[str],
    *,
    root: Path,
    stdin: BinaryIO,
    format: str | None = None,
    since: datetime | None = None,
    max_record: int,
    allows: Allows = NOTHING,
    write: bool = True,
    watch: Callable[[str, int], None] = lambda _name, _count: None,
    found: Sequence[Path] | None = None,
    me: Sequence[str] = (),
) -> Gathered:
    """Read logs, guard what they tell, and put it into the archive.

    names:  files, folders, globs; ``-`` is ``stdin``
    since:  interactions before it are left for another time
    allows: what may be kept though it looks like a secret
    write:  False leaves the disk alone
    watch:  called with each log's name and the interactions so far
    found:  logs that nobody named one by one, in place of ``names``
    me:     the user's own addresses, for mailboxes
    Raises: InputError when a log that was named cannot be read; one that was
            found in a folder is passed over, and noted
    """
    result = Gathered()
    if found is None:
        paths = find_logs([name for name in names if name != "-"], inside=root)
    else:
        paths = list(found)
    named = {str(Path(name)) for name in names}
    files: dict[str, list[Any]] = archive.cursors().get("files", {})
    for path in paths:
        mark = stamp(path, read_as(format, me))
        if was_read(files.get(log_key(path), []), path, mark):
            result.unchanged += 1
            files[log_key(path)][:3] = mark
            continue
        log = read_log(
            path,
            tally=result.tally,
            format=format,
            max_record=max_record,
            me=me,
            after=_grown(files.get(log_key(path), []), path, mark),
        )
        early, broken = result.early, result.broken
        if str(path) not in named:
            log = _as_far_as_it_goes(log, result)
        result.new += archive.add(
            _passed(log, archive, result, since, allows), write=write
        )
        if result.broken > broken:
            continue
        result.logs += 1
        if result.early == early:  # else there is something left to read
            files[log_key(path)] = _cursor(path, mark, result.tally)
        watch(path.name, result.new)
    if "-" in names:
        log = read_stream(
            stdin,
            name="stdin",
            tally=result.tally,
            format=format,
            max_record=max_record,
            me=me,
        )
        result.new += archive.add(
            _passed(log, archive, result, since, allows), write=write
        )
        result.logs += 1
    if write:
        archive.flush()  # before the cursors, which say that it is there
        archive.save_cursors(files, pending=-1)
    return result


def settle(archive: Archive) -> None:
    """Remember that everything that was read is folded in."""
    archive.keep_index()
    files = archive.cursors().get("files", {})
    archive.save_cursors(files, pending=len(archive.pending()))


def _cursor(path: Path, mark: list[Any], tally: Tally) -> list[Any]:
    """A log's stamp and digest; and from where to go on, if that is where it ends."""
    found = [*mark, *digest(path, mark)]
    if len(found) == 4 and tally.goes_on and tally.goes_on.place == mark[0]:
        found += tally.goes_on[1:]  # where it ends is its size
    return found


def _grown(cursor: Sequence[Any], path: Path, now: list[Any]) -> GoesOn | None:
    """Where a log goes on that is as it was, but longer; None when it is not."""
    match cursor:
        case [int(size), _, how, known, int(lines), str(format)] if (
            size < now[0] and how == now[2]
        ):
            if begins_as_it_was(path, size, known):
                return GoesOn(size, lines, format)
    return None


def log_key(path: Path) -> str:
    """A log's name among the cursors: the same from wherever it is named."""
    return os.path.abspath(path)  # noqa: PTH100 (a log may be a link, and is meant)


def _as_far_as_it_goes(
    log: Iterator[Interaction], result: Gathered
) -> Iterator[Interaction]:
    """A log that nobody named: what is wrong with it is noted, and the run goes on.

    Caught here and not around the archive, whose own faults (a full disk) end it.
    """
    try:
        yield from log
    except (InputError, UsageError) as error:
        result.broken += 1
        result.fault = result.fault or str(error)
        result.tally.note(f"{error}; passed over")


def _passed(
    log: Iterator[Interaction],
    archive: Archive,
    result: Gathered,
    since: datetime | None,
    allows: Allows,
) -> Iterator[Interaction]:
    """What of a log may be learned from, guarded."""
    for interaction in log:
        if archive.knows(interaction.id):
            continue  # before the guard, which costs more than all the rest
        if since is not None and interaction.at and interaction.at < since:
            result.early += 1
            continue
        guarded = guard(interaction, allows)
        result.redacted.update(guarded.redacted)
        if guarded.interaction is None:
            result.left_out[guarded.dropped or "left out"] += 1
        else:
            yield guarded.interaction
