"""Runs that are killed, runs at the same time, and runs that have to wait.

A run that is killed goes on at the next window, and ends as if nothing had been.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chat_server import ChatServer
from tests.nothing_lost import End, end_of, git
from tests.steady import SteadyEngine, litter

if TYPE_CHECKING:
    from tests.conftest import Persona

FIRST = [
    "amber",
    "basil",
    "cedar",
    "dahlia",
    "ember",
    "fennel",
    "garnet",
    "hazel",
    "iris",
]
SECOND = ["anvil", "bellows", "chisel", "dowel", "easel", "ferrule", "gouge", "hammer"]

# Seconds that the model takes for an answer: enough to be hit in it.
THINKS = 0.04


class Slow(SteadyEngine):
    """Takes its time, so that a run can be hit while it waits."""

    def complete(self, *args, **more):
        """Answer by rule, after a while."""
        time.sleep(THINKS)
        return super().complete(*args, **more)


def pairs(start: int, end: int, *, year: int = 2026) -> bytes:
    """Choices, an hour apart; each seventh is too long for its window."""
    rows = [
        {
            "query": f"what of {n}?",
            "chosen": f"{FIRST[n % 9]} {SECOND[n % 8]}"
            + " and so on" * 99 * (n % 7 == 3),
            "rejected": f"neither of them, {n}",
            "at": f"{year}-03-{1 + n // 24:02}T{n % 24:02}:00:00Z",
        }
        for n in range(start, end)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def lines_of(path: Path) -> list[dict[str, object]]:
    """The whole lines of a ledger; a run may have died in the last."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def serving() -> Iterator[ChatServer]:
    """One server for all: its address is in what it helped to write."""
    with ChatServer(Slow()).running() as server:
        yield server


@pytest.fixture
def server(run_persona, serving) -> ChatServer:
    """A slow model, and an environment in which two runs are byte for byte the same."""
    serving.engine = Slow()
    serving.requests.clear()
    run_persona.environ |= {
        "PERSONA_MODEL": serving.url,
        "PERSONA_CONTEXT_TOKENS": "4096",
        "PERSONA_WINDOW_TOKENS": "150",
        "PERSONA_HELD_OUT": "0",
        "SOURCE_DATE_EPOCH": "1767225600",
    }
    return serving


@pytest.fixture(scope="module")
def twins(tmp_path_factory) -> Path:
    """Where the first test leaves a root for the others, as it was and as it ends."""
    return tmp_path_factory.mktemp("twins")


@pytest.fixture
def persona(run_persona, server, twins, tmp_path) -> "Persona":
    """A profile with a first version, and a log of many windows, some of it older."""
    (tmp_path / "early.jsonl").write_bytes(pairs(30, 34))
    (tmp_path / "log.jsonl").write_bytes(pairs(0, 14) + pairs(40, 44))
    if not (twins / "before").exists():
        run_persona("init", "me")
        run_persona("update", "me", "early.jsonl")
        shutil.copytree(run_persona.root, twins / "before")
        server.requests.clear()
    else:
        shutil.copytree(twins / "before", run_persona.root)
    return run_persona


@pytest.fixture(scope="module")
def asked_in_all() -> list[str]:
    """The prompts of a run that nobody disturbs, in order."""
    return []


@pytest.fixture
def expected(persona, server, twins, asked_in_all) -> End:
    """The end of a run that nobody disturbs."""
    twin = twins / "after"
    if not twin.exists():
        shutil.copytree(twins / "before", twin)
        done = persona("update", "me", "log.jsonl", "--root", str(twin))
        asked_in_all += prompts(server)
        assert len(asked_in_all) >= 8, "too few windows for a test"
        assert "too long, shortened" in done.stderr
        server.requests.clear()
    return end_of(twin)


def prompts(server: ChatServer) -> list[str]:
    """What the model was asked, in order."""
    return [request["messages"][-1]["content"] for request in server.requests]


def windows_written(state: Path) -> int:
    """Windows that are in the ledger, or in a journal that the next run carries out."""
    written = [line["ids"] for line in lines_of(state / "folded.jsonl")]
    journal = state / "journal.json"
    if journal.exists():
        body = json.loads(journal.read_bytes())["body"]
        packed = body["appends"]["folded.jsonl"][0]["text"]
        if (ids := json.loads(packed)["ids"]) not in written:
            written.append(ids)
    return len(written)


# Where a run dies: at a failpoint, the so manieth time it comes by; or after so many
# seconds, with all its children; or while the model works on the so manieth window.
DEATHS = [
    "lock-taken:kill",
    "line-written:kill:1",  # the archive
    "renamed:kill:5",  # a journal
    "journal-written:kill:3",
    "file-applied:kill:6",
    "line-written:kill:4",  # the ledger
    "objects-written:kill:2",
    "branch-moved:kill:5",
    "committed:kill:8",
    "model 1",
    "model 5",
    "0.4 s",
    "0.7 s",
]


