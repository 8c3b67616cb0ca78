"""R12: logs of any size are read in little memory, and go on where a run was killed.

The bound is on the whole Python process: what it had with one interaction, and so
much more. The embedded model is never loaded.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.torture.sizes import note_figure, size

BENCH = Path(__file__).parents[2] / "scripts/bench/read.py"

# MB over what reading one interaction takes. SQLite keeps 16 of them for its pages,
# and one in so many interactions is a number of 8 bytes that is sorted.
ROOM = size(9, 200)

# A twin's process begins by spoiling one part of persona.
GREEDY = """
import persona_cli.gather as part
read_log = part.read_log
part.read_log = lambda path, **how: iter(list(read_log(path, **how)))
"""
BOUNDLESS = """
from persona_cli.logs.source import Source as part
readline = part.readline
part.readline = lambda self, limit: readline(self, 1 << 40)
"""
IN_MEMORY = """
from persona_cli.index import Index as part
add, kept = part.add, {}
def add_and_keep(self, deed, place):
    kept[deed.id] = deed
    add(self, deed, place)
part.add = add_and_keep
"""
FEW_OPEN = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
"""
LEFT_OPEN = (
    FEW_OPEN
    + """
import persona_cli.gather as part
read_log, opened = part.read_log, []
def read_and_leave(path, **how):
    opened.append(open(path))
    return read_log(path, **how)
part.read_log = read_and_leave
"""
)
FORGETFUL = """
from persona_cli.index import Index as part
part.knows = lambda self, id: False
"""


def spoiled(folder: Path, code: str) -> dict[str, str]:
    """An environment in which every Python begins with some code."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[2]}"}


def measured(
    shape: str, count: int, files: int, environ: dict[str, str], *more: str
) -> dict[str, dict[str, float]]:
    argv = [sys.executable, str(BENCH), "--json", "--shape", shape]
    argv += ["--interactions", str(count), "--files", str(files), *more]
    done = subprocess.run(
        argv, capture_output=True, text=True, env={**os.environ, **environ}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def smallest() -> float:
    """MB of a process that reads one interaction."""
    found = measured("pairs", 1, 1, {"HOME": "/nonexistent"})
    return max(row["MB"] for row in found.values())


def peak(found: dict[str, dict[str, float]]) -> float:
    return max(row["MB"] for name, row in found.items() if name != "json")


# The twins keep what they read. A part of it is too much already, and has to do: they
# would need several GB for all of a release's.
TWIN_PAIRS, TWIN_TINY = size(18_000, 250_000), size(30_000, 600_000)
LINE, TWIN_LINE = size(20, 300), size(20, 60)

CASES = {
    "a big log": (
        ("pairs", size(18_000, 1_250_000)),
        (f"{TWIN_PAIRS:,} kept", GREEDY, "pairs", TWIN_PAIRS),
    ),
    "tiny records": (
        ("tiny", size(30_000, 10_000_000)),
        (f"{TWIN_TINY:,} kept", IN_MEMORY, "tiny", TWIN_TINY),
    ),
    "a long line": (
        ("long", 10, "--long-line", str(LINE)),
        (f"{TWIN_LINE} MB kept", BOUNDLESS, "long", 10, "--long-line", str(TWIN_LINE)),
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_memory_is_bounded(what, smallest, tmp_path):
    """However much there is to read; and a part that keeps all of it is found out."""
    (shape, count, *more), (kept, code, twin_shape, fewer, *less) = CASES[what]
    found = measured(shape, count, 1, {}, *more)
    assert peak(found) <= smallest + ROOM
    read = found["read all"]
    assert read["new"] == count + 2 * (shape == "long")
    assert read["skipped"] == (shape == "long")
    environ = spoiled(tmp_path / "twin", code)
    twin = peak(measured(twin_shape, fewer, 1, environ, *less))
    with pytest.raises(AssertionError):
        assert twin <= smallest + ROOM
    note_figure(
        "R12",
        what,
        int(read["new"] + read["skipped"]),
        twin=f"{kept}: {twin:.0f} MB, where {smallest + ROOM:.0f} are allowed",
        peak_mb=round(peak(found)),
        read_mb_s=round(read["MB/s"], 1),
        scan_mb_s=round(found["touched"]["MB/s"], 1),
        json_loops=round(read["json loops"], 1),
    )


def test_many_files_are_read_one_after_the_other(smallest, tmp_path):
    """More of them than a process may have open; one left open each is found out."""
    count = size(600, 100_000)
    few = spoiled(tmp_path / "few", FEW_OPEN)
    found = measured("tiny", count, count, few)
    assert peak(found) <= smallest + ROOM
    assert found["read all"]["new"] == count
    crowd = 200
    with pytest.raises(AssertionError, match="Too many open files"):
        measured("tiny", crowd, crowd, spoiled(tmp_path / "twin", LEFT_OPEN))
    note_figure(
        "R12",
        "many files",
        count,
        twin=f"each left open: {crowd} are too many",
        peak_mb=round(peak(found)),
        idle_s=round(found["idle"]["seconds"], 1),
    )


def killed_half_way(folder: Path, count: int, code: str) -> list[str]:
    """The ids in the archive after a run was killed half way, and the next went on."""
    root, logs = folder / "profiles", folder / "logs"
    (root / "me/.state").mkdir(parents=True)
    logs.mkdir()
    rows = [f'{{"chosen": "words of {row} {"x" * 400}"}}\n' for row in range(count)]
    (logs / "a.jsonl").write_text("".join(rows))
    archive = root / "me/.state/archive.jsonl"
    argv = [sys.executable, str(BENCH), "--step", "take-in", str(root), str(logs)]
    environ = {**os.environ, **spoiled(folder / "twin", code)}
    first = subprocess.Popen(argv, env=environ, start_new_session=True)
    half = sum(map(len, rows)) / 2
    while first.poll() is None:
        if archive.exists() and archive.stat().st_size >= half:
            os.killpg(first.pid, signal.SIGKILL)
        time.sleep(0.01)
    assert first.wait() == -signal.SIGKILL, "it was over before it could be killed"
    subprocess.run(argv, env=environ, check=True, capture_output=True)
    return [json.loads(line)["id"] for line in archive.read_text().splitlines()]


def test_a_run_that_was_killed_half_way_is_gone_on_with(tmp_path):
    """Every interaction is in the archive, and once."""
    count = size(8_000, 1_000_000)
    found = killed_half_way(tmp_path, count, "")
    assert len(found) == len(set(found)) == count
    twin = killed_half_way(tmp_path / "again", 8_000, FORGETFUL)
    assert len(twin) > len(set(twin))
    note_figure(
        "R12",
        "killed half way through a log",
        1,
        twin=f"ids not looked up: {len(twin) - len(set(twin)):,} twice",
    )
