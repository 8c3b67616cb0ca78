"""R5: no space, inodes, larger files, or quota: said in one line, and all as it was."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from persona_cli import files, transaction
from tests.nothing_lost import git, left_behind
from tests.torture.in_process import Here, answering, pair
from tests.torture.sizes import note_figure, size

# KiB that are left on the disk, in steps of 2.
STEPS = range(0, 120, size(12, 2))
INODES, LIMITS, QUOTAS = (size(3, 20) for _ in range(3))

SAYS = re.compile(
    r"^error: .*(no space left|file too large|quota)[^\n]*\n  try: [^\n]+\n\Z",
    re.MULTILINE,
)


@pytest.fixture
def me(monkeypatch, tmp_path) -> Iterator[Here]:
    """A profile with two versions."""
    with answering(monkeypatch):
        here = Here(tmp_path / "there")
        here("init", "me")
        (tmp_path / "old.jsonl").write_bytes(pair(0))
        here("update", "me", str(tmp_path / "old.jsonl"))
        (tmp_path / "new.jsonl").write_bytes(pair(1) + pair(2))
        yield here


@pytest.fixture
def small(me, tmp_path) -> Iterator[Here]:
    """The same on a disk of 4 MB."""
    root = tmp_path / "small"
    root.mkdir()
    mount(root, "size=4m")
    shutil.copytree(me.root, root, symlinks=True, dirs_exist_ok=True)
    yield Here(root)
    subprocess.run(["umount", "-l", str(root)], check=True)


def mount(root: Path, *options: str) -> None:
    """Put a small disk there, or change it; without the right to, no test."""
    argv = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(root)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk to be had: {done.stderr.strip()}")


def truth(here: Here) -> dict[str, bytes]:
    """What a failed update must leave as it was."""
    names = ("profile.md", "evidence.jsonl", ".state/folded.jsonl")
    return {name: (here.root / "me" / name).read_bytes() for name in names}


def fill(root: Path, left: int) -> Path:
    """Fill a disk but for so many bytes."""
    filler = root / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    os.truncate(filler, max(0, filler.stat().st_size - left))
    return filler


def assert_said(here: Here, code: int, said: str, before: dict[str, bytes]) -> None:
    """Old and whole, with a line that says why; or new and whole."""
    if code == 0:
        assert truth(here) != before
        return
    assert code == 3, said
    assert SAYS.search(said), said
    assert "Traceback" not in said
    assert truth(here) == before
    assert left_behind(here.root) == [], said


def assert_works(here: Here, log: Path, before: dict[str, bytes]) -> None:
    """With space again, the next update needs nobody's help, and loses nothing."""
    here("update", "me", str(log))
    assert truth(here) != before
    assert len(here.claims()) == 3
    assert [one for one in here.verify() if one["wrong"]] == []
    git(here.root, "fsck", "--strict")
    assert left_behind(here.root) == []


def again(here: Here, good: Path) -> None:
    """The disk as it was before the case."""
    for path in here.root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(good, here.root, symlinks=True, dirs_exist_ok=True)


def full_disk(here: Here, log: Path, left: int) -> bool:
    """One case; whether the update failed."""
    before = truth(here)
    filler = fill(here.root, left)
    done = here("update", "me", str(log), code=None)
    assert_said(here, done.exit_code, done.stderr, before)
    if done.exit_code and "need " in done.stderr:
        assert re.search(r"need \d+ K?B, free \d+ K?B", done.stderr), done.stderr
    filler.unlink()
    assert_works(here, log, before)
    return bool(done.exit_code)


def sweep(here: Here, log: Path, steps: range) -> None:
    """One case after the other, on what the last has left."""
    for left in steps:
        full_disk(here, log, left * 1024)


def test_a_full_disk(me, small, tmp_path):
    """0 to 118 KiB left: wherever it strikes, nothing is lost and it is said."""
    failed = 0
    for left in STEPS:
        failed += full_disk(small, tmp_path / "new.jsonl", left * 1024)
        again(small, me.root)
    assert failed >= 3
    note_figure("R5", "disk full", len(STEPS), twin=_PLAIN, refused=failed)


