"""Whatever stands in a vendor's export, only its owner is heard.

The engine obeys every sentence it is shown (``tests/obedient.py``). So what is planted
must not be among them, or must be known as somebody else's.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persona_cli.logs import chatgpt, claude_ai
from tests.chatgpt_export import conversation, message, node
from tests.obedient import Learned, learn
from tests.poison import DISGUISES, PLANTED, WISH, named, page

Record = dict[str, Any]
HIDDEN = {"is_visually_hidden_from_conversation": True}
CONTEXT = "user_editable_context"


def gpt(*said: Record) -> Record:
    """A conversation with the user's own wish, and what else was said."""
    mapping = {"root": node(None)}
    last = "root"
    own = [message("user", WISH), message("assistant", "Noted.")]
    for place, one in enumerate([*own, *said, message("user", "And a heap?")]):
        mapping[f"message-{place:08d}"] = node(last, one)
        last = f"message-{place:08d}"
    return conversation(mapping, last)


def forked(text: str) -> Record:
    """Two answers that both repeat what a page said; the user goes on from one."""
    record = gpt(message("user", "Sum it up."), message("assistant", f"So: {text}"))
    other = node("message-00000002", message("assistant", f"Short. {text} Yes."))
    record["mapping"]["other"] = other
    return record


def gpt_content(**fields: Any) -> Record:
    return message("assistant", "", content=fields)


def claude(*said: Record, **more: Any) -> Record:
    """The same for Claude.ai."""
    own = [{"sender": "human", "text": WISH}, {"sender": "assistant", "text": "Ok."}]
    messages = [*own, *said, {"sender": "human", "text": "And a heap?"}]
    return {"uuid": "c", "chat_messages": messages, **more}


def parts(sender: str, *content: Record, **more: Any) -> Record:
    return {"sender": sender, "text": "", "content": list(content), **more}


def gemini(**more: Any) -> list[Record]:
    row = {
        "header": "Gemini Apps",
        "products": ["Gemini Apps"],
        "titleUrl": "https://gemini.google.com/app/c/abc",
        "time": "2026-01-01T10:00:00Z",
    }
    return [{**row, "title": f"Prompted {WISH}", **more}]


CARRIERS: dict[str, Callable[[str], Any]] = {
    "assistant": lambda t: gpt(message("assistant", f"So: {t}")),
    "assistant, agreed": lambda t: gpt(
        message("assistant", t), message("user", "Yes, do that.")
    ),
    "tool": lambda t: gpt(message("tool", page(t))),
    "system": lambda t: gpt(message("system", t)),
    "unknown author": lambda t: gpt(message("user_proxy", t)),
    "hidden": lambda t: gpt(message("user", t, metadata=HIDDEN)),
    "weightless": lambda t: gpt(message("user", t, weight=0)),
    "to a tool": lambda t: gpt(message("user", t, recipient="bio")),
    "thoughts": lambda t: gpt(
        gpt_content(content_type="thoughts", thoughts=[{"content": t}], parts=[t])
    ),
    "browsing": lambda t: gpt(
        message("user", "", content={"content_type": "tether_quote", "text": page(t)})
    ),
    "part of a picture": lambda t: gpt(
        message("user", "", content={"content_type": "multimodal_text",
                                     "parts": ["Look.", {"alt": t, "text": t}]})
    ),
    "instructions of a tool's": lambda t: gpt(
        message("tool", "", content={"content_type": CONTEXT, "user_instructions": t})
    ),
    "instructions of the model's": lambda t: gpt(
        message("assistant", "", metadata={
            "user_context_message_data": {"about_model_message": t}})
    ),
    "other context": lambda t: gpt(
        message("system", "", metadata={**HIDDEN, "user_context_message_data": {
            "location": t, "about_everyone": t}})
    ),
    "an attachment's name": lambda t: gpt(
        message("user", "Look.", metadata={"attachments": [{"name": t}]})
    ),
    "title": lambda t: {**gpt(), "title": t},
    "regenerated": forked,
    "claude": lambda t: claude({"sender": "assistant", "text": t}),
    "claude, document": lambda t: claude(
        {"sender": "human", "text": "Read.",
         "attachments": [{"file_name": t, "extracted_content": page(t)}],
         "files": [{"file_name": t}]}
    ),
    "claude, result": lambda t: claude(
        parts("human", {"type": "tool_result", "content": t, "text": t})
    ),
    "claude, result beside text": lambda t: claude(
        {**parts("human", {"type": "tool_result", "content": t}), "text": t}
    ),
    "claude, thoughts": lambda t: claude(
        parts("assistant", {"type": "thinking", "thinking": t, "text": t})
    ),
    "claude, other sender": lambda t: claude({"sender": "project", "text": t}),
    "claude, name": lambda t: claude(name=t, summary=t),
    "gemini, reply": lambda t: gemini(safeHtmlItem=[{"html": f"<p>{t}</p>"}]),
    "gemini, details": lambda t: gemini(
        details=[{"name": t, "value": t}], description=t, subtitles=[{"name": t}]
    ),
}  # fmt: skip


