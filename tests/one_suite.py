"""Run as a program: ``persona eval --suite`` with an engine that takes its time.

python one_suite.py FILE OUT ASKED        what the engine is asked goes into ASKED, a
                                          line each
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from persona_cli.cli.suite import Run, run_suite
from persona_cli.engine import Answer, Message
from persona_cli.settings import Settings
from persona_cli.suite import Plan
from tests.suites import Engines, Writer


def main(suite: Path, out: Path, asked: Path) -> None:
    """Evaluate, slowly."""

    def note(what: str) -> None:
        with asked.open("a") as file:
            file.write(what + "\n")

    class Slow(Writer):
        def complete(self, messages: Sequence[Message], **more: Any) -> Answer:
            note("write")
            time.sleep(0.1)
            return super().complete(messages, **more)

        def choose(self, prefix: Sequence[Message], *rest: Any, **more: Any) -> Any:
            note("read")
            time.sleep(0.05)
            return super().choose(prefix, *rest, **more)

    run_suite(
        [suite],
        Run(plan=Plan(), out=out),
        Settings(model="slow.gguf"),
        as_json=True,
        opening=Engines(Slow(name="slow")),
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
