"""Profiles on disk: what is there, and how a new version gets there.

    profiles/ada/profile.md        the profile
    profiles/ada/evidence.jsonl    what its claims rest on
    profiles/ada/.state/           this machine only

A version is one transaction and one commit: profile, evidence and the ledger of what
was folded in change together or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_cli import diary
from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.errors import BusyError, InputError, UsageError
from persona_cli.evidence import Evidence, Wording
from persona_cli.files import read_whole
from persona_cli.git import Git
from persona_cli.lock import profile_lock
from persona_cli.places import (
    EVIDENCE,
    PROFILE,
    STATE,
    check_name,
    decoded,
    profile_path,
    read_bytes,
)
from persona_cli.profile import Claim, Profile
from persona_cli.transaction import Transaction, recover, run


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile as it is on disk, a person's edits taken over.

    profile, evidence: after ``adopt``
    disk:    file name -> its bytes; None where there is no such file
    edited, removed: what a person did by hand since persona last wrote
    """

    profile: Profile
    evidence: Evidence
    disk: dict[str, bytes | None]
    edited: tuple[Claim, ...]
    removed: tuple[Wording, ...]


def find_claim(loaded: Loaded, claim_id: str) -> Claim:
    """A claim of the profile by its id.

    Raises: UsageError with what became of it, when it was retired
    """
    claim = loaded.profile.find(claim_id)
    if claim is not None:
        return claim
    past = loaded.evidence.wordings().get(claim_id)
    became = f" (it was {past.status} in v{past.version})" if past else ""
    raise UsageError(
        f"no claim {claim_id!r} in this profile{became}",
        remedy="See the ids: persona show --ids.",
    )


class Store:
    """One profile's folder."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, check_name(name)
        self.folder = root / name
        self.path = self.folder / PROFILE
        self.state = self.folder / STATE
        self.git = Git(self.folder)

    def require(self) -> None:
        """See that the profile is there, and where it says it is.

        Raises: UsageError
        """
        profile_path(self.root, self.name)

    def load(self) -> Loaded:
        """Read profile and evidence.

        Raises: UsageError when there is none; InputError when a file is wrong
        """
        self.require()
        disk = {name: read_bytes(self.folder / name) for name in (PROFILE, EVIDENCE)}
        profile = pr.parse(decoded(disk[PROFILE], self.path), place=str(self.path))
        path = self.folder / EVIDENCE
        evidence = ev.parse(decoded(disk[EVIDENCE], path), place=str(path))
        adopted = adopt(profile, evidence)
        return Loaded(
            adopted.profile, adopted.evidence, disk, adopted.edited, adopted.removed
        )

    @property
    def unfinished(self) -> bool:
        """Whether a run was stopped in the middle of writing; the next one mends it."""
        return (self.state / "journal.json").exists()

    @contextmanager
    def at_work(
        self,
        doing: str,
        *,
        timeout: float,
        commit: bool = True,
        mending: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Iterator[None]:
        """Hold the profile: locked, recovered, and a person's edits committed.

        doing:   the verb, for whoever has to wait
        timeout: seconds to wait for the lock
        commit:  False leaves git alone
        mending: a profile that cannot be read is no reason to stop: it is committed
                 as it is, and then mended
        tell:    called with each thing that had to be mended
        Raises:  BusyError, InputError
        """
        self.require()
        with profile_lock(self.folder, timeout=timeout, doing=doing, on_wait=tell):
            if commit:
                self._require_repository()
            found = recover(
                self.folder,
                git=self.git if commit else None,
                is_built_on=_is_built_on,
            )
            if found is not None:
                tell(found.says)
            if not mending:
                self.load()
            if commit:
                self.commit_by_hand()
            yield

    def commit_by_hand(self) -> str | None:
        """Commit what a person changed, so that persona's own commit holds its own.

        A profile that no longer parses is committed too: it is theirs, and ``undo``
        must find it again.
        """
        if not self.git.status(self._tracked()):
            return None
        try:
            loaded = self.load()
            gone = [wording.words for wording in loaded.removed]
            text = diary.by_hand(self.name, loaded.edited, gone)
        except InputError as error:
            text = f"{self.name}: edited by hand\n\nNot readable: {error}\n"
        return self.git.commit(self._tracked(), text)

    def save(
        self,
        loaded: Loaded,
        profile: Profile,
        evidence: Evidence,
        *,
        message: str,
        folded: bytes = b"",
        archive: bytes | None = None,
        commit: bool = True,
    ) -> str | None:
        """Write the next version: all of it, or nothing.

        loaded:  what the version was made from; checked against the disk
        folded:  a line for the ledger
        archive: a new archive, when some of it is to be forgotten
        Shape:   the commit, or None when nothing was committed
        Raises:  BusyError when a file changed since it was loaded
        """
        after = {
            PROFILE: pr.render(profile).encode(),
            EVIDENCE: ev.render(evidence).encode(),
        }
        for name in after:
            if read_bytes(self.folder / name) != loaded.disk[name]:
                raise BusyError(
                    f"{self.folder / name}: changed while persona was at work",
                    remedy="Run it again; it starts from what is there now.",
                )
        files = {
            name: (loaded.disk[name], new)
            for name, new in after.items()
            if loaded.disk[name] != new
        }
        if archive is not None:
            path = f"{STATE}/archive.jsonl"
            files[path] = (read_bytes(self.folder / path), archive)
        transaction = Transaction(
            files=files,
            appends={"folded.jsonl": folded} if folded else {},
            commit=(PROFILE, EVIDENCE) if commit else (),
            message=message if commit else None,
        )
        return run(self.folder, transaction, git=self.git if commit else None)

    def note(self, folded: bytes) -> None:
        """Add a line to the ledger, and change nothing else."""
        lines = Transaction({}, {"folded.jsonl": folded}, commit=(), message=None)
        run(self.folder, lines, git=None)

    def replace_all(
        self, profile: Profile, evidence: str, *, message: str, commit: bool
    ) -> str | None:
        """Write a profile and its evidence over whatever is there, as one version."""
        after = {PROFILE: pr.render(profile).encode(), EVIDENCE: evidence.encode()}
        transaction = Transaction(
            files={n: (read_whole(self.folder / n), new) for n, new in after.items()},
            appends={},
            commit=(PROFILE, EVIDENCE) if commit else (),
            message=message if commit else None,
        )
        return run(self.folder, transaction, git=self.git if commit else None)

    def at(self, sha: str) -> tuple[bytes, bytes]:
        """Profile and evidence as they were in a commit."""
        profile = self.git.show(sha, self.path)
        if profile is None:
            raise UsageError(
                f"{sha}: has no {self.path}", remedy="See the versions: persona log."
            )
        return profile, self.git.show(sha, self.folder / EVIDENCE) or b""

    def _tracked(self) -> list[Path]:
        return [self.path, self.folder / EVIDENCE]

    def _require_repository(self) -> None:
        if self.git.top() is None:
            raise InputError(
                f"{self.root}: not in a git repository",
                remedy="Run persona init, which makes one; or give --no-commit.",
            )
        self.git.require_ready()


def _is_built_on(after: bytes, found: bytes) -> bool:
    """Whether bytes a person edited came from the new version, not from the old."""
    try:
        new = pr.parse(after.decode(), place="the journal")
        return pr.parse(found.decode(), place="profile").version == new.version
    except (InputError, UnicodeDecodeError):
        return False
