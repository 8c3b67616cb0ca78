"""What a log is, told by its name and its beginning."""

import json
import re
from pathlib import PurePath
from typing import Any, Literal

from persona_cli.logs.aichat import CHAT
from persona_cli.logs.export import THUMBS
from persona_cli.logs.log import WHEN
from persona_cli.logs.mbox import is_mbox
from persona_cli.logs.memories import PAM_SCHEMA, is_memory_list

Shape = Literal[
    "lines", "array", "values", "csv", "text", "mbox", "memory-list", "aichat"
]

_PROSE = (".txt", ".text", ".md", ".markdown")
_LINES = (".jsonl", ".ndjson")

# After the bracket that opens a JSON value; "[draft] hello" and "[2026-01-02] hi"
# are none.
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]]|[0-9.]+\s*[,\]]|\Z))')

# Columns that make a first line of CSV the head of a log.
_COLUMNS = {"rating", "score", "label", "chosen"}


# Keys of a vendor's export; inside a string their quotes would have backslashes.
_CONVERSATION = re.compile(
    rb'"(?:mapping|current_node|chat_messages|prompt_template)"\s*:'
)

_PAGE = re.compile(rb"\s*(?:<!--.{0,1000}?-->\s*)?<(?:!doctype\s+html|html)\b", re.I)


def holds_conversations(head: bytes) -> bool:
    """Whether a record of a log is a whole conversation of an export, or a project.

    head: its first bytes
    """
    return _CONVERSATION.search(head) is not None


def is_page(head: bytes) -> bool:
    """Whether a file is a web page, by its first bytes."""
    return _PAGE.match(head) is not None


def shape_of(head: bytes, name: str, *, whole: bool, named: str | None) -> Shape:
    """How the records of a log are cut from each other.

    head:   its first bytes
    name:   for its extension; may have none
    whole:  whether ``head`` is all there is
    named:  one of FORMATS when the user said so
    """
    extension = PurePath(name).suffix.lower()
    if named == "mbox" or (named is None and is_mbox(head)):
        return "mbox"
    if named == "memory-list" or (named is None and is_memory_list(head)):
        return "memory-list"
    if named == "aichat" or (named is None and head.startswith(CHAT)):
        return "aichat"
    if named == "text" or (named is None and extension in (".md", ".markdown")):
        return "text"
    if extension in (".csv", ".tsv") or (extension not in _LINES and _is_csv(head)):
        return "csv"
    if not _JSON.match(head):
        known = named is not None or extension in (*_LINES, ".json")
        return "lines" if known else "text"
    if extension in _LINES:
        return "lines"
    if named is None and extension in _PROSE and not _first_line_is_json(head):
        return "text"
    return _json_shape(head, whole=whole)


def format_of(value: Any, name: str = "") -> str | None:
    """The format that a JSON value is a record of; None when it is of none.

    name: of its file; some tools' records look like any other's
    """
    match value:
        case {"id": str(), "kind": str(), "source": str(), "chosen": str()}:
            return "archive"
        case {"schema": str(schema), "memories": list()} if schema == PAM_SCHEMA:
            return "pam"
        case {"type": "entity", "name": str(), "observations": list()}:
            return "mcp-memory"
        case {"type": "relation", "from": str(), "to": str()}:
            return "mcp-memory"
        case {"timestamp": _, "type": str(), "payload": _}:
            return "codex"
        case {"session_id": str(), "ts": _, "text": str()} | {"record_type": str()}:
            return "codex"
        case {"id": str(), "timestamp": str(), "instructions": _}:
            return "codex"
        case {"id": str(), "thread_name": _, "updated_at": _}:
            return "codex"
        case {"type": "message", "role": str(), "content": [{"type": str(part)}, *_]}:
            return "codex" if part in _ITEMS else "messages"
        case {"display": str(), "timestamp": _} if _HISTORY & value.keys():
            return "claude-history"
        case {"id": str(), "prompt": _, "response": _, "conversation_id": _}:
            return "llm"
        case {"role": str(), "message": dict()} if _is_cursor(value, name):
            return "cursor"
        case {"role": str()} if PurePath(name).parts[-3:-1] == _FABRIC:
            return "fabric"
        case {"mapping": dict()}:
            return "chatgpt"
        case {"conversation_id": str(), "rating": str(thumb)} if thumb in THUMBS:
            return "chatgpt"
        case {"chat_messages": list()} | {"conversations_memory": _}:
            return "claude-ai"
        case {"uuid": str(), "prompt_template": _}:
            return "claude-ai"
        case {"header": str(), "title": str(), "time": str(), "products": list()}:
            return "gemini"
        case {"conversations": list()}:
            return "sharegpt"
        case {"chosen": _, "rejected": _}:
            return "pairs"
        case {"instruction": str(), "output": _}:
            return "instructions"
        case {"messages": list()}:
            return "messages"
        case {"chosen": _} | {"history": list()} | {"kind": str()}:
            return "pairs"
        case {"Pair-wise Comparative Feedback": _}:
            return "pairs"
        case {"rating": _} | {"score": _} | {"completion": _, "label": _}:
            return "ratings"
        case {"type": str()} if _AGENT_KEYS & value.keys():
            return "claude-code"
        case {"role": str(), "content": _} | {"role": str(), "message": dict()}:
            return "messages"
        case [{"role": str()}, *_]:
            return "messages"
        case {"haystack_sessions": list()}:
            return "longmemeval"
        case {"prompt": str() | list(), "completion": _}:
            return "instructions"
        case {"prompt": str() | list()} if _bare(value, "prompt"):
            return "instructions"
        case {"text": str()} if _bare(value, "text"):
            return "pairs"
        case _:
            return None


def _is_cursor(record: dict[str, Any], name: str) -> bool:
    """Whether a message is of Cursor's agent: by its folder, or with nothing else."""
    return "agent-transcripts" in PurePath(name).parts or record.keys() <= _CURSOR


def _bare(record: dict[str, Any], key: str) -> bool:
    """Whether a record has one part, and nothing else but when and where."""
    return record.keys() <= {key, "id", "scope", "project", *WHEN}


# Parts of an item as OpenAI's Responses API has them.
_ITEMS = ("input_text", "output_text", "input_image")

_HISTORY = {"project", "pastedContents"}
_CURSOR = {"role", "message"}
_FABRIC = ("fabric", "sessions")

_AGENT_KEYS = {
    "sessionId",
    "uuid",
    "parentUuid",
    "leafUuid",
    "messageId",
    "isSidechain",
}


def _is_csv(head: bytes) -> bool:
    first, newline, _ = head.partition(b"\n")
    cells = re.split(r"[,;\t]", first.decode("utf-8", "replace").lower())
    return (
        bool(newline)
        and len(cells) > 1
        and not _COLUMNS.isdisjoint(cell.strip(' "\r') for cell in cells)
    )


def _json_shape(head: bytes, *, whole: bool) -> Shape:
    first, _, rest = head.lstrip().partition(b"\n")
    array = first.startswith(b"[")
    if _is_json(first):
        return "array" if array and whole and not rest.strip() else "lines"
    if array:
        return "array"
    if rest.lstrip(b"\r\n")[:1] == b"{" or not rest:
        return "lines"  # the first record is broken or long, and the next begins
    return "values"


def _first_line_is_json(head: bytes) -> bool:
    return _is_json(head.lstrip().partition(b"\n")[0])


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
