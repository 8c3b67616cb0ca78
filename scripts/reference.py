"""Write README's table of commands from their help texts.

    python scripts/reference.py            print it
    python scripts/reference.py --write    put it into README.md

Between two marks there; a test sees that it is up to date.
"""

import sys
from pathlib import Path

from persona_cli.cli.manual import reference

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- commands:begin -->", "<!-- commands:end -->"


def told(text: str) -> str:
    """The table that a README holds; empty when it holds none."""
    return text.partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0]


def main() -> None:
    """Print the table, or write it."""
    if "--write" not in sys.argv:
        print(reference())
        return
    text = README.read_text("utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"README.md: no {BEGIN} and {END} to write between")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{reference()}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
