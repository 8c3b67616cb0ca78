"""R6: updates beside each other, beside editors, git and readers: nothing is lost."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from persona_cli import profile as pr
from persona_cli.apply import ApplyRequest, apply
from persona_cli.errors import InputError
from persona_cli.store import Store
from tests.nothing_lost import git, left_behind
from tests.steady import SteadyEngine
from tests.torture.in_process import Here, answering, pair
from tests.torture.sizes import note_figure, once, size

CROWD = Path(__file__).with_name("crowd.py")
ROUNDS, READS = size(1, 20), size(2_000, 10_000)


@pytest.fixture
def server(monkeypatch) -> Iterator[object]:
    """A model that always answers."""
    with answering(monkeypatch, PERSONA_LOCK_TIMEOUT="300") as serving:
        yield serving


@pytest.fixture
def me(server, tmp_path) -> Here:
    """A profile with a first version, and the root's other file of the user's."""
    here = Here(tmp_path / "profiles")
    here("init", "me")
    (tmp_path / "first.jsonl").write_bytes(pair(0))
    here("update", "me", str(tmp_path / "first.jsonl"))
    (here.root / "notes.txt").write_text("mine\n")
    git(here.root, "add", "notes.txt")
    git(here.root, "commit", "-qm", "notes")
    return here


def logs_of(folder: Path, many: int, *, start: int = 1) -> list[Path]:
    """Disjoint logs of two interactions each."""
    logs = []
    for number in range(many):
        path = folder / f"log-{start}-{number}.jsonl"
        path.write_bytes(b"".join(pair(start + 2 * number + n) for n in (0, 1)))
        logs.append(path)
    return logs


def crowd(here: Here, logs: list[Path], *flags: str) -> list[int]:
    """Update from all logs at once; the exit codes."""
    argv = [sys.executable, str(CROWD), str(here.root), *flags, *map(str, logs)]
    root = Path(__file__).parent.parent.parent
    environ = dict(os.environ, PYTHONPATH=str(root))
    done = subprocess.run(argv, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout)
    said = [Path(f"{log}.said").read_text() for log in logs]
    assert not [text for text in said if "Traceback" in text], said
    return codes


def ledger_ids(here: Here, name: str) -> list[str]:
    """Of every line of a ledger, in order."""
    rows = (here.root / "me/.state" / name).read_text().splitlines()
    return [
        found
        for row in map(json.loads, rows)
        for found in (row["ids"] if "ids" in row else [row["id"]])
    ]


def assert_all_kept(here: Here, many: int) -> None:
    """N of N interactions, each once, in ledger, archive and evidence; one line."""
    folded = ledger_ids(here, "folded.jsonl")
    assert len(folded) == len(set(folded)) == many, f"{len(set(folded))} of {many} kept"
    assert set(ledger_ids(here, "archive.jsonl")) == set(folded)
    rows = map(json.loads, (here.root / "me/evidence.jsonl").read_text().splitlines())
    assert set(folded) <= {row.get("interaction") for row in rows}
    assert git(here.root, "rev-list", "--min-parents=2", "HEAD") == "", "not linear"
    subjects = git(here.root, "log", "--format=%s", "--", "me").splitlines()
    numbers = [line.split()[1] for line in subjects if line.startswith("me v")]
    assert len(numbers) == len(set(numbers)), "a version twice"
    git(here.root, "fsck", "--strict")
    assert git(here.root, "status", "--porcelain") == ""
    assert left_behind(here.root) == []
    assert [one for one in here.verify() if one["wrong"]] == []


@pytest.mark.parametrize("many", [2, 4, 8, 16])
def test_updates_at_once(me, server, tmp_path, many):
    """Of disjoint logs: N of N kept, a linear history, no exit but 0."""
    for turn in range(ROUNDS):
        here = me.copied(tmp_path / f"root-{turn}")
        logs = logs_of(tmp_path, many, start=1 + turn * 40)
        codes = crowd(here, logs)
        assert set(codes) <= {0, 6}, codes
        for log, code in zip(logs, codes, strict=True):
            if code:
                here("update", "me", str(log))
        assert_all_kept(here, 1 + 2 * many)
    twin = once(without_the_lock, me, server, tmp_path)
    note_figure("R6", f"{many} updates at once", ROUNDS, twin=twin)


class Slow(SteadyEngine):
    """Thinks for so long that all of a crowd have begun."""

    def complete(self, *args, **more):
        """Answer, after a while."""
        time.sleep(1)
        return super().complete(*args, **more)


def without_the_lock(me: Here, server, tmp_path: Path) -> str:
    """The broken twin: of crowds without a lock, how many fail the same assertion."""
    crowds, many, failed, engine = size(1, 3), 8, 0, server.engine
    server.engine = Slow()
    for turn in range(crowds):
        here = me.copied(tmp_path / f"no-lock-{turn}")
        there = len(ledger_ids(here, "folded.jsonl"))
        crowd(here, logs_of(tmp_path, many, start=4001), "--no-lock")
        try:
            assert_all_kept(here, there + 2 * many)
        except AssertionError:
            failed += 1
    server.engine = engine
    assert failed, "without the lock it would do as well"
    return f"no lock: {failed} of {crowds} crowds of {many} lose some"


@contextmanager
def meanwhile(does: Callable[[], object]) -> Iterator[list[object]]:
    """Do something again and again in another thread; what it came to each time."""
    over, came_to = threading.Event(), []

    def go_on() -> None:
        while not over.is_set():
            came_to.append(does())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield came_to
    finally:
        over.set()
        thread.join()


def update_all(here: Here, logs: list[Path]) -> int:
    """Update from one log after the other, again where something was in the way."""
    again = 0
    for log in logs:
        while True:
            done = here("update", "me", str(log), code=None)
            assert done.exit_code in (0, 6), done.output
            if done.exit_code == 0:
                break
            again += 1
            assert again < 200, done.output
    return again


def test_beside_git_gc(me, server, tmp_path):
    """``git gc`` repacks all the while."""
    logs = logs_of(tmp_path, size(4, 40))
    with meanwhile(lambda: git(me.root, "gc", "-q")) as repacked:
        update_all(me, logs)
    assert len(repacked) > 1
    assert_all_kept(me, 1 + 2 * len(logs))
    twin = once(without_the_lock, me, server, tmp_path)
    note_figure("R6", "updates beside git gc", len(logs), twin=twin, gcs=len(repacked))


def test_beside_commits_by_hand(me, server, tmp_path):
    """Somebody commits a file of theirs all the while: both keep all commits."""
    numbers = iter(range(10_000))

    def commit() -> bool:
        number = next(numbers)
        (me.root / "notes.txt").write_text(f"{number}\n")
        argv = ["git", "commit", "-qm", f"note {number}", "--only", "notes.txt"]
        time.sleep(0.01)
        return not subprocess.run(argv, cwd=me.root, capture_output=True).returncode

    logs = logs_of(tmp_path, size(4, 40))
    with meanwhile(commit) as committed:
        again = update_all(me, logs)
    subprocess.run(["git", "commit", "-qam", "last"], cwd=me.root, capture_output=True)
    assert_all_kept(me, 1 + 2 * len(logs))
    subjects = git(me.root, "log", "--format=%s").splitlines()
    theirs = {f"note {n}" for n, done in enumerate(committed) if done}
    assert theirs
    assert theirs <= set(subjects), "a commit of theirs is gone"
    note_figure(
        "R6",
        "updates beside commits by hand",
        len(logs),
        twin=once(without_the_lock, me, server, tmp_path),
        commits=len(theirs),
        refused=again,
    )


class Edited(SteadyEngine):
    """While the model thinks, somebody saves the profile."""

    def __init__(self, path: Path, dice: random.Random) -> None:
        super().__init__()
        self.path, self.dice, self.saved = path, dice, []

    def complete(self, *args, **more):
        """Answer, after an edit: as an editor saves, in place or by a new file."""
        line = f"- I like the number {len(self.saved)}.\n".encode()
        content = self.path.read_bytes() + line
        if self.dice.random() < 0.5:
            self.path.write_bytes(content)
        else:
            beside = self.path.with_name("profile.md~new")
            beside.write_bytes(content)
            beside.replace(self.path)
        self.saved.append(line)
        return super().complete(*args, **more)


def edits_kept(here: Here, server, logs: list[Path]) -> tuple[int, int]:
    """Edit in every window; (edits, those that are neither there nor in history)."""
    engine = Edited(here.root / "me/profile.md", random.Random(6))
    server.engine = engine
    update_all(here, logs)
    there = (here.root / "me/profile.md").read_bytes()
    return len(engine.saved), sum(line not in there for line in engine.saved)


def test_beside_a_person_who_edits(me, server, tmp_path, monkeypatch):
    """Each line that a person saved while the model worked is in the profile.

    The broken twin: who writes last wins, on top of what was read at first.
    """
    logs, blind = logs_of(tmp_path, size(6, 40)), me.copied(tmp_path / "blind")
    edits, lost = edits_kept(me, server, logs)
    assert (edits >= len(logs), lost) == (True, 0)
    assert_all_kept(me, 1 + 2 * len(logs))
    without_a_second_look(monkeypatch)
    tried, gone = edits_kept(blind, server, logs[:3])
    assert gone > 0, "without a second look it would do as well"
    twin = f"who writes last wins: {gone} of {tried} edits lost"
    note_figure("R6", "a person's edit in each window", edits, twin=twin)


def without_a_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save over whatever is there."""
    whole = Store.save

    def blind(self, loaded, *args, **more):
        for name, content in loaded.disk.items():
            (self.folder / name).write_bytes(content)
        return whole(self, loaded, *args, **more)

    monkeypatch.setattr("persona_cli.update._reload", lambda _, loaded, **__: loaded)
    monkeypatch.setattr(Store, "save", blind)


