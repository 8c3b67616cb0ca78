"""Where programs on this machine keep what their users said to them.

Paths alone: nothing here opens a file. Where a program lets its user move the folder,
by a variable or by the platform's own rules, that counts here too.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Where programs, persona too, look for their things: a timer has to be told of those
# that are set.
VARIABLES = (
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "LLM_USER_PATH",
    "AICHAT_CONFIG_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "HF_HOME",
    "APPDATA",
)

# Of Claude Code, unless its settings say otherwise.
KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides where things lie.

    environ: the variables of this process
    home:    the user's folder
    """

    environ: Mapping[str, str]
    home: Path

    def folder(self, variable: str, otherwise: Path) -> Path:
        """What a variable names; ``otherwise`` where it is not set."""
        given = self.environ.get(variable, "").strip()
        if not given:
            return otherwise
        if given == "~" or given.startswith("~/"):
            return self.home / given[2:]
        return Path(given)

    @property
    def config(self) -> Path:
        """Where most programs keep their settings.

        Source: ``click.get_app_dir`` and Rust's ``dirs::config_dir``, which agree
        """
        if sys.platform == "darwin":
            return self.home / "Library" / "Application Support"
        if sys.platform == "win32":
            return self.folder("APPDATA", self.home / "AppData" / "Roaming")
        return self.folder("XDG_CONFIG_HOME", self.home / ".config")


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A program that keeps logs.

    name:   as a person enables it
    says:   what it is
    format: to read its files as, so that what is no such log is not taken for prose;
            None where nothing is read
    places: a folder, and a pattern of the files in it; several of them
    drops:  nothing but what a browser saves: anybody's file may lie there, so it is
            found, and never followed
    """

    name: str
    says: str
    format: str | None
    places: Callable[[Surroundings], Iterator[tuple[Path, str]]]
    drops: bool = False

    def files(self, around: Surroundings) -> list[Path]:
        """The files that are there, sorted; links are not followed."""
        found: dict[Path, None] = {}
        for folder, pattern in self.places(around):
            for path in sorted(folder.glob(pattern)):
                if path.is_file() and not path.is_symlink():
                    found[path] = None
        return list(found)


def claude_folder(around: Surroundings) -> Path:
    """Where Claude Code keeps its things."""
    return around.folder("CLAUDE_CONFIG_DIR", around.home / ".claude")


def _claude_code(around: Surroundings) -> Iterator[tuple[Path, str]]:
    # A subagent's logs lie deeper.
    yield claude_folder(around) / "projects", "*/*.jsonl"


def _codex(around: Surroundings) -> Iterator[tuple[Path, str]]:
    folder = around.folder("CODEX_HOME", around.home / ".codex")
    yield folder / "sessions", "*/*/*/rollout-*.jsonl"
    yield folder / "archived_sessions", "**/rollout-*.jsonl"


def _llm(around: Surroundings) -> Iterator[tuple[Path, str]]:
    yield around.folder("LLM_USER_PATH", around.config / "io.datasette.llm"), "logs.db"


def _aichat(around: Surroundings) -> Iterator[tuple[Path, str]]:
    folder = around.folder("AICHAT_CONFIG_DIR", around.config / "aichat")
    yield folder / "sessions", "**/*.yaml"
    yield folder, "messages.md"


def _fabric(around: Surroundings) -> Iterator[tuple[Path, str]]:
    yield around.home / ".config" / "fabric" / "sessions", "*.json"


def _cursor(around: Surroundings) -> Iterator[tuple[Path, str]]:
    folder = around.home / ".cursor" / "projects"
    yield folder, "*/agent-transcripts/*.jsonl"
    yield folder, "*/agent-transcripts/*/*.jsonl"


def _downloads(*patterns: str) -> Callable[[Surroundings], Iterator[tuple[Path, str]]]:
    def places(around: Surroundings) -> Iterator[tuple[Path, str]]:
        folder = around.folder("XDG_DOWNLOAD_DIR", around.home / "Downloads")
        for pattern in patterns:
            yield folder, pattern

    return places


SOURCES: tuple[KnownSource, ...] = (
    KnownSource("claude-code", "Claude Code's sessions", "claude-code", _claude_code),
    KnownSource("codex", "Codex CLI's sessions", "codex", _codex),
    KnownSource("llm", "the log of simonw/llm", "llm", _llm),
    KnownSource("aichat", "aichat's sessions and messages", "aichat", _aichat),
    KnownSource("fabric", "fabric's sessions", "fabric", _fabric),
    KnownSource("cursor", "Cursor's agent transcripts", "cursor", _cursor),
    KnownSource(
        "exports",
        "exports of ChatGPT, Claude.ai and Gemini among the downloads",
        None,
        _downloads(
            "*conversations*.zip",
            "*conversations*.json",
            "*chatgpt*.zip",
            "*ChatGPT*.zip",
            "*claude*.zip",
            "data-*-batch-*.zip",
            "takeout-*.zip",
        ),
        drops=True,
    ),
)


def known_source(name: str) -> KnownSource | None:
    """The source of this name; None where there is none."""
    return next((one for one in SOURCES if one.name == name), None)
