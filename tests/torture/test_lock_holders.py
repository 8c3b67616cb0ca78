"""R7: who has the lock dies, or hangs: none waits for the dead or robs the living."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_cli import lock
from persona_cli.errors import BusyError
from persona_cli.git import Git
from persona_cli.git.lock import index_lock
from persona_cli.git.place import find_place
from persona_cli.lock import profile_lock
from tests.nothing_lost import git, left_behind
from tests.torture.sizes import note_figure, size

DEATHS, HANGS = size(10, 50), size(3, 10)

# Seconds in which the lock of a dead process must be had.
SOON = 1.0

_HOLD = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from persona_cli.git.lock import index_lock
from persona_cli.git.place import find_place
from persona_cli.lock import profile_lock
folder = Path(sys.argv[1])
with ExitStack() as held:
    held.enter_context(profile_lock(folder, timeout=60, doing="update"))
    if "index" in sys.argv:
        place = find_place(folder)
        held.enter_context(index_lock(place.index, top=place.top, names=["me/x"]))
    print("held", flush=True)
    sys.stdin.readline()
    (folder / "was-here").write_text("untroubled")
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A profile's folder in a repository."""
    made = tmp_path / "profiles" / "me"
    made.mkdir(parents=True)
    git(tmp_path / "profiles", "init", "-q", "-b", "main")
    (made / "profile.md").write_text("one\n")
    Git(made).commit([made / "profile.md"], "one")
    return made


class Holder:
    """Another process that has the lock."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(folder), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def send(self, number: signal.Signals) -> None:
        """Stop it, let it go on, or kill it."""
        self.process.send_signal(number)

    def finish(self) -> int:
        """Let it go its way, and wait for its end."""
        self.process.communicate("\n", timeout=20)
        return self.process.returncode


@pytest.fixture
def holders() -> Iterator[list[Holder]]:
    """Those to be killed at the end, whatever happens."""
    running: list[Holder] = []
    yield running
    for holder in running:
        holder.process.kill()
        holder.process.communicate()


def wait_for_the_dead(folder: Path, holder: Holder, dice: random.Random) -> float:
    """Kill a holder while another waits; seconds until that one has the lock."""
    had: list[float] = []

    def wait() -> None:
        with profile_lock(folder, timeout=2 * SOON, doing="update"):
            had.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(dice.random() * 0.05)
    holder.send(signal.SIGKILL)
    holder.process.wait()
    died = time.monotonic()
    waiting.join()
    return had[0] - died if had else float("inf")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_dead_hold_nothing(folder, holders, monkeypatch):
    """Kill -9 with the profile's lock, and of the index: the next goes on at once."""
    dice = random.Random(7)
    waits = []
    for number in range(DEATHS):
        both = ["index"] if number % 2 else []
        holders.append(Holder(folder, *both))
        waits.append(wait_for_the_dead(folder, holders[-1], dice))
        assert waits[-1] <= SOON
        (folder / "profile.md").write_text(f"{number}\n")
        begun = time.monotonic()
        assert Git(folder).commit([folder / "profile.md"], str(number)), both
        assert time.monotonic() - begun < SOON + 1
        assert left_behind(folder.parent) == []
    vain = waits_for_a_believed_lock_file(folder, holders, monkeypatch)
    assert vain, "by a lock file it would do as well"
    note_figure(
        "R7",
        "kill -9 of who holds the lock, every other time with git's index",
        DEATHS,
        twin=f"a lock file that is believed: {vain:d} of 1 waits in vain",
        longest_wait_s=round(max(waits), 3),
    )


def waits_for_a_believed_lock_file(folder: Path, holders, monkeypatch) -> bool:
    """The broken twin: a lock that is there while its file has a name in it."""
    holders.append(Holder(folder))
    with monkeypatch.context() as patch:
        patch.setattr(lock, "_try", lambda fd: os.fstat(fd).st_size == 0)
        waited = wait_for_the_dead(folder, holders[-1], random.Random(7))
    return waited > SOON


