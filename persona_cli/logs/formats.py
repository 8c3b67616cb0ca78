"""The formats of logs, by name, and who reads each."""

import difflib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from persona_cli.errors import UsageError
from persona_cli.interaction import Interaction
from persona_cli.logs.aichat import aichat_messages
from persona_cli.logs.archive import ArchiveReader
from persona_cli.logs.chatgpt import ChatGptReader
from persona_cli.logs.claude_ai import ClaudeAiReader
from persona_cli.logs.claude_code import ClaudeCodeReader
from persona_cli.logs.claude_history import ClaudeHistoryReader
from persona_cli.logs.codex import CodexReader
from persona_cli.logs.cursor import CursorReader
from persona_cli.logs.fabric import FabricReader
from persona_cli.logs.failures import printable
from persona_cli.logs.gemini import GeminiReader
from persona_cli.logs.instructions import InstructionsReader
from persona_cli.logs.llm_logs import LlmReader
from persona_cli.logs.log import Log
from persona_cli.logs.longmemeval import LongMemEvalReader
from persona_cli.logs.mbox import mbox
from persona_cli.logs.memories import McpMemoryReader, PamReader, memory_list
from persona_cli.logs.messages import MessagesReader
from persona_cli.logs.pairs import PairsReader
from persona_cli.logs.ratings import RatingsReader
from persona_cli.logs.sharegpt import ShareGptReader
from persona_cli.logs.text import posts
from persona_cli.logs.whole import WHOLE


class Reader(Protocol):
    """Knows one format, and what its last record was.

    A reader with an attribute ``alone`` that is true knows no such thing: each record
    stands alone, and what a log gained can be read without the rest.
    """

    def read(self, record: Any) -> Iterator[Interaction]:
        """What a record tells of; raises Fault when it is not of this format."""
        ...


@runtime_checkable
class Concludes(Protocol):
    """A reader that can say some things only when it has seen the whole log."""

    def conclude(self) -> Iterator[Interaction]:
        """What remains to be told after the last record."""
        ...


READERS: dict[str, Callable[[Log], Reader]] = {
    "pairs": PairsReader,
    "ratings": RatingsReader,
    "messages": MessagesReader,
    "sharegpt": ShareGptReader,
    "claude-code": ClaudeCodeReader,
    "chatgpt": ChatGptReader,
    "claude-ai": ClaudeAiReader,
    "gemini": GeminiReader,
    "claude-history": ClaudeHistoryReader,
    "codex": CodexReader,
    "cursor": CursorReader,
    "llm": LlmReader,
    "fabric": FabricReader,
    "archive": ArchiveReader,
    "instructions": InstructionsReader,
    "longmemeval": LongMemEvalReader,
    "mcp-memory": McpMemoryReader,
    "pam": PamReader,
}

# What is no sequence of JSON values or rows: each reads the text itself.
TEXTS: dict[str, Callable[..., Iterator[Interaction]]] = {
    "text": posts,
    "mbox": mbox,
    "memory-list": memory_list,
    "aichat": aichat_messages,
}

# Some have two forms: llm's database, and what it prints of it.
FORMATS: tuple[str, ...] = tuple(dict.fromkeys((*READERS, *TEXTS, *WHOLE)))


def check_format(named: str | None) -> None:
    """Raise UsageError for a format that is none."""
    if named is None or named in FORMATS:
        return
    near = difflib.get_close_matches(named.lower(), FORMATS, n=2, cutoff=0.5)
    guess = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"no such format: {printable(named)}",
        remedy=f"{guess}Formats are {', '.join(FORMATS)}.",
    )
