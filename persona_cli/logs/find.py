"""Names that a person gives become the log files they mean."""

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from persona_cli.errors import InputError
from persona_cli.logs.export import is_conversations
from persona_cli.logs.failures import cannot_read, no_such_log, not_a_file, printable

# What is taken from a folder. A file that is named outright may be called anything.
_EXTENSIONS = frozenset(
    (
        ".jsonl",
        ".ndjson",
        ".json",
        ".csv",
        ".tsv",
        ".txt",
        ".text",
        ".md",
        ".markdown",
        ".mbox",
    )
)

# In a folder with a vendor's export, and below it, the rest was handed in: documents.
_EXPORT = (".json", ".jsonl", ".ndjson")

# Gemini's, which Takeout makes of HTML unless it is told not to: it is refused by name.
_PAGE = "MyActivity.html"

# llm's database, and the folder of aichat's sessions, whose YAML is not settings. Codex
# has such a folder too.
_DATABASE = "logs.db"
_SESSIONS = "sessions"

# The name of an agent's session file. In a folder that has one, and below it, prose
# is the agent's: its memory, the output of its tools.
_SESSION = re.compile(
    r"(?:rollout-.{1,40}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl"
)

# In these folders too, whatever lies in them.
_AGENTS = frozenset(
    (".claude", ".codex", ".cursor", "agent-transcripts", "tool-results")
)

# An agent's prompts once more. Sessions tell them with project and answer, and so
# come first; beside Claude Code's, which share no id with it, it is left alone.
_HISTORY = "history.jsonl"
_PROJECTS = "projects"


def find_logs(names: Sequence[str], *, inside: Path | None = None) -> list[Path]:
    """The log files that ``names`` mean, each once.

    names:  files, folders (with what is below them), or globs
    inside: the root of the profiles. Their folders are no place for logs, which
            would be committed with them; only a profile's ``logs/`` is
    Order:  of ``names``; within a folder by name, an agent's history of prompts last
    Raises: InputError when a name means nothing, or something that cannot be read
    """
    home = Path(os.path.realpath(inside)) if inside is not None else None
    found: dict[str, Path] = {}
    for name in names:
        for path in _expanded(name):
            for log in _logs(path, home):
                # realpath would cost a look at each part of each of many names
                found.setdefault(os.path.abspath(log), Path(log))  # noqa: PTH100
    return list(found.values())


def _expanded(name: str) -> list[str]:
    """A name as it is when something has it; else what it matches as a glob."""
    if not name or "\x00" in name:
        raise no_such_log(printable(name) or "(an empty name)")
    if os.path.lexists(name):
        return [name]
    home = os.path.expanduser(name)  # noqa: PTH111 (a pattern is not yet a path)
    matches = sorted(glob.glob(home, recursive=True))  # noqa: PTH207 (takes roots too)
    if not matches:
        raise no_such_log(printable(name))
    return matches


def _logs(name: str, home: Path | None) -> Iterator[str]:
    shown = printable(name)
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116
    except OSError as error:
        raise cannot_read(shown, error) from error
    real = os.path.realpath(name)
    if _in_profile(real, home):
        raise InputError(
            f"refusing: {shown} is inside a profile and would be committed",
            remedy="Move it out of the profile's folder, or into its logs/ folder.",
        )
    if stat.S_ISDIR(mode):
        yield from _walk(name, home)
    elif not stat.S_ISREG(mode):
        raise not_a_file(shown)
    else:
        try:
            os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as error:
            raise cannot_read(shown, error) from error
        yield name


def _walk(top: str, home: Path | None) -> Iterator[str]:
    """The logs below a folder; hidden ones, and profiles, are left out.

    Links to folders are not followed: they may lead in circles.
    """
    agents = not _AGENTS.isdisjoint(Path(os.path.realpath(top)).parts)
    waiting = [(str(Path(top)), os.path.realpath(top), agents, False)]
    last: list[str] = []
    while waiting:
        folder, real, agents, export = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                here = sorted(
                    (entry for entry in entries if not entry.name.startswith(".")),
                    key=lambda entry: entry.name,
                )
        except OSError as error:
            raise cannot_read(printable(folder), error) from error
        guarded = home is not None and _in_profile(real, home)
        agents = agents or _is_agents({entry.name for entry in here})
        export = export or any(is_conversations(entry.name) for entry in here)
        if export:
            here = [e for e in here if e.is_dir() or e.name.lower().endswith(_EXPORT)]
        below: list[tuple[str, str, bool, bool]] = []
        for entry in here:
            if entry.is_dir(follow_symlinks=False):
                inner = agents or entry.name in _AGENTS
                below.append((entry.path, f"{real}/{entry.name}", inner, export))
            elif guarded or not _is_taken(entry, folder, home, agents=agents):
                continue
            elif not (agents and entry.name == _HISTORY):
                yield entry.path
            elif all(beside.name != _PROJECTS for beside in here):
                last.append(entry.path)
        waiting.extend(reversed(below))
    yield from last


def _is_agents(names: set[str]) -> bool:
    """Whether a folder is an agent's own, by what lies in it."""
    home = _HISTORY in names and not names.isdisjoint((_PROJECTS, _SESSIONS))
    return home or any(map(_SESSION.fullmatch, names))


def _is_taken(
    entry: "os.DirEntry[str]", folder: str, home: Path | None, *, agents: bool
) -> bool:
    return (
        _is_log(entry.name, folder, agents=agents)
        and entry.is_file()
        and not _leads_into_profile(entry, home)
    )


def _is_log(name: str, folder: str, *, agents: bool) -> bool:
    extension = os.path.splitext(name)[1].lower()  # noqa: PTH122 (once a file)
    if agents:
        return extension == ".jsonl"
    if extension in (".yaml", ".yml"):
        return _SESSIONS in Path(folder).parts[-2:]
    return extension in _EXTENSIONS or name in (_DATABASE, _PAGE)


def _leads_into_profile(entry: "os.DirEntry[str]", home: Path | None) -> bool:
    return entry.is_symlink() and _in_profile(os.path.realpath(entry.path), home)


def _in_profile(real: str, home: Path | None) -> bool:
    """Whether a path lies in a profile's folder, outside its ``logs/``."""
    if home is None:
        return False
    try:
        parts = Path(real).relative_to(home).parts
    except ValueError:
        return False
    if not parts or not (home / parts[0] / "profile.md").is_file():
        return False
    return len(parts) < 2 or parts[1] != "logs"