def hang(folder: Path, holder: Holder, patience: float) -> float:
    """See that a hung holder is waited for, and then named; how long it took."""
    since = time.strftime("%H:%M")
    holder.send(signal.SIGSTOP)
    begun = time.monotonic()
    with (
        pytest.raises(BusyError) as caught,
        profile_lock(folder, timeout=patience, doing="undo"),
    ):
        pass
    waited = time.monotonic() - begun
    named = re.search(r"pid (\d+), update, since (\d\d:\d\d)\)", str(caught.value))
    assert named, caught.value
    assert named[1] == str(holder.process.pid)
    assert since[:2] == named[2][:2] or since[3:] in ("00", "59")
    assert caught.value.exit_code == 6
    assert caught.value.remedy
    return waited


def test_the_hung_are_waited_for_and_never_robbed(folder, holders, monkeypatch):
    """SIGSTOP: as long as was asked, then named; and their lock is untouched."""
    waits = []
    for number in range(HANGS):
        holder = Holder(folder)
        holders.append(holder)
        patience = 0.1 + 0.1 * (number % 3)
        waits.append(hang(folder, holder, patience) - patience)
        assert 0 <= waits[-1] < 0.5
        (folder / "was-here").unlink(missing_ok=True)
        holder.send(signal.SIGCONT)
        assert holder.finish() == 0
        assert (folder / "was-here").read_text() == "untroubled"
        with profile_lock(folder, timeout=0, doing="update"):
            pass
    robbed = robbed_without_the_lock(folder, holders, monkeypatch)
    assert robbed, "without the lock it would do as well"
    note_figure(
        "R7",
        "SIGSTOP of who holds the lock",
        HANGS,
        twin=f"no lock: {robbed:d} of 1 is robbed",
        longest_over_s=round(max(waits), 3),
    )


def robbed_without_the_lock(folder: Path, holders, monkeypatch) -> bool:
    """The broken twin: whoever asks, gets it; whether the same check fails of it."""
    holders.append(Holder(folder))
    with monkeypatch.context() as patch:
        patch.setattr(lock, "_try", lambda _: True)
        try:
            hang(folder, holders[-1], 0.1)
        except pytest.fail.Exception as failure:
            return "DID NOT RAISE" in str(failure)
    return False


def test_a_holder_on_another_host_is_named_with_it(folder, monkeypatch):
    """Over a shared folder the pid alone says nothing."""
    monkeypatch.setattr(lock.socket, "gethostname", lambda: "lovelace")
    with profile_lock(folder, timeout=0, doing="update"):
        monkeypatch.setattr(lock.socket, "gethostname", lambda: "here")
        with (
            pytest.raises(BusyError, match=r"\(pid \d+ on lovelace, update, since "),
            profile_lock(folder, timeout=0, doing="update"),
        ):
            pass


def test_a_foreign_index_lock_is_left_alone(folder, holders):
    """Also while our own dead are cleared up: another git's lock is not ours."""
    holders.append(Holder(folder, "index"))
    holders[0].send(signal.SIGKILL)
    holders[0].process.wait()
    path = folder.parent / ".git/index.lock"
    path.unlink()
    path.write_bytes(b"DIRC")  # as git writes it
    (folder / "profile.md").write_text("two\n")
    with pytest.raises(BusyError, match="another git process"):
        Git(folder).commit([folder / "profile.md"], "two")
    assert path.read_bytes() == b"DIRC"


def test_a_living_persona_is_not_robbed_of_the_index(folder, holders, monkeypatch):
    """A stopped persona's index.lock is ours by its words, and stays."""
    holders.append(Holder(folder, "index"))
    holders[0].send(signal.SIGSTOP)
    monkeypatch.setattr("persona_cli.git.lock.PATIENCE_PERSONA", 0.2)
    place = find_place(folder)
    assert place is not None
    with (
        pytest.raises(BusyError, match="another persona holds git's index"),
        index_lock(place.index, top=place.top, names=["me/profile.md"]),
    ):
        pass
    assert place.lock.exists()
