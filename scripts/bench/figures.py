"""Turn what the reliability tests noted into the table of README.

python scripts/bench/figures.py FIGURES.jsonl
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

_ALWAYS = ("row", "what", "cases", "twin")


def table(rows: list[dict[str, object]], *, when: str) -> str:
    """The rows in the order of the plan, as a markdown table."""
    lines = ["| row | what was done | cases | violations | with the guard off |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for found in sorted(rows, key=_place):
        beside = [
            f"{k.replace('_', ' ')} {v}" for k, v in found.items() if k not in _ALWAYS
        ]
        what = "; ".join([str(found["what"]), *beside])
        cells = (found["row"], what, f"{found['cases']:,}", 0, found["twin"])
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, "", f"{when}, `sh scripts/torture`"])


def _place(found: dict[str, object]) -> tuple[int, int, str]:
    match = re.fullmatch(r"([A-Z])(\d+)", str(found["row"]))
    if match is None:
        raise SystemExit(f"{found['row']!r} is no row of the plan, as R3 or M1 is")
    return "RPMT".find(match[1]), int(match[2]), str(found["what"])


if __name__ == "__main__":
    noted = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    today = datetime.now(UTC).date().isoformat()
    print(table([json.loads(line) for line in noted], when=today))
