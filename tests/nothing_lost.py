"""What must hold after any death, fault or quarrel: nothing of anyone's is lost.

I1  the profile's files are the old version or the new, all of them
I2  what was acknowledged is an ancestor of HEAD, and holds the new version
I3  every earlier commit is still reachable, and git fsck finds nothing
I4  the user's own changes, staged and not, are byte for byte as they were
I5  each interaction is folded in once, and the end is that of an undisturbed run
I6  no lock, temporary file or journal is left in anyone's way
I7  logs and models are as they were
I8  no secret is anywhere: no git object, reachable or not, no state, no word said
"""

import hashlib
import json
import os
import subprocess
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def git(top: Path, *args: str, stdin: str = "") -> str:
    """Run the user's git, and not persona's."""
    done = subprocess.run(
        ["git", *args], cwd=top, input=stdin, capture_output=True, text=True
    )
    assert done.returncode == 0, f"git {args}: {done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Theirs:
    """What belongs to the user: everything but the profile's folder."""

    branch: str
    commits: tuple[str, ...]
    staged: str
    status: str
    files: dict[str, bytes]


def make_lived_in(top: Path, *, ours: str = "ada") -> None:
    """A repository in which someone is in the middle of something."""
    top.mkdir(parents=True)
    git(top, "init", "-q", "-b", "work")
    (top / ".gitignore").write_text("*.log\n.state/\n")
    for name in ("clean", "partly", "edited", "removed", "hidden"):
        (top / f"{name}.txt").write_text("one\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "begun")
    (top / "partly.txt").write_text("two\n")
    (top / "new.txt").write_text("two\n")
    git(top, "add", "partly.txt", "new.txt")
    (top / "partly.txt").write_text("three\n")
    (top / "edited.txt").write_text("two\n")
    git(top, "rm", "-q", "removed.txt")
    (top / "meant.txt").write_text("later\n")
    git(top, "add", "-N", "meant.txt")
    git(top, "update-index", "--assume-unchanged", "hidden.txt")
    (top / "loose.txt").write_text("untracked\n")
    (top / "noise.log").write_text("ignored\n")
    (top / ours / ".state").mkdir(parents=True)


def theirs_in(top: Path, *, ours: str = "ada") -> Theirs:
    """Take down what must still be so later."""
    rest = ("--", ".", f":(exclude){ours}")
    return Theirs(
        branch=git(top, "symbolic-ref", "HEAD"),
        commits=tuple(git(top, "rev-list", "--all").split()),
        staged=git(top, "ls-files", "--stage", "-v", *rest),
        status=git(top, "--no-optional-locks", "status", "--porcelain=v2", *rest),
        files={
            str(path.relative_to(top)): path.read_bytes()
            for path in sorted(top.rglob("*"))
            if path.is_file() and path.relative_to(top).parts[0] not in (".git", ours)
        },
    )


def assert_nothing_lost(
    folder: Path,
    *,
    before: Theirs,
    old: Mapping[str, bytes | None],
    new: Mapping[str, bytes | None],
    acked: Sequence[str] = (),
    committed: Sequence[str] = (),
    inputs: Mapping[Path, str] | None = None,
    secrets: Collection[str] = (),
    said: Sequence[str] = (),
) -> str:
    """Check I1 to I8, and say which version is there: ``old`` or ``new``.

    folder:    the profile's, directly under the top of its repository
    old, new:  path in the folder -> bytes, ledgers too; None: no file
    acked:     commits that persona said it made
    committed: paths that are in the commit of the version, too
    inputs:    logs and models, as ``sums_of`` took them down before
    secrets:   texts that must be nowhere; none of them is the user's own to keep
    said:      what the runs said, on both streams
    """
    top = folder.parent
    found = {path: _read(folder / path) for path in {*old, *new}}
    assert found in (dict(old), dict(new)), f"I1, I5: half of it: {found}"
    version = "new" if found == dict(new) else "old"
    reachable = git(top, "rev-list", "HEAD").split()
    assert {*acked} <= {*reachable}, "I2: an acknowledged commit is gone"
    for path in committed:
        shown = subprocess.run(
            ["git", "show", f"HEAD:{folder.name}/{path}"], cwd=top, capture_output=True
        )
        there = None if shown.returncode else shown.stdout
        assert there == found[path], f"I2: {path} is not in the commit"
    assert {*before.commits} <= {*reachable}, "I3: an earlier commit is gone"
    checked = subprocess.run(
        ["git", "fsck", "--full", "--strict"], cwd=top, capture_output=True, text=True
    )
    assert checked.returncode == 0, f"I3: {checked.stderr}"
    assert "missing" not in checked.stdout + checked.stderr, f"I3: {checked.stdout}"
    now = theirs_in(top, ours=folder.name)
    assert now.files == before.files, "I4: a file of the user's changed"
    assert now.staged == before.staged, "I4: the index changed"
    assert now.status == before.status, "I4: the user's changes changed"
    assert now.branch == before.branch, "I4: the branch changed"
    ours = git(
        top, "status", "--porcelain", "--", *[f"{folder.name}/{p}" for p in committed]
    )
    assert not committed or ours == "", f"I4: the index lags behind: {ours}"
    assert left_behind(top) == [], "I6: something is in the way"
    assert_unchanged(inputs or {})
    assert traces_of(secrets, top, said=said) == [], "I8: a secret is there"
    return version


@dataclass(frozen=True)
class End:
    """What a profile came to: two runs are the same when these are equal.

    files: profile, evidence, and the ledgers of this machine, byte for byte
    diary: tree and message of every commit: what each version was, and in which order
    """

    files: dict[str, bytes]
    diary: str


def end_of(root: Path, name: str = "me") -> End:
    """Take down what a profile came to, for I5."""
    ledgers = (".state/archive.jsonl", ".state/folded.jsonl")
    names = ("profile.md", "evidence.jsonl", *ledgers)
    return End(
        files={path: (root / name / path).read_bytes() for path in names},
        diary=git(root, "log", "--format=%T%n%B"),
    )


def assert_each_once(folder: Path, ids: Collection[str]) -> None:
    """Check I5: the ledger says of each of these that it is folded in, once.

    folder: the profile's
    ids:    of interactions; all that ever were to be folded in
    """
    rows = (folder / ".state/folded.jsonl").read_bytes().splitlines()
    lines = [json.loads(row) for row in rows]
    found = [i for line in lines if not line.get("tried") for i in line["ids"]]
    assert sorted(found) == sorted(ids), "I5: not each of them once"


def sums_of(*paths: Path) -> dict[Path, str]:
    """The sha256 of files: logs, models, for I7."""
    sums = {}
    for path in paths:
        with path.open("rb") as file:
            sums[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def assert_unchanged(sums: Mapping[Path, str]) -> None:
    """Check I7: these files are as ``sums_of`` found them."""
    assert sums_of(*sums) == dict(sums), "I7: a log or a model changed"


def traces_of(
    secrets: Collection[str], *folders: Path, said: Sequence[str] = ()
) -> list[str]:
    """Each place where a secret is, for I8: ``ada/.state/x: 2`` (the third secret).

    Looks into every file below the folders, hidden ones too; into every object of
    their repositories, also those that nothing names, and the torn ones that a git
    which was killed left behind; and into what was said.
    """
    if not secrets:
        return []
    # As it is, and as JSON would write it.
    forms = [{form.encode() for form in (text, *_escaped(text))} for text in [*secrets]]
    return [
        f"{place}: {number}"
        for place, content in _everything(folders, said)
        for number, needles in enumerate(forms)
        if any(needle in content for needle in needles)
    ]


def _escaped(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _everything(
    folders: Sequence[Path], said: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    for number, text in enumerate(said):
        yield f"said {number}", text.encode("utf-8", "replace")
    for folder in folders:
        for inside, below, names in os.walk(folder):
            if ".git" in below:
                yield "an object", _objects_of(Path(inside))
            for path in (Path(inside, name) for name in names):
                yield str(path.relative_to(folder)), _content(path)


def _objects_of(top: Path) -> bytes:
    """Every object of a repository, named by something or not, one after another."""
    words = ("cat-file", "--batch-all-objects", "--unordered", "--batch", "--buffer")
    return subprocess.run(
        ["git", *words], cwd=top, capture_output=True, check=True
    ).stdout


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name.startswith("tmp_obj_"):
        # A loose object as far as it was written, which git itself does not see.
        try:
            return zlib.decompressobj().decompress(content)
        except zlib.error:
            return content
    return content


def left_behind(top: Path) -> list[str]:
    """Locks, temporary files and journals; but not the lock that never goes."""
    return [
        str(path.relative_to(top))
        for folder, _, names in os.walk(top)
        for path in (Path(folder, name) for name in names)
        if path.suffix in (".lock", ".persona-tmp")
        or path.name.startswith(("journal", "persona-", ".index.lock"))
    ]


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
