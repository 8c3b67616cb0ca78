"""Whatever a log holds, reading it ends well."""

import contextlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.errors import PersonaError
from persona_cli.interaction import KINDS, Interaction
from persona_cli.logs import FORMATS, Tally, read_stream

NAMES = ["stdin", "x.jsonl", "x.json", "x.csv", "x.txt", "x.md"]
KEYS = [
    *("id", "kind", "source", "chosen", "rejected", "query", "prompt", "at", "scope"),
    *("history", "target", "rating", "item", "scale", "messages", "role", "content"),
    *("conversations", "from", "value", "type", "uuid", "sessionId", "message", "cwd"),
    *("mapping", "current_node", "author", "parts", "parent", "content_type"),
    *("chat_messages", "sender", "uuid", "prompt_template", "conversations_memory"),
    *("title", "titleUrl", "header", "products", "conversation_id"),
    *("instruction", "output", "completion", "haystack_sessions", "observations"),
    *("schema", "memories", "name", "temporal", "tool_calls", "input"),
    *("Pair-wise Comparative Feedback", "text", "timestamp", "project", "label"),
    *("payload", "ts", "session_id", "display", "response", "conversation_id"),
]
WORDS = [*KINDS, "user", "assistant", "human", "gpt", "text", "up", "5", "2026-01-01"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(st.characters(), max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
GOOD = {
    "pairs": {"chosen": "good", "rejected": "bad"},
    "ratings": {"item": "good", "rating": 4},
    "messages": {"messages": [{"role": "user", "content": "good"}]},
    "sharegpt": {"conversations": [{"from": "human", "value": "good"}]},
    "claude-code": {"type": "user", "uuid": "u", "message": {"content": "good"}},
    "claude-history": {"display": "good", "timestamp": 1, "project": "/x"},
    "codex": {
        "timestamp": "",
        "type": "event_msg",
        "payload": {"type": "user_message", "message": "good"},
    },
    "cursor": {"role": "user", "message": {"content": "good"}},
    "llm": {"id": "i", "prompt": "good", "response": "", "conversation_id": "c"},
    "archive": {"id": "i", "kind": "post", "source": "s", "chosen": "good"},
    "instructions": {"instruction": "good", "output": "o"},
    "longmemeval": {"haystack_sessions": [[{"role": "user", "content": "good"}]]},
    "mcp-memory": {"type": "entity", "name": "me", "observations": ["good"]},
    "pam": {
        "schema": "portable-ai-memory",
        "memories": [{"type": "fact", "content": "good"}],
    },
    "chatgpt": {
        "mapping": {
            "n": {
                "message": {
                    "author": {"role": "user"},
                    "content": {"content_type": "text", "parts": ["good"]},
                }
            }
        }
    },
    "claude-ai": {"chat_messages": [{"sender": "human", "text": "good"}]},
    "gemini": {
        "header": "Gemini Apps",
        "products": [],
        "title": "Prompted good",
        "time": "2026-01-01T00:00:00Z",
    },
}


def read(content: bytes, name: str, tally: Tally, **how: object) -> list[Interaction]:
    deeds = list(read_stream(io.BytesIO(content), name=name, tally=tally, **how))
    for deed in deeds:
        deed.chosen.encode()
        assert deed.id.isprintable()
        assert deed.source.isprintable()
    assert tally.interactions == len(deeds)
    return deeds


@settings(max_examples=300, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from(NAMES), st.sampled_from(FORMATS))
def test_bytes_never_break_a_reader(content, name, form):
    """Any bytes, under any name, as any format."""
    for how in ({}, {"format": form}, {"format": form, "max_record": 20}):
        with contextlib.suppress(PersonaError):
            read(content, name, Tally(), **how)


@settings(max_examples=300, derandomize=True)
@given(st.lists(VALUES, max_size=4), st.sampled_from(FORMATS), st.booleans())
def test_json_never_breaks_a_reader(values, form, array):
    """Any JSON with the keys that readers look for, NaN and surrogates among it."""
    text = (
        json.dumps(values, indent=1)
        if array
        else "".join(json.dumps(value) + "\n" for value in values)
    )
    for how in ({}, {"format": form}):
        with contextlib.suppress(PersonaError):
            read(text.encode(), "x.json", Tally(), **how)


@pytest.mark.parametrize("form", GOOD)
@settings(max_examples=60, derandomize=True)
@given(
    broken=st.lists(
        st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b""))
        | VALUES.map(lambda value: json.dumps(value).encode()),
        max_size=4,
    )
)
def test_good_neighbours_of_a_broken_row_are_read(form, broken):
    """Before, between and after whatever rows."""
    good = json.dumps(GOOD[form]).encode()
    rows = [good]
    for row in broken:
        rows += [row, good]
    # many good rows, so that bad bytes do not make the log binary
    content = b"\n".join([*[good] * 40, *rows]) + b"\n"
    deeds = read(content, "x.jsonl", Tally())
    assert sum(deed.chosen == "good" for deed in deeds) >= 41 + len(broken)
