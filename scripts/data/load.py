"""Public preference sets, as their owners publish them, turned into one form.

    python scripts/data/load.py --list
    python scripts/data/load.py mind --help
    python scripts/data/load.py mind --from MINDsmall --out mind.jsonl --limit 500

One JSON object a line, what the user took always first:

    {"uid", "source", "history": [{"query", "chosen", "rejected"}, ...],
     "target": {"query", "chosen", "rejected"}}

Nothing is downloaded: ``--list`` says where each set is had, and on what terms.
"""

import sys

from sets.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], about=__doc__))
