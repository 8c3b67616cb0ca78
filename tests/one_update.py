"""Run as a program: one update of a profile's folder, as the store would do it.

python one_update.py FOLDER save          the transaction from OLD to NEW
python one_update.py FOLDER recover       what the next run does first
python one_update.py FOLDER count N [--no-lock] [--begun]
                                          read a number, add 1, write; N times.
                                          Each is said when it is safe; with --begun
                                          also that the first is about to be
"""

import contextlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from persona_cli.errors import PersonaError
from persona_cli.git import Git
from persona_cli.lock import profile_lock
from persona_cli.transaction import Recovered, Transaction, recover, run
from tests.nothing_lost import make_lived_in

OLD: dict[str, bytes | None] = {
    "profile.md": b"# Ada\nversion 1\n",
    "evidence.jsonl": b'{"v":1}\n',
    ".state/archive.jsonl": b'{"secret":1}\n',
    ".state/folded.jsonl": b'{"ids":[1]}\n',
}
NEW: dict[str, bytes | None] = {
    "profile.md": "# Ada\nversion 2 — naïve\n".encode(),
    "evidence.jsonl": b'{"v":1}\n{"v":2, "bytes": "\xff\x00"}\n',
    ".state/archive.jsonl": b"{}\n",
    ".state/folded.jsonl": b'{"ids":[1]}\n{"ids":[2]}\n',
}
FRESH: dict[str, bytes | None] = dict.fromkeys(OLD)
COMMITTED = ("profile.md", "evidence.jsonl")


def lived_in(top: Path, old: dict[str, bytes | None]) -> Path:
    """A profile's folder in a repository that its owner is at work in."""
    make_lived_in(top)
    for name, content in old.items():
        if content is not None:
            (top / "ada" / name).write_bytes(content)
    if any(old.values()):
        Git(top / "ada").commit([top / "ada" / name for name in COMMITTED], "ada v1")
    return top / "ada"


def transaction(old: dict[str, bytes | None]) -> Transaction:
    """From what is there to NEW."""
    files = [name for name in NEW if name != ".state/folded.jsonl"]
    ledger, before = NEW[".state/folded.jsonl"] or b"", old[".state/folded.jsonl"]
    return Transaction(
        files={name: (old[name], NEW[name]) for name in files},
        appends={"folded.jsonl": ledger[len(before or b"") :]},
        commit=COMMITTED,
        message="ada v2: 1 added\n\nadded c1\n",
    )


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """The files of a profile as they are."""
    return {
        name: (folder / name).read_bytes() if (folder / name).exists() else None
        for name in NEW
    }


def is_built_on(after: bytes, found: bytes) -> bool:
    """By the number of the version, as the store does it."""
    return re.findall(rb"version (\d)", after) == re.findall(rb"version (\d)", found)


def next_run(folder: Path) -> Recovered | None:
    """What the next run does before anything else."""
    return recover(folder, git=Git(folder), is_built_on=is_built_on)


def save(folder: Path) -> str | None:
    """The whole update: lock, recovery, transaction; the commit it made."""
    with profile_lock(folder, timeout=10, doing="save"):
        next_run(folder)
        return _write(folder)


def _write(folder: Path) -> str | None:
    return run(folder, transaction(on_disk(folder)), git=Git(folder))


def count(folder: Path, times: int, *, locked: bool) -> None:
    """Count up in the profile, in the ledger and in git."""
    for _ in range(times):
        with contextlib.ExitStack() as stack:
            if locked:
                stack.enter_context(profile_lock(folder, timeout=120, doing="count"))
                next_run(folder)
            before = (folder / "profile.md").read_bytes()
            after = b"%d\n" % (int(before) + 1)
            run(
                folder,
                Transaction(
                    files={"profile.md": (before, after)},
                    appends={"folded.jsonl": after},
                    commit=("profile.md",),
                    message=f"counted to {int(after)}",
                ),
                git=Git(folder),
            )
            print(int(after), flush=True)


def main(folder: Path, verb: str, *rest: str) -> None:
    """Do as the command line says."""
    if verb == "count":
        if "--begun" in rest:
            print("begun", flush=True)
        count(folder, int(rest[0]), locked="--no-lock" not in rest)
        return
    with profile_lock(folder, timeout=10, doing=verb):
        if found := next_run(folder):
            print(found.outcome)
        if verb == "save":
            print("committed", _write(folder))


def program(words: Sequence[str]) -> None:
    """Be the program that was called with these words."""
    try:
        main(Path(words[0]), *words[1:])
    except PersonaError as error:
        print(error, file=sys.stderr)
        print(f"  try: {error.remedy}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    program(sys.argv[1:])
