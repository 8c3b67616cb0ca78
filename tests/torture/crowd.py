"""Run as a program: many updates at once, each a process of its own.

python crowd.py ROOT [--no-lock|--in-place] LOG...   one process a log; prints their
                                                    exit codes
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

from persona_cli import lock, transaction
from persona_cli.cli import learn
from persona_cli.cli.app import app

# What an update imports when it comes to it: here once, and not in each child.
IMPORTED = (learn, __import__("persona_cli.engines"), __import__("persona_cli.update"))


def update(root: str, log: str, gate: int) -> int:
    """Wait for the others, then run the command; its exit code, 1 for a bug."""
    os.read(gate, 1)
    with Path(f"{log}.said").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        try:
            app(["update", "me", log, "--root", root], prog_name="persona")
        except SystemExit as ended:
            return int(ended.code or 0)
        except BaseException:  # noqa: BLE001  whatever it was, it is a bug
            traceback.print_exc()
            return 1
    return 0


def in_place(path: Path, content: bytes) -> None:
    """Write a file where it stands, as a slow disk would."""
    with path.open("wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        time.sleep(0.005)
        file.write(content[len(content) // 2 :])


def main(root: str, *words: str) -> None:
    """Start them all, open the gate, and wait."""
    if "--no-lock" in words:
        lock._try = lambda _: True
    if "--in-place" in words:
        transaction.write_whole = in_place
    logs = [word for word in words if not word.startswith("--")]
    gate, opens = os.pipe()
    children = []
    for log in logs:
        child = os.fork()
        if child == 0:
            os.close(opens)
            os._exit(update(root, log, gate))
        children.append(child)
    os.close(opens)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(codes))


if __name__ == "__main__":
    main(*sys.argv[1:])
