"""The command line in this process: hundreds of runs in the time of tens."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from persona_cli.cli.app import app
from tests.chat_server import ChatServer
from tests.steady import SteadyEngine

WORDS = ("amber", "basil", "cedar", "dahlia", "ember", "fennel", "garnet", "hazel")
THINGS = ("anvil", "bellows", "chisel", "dowel", "easel", "ferrule", "gouge")


def pair(number: int, **more: object) -> bytes:
    """A record whose first two words make a claim: 56 different ones."""
    first, second = WORDS[number % 8], THINGS[number // 8 % 7]
    row = {"query": f"q {number}?", "chosen": f"{first} {second}, {number}"}
    return json.dumps({**row, "rejected": f"no {number}", **more}).encode() + b"\n"


class Here:
    """``persona``, on a root of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *words: str, code: int | None = 0) -> Result:
        """Run one command; ``code`` None takes any that has a name."""
        done = CliRunner().invoke(app, [*words], env={"PERSONA_ROOT": str(self.root)})
        assert not done.exception or isinstance(done.exception, SystemExit), (
            words,
            done.exc_info,
        )
        if code is not None:
            assert done.exit_code == code, f"{words}: {done.exit_code}\n{done.output}"
        return done

    def claims(self) -> set[str]:
        """The texts of the claims."""
        shown = json.loads(self("show", "me", "--json").stdout)
        return {claim["text"] for claim in shown["claims"]}

    def verify(self) -> list[dict[str, Any]]:
        """What ``verify`` finds; its exit code says whether something is wrong."""
        done = self("verify", "me", "--json", code=None)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        assert done.exit_code == (3 if any(one["wrong"] for one in found) else 0)
        return found

    def copied(self, to: Path) -> "Here":
        """The same on a copy of the root."""
        shutil.copytree(self.root, to, symlinks=True)
        return Here(to)


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, **environ: str) -> Iterator[ChatServer]:
    """A model that always answers, and is the one that is set."""
    with ChatServer(SteadyEngine()).running() as server:
        monkeypatch.setenv("PERSONA_MODEL", server.url)
        monkeypatch.setenv("PERSONA_HELD_OUT", "0")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield server
