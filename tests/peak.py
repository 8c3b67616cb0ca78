"""How much memory reading a log takes, in a process of its own."""

import subprocess
import sys
from pathlib import Path

# Not ``ru_maxrss``: that begins with what the parent had when it started the child.
_READS = """
import sys
from pathlib import Path
from persona_cli.errors import InputError
from persona_cli.logs import Tally, read_log

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))

before, tally = peak(), Tally()
try:
    said = sum(1 for _ in read_log(Path(sys.argv[1]), tally=tally))
except InputError as error:
    said = error
print((peak() - before) // 1024, said)
print(" ".join(tally.skipped))
"""


def peak(path: Path) -> tuple[int, str, str]:
    """(MiB that reading took, interactions or the failure, reasons of skipping)."""
    argv = [sys.executable, "-c", _READS, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    first, skipped = done.stdout.split("\n")[:2]
    grown, _, said = first.partition(" ")
    return int(grown), said, skipped
