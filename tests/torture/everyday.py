"""Each command as a person uses it, on a root of its own: for what none may do."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Persona

# Stands in the log, and so must stand in no argument and no file that others can read.
SAYS = "heliotrope umbrellas"


@dataclass(frozen=True)
class Called:
    """One system call of a command or of a program it started.

    command: which
    call:    ``connect``, ``execve``, ``openat``, ...
    text:    the line of strace
    """

    command: str
    call: str
    text: str


def make_log(folder: Path) -> Path:
    """A short log of messages, and a choice."""
    rows: list[dict[str, object]] = [
        {"id": "m1", "kind": "message", "text": f"I always want {SAYS}, please."},
        {"id": "m2", "kind": "message", "text": "I prefer short answers."},
        {"query": "what of it?", "chosen": SAYS, "rejected": "a long answer"},
    ]
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def commands(log: Path, *, embedded: bool) -> list[tuple[str, ...]]:
    """Every command there is, in an order in which each has something to do.

    embedded: one update is done by the embedded model, in this process
    """
    model = ("--model", "tiny") if embedded else ()
    return [
        ("init", "ada"),
        ("update", "ada", str(log), "--no-verify", *model),
        ("update", "ada", str(log)),
        ("rebuild", "ada", "--dry-run"),
        ("apply", "ada", "Hello there."),
        ("show", "ada", "--ids"),
        ("list",),
        ("path", "ada"),
        ("review", "ada"),
        ("eval", "ada"),
        ("log", "ada"),
        ("diff",),
        ("verify", "ada"),
        ("allow", "mail"),
        ("undo", "ada"),
        ("forget", "--source", "pairs", "--dry-run"),
        ("model", "list"),
        ("doctor",),
        ("completion", "bash"),
        ("--help",),
    ]


def watched(
    persona: Persona, words: tuple[str, ...], *, environ: dict[str, str]
) -> list[Called]:
    """Run a command with everyone let in by the umask; the system calls it made."""
    trace = persona.folder / "strace.out"
    watch = ("connect", "sendto", "sendmsg", "sendmmsg", "execve", "openat", "creat")
    line = " ".join(
        [
            "umask 000; exec strace -f -qq --seccomp-bpf -s 4096 -e signal=none",
            f"-e trace={','.join(watch)} -o {trace}",
            f"persona {' '.join(repr(word) for word in words)}",
        ]
    )
    before = persona.environ
    persona.environ = {**before, **environ}
    try:
        done = persona.shell(line)
    finally:
        persona.environ = before
    assert done.returncode in (0, 2, 3), f"{words}: {done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    rows = trace.read_text("utf-8", "replace").splitlines()
    trace.unlink()
    parts = [row.partition(" ")[2].strip() for row in rows]
    return [
        Called(" ".join(words[:2]), part.partition("(")[0], part)
        for part in parts
        if "(" in part
    ]


def others_may(path: Path) -> bool:
    """Whether anyone but the owner may do anything with a file or folder."""
    return bool(path.lstat().st_mode & 0o077) and not path.is_symlink()


def own_files(root: Path, *folders: Path) -> list[Path]:
    """What persona made there: not git's own folder, which is in one of them."""
    found = []
    for top in (root, *folders):
        for folder, below, names in os.walk(top):
            if ".git" in below:
                below.remove(".git")
            found += [Path(folder), *(Path(folder, name) for name in names)]
    return found
