"""How long ``persona`` takes to start, beside ``python -c "import typer"``.

    python scripts/bench/start.py [--rounds 15] [--json]

The command is the one that pip installed beside this Python. Each round runs every
command once, in turn, so that a slow moment of the machine falls on all of them;
printed is the median over the rounds of each command's time, and of its ratio to the
round's baseline.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE = "import typer"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "profiles"
        environ = dict(os.environ, PERSONA_ROOT=str(root))
        persona = [str(Path(sys.executable).with_name("persona"))]
        subprocess.run(
            [*persona, "init", "me"], env=environ, check=True, capture_output=True
        )
        profile = root / "me" / "profile.md"
        claims = "".join(
            f"- Prefers thing number {n}. <!-- c{n:03x} {n + 2}x 2026-01-01 -->\n"
            for n in range(100)
        )
        profile.write_text(profile.read_text("utf-8") + f"\n## coding\n{claims}")
        commands = {
            BASELINE: [sys.executable, "-c", "import typer"],
            "persona apply": [*persona, "apply", "me", "Explain mutexes."],
            "persona --help": [*persona, "--help"],
            "persona show": [*persona, "show", "me"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(options.rounds + 1):
            for name, argv in commands.items():
                spent = _time(argv, environ)
                if round_number:  # the first warms the disk's cache
                    times[name].append(spent)
    rows = {
        name: {
            "seconds": statistics.median(taken),
            "ratio": statistics.median(
                t / base for t, base in zip(taken, times[BASELINE], strict=True)
            ),
        }
        for name, taken in times.items()
    }
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'command':<16} {'seconds':>8} {'ratio':>6}")
    for name, row in rows.items():
        print(f"{name:<16} {row['seconds']:>8.3f} {row['ratio']:>6.2f}")


def _time(argv: list[str], environ: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(
        argv, env=environ, check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
