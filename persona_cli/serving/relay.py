"""An answer on its way from the server to the client, piece by piece."""

import json
from collections.abc import Callable

import anyio
import httpx2
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from persona_cli.serving.heard import Heard
from persona_cli.serving.refusal import RefusalError
from persona_cli.serving.upstream import Upstream, end_to_end


class Relay(Response):
    """Asks the server, and passes on what it says as it says it.

    A client that goes away takes its request with it. When the server breaks off
    between two events of a stream, that ends with an error event, as clients know it;
    any other answer is broken off too, so that nobody takes a part for the whole.

    request: what goes upstream
    profile: told in the answer's head; empty is not
    on_end:  called with what the assistant said, when the server took the request
    """

    def __init__(
        self,
        upstream: Upstream,
        request: httpx2.Request,
        *,
        profile: str = "",
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._upstream, self._request = upstream, request
        self._profile, self._on_end = profile, on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with anyio.create_task_group() as tasks:

            async def leave() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(leave)
            try:
                async with self._upstream.answer(self._request) as response:
                    await self._pass_on(response, send)
            except RefusalError as refusal:
                await refusal.response()(scope, receive, send)
            tasks.cancel_scope.cancel()

    async def _pass_on(self, response: httpx2.Response, send: Send) -> None:
        kind = response.headers.get("content-type", "")
        streams = kind.startswith("text/event-stream")
        headers = end_to_end(response.headers.raw)
        if self._profile:
            headers.append((b"x-persona-profile", self._profile.encode()))
        heard = None
        if self._on_end is not None and response.status_code < 300:
            heard = Heard(streams=streams)
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
        )
        tail = b""
        try:
            async for chunk in response.aiter_raw():
                await send(_piece(chunk, more=True))
                tail = (tail + chunk)[-4:]
                if heard is not None:
                    heard.feed(chunk)
            await send(_piece(b"", more=False))
        except (httpx2.HTTPError, httpx2.StreamError):
            if streams and (not tail or tail.endswith((b"\n\n", b"\n\r\n"))):
                await send(_piece(self._broken(), more=False))
        finally:
            # Also when the client went away: the words were typed all the same.
            if heard is not None and self._on_end is not None:
                self._on_end(heard.text())

    def _broken(self) -> bytes:
        """An error event."""
        fault = RefusalError(
            502,
            f"{self._upstream.place}: the connection broke",
            remedy="Ask again, or look at the server's log.",
        )
        return f"data: {json.dumps(fault.body())}\n\n".encode()


def _piece(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": more}
