"""What a refusal looks like: two lines, an exit code, and nothing changed."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

from tests.nothing_lost import git
from tests.steady import kept, litter

if TYPE_CHECKING:
    from tests.conftest import Persona

WORDS = [
    "amber",
    "basil",
    "cedar",
    "dahlia",
    "ember",
    "fennel",
    "garnet",
    "hazel",
    "iris",
    "juniper",
]
FORMER = ["anvil", "bellows", "chisel", "dowel", "easel", "ferrule", "gouge", "hammer"]

USAGE, INPUT, MODEL, BUSY = 2, 3, 4, 6

# Root may read and write everything; a user who runs this may not.
UNPRIVILEGED = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    if os.geteuid() == 0
    else []
)


def pair(number: int, **more: object) -> bytes:
    """A record: a choice whose first two words make a claim."""
    first, second = WORDS[number % 10], FORMER[number % 8]
    row = {"query": "q?", "chosen": f"{first} {second}", "rejected": f"no {number}"}
    return json.dumps(row | more).encode() + b"\n"


def assert_refused(
    persona: "Persona",
    run: Callable[[], CompletedProcess[str]],
    code: int,
    says: str,
    tries: str = "",
    *,
    logs: tuple[Path, ...] = (),
    state: bool = True,
) -> None:
    """Run what must fail, and see how: in two lines, and nothing changed.

    says:  a part of the fault, and mostly its place
    tries: a part of the remedy
    """
    folders = (persona.folder, Path(persona.environ["HOME"]))
    before = kept(persona.root, *logs, state=state)
    found = litter(*folders)
    done = run()
    assert done.returncode == code, done.stderr
    *_, fault, remedy = done.stderr.splitlines()
    assert fault.startswith("error: "), done.stderr
    assert says in fault, fault
    assert remedy.startswith("  try: "), done.stderr
    assert tries in remedy, remedy
    assert done.stdout == ""
    assert kept(persona.root, *logs, state=state) == before
    assert litter(*folders) == found


def assert_works(persona: "Persona", log: Path) -> None:
    """The next good command needs nobody's help."""
    done = persona("update", "me", str(log))
    assert "added " in done.stdout, done.stderr
    assert git(persona.root, "status", "--porcelain", "-uno") == ""
    git(persona.root, "fsck", "--strict")
    assert litter(persona.root) == []


def running(
    persona: "Persona", *words: str, code: int, **more: object
) -> Callable[[], CompletedProcess[str]]:
    """A command to be run later."""
    return lambda: persona(*words, code=code, **more)


def show(persona: "Persona") -> list[dict[str, object]]:
    """The claims as they are."""
    return list(json.loads(persona("show", "--json").stdout)["claims"])