def read_on(here: Here, until: Callable[[], bool], least: int) -> list[bytes]:
    """Apply the profile again and again; each time, the bytes that were read."""
    path, seen = here.root / "me/profile.md", []
    while len(seen) < least or not until():
        content = path.read_bytes()
        profile = pr.parse(content.decode(), place=str(path), hurried=True)
        asked = ApplyRequest(
            name="me", version=profile.version, argument="Hi.", tentative=True
        )
        done = apply(profile.claims, asked)
        assert len(done.kept) == len(profile.claims)
        seen.append(content)
    return seen


def assert_never_torn(
    here: Here, tmp_path: Path, *flags: str, start: int = 1
) -> tuple[int, int]:
    """(reads, versions seen) beside a crowd of updates: each is of one version."""
    logs = logs_of(tmp_path, 6, start=start)
    with ThreadPoolExecutor() as pool:
        working = pool.submit(crowd, here, logs, *flags)
        seen = read_on(here, working.done, READS)
        working.result()
    shas = git(here.root, "log", "--format=%H", "--", "me/profile.md").split()
    known = {git(here.root, "show", f"{sha}:me/profile.md").encode() for sha in shas}
    torn = [content for content in seen if content not in known]
    assert not torn, f"{len(torn)} of {len(seen)} reads are of no version"
    return len(seen), len(set(seen))


def test_readers_never_see_half_a_profile(me, tmp_path):
    """``apply`` beside updates: every read is one version, whole."""
    reads, versions = assert_never_torn(me, tmp_path)
    assert versions >= 3
    torn, runs = written_in_place(me, tmp_path)
    assert torn, "written in place it would do as well"
    note_figure(
        "R6",
        "reads beside updates",
        reads,
        twin=f"written in place: {torn} of {runs} runs have torn reads",
        versions_seen=versions,
    )


def written_in_place(me: Here, tmp_path: Path) -> tuple[int, int]:
    """(runs in which a profile is seen half, runs), written where it stands."""
    runs, torn = size(1, 3), 0
    for turn in range(runs):
        here = me.copied(tmp_path / f"in-place-{turn}")
        try:
            assert_never_torn(here, tmp_path, "--in-place", start=101)
        except (AssertionError, InputError):
            torn += 1
    return torn, runs
