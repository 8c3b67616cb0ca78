"""``python -m persona_cli``, and the ``persona`` command."""

from persona_cli.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="persona")


if __name__ == "__main__":
    main()