def learned_of(folder: Path, name: str, number: int, disguise: str) -> Learned:
    canary = named(number)
    text = DISGUISES[disguise](PLANTED[number % len(PLANTED)].format(x=canary))
    record = CARRIERS[name](text)
    path = folder / f"{canary}.json"
    path.write_text(json.dumps(record if isinstance(record, list) else [record]))
    return learn(path)


@pytest.mark.parametrize("name", CARRIERS)
def test_nobody_else_is_heard(tmp_path, name):
    """Plain and disguised; the user's own wish, in the same file, is kept."""
    for number, disguise in enumerate(DISGUISES):
        for more in (0, 5):
            known = learned_of(tmp_path, name, number + more, disguise)
            assert not known.holds(named(number + more)), disguise
            assert any("tabs over spaces" in claim for claim in known.claims)


def test_the_same_sentences_would_be_learned(tmp_path):
    """Typed by the user they are: so the test above could fail."""
    for number in range(len(PLANTED)):
        if "SYSTEM" in PLANTED[number]:
            continue  # taken for a transcript
        text = PLANTED[number].format(x=named(number))
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps([gpt(message("user", text))]))
        assert learn(path).holds(named(number)), text


def test_a_reader_that_skips_less_is_caught(tmp_path, monkeypatch):
    """The twin: hidden messages, and those to tools, count as the user's."""

    def unhidden(said, key, when, longest):
        said = {**said, "metadata": {}, "weight": 1, "recipient": "all"}
        return real(said, key, when, longest)

    real = chatgpt._turn
    monkeypatch.setattr(chatgpt, "_turn", unhidden)
    monkeypatch.setattr(
        claude_ai, "_text", lambda said: said.get("text") or json.dumps(said["content"])
    )
    caught = [
        name
        for name in ("hidden", "weightless", "to a tool", "claude, result beside text")
        if learned_of(tmp_path, name, 0, "plain").holds(named(0))
    ]
    assert len(caught) == 4, caught


def test_what_another_tool_remembers_waits(tmp_path):
    """ChatGPT's and Claude's memories are in no profile before a person saw them."""
    canary = named(1)
    note = f"Prefers {canary} over everything else."
    context = {
        "content_type": "model_editable_context",
        "model_set_context": f"1. [2026-01-01]. {note}",
    }
    records = {
        "chatgpt.json": [gpt(message("system", "", content=context, metadata=HIDDEN))],
        "memories.json": [{"conversations_memory": f"**Likes**\n\n{note}"}],
    }
    for name, record in records.items():
        (tmp_path / name).write_text(json.dumps(record))
        known = learn(tmp_path / name)
        assert any(canary.casefold() in one for one in known.waiting), name
        assert not any(canary.casefold() in one for one in known.claims), name
        assert canary.casefold() not in known.prompt, name