@pytest.mark.parametrize("death", DEATHS)
def test_killed_and_run_again(persona, server, expected, asked_in_all, death):
    """The next run goes on at the next window, and the end is the same.

    No window is asked twice but the one that the run died in, whose version had not
    been written.
    """
    state = persona.root / "me/.state"
    before = windows_written(state)
    die(persona, server, death)
    asked = prompts(server)
    written = windows_written(state) - before
    assert 0 <= len(asked) - written <= 1, "it asked ahead of what it wrote"
    persona("update", "me", "log.jsonl")
    assert asked == asked_in_all[: len(asked)]
    assert prompts(server) == asked + asked_in_all[written:]
    assert end_of(persona.root) == expected
    ids = [i for line in lines_of(state / "folded.jsonl") for i in line["ids"]]
    assert len(ids) == len(set(ids)) == 4 + 18
    assert litter(persona.root) == []
    git(persona.root, "fsck", "--strict")
    assert git(persona.root, "status", "--porcelain") == ""


def die(persona: "Persona", server: ChatServer, death: str) -> None:
    """Run an update, and see that it dies so."""
    if ":" in death:
        persona.environ["PERSONA_FAILPOINT"] = death
    child = persona.start("update", "me", "log.jsonl")
    match death.split():
        case ["model", count]:
            wait_for(lambda: len(server.requests) >= int(count), child)
            os.killpg(child.pid, signal.SIGKILL)
        case [seconds, "s"]:
            time.sleep(float(seconds))
            os.killpg(child.pid, signal.SIGKILL)
    said = child.communicate(timeout=60)[1]
    persona.environ.pop("PERSONA_FAILPOINT", None)
    assert child.returncode == -signal.SIGKILL, f"it lived: {said}"


def wait_for(happens: Callable[[], bool], child: "subprocess.Popen[str]") -> None:
    """Wait until something is so, or the run is over, which it should not be."""
    while not happens():
        assert child.poll() is None, "it ended too soon"
        time.sleep(0.005)


def test_killed_again_and_again(persona, server, expected):
    """Four deaths on the way to one end."""
    for death in ("model 1", "committed:kill:2", "renamed:kill:3", "model 2"):
        server.requests.clear()
        die(persona, server, death)
    persona("update", "me", "log.jsonl")
    assert end_of(persona.root) == expected


def test_killed_and_the_log_is_gone(persona, server, expected, tmp_path):
    """What was read is in the archive: the run goes on without the log."""
    die(persona, server, "model 2")
    (tmp_path / "log.jsonl").unlink()
    persona("update", "me")
    assert end_of(persona.root) == expected


def test_killed_by_another_name(persona, server, expected, tmp_path):
    """The next run is given the folder, from elsewhere: still nothing comes twice."""
    die(persona, server, "model 3")
    persona.folder = tmp_path.parent
    persona("update", "me", str(tmp_path / "*.jsonl"))
    assert end_of(persona.root) == expected
    assert persona("update", "me", str(tmp_path / "log.jsonl")).stderr == (
        "me: nothing new\n"
    )


@pytest.mark.model
def test_killed_with_a_real_model(run_persona, tiny_model, tmp_path, own_home):
    """The embedded model, killed while it answers: the same end, no window twice."""
    cache = own_home / "cache" / "persona"
    cache.mkdir(parents=True)
    (cache / "models").symlink_to(tiny_model.parent)
    run_persona.environ |= {
        "PERSONA_CONTEXT_TOKENS": "2048",
        "PERSONA_WINDOW_TOKENS": "128",
        "PERSONA_ANSWER_TOKENS": "32",
        "PERSONA_HELD_OUT": "0",
        "SOURCE_DATE_EPOCH": "1767225600",
    }
    (tmp_path / "log.jsonl").write_bytes(pairs(4, 9))
    run_persona("init", "me")
    twin = tmp_path / "twin"
    shutil.copytree(run_persona.root, twin)
    words = ("update", "me", "log.jsonl", "--seed", "3")
    done = run_persona(*words, "--root", str(twin), "--json")
    windows = json.loads(done.stdout)["windows"]
    assert windows >= 2
    child = run_persona.start(*words)
    ledger = run_persona.root / "me/.state/folded.jsonl"
    wait_for(lambda: len(lines_of(ledger)) >= 1, child)
    time.sleep(0.3)  # well into the next answer
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)
    assert 1 <= len(lines_of(ledger)) < windows
    left = windows - len(lines_of(ledger))
    again = json.loads(run_persona(*words, "--json").stdout)
    assert again["windows"] == left
    assert end_of(run_persona.root) == end_of(twin)


