"""A small OpenAI-compatible server on loopback, with faults on demand.

It speaks what llama-server speaks, as far as persona listens, over real sockets, and
answers with any engine.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import numpy as np

from persona_cli.engine import LETTERS, Engine, Message, Sampling
from persona_cli.errors import ModelError
from persona_cli.llama import LlamaEngine
from tests.fakes import ScriptedEngine


@dataclass
class Canned:
    """An answer that is sent in place of the engine's.

    body:   JSON, or text as it is
    broken: the connection is cut after it, in the middle of the stream
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    broken: bool = False


class ChatServer(ThreadingHTTPServer):
    """The server; ``canned`` answers go first, one a chat, then the engine's.

    llama:    behave as llama-server does: tokenize, and hold grammars
    key:      refuse who does not bring it
    streams:  False answers in one piece, whatever was asked
    requests: bodies of the chats asked for, in order
    """

    daemon_threads = True

    def __init__(
        self,
        engine: Engine | None = None,
        *canned: Canned,
        llama: bool = False,
        key: str | None = None,
        streams: bool = True,
        models: tuple[str, ...] = ("tiny",),
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine
        self.canned = list(canned)
        self.llama, self.key, self.streams, self.models = llama, key, streams, models
        self.requests: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        """Base address, with ``/v1``."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator["ChatServer"]:
        """Serve until the block is left."""
        thread = Thread(target=self.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()
            with self.lock:  # who asked may be gone, and the engine still at work
                pass


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer the questions that have no body."""
        self.server.asked.append(self.path)
        if not self._has_key():
            self._send(401, {"error": {"message": "bad key"}})
        elif self.path != "/v1/models":
            self._send(404, {"error": {"message": "no such page"}})
        else:
            owner = "llamacpp" if self.server.llama else "someone"
            context = self.server.engine.context if self.server.engine else 8192
            models = [
                {"id": name, "owned_by": owner, "meta": {"n_ctx": context}}
                for name in self.server.models
            ]
            self._send(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        """Answer chats, and llama-server's questions about tokens."""
        self.server.asked.append(self.path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._has_key():
            self._send(401, {"error": {"message": "bad key"}})
        elif self.path == "/v1/chat/completions":
            self.server.requests.append(asked)
            with self.server.lock:
                self._chat(asked)
        elif self.server.llama and self.path == "/apply-template":
            self._send(200, {"prompt": json.dumps(asked["messages"])})
        elif self.server.llama and self.path == "/tokenize":
            assert self.server.engine is not None
            messages = _messages(json.loads(asked["content"]))
            count = self.server.engine.count(messages)
            self._send(200, {"tokens": list(range(count))})
        else:
            self._send(404, {"error": {"message": "no such page"}})

    def _chat(self, asked: dict[str, Any]) -> None:
        if self.server.canned:
            self._play(self.server.canned.pop(0))
            return
        assert self.server.engine is not None, "asked once too often"
        if asked.get("logprobs"):
            self._send(200, _best_tokens(self.server.engine, asked))
            return
        pieces: list[dict[str, str]] = []
        try:
            answer = self.server.engine.complete(
                _messages(asked["messages"]),
                max_tokens=asked["max_tokens"],
                sampling=Sampling(
                    temperature=asked["temperature"],
                    top_p=asked["top_p"],
                    top_k=asked.get("top_k", 0),
                    min_p=asked.get("min_p", 0.0),
                    repeat_penalty=asked.get("repeat_penalty", 1.0),
                ),
                seed=asked["seed"],
                grammar=asked.get("grammar"),
                stop=asked.get("stop", ()),
                on_text=lambda text: pieces.append({"content": text}),
                on_thought=lambda text: pieces.append({"reasoning_content": text}),
            )
        except ModelError as error:
            self._send(400, {"error": {"message": str(error)}})
            return
        reason = "length" if answer.cut else "stop"
        usage = {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.answer_tokens,
        }
        if not self.server.streams:
            said = {"content": answer.text, "reasoning_content": answer.thoughts}
            choice = {"message": said, "finish_reason": reason}
            self._send(200, {"choices": [choice], "usage": usage})
            return
        events = [{"choices": [{"delta": piece}]} for piece in pieces]
        events.append({"choices": [{"delta": {}, "finish_reason": reason}]})
        events.append({"choices": [], "usage": usage})
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        self._send(200, body + "data: [DONE]\n\n", "text/event-stream")

    def _play(self, canned: Canned) -> None:
        kind = canned.headers.pop("Content-Type", "application/json")
        self._send(canned.status, canned.body, kind, canned.headers, canned.broken)

    def _has_key(self) -> bool:
        key = self.server.key
        return key is None or self.headers.get("Authorization") == f"Bearer {key}"

    def _send(
        self,
        status: int,
        body: Any,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        broken: bool = False,
    ) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw) + 100 * broken))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = broken


def _best_tokens(engine: Engine, asked: dict[str, Any]) -> dict[str, Any]:
    """The most probable first tokens, as a real model has them; or as scripted."""
    assert asked["max_tokens"] == 1
    if isinstance(engine, ScriptedEngine):
        *before, question = _messages(asked["messages"])
        (choice,) = engine.choose(before, [question.content])
        both = zip(LETTERS, (choice.first, choice.second), strict=True)
        return _told([{"token": letter, "logprob": p} for letter, p in both])
    assert isinstance(engine, LlamaEngine), "only a model has probabilities"
    memory = engine.loaded()
    memory.read(engine.prompt_tokens(_messages(asked["messages"])))
    row = memory.logits(-1).astype(float)
    logprobs = row - np.logaddexp.reduce(row)
    best = np.argsort(-logprobs)[: asked["top_logprobs"]]
    top = [
        {"token": memory.vocabulary.piece(int(t)).decode(), "logprob": float(p)}
        for t, p in zip(best, logprobs[best], strict=True)
    ]
    return _told(top)


def _told(top: list[dict[str, Any]]) -> dict[str, Any]:
    said = {"content": [{"token": top[0]["token"], "top_logprobs": top}]}
    return {"choices": [{"message": {"content": ""}, "logprobs": said}]}


def _messages(turns: list[dict[str, Any]]) -> list[Message]:
    return [Message(turn["role"], turn["content"]) for turn in turns]
