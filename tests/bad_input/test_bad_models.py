"""Models that are missing, damaged, or talk nonsense."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persona_cli.engine import Answer, Message
from tests.chat_server import Canned
from tests.fakes import ScriptedEngine
from tests.gguf_files import gguf_bytes
from tests.steady import SteadyEngine, litter

if TYPE_CHECKING:
    from tests.conftest import Persona

from tests.bad_input.refusals import MODEL, assert_refused, running, show

HUGE = {
    "general.architecture": "llama",
    "llama.block_count": 100_000,
    "llama.context_length": 8192,
    "llama.embedding_length": 1 << 20,
    "llama.attention.head_count": 64,
}

TENSOR = ("token_embd.weight", (32, 1000), [0.0] * 32_000)

# Where the table has 65, 66 and 71, the design has 4: the model is missing, or is none.
MODELS = {
    "missing": (None, "no such model", "persona model list"),
    "empty": (b"", "is empty", "Download it again"),
    "an HTML page": (b"<!DOCTYPE html>\n<p>404", "is an HTML page", "Download it"),
    "a git-lfs pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        "is a git-lfs pointer, not a model",
        "Download it again",
    ),
    "zeros": (b"\0" * 9999, "holds zeros", "Download it again"),
    "random": (bytes(range(256)) * 9, "is not a GGUF file", "name another file"),
    "a header cut": (gguf_bytes(HUGE)[:60], "is cut short inside its header", "again"),
    "weights cut": (
        gguf_bytes({"general.architecture": "llama"}, [TENSOR])[:-100_000],
        "is cut short: 28 of 128 kB",
        "Download it again",
    ),
    "damaged": (
        gguf_bytes(HUGE).replace(b"general.arch", b"\xff" * 12, 1)[:24] + b"\xff" * 99,
        "is cut short inside its header",
        "Download it again",
    ),
    "too large for the memory": (gguf_bytes(HUGE), "GB", ""),
    "nothing llama.cpp knows": (
        gguf_bytes({"general.architecture": "abacus"}),
        "llama.cpp cannot load it",
        "llama-cpp-python",
    ),
    "an adapter": (
        gguf_bytes({"general.type": "adapter", "general.architecture": "llama"}),
        "is a LoRA adapter, not a model",
        "base model",
    ),
}


@pytest.mark.parametrize("row", MODELS)
def test_a_file_that_is_no_model(persona, log, tmp_path, row):
    """The file, and what it is instead; exit 4."""
    content, says, tries = MODELS[row]
    path = tmp_path / "x.gguf"
    if content is not None:
        path.write_bytes(content)
    run = running(
        persona,
        *("update", "me", str(log), "--model", str(path), "--gpu-layers", "0"),
        code=MODEL,
    )
    logs = (log, path) if content is not None else (log,)
    assert_refused(persona, run, MODEL, says, tries, logs=logs, state=False)
    if row in ("missing", "nothing llama.cpp knows"):  # unopened, and opened
        assert_works_after_a_model(persona, log)


def assert_works_after_a_model(persona: "Persona", log: Path) -> None:
    """The logs were read before the model failed: the next run takes it from there."""
    done = persona("update", "me", str(log))
    assert "added " in done.stdout
    assert litter(persona.root) == []


@pytest.mark.parametrize(
    ("spec", "says", "tries"),
    [
        ("qwen3-8b", "qwen3-8b is not here", "persona model pull qwen3-8b"),
        ("qwen3-9b", "no model is called 'qwen3-9b'", "Did you mean 'qwen3-8b'?"),
        ("hf:owner", "hf:owner: not a model of the hub", "hf:owner/repo"),
        ("hf:a/b:Q4_K_M", "hf:a/b:Q4_K_M is not here", "persona model pull hf:a/b"),
        ("http://127.0.0.1:1/v1", "127.0.0.1:1/v1: cannot be reached", "Start the"),
        ("http://127.0.0.1:1", "no path in it", "/v1"),
    ],
)
def test_a_model_that_is_not_here(persona, log, spec, says, tries):
    """What it takes to have it; nothing is fetched unasked; exit 4."""
    run = running(persona, "update", "me", str(log), "-m", spec, code=MODEL)
    assert_refused(persona, run, MODEL, says, tries, logs=(log,), state=False)


FAULTS = {
    "a server error": (
        Canned(500, {"error": {"message": "oops"}}),
        "the server failed (500): oops",
    ),
    "a refusal": (Canned(401, {}), "the key was refused (401)"),
    "a page": (Canned(200, "<html>"), "it answered with an HTML page"),
    "no answer": (Canned(200, {}), ""),
    "cut off": (
        Canned(200, "data: {", {"Content-Type": "text/event-stream"}, broken=True),
        "",
    ),
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_server_that_fails(persona, log, server, row):
    """Its address, and what it did; exit 4; the interactions stay queued."""
    canned, says = FAULTS[row]
    server.canned = [canned]
    run = running(persona, "update", "me", str(log), code=MODEL)
    says = f"{server.url}: {says}"
    assert_refused(persona, run, MODEL, says, logs=(log,), state=False)
    if row == "cut off":
        assert_works_after_a_model(persona, log)


RAMBLINGS = {
    "empty": "",
    "garbage": "\x00\x1b[2J{{7*7}}\ufffd" * 50,
    "a refusal": "I'm sorry, but I can't help with that.",
    "endless": "again " * 5000,
    "invented sources": "- [i99 p7] food | Likes cake.\n- [!i1] food | Hates cake.\n",
    "a long line": f"- [i1] food | {'cake ' * 2000}\n",
}


@pytest.mark.parametrize("row", RAMBLINGS)
def test_an_answer_of_no_use(persona, log, server, row):
    """What cannot be believed has no effect; the digest speaks instead; exit 0.

    The table queues such windows; the design says "never an empty hand".
    """
    server.engine = SteadyEngine()
    server.engine.complete = lambda *_, **more: rambling(RAMBLINGS[row], **more)
    claims = {c["id"]: c["text"] for c in show(persona)}
    persona("update", "me", str(log))
    after = {c["id"]: c["text"] for c in show(persona)}
    assert claims.items() <= after.items()
    assert not any("cake" in text.lower() for text in after.values())
    if row == "empty":  # and that is that: the window is not asked again
        assert persona("update", "me", str(log)).stderr == "me: nothing new\n"


def rambling(text: str, **more: object) -> Answer:
    """An answer, cut where the caller said."""
    return ScriptedEngine(text).complete([Message("user", "")], **more)
