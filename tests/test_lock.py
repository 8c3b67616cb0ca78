"""One at a time; the kernel frees the lock; whoever waits is told for whom."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persona_cli.errors import BusyError, InputError
from persona_cli.lock import profile_lock

HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from persona_cli.lock import profile_lock\n"
    "with profile_lock(Path(sys.argv[1]), timeout=5, doing='update'):\n"
    "    print('held', flush=True); time.sleep(float(sys.argv[2]))\n"
)


@pytest.fixture
def hold(tmp_path):
    """Start a process that holds the lock of ``tmp_path`` for so many seconds."""
    started = []

    def start(seconds: float) -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, tmp_path, str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in started:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_the_state_folder_is_made_private(tmp_path):
    """A first lock makes ``.state``, for its owner alone, and the lock file stays."""
    with profile_lock(tmp_path, timeout=0, doing="init"):
        assert (tmp_path / ".state").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / ".state/lock").stat().st_mode & 0o777 == 0o600
    inode = (tmp_path / ".state/lock").stat().st_ino

    with profile_lock(tmp_path, timeout=0, doing="update"):
        assert (tmp_path / ".state/lock").stat().st_ino == inode


def test_a_held_lock_is_named_after_the_wait(tmp_path, hold):
    """Busy, exit 6, with pid, verb, since when, and how long was waited."""
    holder = hold(30)
    told: list[str] = []
    begun = time.monotonic()

    with (
        pytest.raises(BusyError) as caught,
        profile_lock(tmp_path, timeout=0.3, doing="update", on_wait=told.append),
    ):
        pass

    assert 0.3 <= time.monotonic() - begun < 2
    who = rf"another persona \(pid {holder.pid}, update, since \d\d:\d\d\)"
    assert re.search(rf"{who} is running; waited 0 s$", str(caught.value))
    assert len(told) == 1
    assert re.search(rf"waiting for {who}$", told[0])


def test_who_waits_long_enough_gets_it(tmp_path, hold):
    """The next in line goes on as soon as the holder is done."""
    hold(0.4)
    begun = time.monotonic()

    with profile_lock(tmp_path, timeout=10, doing="update"):
        assert 0.2 < time.monotonic() - begun < 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_death_frees_the_lock(tmp_path, hold, number):
    """Killed however: the next run waits no second."""
    holder = hold(30)
    os.kill(holder.pid, number)
    begun = time.monotonic()

    with profile_lock(tmp_path, timeout=5, doing="update"):
        assert time.monotonic() - begun < 1


def test_a_stopped_holder_keeps_it(tmp_path, hold):
    """SIGSTOP is no death: a live lock is never stolen."""
    holder = hold(30)
    os.kill(holder.pid, signal.SIGSTOP)

    with (
        pytest.raises(BusyError, match=f"pid {holder.pid}"),
        profile_lock(tmp_path, timeout=0.2, doing="update"),
    ):
        pass


def test_a_child_does_not_inherit_it(tmp_path):
    """A child that outlives its parent holds nothing."""
    with profile_lock(tmp_path, timeout=0, doing="update"):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with profile_lock(tmp_path, timeout=0, doing="update"):
            assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_it_is_free_after_a_failure(tmp_path):
    """An error inside passes through as it is, and frees the lock."""
    with (
        pytest.raises(OSError, match="mine"),
        profile_lock(tmp_path, timeout=0, doing="update"),
    ):
        raise OSError("mine")
    with profile_lock(tmp_path, timeout=0, doing="update"):
        pass


def test_no_folder_no_lock(tmp_path):
    """A profile's folder that is not there is named."""
    with (
        pytest.raises(InputError, match=r"nowhere.*no such file"),
        profile_lock(tmp_path / "nowhere", timeout=0, doing="update"),
    ):
        pass


def test_damaged_words_in_the_lock_do_no_harm(tmp_path, hold):
    """What the holder wrote is for the message alone."""
    hold(30)
    for words in (b"", b"[1]", b"\xff\xfe", b'{"pid": "x"}'):
        Path(tmp_path / ".state/lock").write_bytes(words)
        with (
            pytest.raises(BusyError, match="another persona is running"),
            profile_lock(tmp_path, timeout=0, doing="update"),
        ):
            pass
