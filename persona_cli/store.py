"""Profiles on disk: what is there, and how a new version gets there.

    profiles/ada/profile.md        the profile
    profiles/ada/evidence.jsonl    what its claims rest on
    profiles/ada/allowed.jsonl     what may be kept though it looks like a secret
    profiles/ada/.state/           this machine only

A version is one transaction and one commit: profile, evidence and the ledger of what
was folded in change together or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from persona_cli import allowed as al
from persona_cli import diary
from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.errors import BusyError, InputError, UsageError
from persona_cli.evidence import Evidence, Wording
from persona_cli.files import read_whole
from persona_cli.git import Git
from persona_cli.leaks import require_none_by_hand, require_none_new
from persona_cli.lock import profile_lock
from persona_cli.places import (
    BEGUN,
    EVIDENCE,
    PROFILE,
    STATE,
    check_name,
    decoded,
    profile_path,
    read_bytes,
)
from persona_cli.profile import Claim, Profile
from persona_cli.secrets.second import redact
from persona_cli.sound import require_evidence, require_state, shortened
from persona_cli.tombstones import stones_in, unmerged
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
    if past is not None and past.status == "pending":
        raise UsageError(
            f"{claim_id} is no claim of this profile yet: it waits for your review",
            remedy="See what it rests on, and decide: persona review.",
        )
    became = f" (it was {past.status} in v{past.version})" if past else ""
    raise UsageError(
        f"no claim {claim_id!r} in this profile{became}",
        remedy="See the ids: persona show --ids.",
    )


class Store:
    """One profile's folder."""

    def __init__(self, root: Path, name: str, *, second_opinion: bool = False) -> None:
        self.root, self.name = root, check_name(name)
        self._second_opinion = second_opinion
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
        profile, evidence = unmerged(profile, evidence)
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
        if not (mending and self.folder.is_dir()):
            self.require()
        with profile_lock(self.folder, timeout=timeout, doing=doing, on_wait=tell):
            if commit:
                self.require_repository()
            found = recover(
                self.folder,
                git=self.git if commit else None,
                is_built_on=is_built_on,
            )
            if found is not None:
                tell(found.says)
            if (self.state / BEGUN).exists():
                says = "a forget --history was stopped before it was through"
                tell(f"{self.folder}: {says}; finish it: persona forget --history")
            if not mending:
                self._require_sound(commit=commit)
            if commit:
                self.commit_by_hand(mending=mending)
            else:
                self._require_no_secret(known=False)
            yield

    def commit_by_hand(self, *, mending: bool = False) -> str | None:
        """Commit what a person changed, so that persona's own commit holds its own.

        A profile that no longer parses is committed too: it is theirs, and ``undo``
        must find it again.

        mending: also when the evidence has lost lines
        Raises:  InputError when it has, or when what they wrote looks like a secret
        """
        self._require_no_secret()
        differ = self.git.status(self.tracked())
        if not differ:
            return None
        try:
            loaded = self.load()
            gone = [wording.words for wording in loaded.removed]
            text = diary.by_hand(self.name, loaded.edited, gone)
            if not mending and self.folder / EVIDENCE in differ:
                version, lines = loaded.profile.version, loaded.disk[EVIDENCE]
                require_evidence(self.folder, self.git, version, lines)
        except InputError as error:
            if not mending:
                raise
            text = f"{self.name}: edited by hand\n\nNot readable: {error}\n"
        return self.git.commit(self.tracked(), redact(text, self.allowed())[0])

    def save(
        self,
        loaded: Loaded,
        profile: Profile,
        evidence: Evidence,
        *,
        message: str,
        folded: bytes = b"",
        ledgers: tuple[bytes, bytes] | None = None,
        commit: bool = True,
    ) -> str | None:
        """Write the next version: all of it, or nothing.

        loaded:  what the version was made from; checked against the disk
        folded:  a line for the ledger
        ledgers: a new archive and a new ledger, when some of them is to be forgotten
        Shape:   the commit, or None when nothing was committed
        Raises:  BusyError when a file changed since it was loaded; InputError when
                 something new in it looks like a secret
        """
        allows = self.allowed()
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
        require_none_new(self.folder, loaded.disk, after, allows)
        files: dict[str, tuple[bytes | None, bytes | None]] = {
            name: (loaded.disk[name], new)
            for name, new in after.items()
            if loaded.disk[name] != new
        }
        if ledgers is not None:
            files |= shortened(self.folder, *ledgers)
        transaction = Transaction(
            files=files,
            appends={"folded.jsonl": folded} if folded else {},
            commit=(PROFILE, EVIDENCE) if commit else (),
            message=redact(message, allows)[0] if commit else None,
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
            message=redact(message, self.allowed())[0] if commit else None,
        )
        return run(self.folder, transaction, git=self.git if commit else None)

    def forgotten(self) -> Evidence:
        """What says of the present that something is forgotten, and no other line.

        Read line by line, since ``undo`` is for files that are damaged.
        """
        content = read_whole(self.folder / EVIDENCE) or b""
        if self.git.top() is not None and self.git.head() is not None:
            content += b"\n" + (self.git.show("HEAD", self.folder / EVIDENCE) or b"")
        return stones_in(content)

    def at(self, sha: str) -> tuple[bytes, bytes]:
        """Profile and evidence as they were in a commit."""
        profile = self.git.show(sha, self.path)
        if profile is None:
            raise UsageError(
                f"{sha}: has no {self.path}", remedy="See the versions: persona log."
            )
        return profile, self.git.show(sha, self.folder / EVIDENCE) or b""

    def allowed(self) -> al.Allowed:
        """What may be kept though it looks like a secret.

        Raises: InputError
        """
        path = self.folder / al.FILE
        known = al.parse(read_whole(path), place=str(path))
        return replace(known, second=self._second_opinion)

    def _require_no_secret(self, *, known: bool = True) -> None:
        """See that a person wrote no secret since the last commit.

        known:  False leaves git alone, and so takes nothing for committed
        Raises: InputError
        """
        committed = known and self.git.top() is not None and self.git.head() is not None
        require_none_by_hand(
            self.folder,
            before={
                path.name: self.git.show("HEAD", path) if committed else None
                for path in self.tracked()
            },
            after={path.name: read_whole(path) for path in self.tracked()},
            allows=self.allowed(),
        )

    def _require_sound(self, *, commit: bool) -> None:
        """See that nothing is built on what a disk, or a mistake, has damaged.

        Raises: InputError
        """
        self.load()
        require_state(self.state)
        if commit:
            self.git.require_readable(self.tracked())

    def tracked(self) -> list[Path]:
        """The files that a version is made of."""
        return [self.path, self.folder / EVIDENCE]

    def require_repository(self) -> None:
        """See that there is one to commit to.

        Raises: InputError
        """
        if self.git.top() is None:
            raise InputError(
                f"{self.root}: not in a git repository",
                remedy="Run persona init, which makes one; or give --no-commit.",
            )
        self.git.require_ready()


def is_built_on(after: bytes, found: bytes) -> bool:
    """Whether bytes a person edited came from the new version, not from the old."""
    try:
        new = pr.parse(after.decode(), place="the journal")
        return pr.parse(found.decode(), place="profile").version == new.version
    except (InputError, UnicodeDecodeError):
        return False
