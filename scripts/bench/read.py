"""What it costs to find that there is nothing new, and to read a log.

    python scripts/bench/read.py [--shape pairs] [--interactions 100000] [--files 1000]

Writes logs of a shape into a folder, takes them in, marks all as folded in, and looks
again. Printed for each step, of a process of its own: wall seconds, CPU seconds and
peak memory; MB/s of CPU time, and how many times as long it takes as a loop that only
parses each line with ``json``.

    read all   readers, guard and archive, from nothing
    idle       ``persona update`` on unchanged logs
    touched    the same when each log has another time, so that its bytes must tell
    grown      read again, since each log has one more line

Shapes: ``pairs``   answers of 200 to 400 characters
        ``tiny``    some twenty bytes a line
        ``long``    ``--long-line`` MB in one line, among good ones
The embedded model is never loaded.

    python scripts/bench/read.py --readers 32

A log of 32 MB for each format, as the tool writes it, and what its reader makes of it:
MB/s of CPU time, how many times as long as ``json`` takes for the same lines where it
has lines, interactions, and memory beyond that of the process before it read.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from persona_cli.archive import Archive, folded_line
from persona_cli.files import append_whole
from persona_cli.gather import gather, settle
from persona_cli.logs import Tally, read_log
from persona_cli.questions import questions

sys.path.insert(0, str(Path(__file__).parent))
from readers import MAKERS, write

SHAPES = ("pairs", "tiny", "long")
MAX_RECORD = 1 << 20
_WINDOW = 48
_BLOCK = 1 << 20


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="pairs")
    parser.add_argument("--interactions", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--long-line", type=int, default=300, help="in MB")
    parser.add_argument("--readers", type=int, metavar="MB", help="time the readers")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, *paths = options.step
        print(json.dumps(STEPS[name](*map(Path, paths))))
        return
    if options.readers:
        time_readers(options.readers)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(options, Path(folder) / "profiles", Path(folder) / "logs")
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{options.interactions} {options.shape} in {options.files} files")
    for name, row in rows.items():
        print(f"{name:<10}", *(f"{v:>9.2f} {k}" for k, v in row.items()))


def measure(
    options: argparse.Namespace, root: Path, logs: Path
) -> dict[str, dict[str, float]]:
    """Step -> what was measured."""
    environ = dict(os.environ, PERSONA_ROOT=str(root))
    persona = [sys.executable, "-m", "persona_cli"]
    subprocess.run(
        [*persona, "init", "me"], env=environ, check=True, capture_output=True
    )
    size = write_logs(logs, options.shape, options.interactions, options.files)
    if options.shape == "long":
        size += write_long_line(logs, options.long_line)
    update = [*persona, "update", "me", str(logs)]
    rows = {"json": step("json", root, logs), "read all": step("take-in", root, logs)}
    rows["idle"] = run(update, environ)
    for log in logs.iterdir():
        os.utime(log)
    rows["touched"] = run(update, environ)
    for log in logs.glob("log-*"):
        with log.open("a") as file:
            file.write('{"chosen": "one more"}\n')
    rows["grown"] = step("take-in", root, logs)
    for row in rows.values():
        row["MB/s"] = size / 1e6 / row["cpu"]
        row["json loops"] = row["cpu"] / rows["json"]["cpu"]
    return rows


def time_readers(megabytes: int) -> None:
    """Time the reader of each format, and print a table."""
    head = "format", "MB", "MB/s", "x json", "told", "more MB"
    print("{:<16}{:>8}{:>8}{:>8}{:>9}{:>9}".format(*head))
    for name in [*MAKERS, "llm, database"]:
        with tempfile.TemporaryDirectory() as folder:
            log = write(name, Path(folder), megabytes)
            size = log.stat().st_size / 1e6
            form = MAKERS[name][3] if name in MAKERS else None
            found = step("read", Path(form or "-"), log)
            lines = log.suffix == ".jsonl"
            plain = step("json", log, log.parent)["cpu"] if lines else 0
        times = f"{found['cpu'] / plain:.1f}" if plain else "-"
        print(
            f"{name:<16}{size:>8.0f}{size / found['cpu']:>8.0f}{times:>8}"
            f"{found['told']:>9.0f}{found['more']:>9.0f}"
        )


def read_only(form: Path, log: Path) -> dict[str, float]:
    """The reader alone: from bytes to interactions."""
    tally = Tally()
    before, cpu = peak(), time.process_time()
    told = 0
    for _ in read_log(
        log,
        tally=tally,
        format=None if form.name == "-" else form.name,
        me=["ada@example.org"],
    ):
        told += 1
    cpu = time.process_time() - cpu
    if tally.skipped or not told:
        sys.exit(f"{log.name}: {tally.skipped or 'nothing'} of {tally.records} read")
    return {"cpu": cpu, "told": told, "more": peak() - before}


def step(name: str, root: Path, logs: Path) -> dict[str, float]:
    """One step in a process of its own, started from this small one.

    A process counts as its peak what its parent held when it was started.
    """
    argv = [sys.executable, __file__, "--step", name, str(root), str(logs)]
    found: dict[str, float] = json.loads(subprocess.check_output(argv))
    return found


def take_in(root: Path, logs: Path) -> dict[str, float]:
    """Read everything into the archive, and mark it as folded in.

    Asks the archive for all that an update asks for.
    """
    archive = Archive(root / "me" / ".state", held_share=0.2)
    start, cpu = time.perf_counter(), time.process_time()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        read = gather(
            archive, [str(logs)], root=root, stdin=nothing, max_record=MAX_RECORD
        )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    pending = archive.pending()
    list(archive.read(pending[:_WINDOW]))
    questions(archive, most=64)
    lines = bytearray()
    for begin in range(0, len(pending), _WINDOW):
        ids = [entry.id for entry in pending[begin : begin + _WINDOW]]
        lines += folded_line(ids, version=1)
        if len(lines) >= _BLOCK or begin + _WINDOW >= len(pending):
            append_whole(archive.folded_path, bytes(lines))
            lines.clear()
    archive.last_folded(60)
    settle(archive)
    found = {"seconds": seconds, "cpu": cpu, "MB": peak(), "new": read.new}
    return found | {"skipped": read.tally.skipped.total()}


def parse_only(_root: Path, logs: Path) -> dict[str, float]:
    """The loop that all else is compared with."""
    start, cpu = time.perf_counter(), time.process_time()
    for log in logs.iterdir():
        with log.open("rb") as file:
            while line := file.readline(MAX_RECORD):
                with suppress(ValueError):  # a piece of a line too long
                    json.loads(line)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "MB": peak()}


STEPS = {"take-in": take_in, "json": parse_only, "read": read_only}


def peak() -> float:
    """Most memory that this process has had, in MB.

    From /proc where there is one: ``ru_maxrss`` begins with what the parent had.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_logs(folder: Path, shape: str, interactions: int, files: int) -> int:
    """Write logs of a shape; returns their size in bytes."""
    folder.mkdir()
    size = 0
    each = -(-interactions // files)
    for number in range(files):
        path = folder / f"log-{number:06}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(rows_of(shape, number, each))
        size += path.stat().st_size
    return size


def rows_of(shape: str, number: int, count: int) -> Iterator[str]:
    """The lines of one log."""
    if shape == "tiny":
        yield from (f'{{"chosen":"{number}-{row}"}}\n' for row in range(count))
        return
    for row in range(count):
        deed = {
            "id": f"{number}-{row}",
            "at": f"2026-01-01T00:{row % 60:02}:00Z",
            "query": f"How do I sort list {row}?",
            "chosen": f"`sorted(items)` gives a new list {number}. " * 4,
            "rejected": f"There are many ways to sort {number}. " * 8,
        }
        yield json.dumps(deed) + "\n"


def write_long_line(folder: Path, megabytes: int) -> int:
    """Write a log of one long line between good ones; returns its size in bytes."""
    path = folder / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"chosen": "before"}\n{"chosen": "')
        for _ in range(megabytes):
            file.write(b"word " * 200_000)
        file.write(b'"}\n{"chosen": "after"}\n')
    return path.stat().st_size


def run(command: list[str], environ: dict[str, str]) -> dict[str, float]:
    """Wall seconds and peak memory of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = child.stdout.read() if child.stdout else b""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{said.decode()}")
    if b"nothing new" not in said:
        sys.exit(f"expected nothing new, got:\n{said.decode()}")
    seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "cpu": cpu, "MB": usage.ru_maxrss / 1024}


if __name__ == "__main__":
    main()
