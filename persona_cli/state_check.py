"""What of ``.state`` is not as it was written.

A ledger is judged line by line, and by its length; a cache as a whole. A cache that is
gone was perhaps never there, and is no fault: it only saves time.
"""

from collections.abc import Iterator
from pathlib import Path

from persona_cli.files import read_whole, sha256_of
from persona_cli.ledger import (
    ARCHIVE,
    CURSORS,
    FOLDED,
    cursors,
    cut_short,
    lines,
    unsealed,
)
from persona_cli.llama.states import is_whole
from persona_cli.logs.archive import from_record
from persona_cli.places import INDEX, READ, STATE
from persona_cli.sound import ASIDE
from persona_cli.verdicts import FILE as VERDICTS

IGNORE, IGNORED = ".gitignore", f"{STATE}/"


def state_faults(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, fault) of what is only on this machine, and of what keeps it there.

    file:   from the profile's folder
    Raises: InputError when a file may not be read
    """
    state = folder / STATE
    ignore = read_whole(folder / IGNORE)
    if ignore is None or IGNORED.encode() not in ignore.splitlines():
        yield IGNORE, f"does not keep {IGNORED} out of git"
    short = cut_short(state)
    for ledger in (ARCHIVE, FOLDED):
        if fault := _ledger_fault(state / ledger, short.get(ledger, 0)):
            yield f"{STATE}/{ledger}", fault
    for cache in (CURSORS, VERDICTS):
        content = read_whole(state / cache)
        if content is not None and unsealed(content, of=cache) is None:
            yield f"{STATE}/{cache}", "damaged; it only saves time"
        elif content is None and cache == CURSORS and _has_read_logs(state):
            yield (
                f"{STATE}/{cache}",
                "gone: whether a ledger lost its end, none can say",
            )
    if _index_is_damaged(state):
        yield f"{STATE}/{INDEX}", "damaged; it only saves time"
    if (state / READ).exists() and not is_whole(state / READ):
        yield f"{STATE}/{READ}", "damaged; it only saves time"
    for path in sorted(state.glob(ASIDE)):
        yield (
            f"{STATE}/{path.name}",
            "a damaged journal of an update that was cut short",
        )


def _ledger_fault(path: Path, lacking: int) -> str:
    """What is wrong with a ledger, in a few words; empty when nothing is."""
    if lacking and not path.exists():
        return f"gone, with {lacking} bytes"
    wrong = [line.number for line in lines(path) if not line_is_good(path, line.record)]
    parts = []
    if wrong:
        more = f", and {len(wrong) - 1} more" if wrong[1:] else ""
        parts.append(f"line {wrong[0]} is damaged{more}")
    if lacking:
        parts.append(f"{lacking} bytes of its end are gone")
    return "; ".join(parts)


def line_is_good(path: Path, record: dict[str, object] | None) -> bool:
    """Whether a record is what this ledger holds."""
    if record is None:
        return False
    if path.name == FOLDED:
        return isinstance(record.get("ids"), list)
    try:
        from_record(record)
    except ValueError:
        return False
    return True


def _has_read_logs(state: Path) -> bool:
    """Whether there must be cursors; to forget in a clone makes a ledger alone."""
    archive = state / ARCHIVE
    return (state / FOLDED).exists() and archive.exists() and archive.stat().st_size > 0


def _index_is_damaged(state: Path) -> bool:
    """Whether it is not what was noted of it, and the next run would look at it."""
    note = (cursors(state) or {}).get("index")
    content = read_whole(state / INDEX)
    if content is None or not isinstance(note, dict):
        return False
    stamps = []
    for name in (ARCHIVE, FOLDED):
        status = (state / name).stat() if (state / name).exists() else None
        stamps += [status and [status.st_ino, status.st_size, status.st_mtime_ns]]
    made_of = note.get("made_of")
    if not isinstance(made_of, list) or made_of[2:] != stamps:
        return False  # of other files: it is made anew anyway
    return note.get("sha256") != sha256_of(content)
