"""Logs of every format as they come from the tools that write them, to be timed.

Each maker yields the pieces of one log; the words are drawn from a pool, with a seed.
"""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_POOL = (
    *("the", "test", "fails", "when", "a", "list", "is", "empty", "because", "of"),
    *("please", "write", "it", "again", "shorter", "with", "types", "and", "no"),
    *("comments", "I", "prefer", "plain", "functions", "over", "classes", "here"),
    *("could", "you", "explain", "what", "happens", "if", "two", "threads", "ask"),
)
_RANDOM = random.Random(7)
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def words(count: int) -> str:
    """So many words."""
    return " ".join(_RANDOM.choices(_POOL, k=count))


def _when(number: int) -> str:
    at = _FIRST + timedelta(minutes=number)
    return at.isoformat().replace("+00:00", "Z")


def _line(value: object) -> str:
    return json.dumps(value) + "\n"


def _array(items: Iterator[object]) -> Iterator[str]:
    yield "["
    for number, item in enumerate(items):
        yield ("," if number else "") + json.dumps(item)
    yield "]"


def pairs(count: int) -> Iterator[str]:
    """Choices between two answers."""
    for n in range(count):
        row = {"id": f"pair-{n:012}", "at": _when(n), "query": words(20)}
        yield _line(row | {"chosen": words(120), "rejected": words(160)})


def ratings(count: int) -> Iterator[str]:
    """Ratings of answers, a line each."""
    for n in range(count):
        yield _line({"item": words(120), "rating": n % 5 + 1, "timestamp": _when(n)})


def ratings_csv(count: int) -> Iterator[str]:
    """Ratings of short items, as a table."""
    yield "item,rating,timestamp\n"
    for n in range(count):
        yield f"{words(8)},{n % 5 + 1},{_when(n)}\n"


def messages(count: int) -> Iterator[str]:
    """Conversations of six messages, a line each."""
    for n in range(count):
        turns = [("user", 25), ("assistant", 200)] * 3
        said = [{"role": role, "content": words(size)} for role, size in turns]
        yield _line({"id": f"chat-{n:012}", "created_at": _when(n), "messages": said})


def sharegpt(count: int) -> Iterator[str]:
    """The same in one JSON array."""
    turns = [("human", 25), ("gpt", 200)] * 3
    yield from _array(
        {
            "id": f"chat-{n:012}",
            "conversations": [{"from": w, "value": words(size)} for w, size in turns],
        }
        for n in range(count)
    )


def claude_code(count: int) -> Iterator[str]:
    """A session: most of it is what tools gave back."""
    for n in range(count):
        common = {"sessionId": "5e55", "cwd": "/home/ada/parser", "timestamp": _when(n)}
        uid = f"{n:08}-0000-4000-8000-{n:012}"
        typed = {"role": "user", "content": words(20)}
        yield _line({"type": "user", "uuid": f"u{uid}", "message": typed} | common)
        use = [{"type": "text", "text": words(40)}, {"type": "tool_use", "id": f"t{n}"}]
        said = {"role": "assistant", "content": use}
        yield _line({"type": "assistant", "uuid": f"a{uid}", "message": said} | common)
        result = [
            {"type": "tool_result", "tool_use_id": f"t{n}", "content": words(900)}
        ]
        back = {"role": "user", "content": result}
        row = {"type": "user", "uuid": f"r{uid}", "message": back, "toolUseResult": {}}
        yield _line(row | common)


def codex(count: int) -> Iterator[str]:
    """A rollout."""
    meta = {"id": "019a-1111", "cwd": "/home/ada/parser", "cli_version": "0.128.0"}
    yield _line({"timestamp": _when(0), "type": "session_meta", "payload": meta})
    for n in range(count):
        typed = words(20)
        for kind, payload in (
            ("event_msg", {"type": "user_message", "message": typed}),
            ("response_item", {"type": "function_call_output", "output": words(900)}),
            ("event_msg", {"type": "agent_message", "message": words(60)}),
        ):
            yield _line({"timestamp": _when(n), "type": kind, "payload": payload})


