"""A socket that is listened on, and the server behind it, until it is told to end."""

import asyncio
import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from persona_cli.errors import UsageError

# Seconds that answers on their way may still take when the server is to end.
_GRACE = 2


def listen(host: str, port: int) -> socket.socket:
    """A socket for clients; they can connect when this returns.

    port:   0 takes a free one
    Raises: UsageError when there is no such address here, or it is taken
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"{host}:{port}: {(words or str(error)).lower()}",
            remedy="Take another --port, or 0 for any; --host is 127.0.0.1 mostly.",
        ) from error
    # For its connections: asyncio sets it only where the socket names its protocol,
    # which this one does not, and each whole answer took 40 ms more.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def server_of(app: ASGIApp) -> uvicorn.Server:
    """A server for an application that says nothing of what it is asked."""
    config = uvicorn.Config(
        app,
        log_config=None,  # no line a request: they are nobody's business
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=_GRACE,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Server(config)


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM comes, which is then raised."""
    server_of(app).run(sockets=[listening])


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a person should hear of it: of a bug, not of an answer broken off."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, asyncio.CancelledError):
        return False
    return not record.getMessage().startswith(
        ("Cancel ", "ASGI callable returned without completing")
    )