def test_two_updates_at_once(persona, server, tmp_path):
    """Of two disjoint logs, every interaction and every claim is kept."""
    logs = {"a.jsonl": pairs(0, 12, year=2024), "b.jsonl": pairs(12, 24, year=2025)}
    for name, content in logs.items():
        (tmp_path / name).write_bytes(content)
    children = [persona.start("update", "me", name) for name in logs]
    for child in children:
        said = child.communicate(timeout=60)[1]
        assert child.returncode == 0, said
    state = persona.root / "me/.state"
    ids = [i for line in lines_of(state / "folded.jsonl") for i in line["ids"]]
    assert len(ids) == len(set(ids)) == 4 + 24
    assert {row["id"] for row in lines_of(state / "archive.jsonl")} == set(ids)
    linked = {
        row.get("interaction") for row in lines_of(state.parent / "evidence.jsonl")
    }
    assert set(ids) <= linked
    versions = git(persona.root, "log", "--format=%s").splitlines()
    assert len(versions) == len({line.split()[1] for line in versions})
    assert git(persona.root, "status", "--porcelain") == ""
    assert litter(persona.root) == []
    for name in logs:
        assert persona("update", "me", name).stderr == "me: nothing new\n"


def test_five_updates_at_once(persona, server, tmp_path):
    """The same of five, each with one interaction."""
    server.engine = SteadyEngine()
    for n in range(5):
        (tmp_path / f"{n}.jsonl").write_bytes(pairs(50 + n, 51 + n))
    children = [persona.start("update", "me", f"{n}.jsonl") for n in range(5)]
    for child in children:
        said = child.communicate(timeout=60)[1]
        assert child.returncode == 0, said
    state = persona.root / "me/.state"
    ids = [i for line in lines_of(state / "folded.jsonl") for i in line["ids"]]
    assert len(ids) == len(set(ids)) == 4 + 5
    linked = {
        row.get("interaction") for row in lines_of(state.parent / "evidence.jsonl")
    }
    assert set(ids) <= linked


@pytest.fixture
def stopped(persona, server) -> Iterator["subprocess.Popen[str]"]:
    """An update that was stopped (Ctrl-Z) while the model worked."""
    child = persona.start("update", "me", "log.jsonl")
    wait_for(lambda: len(server.requests) >= 2, child)
    os.killpg(child.pid, signal.SIGSTOP)
    yield child
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)


def test_a_stopped_process_holds_the_lock(persona, stopped, tmp_path):
    """The next waits as long as it was told to, names whom for, and exits 6."""
    (tmp_path / "more.jsonl").write_bytes(pairs(60, 61))
    before = (persona.root / "me/profile.md").read_bytes()
    begun = time.monotonic()
    waits = {"PERSONA_LOCK_TIMEOUT": "1.5"}
    done = persona("update", "me", "more.jsonl", code=6, environ=waits)
    assert 1.5 <= time.monotonic() - begun < 6
    assert (
        f"waiting for another persona (pid {stopped.pid}, update, since" in done.stderr
    )
    fault, remedy = done.stderr.splitlines()[-2:]
    assert f"another persona (pid {stopped.pid}, update, since " in fault
    assert "is running; waited " in fault
    assert remedy.startswith("  try: ")
    assert (persona.root / "me/profile.md").read_bytes() == before
    for words in (["undo", "me"], ["forget", "--source", "pairs"], ["rebuild", "me"]):
        at_once = {"PERSONA_LOCK_TIMEOUT": "0"}
        done = persona(*words, code=6, environ=at_once)
        assert f"(pid {stopped.pid}, update, since " in done.stderr


def test_apply_never_waits(persona, stopped):
    """What only reads takes no lock."""
    patient = {"PERSONA_LOCK_TIMEOUT": "600"}
    begun = time.monotonic()
    for words in (["apply", "me", "Hi."], ["show"], ["log"], ["path"], ["diff"]):
        assert persona(*words, environ=patient).stdout, words
    dry = persona("update", "me", "early.jsonl", "--dry-run", environ=patient)
    assert dry.returncode == 0
    assert time.monotonic() - begun < 30


def test_a_stopped_process_goes_on(persona, stopped, server, tmp_path):
    """Another waits for it, and both keep what they have."""
    (tmp_path / "more.jsonl").write_bytes(pairs(60, 61))
    waiting = persona.start("update", "me", "more.jsonl")
    time.sleep(0.5)
    os.killpg(stopped.pid, signal.SIGCONT)
    for child in (stopped, waiting):
        said = child.communicate(timeout=60)[1]
        assert child.returncode == 0, said
    ledger = lines_of(persona.root / "me/.state/folded.jsonl")
    ids = [i for line in ledger for i in line["ids"]]
    assert len(ids) == len(set(ids)) == 4 + 18 + 1


def test_the_lock_of_a_dead_process_is_free(persona, stopped, server, expected):
    """Killed while it holds the lock, it holds it no longer, whatever its note says."""
    os.killpg(stopped.pid, signal.SIGKILL)
    stopped.wait(60)
    lock = persona.root / "me/.state/lock"
    assert json.loads(lock.read_bytes())["pid"] == stopped.pid
    done = persona("update", "me", "log.jsonl", environ={"PERSONA_LOCK_TIMEOUT": "0"})
    assert "waiting" not in done.stderr
    assert end_of(persona.root) == expected
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