def cursor(count: int) -> Iterator[str]:
    """An agent's transcript."""
    for _ in range(count):
        for role, size in (("user", 20), ("assistant", 300)):
            text = words(size)
            if role == "user":
                text = f"<user_query>\n{text}\n</user_query>"
            parts = [{"type": "text", "text": text}]
            yield _line({"role": role, "message": {"content": parts}})


def chatgpt(count: int) -> Iterator[str]:
    """Conversations of an export, as trees."""
    yield from _array(_tree(n) for n in range(count))


def _tree(number: int) -> dict[str, object]:
    nodes: dict[str, object] = {}
    before = None
    for place, (role, size) in enumerate([("user", 25), ("assistant", 200)] * 4):
        name = f"{number:08}-{place}"
        message = {
            "id": name,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": 1.77e9 + number * 100 + place,
            "content": {"content_type": "text", "parts": [words(size)]},
            "status": "finished_successfully",
            "weight": 1.0,
            "recipient": "all",
            "metadata": {},
        }
        below = [f"{number:08}-{place + 1}"] if place < 7 else []
        around = {"id": name, "parent": before, "children": below}
        nodes[name] = {**around, "message": message}
        before = name
    return {"id": f"conversation-{number:012}", "title": words(4)} | {
        "create_time": 1.77e9,
        "current_node": before,
        "mapping": nodes,
    }


def claude_ai(count: int) -> Iterator[str]:
    """Conversations of an export."""

    def said(name: str, sender: str, text: str) -> dict[str, object]:
        parts = [{"type": "text", "text": text}]
        common = {"uuid": name, "sender": sender, "created_at": _when(1)}
        return common | {"text": text, "content": parts, "attachments": []}

    turns = [("human", 25), ("assistant", 200)] * 4
    yield from _array(
        {
            "uuid": f"{n:08}-0000-4000-8000-000000000001",
            "name": words(4),
            "created_at": _when(n),
            "chat_messages": [
                said(f"{n:08}-0000-4000-8001-{place:012}", sender, words(size))
                for place, (sender, size) in enumerate(turns)
            ],
        }
        for n in range(count)
    )


def gemini(count: int) -> Iterator[str]:
    """Prompts out of Takeout."""
    yield from _array(
        {
            "header": "Gemini Apps",
            "title": f"Prompted {words(25)}",
            "titleUrl": f"https://gemini.google.com/app/c/{n // 4:012}",
            "time": _when(n),
            "products": ["Gemini Apps"],
            "safeHtmlItem": [{"html": f"<p>{words(200)}</p>"}],
        }
        for n in range(count)
    )


def llm_lines(count: int) -> Iterator[str]:
    """What ``llm logs --json`` prints."""
    yield from _array(
        {
            "id": f"01{n:024}",
            "model": "m",
            "prompt": words(25),
            "system": None,
            "response": words(200),
            "conversation_id": f"c{n // 3}",
            "datetime_utc": _when(n),
            "prompt_fragments": [],
        }
        for n in range(count)
    )


def instructions(count: int) -> Iterator[str]:
    """A data set in Alpaca's form."""
    yield from _array(
        {"instruction": words(25), "input": "", "output": words(200)}
        for _ in range(count)
    )


def fabric(count: int) -> Iterator[str]:
    """One long session."""
    turns = (("user", 20), ("assistant", 250))
    yield from _array(
        {"role": role, "content": words(size)}
        for _ in range(count)
        for role, size in turns
    )


def aichat(count: int) -> Iterator[str]:
    """``messages.md``."""
    for n in range(count):
        yield f"# CHAT: {words(4)} [{_when(n)}]\n{words(20)}\n--------\n{words(200)}\n"
        yield "--------\n\n"


