"""Turn what the reliability tests noted into the table of README.

python scripts/bench/figures.py FIGURES.jsonl
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_ALWAYS = ("row", "what", "cases", "twin")
_NAMED = 4  # of the cases in one line
_COMMAND = "sh scripts/torture"


def table(rows: list[dict[str, Any]], *, when: str) -> str:
    """The rows in the order of the plan, as a markdown table.

    Only tests that passed note a figure. Cases that one twin stands for are one line,
    with their sum. A twin that is noted as a case of its own is no case.
    """
    lines = ["| row | what was done | cases | with the guard off |"]
    lines.append("| --- | --- | --- | --- |")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for found in sorted(rows, key=_place):
        if not found["what"].startswith("twin"):
            groups.setdefault((found["row"], found["twin"]), []).append(found)
    for (row, twin), same in groups.items():
        said = [_said(found, alone=len(same) == 1) for found in same]
        more = f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        what = "; ".join(said[:_NAMED]) + more
        cases = sum(found["cases"] for found in same)
        lines.append(f"| {row} | {what} | {cases:,} | {twin} |")
    return "\n".join([*lines, "", f"{when}, `{_COMMAND}`"])


def _said(found: dict[str, Any], *, alone: bool) -> str:
    """What was done, and for a line of its own what was measured beside."""
    beside = [
        f"{k.replace('_', ' ')} {v}" for k, v in found.items() if k not in _ALWAYS
    ]
    return ", ".join([found["what"], *(beside if alone else [])])


def _place(found: dict[str, Any]) -> tuple[int, int, str]:
    match = re.fullmatch(r"([A-Z])(\d+)", str(found["row"]))
    if match is None:
        raise SystemExit(f"{found['row']!r} is no row of the plan, as R3 or M1 is")
    return "RPMT".find(match[1]), int(match[2]), str(found["what"])


if __name__ == "__main__":
    noted = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    today = datetime.now(UTC).date().isoformat()
    print(table([json.loads(line) for line in noted], when=today))
