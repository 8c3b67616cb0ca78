"""Disks that are full, read-only, or fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from subprocess import CompletedProcess

import pytest

from tests.bad_input.refusals import (
    INPUT,
    UNPRIVILEGED,
    assert_refused,
    assert_works,
    running,
)
from tests.steady import litter


@pytest.fixture
def disk(persona) -> Iterator[Callable[..., None]]:
    """Puts the root on a small disk of its own, of which one can ask things."""
    root = persona.root

    def mount(*options: str) -> None:
        argv = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(root)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk to be had: {done.stderr.strip()}")

    shutil.move(root, persona.folder / "there")
    root.mkdir()
    try:
        mount("size=2m")
    except BaseException:
        root.rmdir()
        raise
    shutil.copytree(persona.folder / "there", root, dirs_exist_ok=True)
    yield lambda option: mount("remount", option)
    subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.mark.parametrize("left", [0, 8, 16, 28])
def test_a_full_disk(persona, disk, log, left):
    """Where there is no space, and that nothing was changed; exit 3.

    left: KiB that are free: the first write fails, or a later one, or git's
    """
    filler = persona.root / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    os.truncate(filler, filler.stat().st_size - left * 1024)
    run = running(persona, "update", "me", str(log), code=INPUT)
    says = "no space left "
    assert_refused(persona, run, INPUT, says, "Free some space", state=False)
    filler.unlink()
    assert_works(persona, log)


def test_a_disk_without_inodes(persona, disk, log):
    """No file can be made; exit 3."""
    used = sum(len(found) + 1 for _, _, found in os.walk(persona.root))
    disk(f"nr_inodes={used + 60}")
    crowd = persona.root / "crowd"
    crowd.mkdir()
    with suppress(OSError):
        for number in range(1000):
            (crowd / str(number)).touch()
    assert 0 < len(list(crowd.iterdir())) < 1000
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "no space left on ", "Free", state=False)
    shutil.rmtree(crowd)
    assert_works(persona, log)


def test_a_read_only_disk(persona, disk, log):
    """What reads still reads; what writes says so; exit 3."""
    disk("ro")
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "read-only file system", "Mount it writable")
    assert "Iris" in persona("show").stdout
    assert persona("apply", "me", "Hi.", "--tentative").stdout.count("Iris") == 1
    disk("rw")
    assert_works(persona, log)


@pytest.mark.parametrize(
    "place", ["tmp-written", "renamed", "line-written", "committed"]
)
def test_a_full_disk_at_a_failpoint(persona, log, place):
    """The same, wherever it strikes, and without a disk to fill; exit 3."""
    full = {"PERSONA_FAILPOINT": f"{place}:enospc:1"}
    if place in ("tmp-written", "renamed"):  # in the middle, not when logs are noted
        full = {"PERSONA_FAILPOINT": f"{place}:enospc:3"}
    run = running(persona, "update", "me", str(log), code=INPUT, environ=full)
    if place == "committed":  # too late to take it back: the version stands
        done = run()
        assert "no space left on " in done.stderr
        assert "  try: " in done.stderr
        assert b"Basil" in (persona.root / "me/profile.md").read_bytes()
        assert litter(persona.root) in ([], ["me/.state/journal.json"])
        assert persona("update", "me", str(log)).stdout == ""
        assert litter(persona.root) == []
        return
    assert_refused(persona, run, INPUT, "no space left on ", "Free", state=False)
    assert_works(persona, log)


@pytest.mark.parametrize("call", ["fsync:error=EIO:when=2", "fsync:error=EIO:when=5"])
def test_a_disk_that_fails(persona, log, call):
    """Where it failed, and that nothing was changed; exit 3."""
    argv = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}"]
    if shutil.which("strace") is None:
        pytest.skip("no strace to make a disk fail with")
    probe = subprocess.run([*argv, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*argv, sys.executable, "-m", "persona_cli", "update", "me", str(log)],
            capture_output=True,
            text=True,
            cwd=persona.folder,
            env=persona.environ,
            check=False,
        )

    assert_refused(persona, run, INPUT, "I/O error", "Check the disk", state=False)
    assert_works(persona, log)


@pytest.mark.parametrize("what", ["me", "me/profile.md", ".git", "me/.state/lock"])
def test_what_may_not_be_written(persona, log, what):
    """The path, and what to see to; exit 3."""
    path = persona.root / what
    if UNPRIVILEGED and shutil.which("setpriv") is None:
        pytest.skip("root may write everything, and there is no setpriv")
    argv = [*UNPRIVILEGED, sys.executable, "-m", "persona_cli"]
    mode = path.stat().st_mode
    for each in (path, *(p for p in path.rglob("*") if what == ".git" and p.is_dir())):
        each.chmod(0o555 if each.is_dir() else 0o444)

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*argv, "update", "me", str(log)],
            capture_output=True,
            text=True,
            cwd=persona.folder,
            env=persona.environ,
            check=False,
        )

    assert_refused(persona, run, INPUT, "permission denied", "you own", state=False)
    for each in (path, *(p for p in path.rglob("*") if what == ".git" and p.is_dir())):
        each.chmod(0o755 if each.is_dir() else mode)
    assert_works(persona, log)
