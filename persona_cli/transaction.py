"""Several files, ledgers and a commit that change together or not at all.

A redo log. First ``.state/journal.json`` is written whole; from then on the
transaction will happen, whatever becomes of this run: files, ledgers, commit, each
step such that doing it twice is doing it once; last the journal goes. A run that
finds a journal finishes it. When a step fails and the run lives, it is taken back.

A person's bytes are never overwritten: a file that is neither as it was before nor
as it was to be was edited meanwhile, and stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from persona_cli.errors import BusyError, InputError, PersonaError
from persona_cli.failpoints import failpoint
from persona_cli.files import (
    UNCHANGED,
    append_whole,
    cut_to,
    fault,
    heal_tail,
    read_from,
    read_whole,
    remove,
    sweep_temporaries,
    write_whole,
)
from persona_cli.git import Git
from persona_cli.journal import Append, Journal, decode, encode

STATE, JOURNAL = ".state", "journal.json"

# Given the bytes a file was to have and those a person left: do theirs come from it?
IsBuiltOn = Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A change of a profile's folder.

    files:   path in the folder -> bytes before and after; None means no file. The
             first is the one whose version counts when a person has edited it
    appends: path in ``.state`` -> whole lines for its end
    commit:  paths in the folder that are committed together; empty commits nothing
    message: of the commit
    """

    files: Mapping[str, tuple[bytes | None, bytes | None]]
    appends: Mapping[str, bytes]
    commit: tuple[str, ...]
    message: str | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of a transaction that an earlier run left unfinished.

    outcome: ``finished``  it is made, all of it
             ``undone``    none of it is made; its interactions are taken up again
             ``reverted``  it was made, and a person then took it back: so it stays
             ``damaged``   the journal can't be read, and was moved aside
    kept:    files a person edited meanwhile, left as they are
    sha:     the commit that was still to be made
    says:    all this in a sentence, the place first
    """

    outcome: Literal["finished", "undone", "reverted", "damaged"]
    kept: tuple[str, ...]
    sha: str | None
    says: str


def run(folder: Path, transaction: Transaction, *, git: Git | None) -> str | None:
    """Make a transaction; all of it on disk when this returns.

    For whoever holds the folder's lock.

    git:    None commits nothing
    Shape:  the commit; None when there was nothing to commit
    Raises: PersonaError; then nothing was changed, or the error says that the next
            run goes on. BusyError when a file is not as ``before`` says
    """
    path = folder / STATE / JOURNAL
    if path.exists():
        raise BusyError(
            f"{path}: an earlier update is not finished",
            remedy="Run any persona command on this profile: it finishes it.",
        )
    for name, (before, _) in transaction.files.items():
        if read_whole(folder / name) != before:
            raise _changed_meanwhile(folder / name)
    journal = _journal(folder, transaction, git)
    try:
        # In here too: a journal whose folder could not be flushed is there, and would
        # be carried out by the next run though this one says that it failed.
        write_whole(path, encode(journal))
        failpoint("journal-written")
        return _forward(folder, journal, git, kept=())
    except (PersonaError, OSError) as error:
        named = error if isinstance(error, PersonaError) else fault(error, path)
        raise _give_up(folder, journal, git, named) from error


def recover(
    folder: Path, *, git: Git | None, is_built_on: IsBuiltOn
) -> Recovered | None:
    """Finish, or take back, what an earlier run left unfinished; None: nothing was.

    For whoever holds the folder's lock. May itself be interrupted, and run again.

    is_built_on: decides for a file that a person edited meanwhile
    Raises:      PersonaError; the journal then stays for the next run
    """
    state = folder / STATE
    sweep_temporaries(folder)
    sweep_temporaries(state)
    if git is not None:
        git.settle()
    content = read_whole(state / JOURNAL)
    if content is None:
        return None
    try:
        failpoint("recovery-begun")
        try:
            journal = decode(content)
        except ValueError as error:
            return _aside(state / JOURNAL, error)
        return _settle(folder, journal, git, is_built_on)
    except OSError as error:
        # Half of it may be done: that is what recovery is there for.
        raise fault(error, state / JOURNAL, changed=True) from error


def _settle(
    folder: Path, journal: Journal, git: Git | None, is_built_on: IsBuiltOn
) -> Recovered:
    found = {name: read_whole(folder / name) for name in journal.files}
    kept = tuple(n for n, pair in journal.files.items() if found[n] not in pair)
    theirs = f"; edited meanwhile and left as it is: {', '.join(kept)}" if kept else ""
    if kept and not _is_new(journal, found, is_built_on):
        _back(folder, journal)
        says = f"{folder}: took back an update that was cut short{theirs}"
        return Recovered("undone", kept, None, says)
    if not kept and _was_reverted(folder, journal, found, git):
        _append_all(folder, journal)
        _close(folder)
        says = f"{folder}: an update that was cut short was reverted since; so it stays"
        return Recovered("reverted", (), None, says)
    sha = _forward(folder, journal, git, kept=kept)
    says = f"{folder}: finished an update that was cut short{theirs}"
    return Recovered("finished", kept, sha, says)


def _is_new(
    journal: Journal, found: Mapping[str, bytes | None], is_built_on: IsBuiltOn
) -> bool:
    """Whether the first file is of the new version, edited or not."""
    name, (_, after) = next(iter(journal.files.items()))
    words = found[name]
    if words == after or words is None or after is None:
        return words == after
    return is_built_on(after, words)


def _was_reverted(
    folder: Path,
    journal: Journal,
    found: Mapping[str, bytes | None],
    git: Git | None,
) -> bool:
    """Whether the commit was made, and a later one went back to what was before."""
    if git is None:
        return False
    return any(
        found[name] == before != after
        and any(
            git.show(commit.sha, folder / name) == after
            for commit in git.log(folder / name, since=journal.head)
        )
        for name, (before, after) in journal.files.items()
        if name in journal.commit
    )


def _journal(folder: Path, transaction: Transaction, git: Git | None) -> Journal:
    appends = {}
    for name, lines in transaction.appends.items():
        path = folder / STATE / name
        heal_tail(path)
        length = path.stat().st_size if path.exists() else None
        appends[name] = Append(lines, length)
    commits = git is not None and transaction.message is not None
    return Journal(
        files=transaction.files,
        appends=appends,
        commit=transaction.commit if commits else (),
        message=transaction.message,
        head=git.head() if git is not None and commits else None,
    )


def _forward(
    folder: Path, journal: Journal, git: Git | None, *, kept: tuple[str, ...]
) -> str | None:
    """Do every step that is not done yet, but leave ``kept`` to the person."""
    for name, (before, after) in journal.files.items():
        if name not in kept:
            _put(folder / name, expected=before, content=after)
            failpoint("file-applied")
    _append_all(folder, journal)
    sha = _commit(folder, journal, git, kept) if git is not None else None
    failpoint("committed")
    _close(folder)
    return sha


def _commit(
    folder: Path, journal: Journal, git: Git, kept: tuple[str, ...]
) -> str | None:
    """Commit persona's own version, also of a file that a person has edited since.

    Their edit is then a change of theirs upon it, uncommitted; unless they have
    committed meanwhile: then there is nothing left for us to say of that file.
    """
    if not journal.commit:
        return None
    taken = [
        name
        for name in journal.commit
        if name not in kept or git.show("HEAD", folder / name) == journal.files[name][0]
    ]
    return git.commit(
        [folder / name for name in taken],
        journal.message or "",
        holding={
            folder / name: journal.files[name][1]
            for name in taken
            if name in journal.files
        },
    )


def _close(folder: Path) -> None:
    remove(folder / STATE / JOURNAL)
    failpoint("journal-removed")


def _back(folder: Path, journal: Journal) -> None:
    """Undo every step that was done, but leave what a person edited."""
    for name, (before, after) in journal.files.items():
        if read_whole(folder / name) == after != before:
            _put(folder / name, expected=after, content=before)
    for name, lines in journal.appends.items():
        cut_to(folder / STATE / name, lines.length)
    remove(folder / STATE / JOURNAL)


def _put(path: Path, *, expected: bytes | None, content: bytes | None) -> None:
    found = read_whole(path)
    if found == content:
        return
    if found != expected:
        raise _changed_meanwhile(path)
    if content is None:
        remove(path)
    else:
        write_whole(path, content)


def _append_all(folder: Path, journal: Journal) -> None:
    for name, lines in journal.appends.items():
        path = folder / STATE / name
        if not read_from(path, lines.length or 0).startswith(lines.content):
            cut_to(path, lines.length)
            append_whole(path, lines.content)
        failpoint("ledger-applied")


def _give_up(
    folder: Path, journal: Journal, git: Git | None, error: PersonaError
) -> PersonaError:
    """Take back what was done, and say how that went."""
    try:
        if git is None or not _is_committed(folder, journal, git):
            _back(folder, journal)
            return error
    except PersonaError:
        pass
    # git's own has more to tell than a place and a remedy.
    kind = InputError if isinstance(error, InputError) else type(error)
    return kind(
        f"{str(error).removesuffix(UNCHANGED)}; the update is half written",
        remedy=f"{error.remedy} The next run finishes it.",
    )


def _is_committed(folder: Path, journal: Journal, git: Git) -> bool:
    return git.head() != journal.head and all(
        git.show("HEAD", folder / name) == journal.files[name][1]
        for name in journal.commit
        if name in journal.files
    )


def _aside(path: Path, error: ValueError) -> Recovered:
    number = 1
    while (aside := path.with_name(f"journal.damaged-{number}.json")).exists():
        number += 1
    try:
        path.replace(aside)
    except OSError as failed:
        raise fault(failed, path) from failed
    says = (
        f"{path}: damaged ({error}); moved to {aside.name}."
        " See that the profile is as it should be: persona diff"
    )
    return Recovered("damaged", (), None, says)


def _changed_meanwhile(path: Path) -> BusyError:
    return BusyError(
        f"{path}: changed while persona was at work",
        remedy="Run it again; it starts from what is there now.",
    )
