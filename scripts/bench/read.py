"""What it costs to find that there is nothing new, and to read a log.

    python scripts/bench/read.py [--interactions 100000] [--files 1000] [--json]

Writes so many interactions into a folder of so many files, marks them as folded in,
and runs ``persona update`` on the folder: with unchanged logs (``idle``), and after one
log was touched and has to be read again (``touched``). The embedded model is never
loaded. Printed: wall seconds and peak memory of each process, and MB/s for reading.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from persona_cli.archive import Archive, folded_line
from persona_cli.files import append_whole
from persona_cli.gather import gather, settle


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--take-in", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.take_in:
        print(json.dumps(take_in(*options.take_in)))
        return
    with tempfile.TemporaryDirectory() as folder:
        root, logs = Path(folder) / "profiles", Path(folder) / "logs"
        environ = dict(os.environ, PERSONA_ROOT=str(root))
        persona = [sys.executable, "-m", "persona_cli"]
        subprocess.run(
            [*persona, "init", "me"], env=environ, check=True, capture_output=True
        )
        size = write_logs(logs, options.interactions, options.files)
        # Each in a process of its own, started from this small one: a process counts
        # as its peak what its parent held when it was started.
        first = [sys.executable, __file__, "--take-in", str(root), str(logs)]
        rows = {"read all": json.loads(subprocess.check_output(first))}
        rows["read all"]["MB/s"] = size / 1e6 / rows["read all"]["seconds"]
        command = [*persona, "update", "me", str(logs)]
        rows["idle"] = run(command, environ)
        os.utime(next(logs.glob("*.jsonl")))
        rows["touched"] = run(command, environ)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{options.interactions} interactions in {options.files} files")
    for name, row in rows.items():
        print(f"{name:<10}", *(f"{v:>9.2f} {k}" for k, v in row.items()))


def take_in(root: Path, logs: Path) -> dict[str, float]:
    """Read everything into the archive, and mark it as folded in."""
    archive = Archive(root / "me" / ".state", held_share=0.2)
    start = time.perf_counter()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        gather(archive, [str(logs)], root=root, stdin=nothing, max_record=1 << 20)
    seconds = time.perf_counter() - start
    ids = [entry.id for entry in archive.pending()]
    append_whole(archive.folded_path, folded_line(ids, version=1))
    settle(archive)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "MB": peak}


def write_logs(folder: Path, interactions: int, files: int) -> int:
    """Write pairs; returns their size in bytes."""
    folder.mkdir()
    size = 0
    each = -(-interactions // files)
    for number in range(files):
        rows = [
            json.dumps(
                {
                    "id": f"{number}-{row}",
                    "at": f"2026-01-01T00:{row % 60:02}:00Z",
                    "query": f"How do I sort list {row}?",
                    "chosen": f"`sorted(items)` gives a new list {number}. " * 4,
                    "rejected": f"There are many ways to sort {number}. " * 8,
                }
            )
            for row in range(each)
        ]
        content = "\n".join(rows) + "\n"
        (folder / f"log-{number:05}.jsonl").write_text(content, "utf-8")
        size += len(content)
    return size


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
    return {"seconds": time.perf_counter() - start, "MB": usage.ru_maxrss / 1024}


if __name__ == "__main__":
    main()
