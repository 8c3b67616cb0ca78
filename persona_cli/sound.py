"""Whether a profile's folder is as it was written: what nothing may be built on.

Evidence is compared with the last commit: nobody but persona has a reason to take
lines out of it, and when persona does, the profile's version is another one. The
ledgers of this machine are compared with what the cursors remember of them.
"""

from collections.abc import Iterator
from pathlib import Path

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.errors import InputError
from persona_cli.files import read_whole
from persona_cli.git import Git
from persona_cli.ledger import (
    ARCHIVE,
    CURSORS,
    FOLDED,
    cursors,
    mending,
    require_whole,
    sealed,
)
from persona_cli.places import EVIDENCE, PROFILE, STATE
from persona_cli.profile import Profile

ASIDE = "journal.damaged-*.json"


def lost_evidence(
    folder: Path, git: Git, version: int, found: bytes | None
) -> list[int]:
    """Lines (from 1) of the last commit's evidence that are not in ``found``.

    version: of the profile on disk; when the commit has another, persona has written
             since without one, and it may have taken lines out
    Raises:  InputError when the commit can't be read
    """
    committed = git.show("HEAD", folder / EVIDENCE)
    profile = git.show("HEAD", folder / PROFILE)
    if not committed or profile is None:
        return []
    try:
        then = pr.parse(profile.decode(), place=PROFILE)
    except (InputError, UnicodeDecodeError):
        return []
    if then.version != version:
        return []
    there = set((found or b"").split(b"\n"))
    rows = enumerate(committed.split(b"\n"), 1)
    return [number for number, row in rows if row and row not in there]


def require_evidence(folder: Path, git: Git, version: int, found: bytes | None) -> None:
    """See that no line of the evidence is lost, as ``lost_evidence`` tells it.

    Raises: InputError
    """
    lost = lost_evidence(folder, git, version, found)
    if not lost:
        return
    what = "gone"
    if found is not None:
        what = f"line {lost[0]} of v{version} is lost or changed"
        what += f", and {len(lost) - 1} more" if lost[1:] else ""
    raise InputError(
        f"{folder / EVIDENCE}: {what}",
        remedy=f"{mending(folder.name)} Or keep it so: git commit it.",
    )


def require_state(state: Path) -> None:
    """See that no ledger has lost its end, and no update half of its files.

    Raises: InputError
    """
    require_whole(state)
    for aside in state.glob(ASIDE):
        raise InputError(
            f"{aside}: an update was cut short, and its journal is damaged: some files"
            " may be of the version before",
            remedy=mending(state.parent.name),
        )


def good_versions(folder: Path, git: Git) -> Iterator[tuple[str, Profile]]:
    """Commits in which profile and evidence can be read, newest first.

    The last commit first, so that damage before it is no matter when it is good.

    Raises: InputError when the history is damaged, and the last commit not good
    """
    for sha in _commits(folder, git):
        words, lines = (git.show(sha, folder / name) for name in (PROFILE, EVIDENCE))
        try:
            profile = pr.parse((words or b"").decode(), place=PROFILE)
            ev.parse((lines or b"").decode(), place=EVIDENCE)
        except (InputError, UnicodeDecodeError):
            continue
        yield sha, profile


def _commits(folder: Path, git: Git) -> Iterator[str]:
    head = git.head()
    if head is not None:
        yield head
        yield from (commit.sha for commit in git.log(folder / PROFILE))


def shortened(
    folder: Path, archive: bytes, folded: bytes
) -> dict[str, tuple[bytes | None, bytes | None]]:
    """New ledgers, and cursors that know how long they are, for a transaction.

    The cursors no longer know any log: its name may be what is to be forgotten.

    Shape: path in the folder -> bytes before and after
    """
    after: dict[str, bytes] = {ARCHIVE: archive, FOLDED: folded}
    found = cursors(folder / STATE)
    if found is not None:
        known = {**found, "files": {}, "sizes": [len(archive), len(folded)]}
        known.pop("index", None)
        after[CURSORS] = sealed(known)
    before = {name: read_whole(folder / STATE / name) for name in after}
    return {
        f"{STATE}/{name}": (before[name], new)
        for name, new in after.items()
        if new or before[name] is not None
    }
