"""The ``persona`` command itself, each time on a copy of the same profile and log."""

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chat_server import ChatServer
from tests.conftest import Persona
from tests.nothing_lost import (
    End,
    assert_each_once,
    assert_unchanged,
    end_of,
    git,
    left_behind,
    sums_of,
)
from tests.steady import SteadyEngine
from tests.torture.cases import BROKEN

PERSONA = (sys.executable, "-m", "persona_cli")

WORDS = ["amber anvil", "basil bellows", "cedar chisel", "dahlia dowel", "ember easel"]


@dataclass
class Commands:
    """Updates of copies of one profile.

    start:   the root that each begins with a copy of
    argv:    words of the command, but for its root
    end:     of a run that nobody disturbs
    ids:     of the interactions that are folded in by then
    windows: that it folds in
    """

    start: Path
    argv: list[str]
    environ: dict[str, str]
    log: Path
    end: End = field(init=False)
    ids: list[str] = field(init=False)
    sums: dict[Path, str] = field(init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.sums = sums_of(self.log)
        twin = self.copy()
        done = self.run(twin)
        assert done.returncode == 0, done.stderr
        self.end = end_of(twin)
        ledger = (twin / "me/.state/folded.jsonl").read_bytes().splitlines()
        assert len(ledger) == 3, "three windows, and three transactions"
        self.ids = [number for line in ledger for number in json.loads(line)["ids"]]

    def copy(self) -> Path:
        """A root of its own for a case."""
        root = self.start.with_name(f"command-{next(self._numbers)}")
        shutil.copytree(self.start, root, symlinks=True)
        return root

    def words(self, root: Path, guard: str = "") -> list[str]:
        """The whole command; with a guard switched off, for a twin."""
        program = [*BROKEN, guard, "persona"] if guard else [*PERSONA]
        return [*program, *self.argv, "--root", str(root)]

    def begin(
        self, root: Path, environ: Mapping[str, str] | None = None, guard: str = ""
    ) -> "subprocess.Popen[str]":
        """Start it in a process group of its own."""
        return subprocess.Popen(
            self.words(root, guard),
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, root: Path, environ: Mapping[str, str] | None = None, guard: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        child = self.begin(root, environ, guard)
        out, err = child.communicate(timeout=120)
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def check(self, root: Path) -> None:
        """See that a plain run ends as if nobody had disturbed the one before."""
        done = self.run(root)
        assert done.returncode == 0, f"I6: {done.stderr}"
        assert "Traceback" not in done.stderr
        assert end_of(root) == self.end, "I5: not the undisturbed end"
        assert_each_once(root / "me", self.ids)
        assert left_behind(root) == [], "I6: something is in the way"
        git(root, "fsck", "--full", "--strict")
        assert git(root, "status", "--porcelain") == "", "I4: something is left over"
        assert_unchanged(self.sums)
        shutil.rmtree(root)


@contextmanager
def commands(persona: Persona) -> Iterator[Commands]:
    """Everything for a test that updates by the real command, its model aside."""
    log = persona.folder / "log.jsonl"
    rows = [
        {
            "query": f"what of {n}?",
            "chosen": f"{words} and so on",
            "rejected": f"neither of them, {n}",
            "at": f"2026-03-0{n + 1}T00:00:00Z",
        }
        for n, words in enumerate(WORDS)
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with ChatServer(SteadyEngine()).running() as server:
        persona.environ |= {
            "PERSONA_MODEL": server.url,
            "PERSONA_CONTEXT_TOKENS": "4096",
            "PERSONA_WINDOW_TOKENS": "150",
            "PERSONA_HELD_OUT": "0",
            "SOURCE_DATE_EPOCH": "1767225600",
        }
        persona("init", "me")
        argv = ["update", "me", str(log)]
        yield Commands(persona.root, argv, persona.environ, log)
