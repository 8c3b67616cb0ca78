"""The proxy as an ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from persona_cli.errors import PersonaError
from persona_cli.live import Live
from persona_cli.serving.chat import asked
from persona_cli.serving.door import Door
from persona_cli.serving.log import Log, typed
from persona_cli.serving.refusal import RefusalError
from persona_cli.serving.relay import Relay
from persona_cli.serving.upstream import Upstream

# Bytes of one request: a chat with a dozen large pictures in it.
MOST_BYTES = 32 << 20

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def proxy(
    live: Live,
    upstream: Upstream,
    *,
    door: Door,
    log: Log | None = None,
    tell: Callable[[str], None],
) -> Starlette:
    """Build the application. It closes ``upstream`` and ``log`` when it ends.

    tell: called with what a person should know, once for each kind of thing
    """
    told: set[str] = set()

    def once(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    async def chat(request: Request) -> Response:
        """A chat completion: the profile goes in."""
        door.check(request.headers)
        body = await _body(request)
        try:
            found = live.now()
        except PersonaError as error:
            once(f"{error}; chats are refused")
            raise RefusalError.of(503, error) from error
        chat = asked(body, found.applied.block)
        if not chat.messages:
            once("a request was no chat that persona knows; it went on as it is")
        new = typed(chat.messages) if log is not None else None
        return Relay(
            upstream,
            _onward(request, chat.body, plain=True),
            # So that somebody who wonders can see whether a profile was in it.
            profile=f"{live.name} v{found.version}" if chat.messages else "none",
            on_end=(
                None
                if log is None or new is None
                else lambda answer: log.add(new, answer, model=chat.model)
            ),
        )

    async def other(request: Request) -> Response:
        """Anything else below ``/v1``: it goes on as it is."""
        door.check(request.headers)
        return Relay(upstream, _onward(request, await _body(request), plain=False))

    def _onward(request: Request, body: bytes, *, plain: bool) -> httpx2.Request:
        scope = request.scope
        return upstream.request(
            request.method,
            _below(scope),
            scope["query_string"],
            request.headers.raw,
            body,
            with_key=door.token is None,
            plain=plain,
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await upstream.close()
            if log is not None:
                await anyio.to_thread.run_sync(log.close)

    origins = sorted(door.origins)
    cors = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"]
    )
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/{path:path}", other, methods=_METHODS),
        ],
        middleware=[cors] if origins else [],
        exception_handlers={
            RefusalError: _refused,
            ClientDisconnect: _gone,
            404: _unknown,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _below(scope: Scope) -> bytes:
    """The path below ``/v1/``, as it came."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.removeprefix(b"/v1/")


async def _body(request: Request) -> bytes:
    said = request.headers.get("content-length", "")
    length = int(said) if said.isdecimal() else 0
    parts: list[bytes] = []
    if length <= MOST_BYTES:
        length = 0
        async for part in request.stream():
            parts.append(part)
            length += len(part)
            if length > MOST_BYTES:
                break
    if length > MOST_BYTES:
        raise RefusalError(
            413,
            f"the request is over {MOST_BYTES >> 20} MB",
            remedy="Send less of it.",
        )
    return b"".join(parts)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return error.response()


async def _gone(_: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


async def _unknown(request: Request, _error: Exception) -> Response:
    remedy = "Take http://host:port/v1 for the base URL."
    return RefusalError(
        404, f"{request.url.path}: no such path", remedy=remedy
    ).response()
