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
    left = left_behind(here.root)
    if "window 1: v2:" in said:  # kept, and said; then a cache could not be written
        assert truth(here) != before
        assert left == [], said
        return
    if "half written" not in said:
        assert truth(here) == before
        assert left == [], said
        return
    # Not even taking it back could be written: that is said, and no file is torn.
    assert left in ([], ["me/.state/journal.json"]), said
    assert "The next run finishes it." in said, said
    assert whole(here), said


def whole(here: Here) -> bool:
    """Whether each file reads as one, though they may not belong together."""
    here("show", "me")
    return truth(here)["evidence.jsonl"].endswith(b"\n")


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


def test_a_full_disk(me, small, tmp_path, monkeypatch):
    """0 to 118 KiB left: wherever it strikes, nothing is lost and it is said."""
    failed = 0
    for left in STEPS:
        failed += full_disk(small, tmp_path / "new.jsonl", left * 1024)
        again(small, me.root)
    assert failed >= 3
    torn, tried = torn_by_plain_writes(small, tmp_path, monkeypatch)
    assert torn, "written where they stand, they would do as well"
    twin = f"written in place, and not put back: {torn} of {tried} torn"
    note_figure("R5", "disk full", len(STEPS), twin=twin, refused=failed)


def torn_by_plain_writes(small: Here, tmp_path: Path, monkeypatch) -> tuple[int, int]:
    """The broken twin, with files of several pages: (cases that fail, cases)."""
    evidence = small.root / "me/evidence.jsonl"
    evidence.write_bytes(evidence.read_bytes() * 40)  # so that a part of it fits
    git(small.root, "commit", "-qam", "longer")
    good = tmp_path / "longer"
    shutil.copytree(small.root, good, symlinks=True)
    torn, steps = 0, range(8, 40, size(8, 2))
    for left in steps:
        with monkeypatch.context() as patch:
            patch.setattr(transaction, "write_whole", plainly)
            patch.setattr(transaction, "_back", lambda *_: None)
            try:
                full_disk(small, tmp_path / "new.jsonl", left * 1024)
            except AssertionError:
                torn += 1
        again(small, good)
    return torn, len(steps)


def plainly(path: Path, content: bytes) -> None:
    """Write a file where it stands."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise files.fault(error, path) from error


def without_inodes(small: Here, log: Path, left: int) -> bool:
    """One case, in which so many files can still be made; whether the update failed."""
    before = truth(small)
    used = sum(len(found) + 1 for _, _, found in os.walk(small.root))
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
    try:
        done = small("update", "me", str(log), code=None)
    finally:
        shutil.rmtree(crowd)
        mount(small.root, "remount", "nr_inodes=10000")
    assert_said(small, done.exit_code, done.stderr, before)
    assert_works(small, log, before)
    return bool(done.exit_code)


def test_no_inodes(me, small, tmp_path, monkeypatch):
    """So many files can still be made, and no more."""
    log, failed = tmp_path / "new.jsonl", 0
    for number in range(INODES):
        failed += without_inodes(small, log, number * 40 // INODES)
        again(small, me.root)
    assert failed >= min(INODES // 2, 5)  # it needs about eight
    # The twin: what was changed before it failed is left so.
    lefts, half_done = range(0, 40, size(5, 2)), 0
    monkeypatch.setattr(transaction, "_back", lambda *_: None)
    for left in lefts:
        try:
            without_inodes(small, log, left)
        except AssertionError:
            half_done += 1
        again(small, me.root)
    assert half_done, "without putting back it would do as well"
    twin = f"not put back: {half_done} of {len(lefts)} half done"
    note_figure("R5", "inodes exhausted", INODES, twin=twin, refused=failed)


# Writes files where they stand, and puts none of them back.
_PLAINLY = """
import persona_cli.transaction as part
from tests.torture.test_full_disk import plainly
part.write_whole, part._back = plainly, lambda *_: None
"""


@pytest.fixture
def broken(tmp_path) -> dict[str, str]:
    """The environment of a twin, for a child."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(_PLAINLY)
    top = Path(__file__).parents[2]
    return {"PYTHONPATH": f"{hooks}{os.pathsep}{top}"}


def in_a_child(
    here: Here,
    log: Path,
    *before: str,
    limit: int | None = None,
    environ: dict[str, str] | None = None,
):
    """An update as a process of its own."""

    def small_files() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*before, sys.executable, "-m", "persona_cli", "update", "me", str(log)],
        env=dict(os.environ, PERSONA_ROOT=str(here.root), **(environ or {})),
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )


def in_small_files(
    me: Here, tmp_path: Path, limit: int, environ: dict[str, str] | None = None
) -> bool:
    """One case: no file may be longer; whether the update failed."""
    here = me.copied(tmp_path / f"limit-{limit}-{environ is None}")
    before, log = truth(here), tmp_path / "new.jsonl"
    done = in_a_child(here, log, limit=limit, environ=environ)
    assert_said(here, done.returncode, done.stderr, before)
    assert_works(here, log, before)
    return bool(done.returncode)


def test_a_limit_on_the_size_of_files(me, tmp_path, broken):
    """``ulimit -f``: from no byte at all to where an update just fits."""
    limits = [number * 3600 // LIMITS for number in range(LIMITS)]
    failed = sum(in_small_files(me, tmp_path, limit) for limit in limits)
    assert failed >= 2
    torn = 0
    for limit in limits:
        try:
            in_small_files(me, tmp_path, limit, broken)
        except AssertionError:
            torn += 1
    assert torn, "written where they stand, they would do as well"
    twin = f"written in place, and not put back: {torn} of {len(limits)} torn"
    note_figure("R5", "RLIMIT_FSIZE", LIMITS, twin=twin, refused=failed)


def test_a_quota(me, tmp_path, broken):
    """The so manieth write, or new file, is over the quota; and all after it."""
    argv = ["strace", "-f", "-qq", "-o", os.devnull]
    if shutil.which("strace") is None:
        pytest.skip("no strace to make a quota with")
    probe = subprocess.run([*argv, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")

    def over(number: int, environ: dict[str, str] | None = None) -> bool:
        here = me.copied(tmp_path / f"quota-{number}-{environ is None}")
        before, log = truth(here), tmp_path / "new.jsonl"
        # Of this root's files alone: a quota is of one disk.
        watch = [arg for path in _written(here) for arg in ("-P", str(path))]
        call = f"inject=write,ftruncate,fsync:error=EDQUOT:when={1 + number}+"
        more = [*argv, *watch, "-e", call]
        done = in_a_child(here, log, *more, environ=environ)
        assert_said(here, done.returncode, done.stderr, before)
        assert_works(here, log, before)
        return bool(done.returncode)

    failed = sum(map(over, range(QUOTAS)))
    assert failed >= 2
    tries, torn = range(3, 9), 0
    for number in tries:  # later, when files of the profile are written
        try:
            over(number, broken)
        except AssertionError:
            torn += 1
    assert torn, "written where they stand, they would do as well"
    twin = f"written in place, and not put back: {torn} of {len(tries)} torn"
    note_figure("R5", "EDQUOT by injection", QUOTAS, twin=twin, refused=failed)


def _written(here: Here) -> list[Path]:
    state, me = here.root / "me/.state", here.root / "me"
    files = (me / "profile.md", me / "evidence.jsonl")
    return [state / "archive.jsonl", state / "folded.jsonl", state, me, *files]
