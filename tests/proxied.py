"""Servers on free ports of loopback, for as long as a block lasts.

A scripted upstream, with every fault on demand; the embedded model behind the smallest
OpenAI-compatible server there can be; and the proxy in front of them.
"""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from persona_cli.apply import ApplyRequest
from persona_cli.live import Live
from persona_cli.serving import Door, Log, Upstream, listen, proxy
from persona_cli.serving.run import server_of

HEAD = "---\ntype: persona-profile\npersona: 1\nversion: 3\n---\n# Ada\n"
BODY = "\n## communication\n- I want short answers.\n"

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@contextmanager
def running(app: App) -> Iterator[str]:
    """Serve an application; its address, up to ``/v1``."""
    listening = listen("127.0.0.1", 0)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def proxied(
    root: Path,
    upstream: str,
    *,
    door: Door | None = None,
    log: Path | None = None,
    key: str | None = None,
    timeout: float = 20.0,
    tell: Callable[[str], None] = lambda _: None,
    **how: Any,
) -> Iterator[str]:
    """``persona serve`` in a thread of this process; its address.

    how: fields of ``ApplyRequest``
    """
    live = Live(root, ApplyRequest(name="ada", version=0, **how), tell=tell)
    kept = None if log is None else Log(log, inside=root, tell=tell)
    server = Upstream(upstream, key=key, timeout=timeout)
    with running(
        proxy(live, server, door=door or Door(), log=kept, tell=tell)
    ) as address:
        yield address


def write_profile(root: Path, body: str = BODY, *, version: int = 3) -> Path:
    """The profile ada, without git: reading needs none."""
    path = root / "ada" / "profile.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.replace("version: 3", f"version: {version}") + body)
    return path


class Scripted:
    """An upstream that answers as it is told, and keeps what it was asked.

    answer: given the scope, the body, receive and send, answers one request; None is
            a chat that says "Fine."
    asked:  (method, raw path with its query, headers, body) of each request
    """

    def __init__(self) -> None:
        self.answer: Callable[..., Awaitable[None]] | None = None
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        body = await Request(scope, receive).body()
        path = scope["raw_path"].decode()
        query = scope["query_string"].decode()
        headers = {n.decode(): v.decode() for n, v in scope["headers"]}
        where = f"{path}?{query}" if query else path
        self.asked.append((scope["method"], where, headers, body))
        if self.answer is not None:
            await self.answer(scope, body, receive, send)
        else:
            await JSONResponse(completion("Fine."))(scope, receive, send)

    @property
    def last(self) -> dict[str, Any]:
        """The last request's body."""
        found: dict[str, Any] = json.loads(self.asked[-1][3])
        return found


async def _lifespan(receive: Receive, send: Send) -> None:
    for name in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{name}.complete"})


def completion(text: str) -> dict[str, Any]:
    """A whole answer."""
    said = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


def event(delta: dict[str, Any]) -> bytes:
    """A piece of an answer, as an event of a stream."""
    value = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


async def begin(send: Send, kind: str = "text/event-stream", **headers: str) -> None:
    """Send the head of an answer that comes in pieces."""
    found = [(b"content-type", kind.encode())]
    found += [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": found})


async def piece(send: Send, body: bytes, *, more: bool = True) -> None:
    """Send the next bytes of it."""
    await send({"type": "http.response.body", "body": body, "more_body": more})


def streaming(*pieces: bytes) -> Callable[..., Awaitable[None]]:
    """An answer that is a stream of these."""

    async def answer(
        _scope: Scope, _body: bytes, _receive: Receive, send: Send
    ) -> None:
        await begin(send)
        for one in pieces:
            await piece(send, one)
        await piece(send, b"", more=False)

    return answer


async def wait_for(happened: threading.Event) -> None:
    """Wait without holding up the loop; fails after half a minute."""
    assert await asyncio.to_thread(happened.wait, 30), "it never happened"


@contextmanager
def llama_server(model: Path) -> Iterator[str]:
    """The server that comes with llama-cpp-python, on the embedded model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "llama_cpp.server", "--model", str(model)]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "512"]
    argv += ["--n_threads", "1", "--n_threads_batch", "1", "--verbose", "false"]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(600):
            with suppress(httpx2.TransportError):
                httpx2.get(f"{address}/models", trust_env=False)
                break
            assert server.poll() is None, server.stdout and server.stdout.read()
            time.sleep(0.1)
        yield address
    finally:
        server.kill()
        server.communicate()
