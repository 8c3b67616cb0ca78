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
    try:
        run()
    except Exception as error:  # noqa: BLE001  whatever it is, it is a bug
        sys.exit(_bug(error))


def _bug(error: Exception) -> int:
    """Say that persona failed, and where; what it was at work on stays unsaid."""
    from platformdirs import user_state_path

    from persona_cli.crash import report, told

    path = report(error, user_state_path("persona"))
    print(told(error), file=sys.stderr)  # noqa: T201  the command line is not there
    where = f"; report: {path}" if path else ""
    print(f"internal error ({type(error).__name__}){where}", file=sys.stderr)  # noqa: T201
    print("  try: send the report, and what you did.", file=sys.stderr)  # noqa: T201
    return 1


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
