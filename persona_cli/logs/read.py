"""A log becomes interactions."""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.logs import export
from persona_cli.logs.export import Beside, nothing_beside
from persona_cli.logs.failures import cannot_read, not_a_file, printable
from persona_cli.logs.formats import FORMATS, check_format
from persona_cli.logs.log import Log
from persona_cli.logs.mail import address
from persona_cli.logs.records import counted, interactions, is_log
from persona_cli.logs.sniff import holds_conversations, is_page, shape_of
from persona_cli.logs.source import Source
from persona_cli.logs.tally import GoesOn, Tally
from persona_cli.logs.whole import HEAD, WHOLE, whole_format
from persona_cli.logs.zipped import BombError, Zip, is_zip, opened_zip

__all__ = ["FORMATS", "MAX_RECORD", "read_log", "read_stream"]

MAX_RECORD = 1 << 20

# In a vendor's export a record is a whole conversation, of so many long messages; but
# no more bytes than these, unless ``max_record`` is more. Read, it takes 8 times that.
CONVERSATION = 32
LONGEST_CONVERSATION = 64 << 20

_EXPORTS = ("chatgpt", "claude-ai")

# A clock may be a little wrong, a time zone forgotten.
_LEEWAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _How:
    """How a log is to be read, as ``read_log`` was told."""

    format: str | None
    max_record: int
    now: datetime | None
    me: Collection[str]
    beside: Beside = nothing_beside
    after: GoesOn | None = None


def read_log(
    path: Path,
    *,
    tally: Tally,
    format: str | None = None,
    max_record: int = MAX_RECORD,
    now: datetime | None = None,
    me: Collection[str] = (),
    after: GoesOn | None = None,
) -> Iterator[Interaction]:
    """What a log file tells of, in its order; of a zip, what the logs in it tell of.

    format:     one of FORMATS; None to find out
    max_record: bytes; longer records are skipped, and counted. A record that is a
                conversation of an export may be CONVERSATION times as long, up to
                LONGEST_CONVERSATION, and each of its messages as long as this
    now:        times after it are not believed; None is the clock's
    me:         the user's own addresses, for logs that hold others' words too
    after:      read no more than what it has gained since: ``Tally.goes_on`` of then
    Raises:     UsageError for a format that is none, at once; InputError, while
                reading, when the file cannot be read or no record of it can
    """
    check_format(format)
    return _from_file(path, tally, _How(format, max_record, now, me, after=after))


def read_stream(
    stream: BinaryIO,
    *,
    name: str,
    tally: Tally,
    format: str | None = None,
    max_record: int = MAX_RECORD,
    now: datetime | None = None,
    me: Collection[str] = (),
) -> Iterator[Interaction]:
    """The same for a stream, which need not be seekable; it cannot be a zip.

    name: for notes and sources; its extension counts as a file's does
    """
    check_format(format)
    how = _How(format, max_record, now, me)
    return _from_stream(stream, Path(name), tally, how)


def _from_file(path: Path, tally: Tally, how: _How) -> Iterator[Interaction]:
    tally.goes_on = None
    if how.format is None and export.left_out(path):
        tally.left_out["another file of an export"] += 1
        return
    shown = printable(str(path))
    try:
        # Without O_NONBLOCK, a pipe would keep us waiting for someone to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise cannot_read(shown, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_a_file(shown)
    with os.fdopen(descriptor, "rb", buffering=1 << 18) as file:
        head = file.read(HEAD)
        file.seek(0)
        if is_zip(head):
            yield from _from_zip(file, path, tally, how)
            return
        whole = whole_format(path, head)
        if whole is None or how.format not in (None, whole):
            how = replace(how, beside=export.beside(path))
            yield from _from_stream(file, path, tally, how)
            return
    log = _log(path, tally, how)
    log.format = whole
    yield from counted(WHOLE[whole](path, log, how.max_record), log)


def _from_zip(
    file: BinaryIO, path: Path, tally: Tally, how: _How
) -> Iterator[Interaction]:
    """What the logs in an archive tell of, by their names.

    One that cannot be read is passed over and noted, unless there is no other.
    """
    shown = printable(str(path))
    size = os.fstat(file.fileno()).st_size
    read = 0
    failed: InputError | None = None
    with opened_zip(file, name=shown, size=size) as archive:
        for member in archive.members():
            reason = export.no_log_in_zip(member.path)
            if reason is not None:
                if reason:
                    tally.left_out[reason] += 1
                continue
            here = replace(how, beside=archive.beside(member))
            name = member.name
            try:
                with closing(archive.open(member)) as stream:
                    inside = Path(f"{path}/{member.shown}")
                    source = Source(stream, name=printable(str(inside)))
                    if how.format or export.is_log(name) or is_log(source, name):
                        yield from _from_source(source, inside, tally, here)
                        read += 1
                    else:
                        tally.left_out["a member of no known format"] += 1
            except BombError:
                raise
            except InputError as error:
                failed = failed or error
                tally.note(f"{error}; passed over")
    if not read:
        raise failed or _nothing_in(archive)


def _nothing_in(archive: Zip) -> InputError:
    return InputError(
        f"{archive.name}: no log in it that is known",
        remedy="Give an export as it was downloaded (with conversations.json, or"
        " MyActivity.json of Gemini Apps), or unpack it and give the folder.",
    )


def _from_stream(
    stream: BinaryIO, path: Path, tally: Tally, how: _How
) -> Iterator[Interaction]:
    source = Source(stream, name=printable(str(path)))
    yield from _from_source(source, path, tally, how)


def _from_source(
    source: Source, path: Path, tally: Tally, how: _How
) -> Iterator[Interaction]:
    log = _log(path, tally, how)
    if source.whole and not source.head.strip():
        tally.note(f"{log.name} is empty, nothing to do")
        return
    if how.format is None and is_page(source.head):
        raise InputError(
            f"{log.name}: a web page, not a log",
            remedy="Take the JSON of the export (in Google Takeout, choose JSON for My"
            " Activity), or say --format text when you wrote the page yourself.",
        )
    shape = shape_of(source.head, path.name, whole=source.whole, named=how.format)
    max_record = how.max_record
    if how.format in _EXPORTS or (not how.format and holds_conversations(source.head)):
        longest = min(max_record * CONVERSATION, LONGEST_CONVERSATION)
        max_record = max(max_record, longest)
    named = how.format
    if how.after is not None:
        source.go_on(how.after.place)
        log.number = how.after.lines
        log.usable = 1  # for all that came before: what follows need not be
        named = how.after.format
    yield from counted(interactions(source, log, shape, named, max_record), log)


def _log(path: Path, tally: Tally, how: _How) -> Log:
    return Log(
        name=printable(str(path)),
        stem=printable(path.stem) or "log",
        tally=tally,
        latest=(how.now or datetime.now(UTC)) + _LEEWAY,
        subagent=path.name.startswith("agent-") or "subagents" in path.parent.parts,
        me=frozenset(map(address, how.me)) - {""},
        beside=how.beside,
        longest=how.max_record,
    )
