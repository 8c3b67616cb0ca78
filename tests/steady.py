"""An engine without memory, and what a command must leave as it was."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.engine import Answer, Message
from tests.fakes import ScriptedEngine
from tests.nothing_lost import git, left_behind

_DEED = re.compile(r'<interaction id="(i\d+)"[^>]*>(.*?)</interaction>', re.DOTALL)
_PAST = re.compile(r"^(p\d+) (.+? \| .+)$", re.MULTILINE)
_TAKEN = re.compile(r"^(?:took|wrote): (\w+) (\w+)", re.MULTILINE)


class SteadyEngine(ScriptedEngine):
    """Answers as a pure function of the prompt, so that it does not matter who asks.

    Each interaction makes a claim of its first two words; the first claim of the past
    is restated with the first interaction, so that windows build on each other.
    """

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: Any
    ) -> Answer:
        """Answer by rule."""
        self._lines.append(answer_to(messages[-1].content))
        return super().complete(messages, max_tokens=max_tokens, **more)


def answer_to(prompt: str) -> str:
    """The lines that an untiring model would write."""
    deeds = _DEED.findall(prompt)
    lines = [
        f"- [{number}] coding | {found[1].capitalize()} goes before {found[2]}.\n"
        for number, text in deeds
        if (found := _TAKEN.search(text))
    ]
    if past := _PAST.search(prompt.partition("<past>")[2]):
        lines.append(f"- [{past[1]} {deeds[0][0]}] {past[2]}\n")
    return "".join(lines)


@dataclass(frozen=True)
class Kept:
    """What a command that fails must not change.

    files:   of the root, and the logs: path -> bytes; the lock's own note aside
    history: HEAD, the branch it is on, and every ref
    index:   what is staged, and what git sees as changed
    """

    files: dict[str, bytes]
    history: str
    index: str


def kept(root: Path, *logs: Path, state: bool = True) -> Kept:
    """Take down what is there.

    state: False leaves ``.state`` out: a run that fails at the model has archived
           what it read, and goes on from there
    """
    return Kept(
        files={str(p): p.read_bytes() for p in (*_files(root, state), *logs)},
        history=git(root, "rev-parse", "HEAD")
        + git(root, "for-each-ref")
        + (root / ".git/HEAD").read_text(),
        index=git(root, "ls-files", "--stage", "-v")
        + git(root, "--no-optional-locks", "status", "--porcelain=v2"),
    )


def litter(*folders: Path) -> list[str]:
    """Temporary files, locks and journals below these folders."""
    return [found for folder in folders for found in left_behind(folder)]


def _files(root: Path, state: bool) -> list[Path]:
    found = []
    for folder, below, names in os.walk(root):
        if ".git" in below:
            below.remove(".git")
        if not state and ".state" in below:
            below.remove(".state")
        found += [Path(folder, name) for name in names]
    return [
        path
        for path in sorted(found)
        if path.is_file() and (path.parent.name, path.name) != (".state", "lock")
    ]