def mbox(count: int) -> Iterator[str]:
    """A mailbox in which one mail of twenty is one's own."""
    for n in range(count):
        who = "ada@example.org" if n % 20 == 0 else "eve@example.net"
        yield f"From {who} Mon Mar  2 10:00:00 2026\nFrom: {who}\n"
        yield f"Date: Mon, 02 Mar 2026 10:{n % 60:02}:00 +0000\n"
        yield f"Message-ID: <{n}@example.org>\nSubject: {words(4)}\n\n"
        yield "".join(f"{words(12)}\n" for _ in range(25)) + "\n"


def mcp_memory(count: int) -> Iterator[str]:
    """The memory server's file."""
    for n in range(count):
        name = "user" if n % 2 else f"thing {n}"
        row = {"type": "entity", "name": name, "entityType": "person"}
        yield _line(row | {"observations": [words(9) for _ in range(6)]})


def memory_list(count: int) -> Iterator[str]:
    """Claude's list of what it remembers."""
    for n in range(count):
        yield f"[2026-03-{1 + n % 28:02}] - {words(12)}\n"


def posts(count: int) -> Iterator[str]:
    """A blog in one file."""
    for _ in range(count):
        yield f"{words(120)}\n\n{words(90)}\n\n---\n\n"


# Format -> (name of the file, who makes it, records that make a MB, read as).
MAKERS: dict[str, tuple[str, Callable[[int], Iterator[str]], int, str | None]] = {
    "pairs": ("pairs.jsonl", pairs, 600, None),
    "ratings": ("ratings.jsonl", ratings, 1500, None),
    "ratings, CSV": ("ratings.csv", ratings_csv, 14000, None),
    "messages": ("chats.jsonl", messages, 280, None),
    "sharegpt": ("sharegpt.json", sharegpt, 280, None),
    "claude-code": ("5e55.jsonl", claude_code, 180, None),
    "codex": ("rollout-1.jsonl", codex, 180, None),
    "cursor": ("transcript.jsonl", cursor, 550, "cursor"),
    "chatgpt": ("conversations.json", chatgpt, 150, None),
    "claude-ai": ("conversations.json", claude_ai, 110, None),
    "gemini": ("MyActivity.json", gemini, 700, None),
    "llm, printed": ("logs.json", llm_lines, 750, None),
    "instructions": ("alpaca.json", instructions, 850, None),
    "fabric": ("session.json", fabric, 700, "fabric"),
    "aichat": ("messages.md", aichat, 850, "aichat"),
    "mbox": ("all.mbox", mbox, 600, None),
    "mcp-memory": ("memory.jsonl", mcp_memory, 2700, None),
    "memory-list": ("memories.txt", memory_list, 13000, None),
    "text": ("posts.md", posts, 900, None),
}


def write(name: str, folder: Path, megabytes: int) -> Path:
    """A log of a format, of about so many MB."""
    if name == "llm, database":
        return _database(folder, megabytes)
    file_name, maker, per_mb, _ = MAKERS[name]
    path = folder / file_name
    with path.open("w", encoding="utf-8") as file:
        file.writelines(maker(per_mb * megabytes))
    return path


def _database(folder: Path, megabytes: int) -> Path:
    """The database of llm, in its older form."""
    path = folder / "logs.db"
    with sqlite3.connect(path) as table:
        table.execute(
            "CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT)"
        )
        table.execute(
            "CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT,"
            " system TEXT, prompt_json TEXT, options_json TEXT, response TEXT,"
            " response_json TEXT, conversation_id TEXT, duration_ms INTEGER,"
            " datetime_utc TEXT)"
        )
        table.executemany(
            "INSERT INTO responses"
            " VALUES (?, 'm', ?, NULL, NULL, '{}', ?, NULL, ?, 1, ?)",
            (
                (f"01{n:024}", words(25), words(200), f"c{n // 3}", _when(n))
                for n in range(750 * megabytes)
            ),
        )
    table.close()
    return path
