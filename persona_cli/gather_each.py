"""Several sources to the archive: one that fails does not stop the others."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from persona_cli.allowed import NOTHING, Allows
from persona_cli.archive import Archive
from persona_cli.gather import Gathered, gather, up_to_date
from persona_cli.logs import Tally
from persona_cli.logs.tally import MOST_NOTES


@dataclass(frozen=True, slots=True)
class Batch:
    """The logs of one source.

    name:   of the source
    paths:  its files
    format: to read them as; None finds out, file by file
    me:     the user's own addresses, for mailboxes
    fault:  why it has no files, where it should have some
    """

    name: str
    paths: tuple[Path, ...]
    format: str | None = None
    me: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A source of which nothing could be read that is new."""

    name: str
    fault: str


def all_up_to_date(archive: Archive, batches: Iterable[Batch]) -> bool:
    """Whether no source has changed since everything was folded in."""
    try:
        return all(
            not batch.fault and up_to_date(archive, batch.paths, batch.format, batch.me)
            for batch in batches
        )
    except OSError:  # a log that went meanwhile
        return False


def gather_each(
    archive: Archive,
    batches: Iterable[Batch],
    *,
    root: Path,
    since: datetime | None = None,
    max_record: int,
    allows: Allows = NOTHING,
    write: bool = True,
    watch: Callable[[str, int], None] = lambda _name, _count: None,
) -> tuple[Gathered, list[Failed]]:
    """Read sources, one after the other, each from where it was last read to.

    A log of a source that cannot be read is passed over, and noted. The source fails
    when that was all there was to read.

    Arguments, and what is raised, as for ``gather``; an archive that cannot be
    written ends it all.
    """
    parts: list[Gathered] = []
    failed: list[Failed] = []
    for batch in batches:
        if batch.fault:
            failed.append(Failed(batch.name, batch.fault))
            continue
        part = gather(
            archive,
            (),
            root=root,
            stdin=BytesIO(),
            format=batch.format,
            me=batch.me,
            since=since,
            max_record=max_record,
            allows=allows,
            write=write,
            watch=watch,
            found=[path for path in batch.paths if path.is_file()],
        )
        parts.append(part)
        if part.broken and not part.logs:
            failed.append(Failed(batch.name, part.fault))
    return _joined(parts), failed


def _joined(parts: Sequence[Gathered]) -> Gathered:
    """What all of them came to."""
    tallies = [part.tally for part in parts]
    notes = [note for tally in tallies for note in tally.notes]
    tally = Tally(
        records=sum(one.records for one in tallies),
        interactions=sum(one.interactions for one in tallies),
        skipped=_sum(one.skipped for one in tallies),
        left_out=_sum(one.left_out for one in tallies),
        mended=_sum(one.mended for one in tallies),
        signals=_sum(one.signals for one in tallies),
        incomplete=sum(one.incomplete for one in tallies),
        notes=notes[:MOST_NOTES],
        unnoted=sum(one.unnoted for one in tallies) + len(notes[MOST_NOTES:]),
    )
    return Gathered(
        tally=tally,
        logs=sum(part.logs for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        new=sum(part.new for part in parts),
        early=sum(part.early for part in parts),
        broken=sum(part.broken for part in parts),
        fault=next((part.fault for part in parts if part.fault), ""),
        left_out=_sum(part.left_out for part in parts),
        redacted=_sum(part.redacted for part in parts),
    )


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total
