"""``python -m persona_cli``, and the ``persona`` command."""

import gc

# Importing makes objects and throws none away; looking for garbage among them after
# every 700th, as Python does, is a twentieth of the time that a command takes to start.
gc.set_threshold(50_000)

from persona_cli.cli import app  # noqa: E402  after the line above, which it is for


def main() -> None:
    """Run the command line."""
    app(prog_name="persona")


if __name__ == "__main__":
    main()
