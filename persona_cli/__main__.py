"""``python -m persona_cli``, and the ``persona`` command."""

import gc
import os
import sys

# Importing makes objects and throws none away; looking for garbage among them after
# every 700th, as Python does, is a twentieth of the time that a command takes to start.
gc.set_threshold(50_000)

from persona_cli.cli import run  # noqa: E402  after the line above, which it is for


def main() -> None:
    """Run the command line."""
    _lead_somewhere()
    run()


def _lead_somewhere() -> None:
    """Lead standard streams that were closed (``<&-``) to nowhere.

    Python has None for them, and the next file opened would get their number.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


if __name__ == "__main__":
    main()
