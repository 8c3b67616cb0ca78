"""The one server that requests are passed on to, and what goes there."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import unquote

import httpx2

from persona_cli.errors import UsageError
from persona_cli.server import host_of, is_loopback
from persona_cli.serving.refusal import RefusalError

Header = tuple[bytes, bytes]

_CONNECT = 10.0  # seconds
_VISIBLE = re.compile(r"[!-~]+")

# Of one connection, and not of the message. Source: RFC 9110, section 7.6.1
_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection"
    b" te trailer transfer-encoding upgrade".split()
)
# Made anew for the way upstream; a page's cookies and address are no business there.
_OURS = frozenset(b"host content-length expect cookie origin referer".split())


class Upstream:
    """A connection to an OpenAI-compatible server.

    base:    its address, up to and with ``/v1``
    key:     sent to it in place of the client's; shown nowhere
    timeout: seconds without a byte
    Raises:  UsageError when address or key cannot be used
    """

    def __init__(self, base: str, *, key: str | None, timeout: float) -> None:
        self.base = base.partition("#")[0].rstrip("/")
        self.place = re.sub(r"//[^/]*@", "//", self.base)  # without a password in it
        host = host_of(self.base)
        if host is None or not _can_be_asked(self.base):
            raise UsageError(
                f"--upstream {self.place}: not an address of a server",
                remedy="Write it as http://host:port/v1 or https://host/v1.",
            )
        if key is not None and not _VISIBLE.fullmatch(key):
            raise UsageError(
                "the API key cannot be sent in a header",
                remedy="Check it for blanks, line ends and letters outside ASCII.",
            )
        self._key = key
        self._timeout = httpx2.Timeout(timeout, connect=min(timeout, _CONNECT))
        # A proxy for the outside world has nothing to say at home.
        self._http = httpx2.AsyncClient(
            trust_env=not is_loopback(host),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
        )

    def leads_to(self, port: int) -> bool:
        """Whether the address is a port of this machine."""
        url = httpx2.URL(self.base)
        return is_loopback(url.host) and url.port == port

    def request(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: Iterable[Header],
        body: bytes,
        *,
        with_key: bool,
        plain: bool,
    ) -> httpx2.Request:
        """What goes upstream for a request that came in.

        path:     below ``/v1/``, as it came
        with_key: whether the client's own key goes along
        plain:    ask for an answer that is not packed
        Raises:   RefusalError for a path that leads out of ``/v1``
        """
        below = (
            path.decode("latin-1") + ("?" if query else "") + query.decode("latin-1")
        )
        url = f"{self.base}/{below}"
        climbs = any(part in (".", "..") for part in unquote(path).split("/"))
        if climbs or not _can_be_asked(url):
            raise RefusalError(404, "no such path", remedy="Ask for one below /v1.")
        # A request of the library's own client would bring its headers, and cookies
        # that some other answer left there.
        return httpx2.Request(
            method,
            url,
            headers=list(self._onward(headers, with_key=with_key, plain=plain)),
            content=body or None,
            extensions={"timeout": self._timeout.as_dict()},
        )

    @asynccontextmanager
    async def answer(self, request: httpx2.Request) -> AsyncIterator[httpx2.Response]:
        """Ask, and have the answer's head; its body is still to come.

        Raises: RefusalError when the server does not answer
        """
        try:
            response = await self._http.send(request, stream=True)
        except httpx2.TimeoutException as error:
            raise RefusalError(
                504,
                f"{self.place}: took too long to answer",
                remedy="Try again, or raise --timeout.",
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise RefusalError(
                502,
                f"{self.place}: cannot be reached",
                remedy="Start the server, or name another one with --upstream.",
            ) from error
        try:
            yield response
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    def _onward(
        self, headers: Iterable[Header], *, with_key: bool, plain: bool
    ) -> Iterable[Header]:
        packed = b"identity"
        for name, value in end_to_end(headers):
            if name in _OURS or (
                name == b"authorization" and not self._passes(with_key)
            ):
                continue
            if name == b"accept-encoding":
                packed = packed if plain else value
                continue
            yield name, value
        yield b"accept-encoding", packed
        if self._key is not None:
            yield b"authorization", f"Bearer {self._key}".encode()

    def _passes(self, with_key: bool) -> bool:
        return with_key and self._key is None


def _can_be_asked(url: str) -> bool:
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return _VISIBLE.fullmatch(url) is not None


def end_to_end(headers: Iterable[Header]) -> list[Header]:
    """Headers of the message, in lower case, without those of the connection."""
    known = [(name.lower(), value) for name, value in headers]
    named = {
        part.strip().lower()
        for name, value in known
        if name == b"connection"
        for part in value.split(b",")
    }
    return [(n, v) for n, v in known if n not in _HOP and n not in named]