_PLAIN = "a plain write: 1 of 1 torn"


def test_a_plain_write_tears_it(small, tmp_path, monkeypatch):
    """The broken twin: files are written where they stand."""

    def plain(path: Path, content: bytes) -> None:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise files.fault(error, path) from error

    monkeypatch.setattr(transaction, "write_whole", plain)
    monkeypatch.setattr(transaction, "_back", lambda *_: None)
    evidence = small.root / "me/evidence.jsonl"
    rows = evidence.read_bytes()
    evidence.write_bytes(rows * 40)  # of several pages, so that a part of it fits
    git(small.root, "commit", "-qam", "longer")
    before = truth(small)
    with pytest.raises(AssertionError):
        sweep(small, tmp_path / "new.jsonl", range(0, 64, 4))
    assert truth(small) != before, "not torn"


def test_no_inodes(me, small, tmp_path):
    """So many files can still be made, and no more."""
    used = sum(len(found) + 1 for _, _, found in os.walk(small.root))
    failed = 0
    for number in range(INODES):
        left = number * 40 // INODES
        before = truth(small)
        mount(small.root, "remount", f"nr_inodes={used + 60}")
        crowd = small.root / "crowd"
        crowd.mkdir()
        made = []
        with suppress(OSError):
            for name in range(1000):
                (crowd / str(name)).touch()
                made.append(crowd / str(name))
        for path in made[:left]:
            path.unlink()
        done = small("update", "me", str(tmp_path / "new.jsonl"), code=None)
        assert_said(small, done.exit_code, done.stderr, before)
        failed += bool(done.exit_code)
        shutil.rmtree(crowd)
        mount(small.root, "remount", "nr_inodes=10000")
        assert_works(small, tmp_path / "new.jsonl", before)
        again(small, me.root)
    assert failed >= INODES // 2
    note_figure("R5", "inodes exhausted", INODES, twin=_PLAIN, refused=failed)


def in_a_child(here: Here, log: Path, *before: str, limit: int | None = None):
    """An update as a process of its own."""

    def small_files() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*before, sys.executable, "-m", "persona_cli", "update", "me", str(log)],
        env=dict(os.environ, PERSONA_ROOT=str(here.root)),
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )


def test_a_limit_on_the_size_of_files(me, tmp_path):
    """``ulimit -f``: from no byte at all to where an update just fits."""
    failed = 0
    for number in range(LIMITS):
        here = me.copied(tmp_path / f"limit-{number}")
        before = truth(here)
        limit = number * 3600 // LIMITS
        done = in_a_child(here, tmp_path / "new.jsonl", limit=limit)
        assert_said(here, done.returncode, done.stderr, before)
        failed += bool(done.returncode)
        assert_works(here, tmp_path / "new.jsonl", before)
    assert failed >= 2
    note_figure("R5", "RLIMIT_FSIZE", LIMITS, twin=_PLAIN, refused=failed)


def test_a_quota(me, tmp_path):
    """The so manieth write, or new file, is over the quota; and all after it."""
    argv = ["strace", "-f", "-qq", "-o", os.devnull]
    if shutil.which("strace") is None:
        pytest.skip("no strace to make a quota with")
    probe = subprocess.run([*argv, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")
    failed = 0
    for number in range(QUOTAS):
        here = me.copied(tmp_path / f"quota-{number}")
        before = truth(here)
        # Of this root's files alone: a quota is of one disk.
        watch = [arg for path in _written(here) for arg in ("-P", str(path))]
        call = f"inject=write,ftruncate,fsync:error=EDQUOT:when={1 + number}+"
        done = in_a_child(here, tmp_path / "new.jsonl", *argv, *watch, "-e", call)
        assert_said(here, done.returncode, done.stderr, before)
        failed += bool(done.returncode)
        assert_works(here, tmp_path / "new.jsonl", before)
    assert failed >= 2
    note_figure("R5", "EDQUOT by injection", QUOTAS, twin=_PLAIN, refused=failed)


def _written(here: Here) -> list[Path]:
    state = here.root / "me/.state"
    return [state / "archive.jsonl", state / "folded.jsonl", state, here.root / "me"]
