"""A profile that is counted up in: many updates in a row, of which none may be lost."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_cli.git import Git
from tests.nothing_lost import Theirs, assert_nothing_lost, git, theirs_in
from tests.one_update import FRESH, lived_in, next_run


@dataclass(frozen=True)
class Counted:
    """The folder of such a profile, and what is its owner's beside it."""

    folder: Path
    before: Theirs

    def number(self) -> int:
        """What the profile has come to; never half of it."""
        path = self.folder / "profile.md"
        content = path.read_bytes() if path.exists() else b""
        assert content.endswith(b"\n"), f"I1: torn: {content!r}"
        assert content[:-1].isdigit(), f"I1: torn: {content!r}"
        return int(content)

    def check(self, acked: Sequence[int], at_least: int = 0) -> int:
        """See that what was said is so, and nothing half done after recovery.

        acked:    numbers that a run said it had reached
        at_least: what was reached before
        Shape:    the number it has come to; one more than was said, at most
        """
        last = max([at_least, *acked])
        assert last <= self.number() <= last + 1, "I2: a number that was said is gone"
        next_run(self.folder)
        number = self.number()
        assert last <= number <= last + 1, "I2: a number that was said is gone"
        lines = b"".join(b"%d\n" % n for n in range(1, number + 1)) or None
        state = {"profile.md": b"%d\n" % number, ".state/folded.jsonl": lines}
        assert_nothing_lost(
            self.folder,
            before=self.before,
            old=state,
            new=state,
            committed=["profile.md"],
        )
        subjects = git(self.folder, "log", "--format=%s", "--", ".").splitlines()
        wanted = [f"counted to {n}" for n in range(number, 0, -1)]
        assert subjects == [*wanted, "zero"], "I5: not one commit each"
        return number


def counted(top: Path) -> Counted:
    """Make one that is at 0, in a repository in ``top``."""
    folder = lived_in(top, FRESH)
    (folder / "profile.md").write_bytes(b"0\n")
    Git(folder).commit([folder / "profile.md"], "zero")
    return Counted(folder, theirs_in(top))


def counting(
    words: Sequence[str | Path], folder: Path, times: int
) -> "subprocess.Popen[str]":
    """Start to count; it has begun when this returns. In a group of its own."""
    child = subprocess.Popen(
        [*words, folder, "count", str(times), "--begun"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    return child


def said_by(child: "subprocess.Popen[str]") -> list[int]:
    """The numbers that one which is dead said it had reached."""
    return [int(line) for line in child.communicate()[0].splitlines()]
