"""Conversations in the form of ChatGPT's export, built by hand."""

import json
from pathlib import Path
from typing import Any

Node = dict[str, Any]


def message(role: str, text: str, **more: Any) -> Node:
    """A message as exports have it."""
    return {
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": None,
        "content": {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        **more,
    }


def node(parent: str | None, said: Node | None = None) -> Node:
    """A node of the mapping; its lists of children are not looked at."""
    return {"parent": parent, "children": [], "message": said}


def conversation(mapping: dict[str, Any], current: Any, **more: Any) -> Node:
    """One record."""
    return {
        "conversation_id": "10000000-0000-4000-8000-00000000000f",
        "title": "t",
        "create_time": 1767225600.0,
        "update_time": 1767229200.0,
        "current_node": current,
        "mapping": mapping,
        **more,
    }


def chat(*texts: str, name: str = "c") -> Node:
    """A conversation of the user and the assistant in turn."""
    mapping: dict[str, Any] = {"root": node(None)}
    last = "root"
    for place, text in enumerate(texts):
        here = f"{name}-message-{place:06d}"
        mapping[here] = node(last, message(("user", "assistant")[place % 2], text))
        last = here
    return conversation(mapping, last, conversation_id=f"{name}-conversation")


def write(folder: Path, *records: Any, name: str = "conversations.json") -> Path:
    """An export's file."""
    path = folder / name
    path.write_text(json.dumps(list(records)), "utf-8")
    return path
