"""A disk whose power can be cut: a file system in a file, and what is in that file.

What a program has written and not flushed is in the kernel's memory, and not in the
file: a copy of the file is what would be left after a power cut. It is taken while
the program is stopped, and taken again when the kernel wrote to the file meanwhile.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = 24 << 20

# The kernel's own timer would flush what the program did not; it is to stay out of it.
_TRIES = 50
_OPTIONS = "loop,noatime,commit=600"


def why_not(folder: Path) -> str:
    """Why there can be no such disk here; empty when there can."""
    if os.geteuid() != 0:
        return "needs root, to mount a file system"
    for name in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(name) is None:
            return f"needs {name}"
    try:
        with mounted(made(folder / "probe.img"), folder / "probe"):
            return ""
    except subprocess.CalledProcessError as error:
        return f"no loop device: {error.stderr.decode().strip()}"


def made(image: Path) -> Path:
    """Make an empty file system in a file."""
    with image.open("wb") as file:
        file.truncate(_SIZE)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    return image


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mount the file system; what is on it when the block is left may be lost."""
    at.mkdir(exist_ok=True)
    _run("mount", "-o", _OPTIONS, image, at)
    try:
        yield at
    finally:
        _unmount(at)


def flushed(folder: Path) -> None:
    """Flush the file system that a folder is on: what is there by now is safe."""
    _run("sync", "-f", folder)


@contextmanager
def stopped(group: int) -> Iterator[None]:
    """Hold the processes of a group still, at whatever they were doing."""
    try:
        for _ in range(_TRIES):
            os.killpg(group, signal.SIGSTOP)
            if _all_stop(group):
                break
            os.killpg(group, signal.SIGCONT)
            time.sleep(0.003)
        else:
            raise AssertionError("it does not stop")
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def cut(image: Path, copy: Path) -> None:
    """Copy what the disk holds now. Whoever writes to it is stopped."""
    for _ in range(20):
        before = image.read_bytes()
        if image.read_bytes() == before:
            _write_sparse(copy, before)
            return
    raise AssertionError("the kernel writes to the disk all the time")


def _write_sparse(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        for start in range(0, len(content), 1 << 16):
            block = content[start : start + (1 << 16)]
            if block.strip(b"\0"):
                file.seek(start)
                file.write(block)
        file.truncate(len(content))


def _all_stop(group: int) -> bool:
    """Wait for it: a call that flushes is not interrupted, and has to return.

    A process that has just made another waits until that one has begun its program,
    which it never does when it is stopped before: then it has to be let go on.
    """
    begun = time.monotonic()
    while time.monotonic() - begun < 0.3:
        if all(state in "TZX" for state in _states(group)):
            return True
        time.sleep(0.001)
    return False


def _states(group: int) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group:
            yield fields[0]


def _unmount(at: Path) -> None:
    for _ in range(100):
        done = subprocess.run(["umount", at], capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.02)  # whoever was killed there is still going
    raise AssertionError(f"{at} cannot be unmounted: {done.stderr.decode()}")


def _run(*words: str | Path) -> None:
    subprocess.run(words, capture_output=True, check=True, stdin=subprocess.DEVNULL)
