"""An HTTP server that answers in JSON, with every fault of it put into words.

Nothing is sent anywhere but to the address that the user named: redirects are not
followed, and what a server says is never shown with the key.
"""

import ipaddress
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from persona_cli.errors import ModelError
from persona_cli.inert import inert

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]

# Tries after the first, when a server says "later". More would look like a hang.
_RETRIES = 3
_LONGEST_WAIT = 30.0  # seconds; a server that asks for more is not waited for

# Bytes of one answer, unpacked: ten times what the longest thoughts take as events.
MOST_BYTES = 64 << 20

_KEY = re.compile(r"[!-~]+")


class NotFoundError(ModelError):
    """404: no model of that name, or no such question."""


class Server:
    """A connection to one server.

    base:    the address, up to and with ``/v1``
    key:     sent to this server, shown nowhere
    timeout: seconds without a byte
    wait:    sleeps before a retry; tests pass their own
    Raises:  ModelError when address or key cannot be used
    """

    def __init__(
        self,
        base: str,
        *,
        key: str | None,
        timeout: float,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx2  # here, not above: `persona --help` must not load it

        self.base = base.rstrip("/")
        self.place = re.sub(r"//[^/]*@", "//", self.base)  # without a password in it
        self._wait, self._timeout = wait, timeout
        self._closed = False
        host = host_of(base)
        if host is None:
            self.fail(
                "not an address of a server",
                "Write it as http://host:port/v1 or https://host/v1.",
            )
        if key and not _KEY.fullmatch(key):
            # Seen here, because the HTTP client's own error would quote the key.
            self.fail(
                "the API key cannot be sent in a header",
                "Check it for blanks, line ends and letters outside ASCII.",
            )
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0)),
            # A proxy for the outside world has nothing to say at home.
            trust_env=not is_loopback(host),
        )

    def get(self, url: str) -> Json:
        """Ask a question that has no body."""
        with self._ask("GET", url) as response:
            return self._read(response)

    def post(self, url: str, body: Mapping[str, Any]) -> Json:
        """Ask a question, and take the answer in one piece."""
        with self._ask("POST", url, body) as response:
            return self._read(response)

    @contextmanager
    def events(
        self, url: str, body: Mapping[str, Any], *, seconds: float
    ) -> Iterator[Iterator[Json | None]]:
        """Ask a question, and take the answer as it comes.

        seconds: all of it may take, however steadily it drips
        Yields: the events; None for the one that ends them. From a server that does
                not stream: the whole answer, and None
        """
        with self._ask("POST", url, body) as response:
            kind = response.headers.get("content-type", "")
            if kind.startswith("text/event-stream"):
                yield self._stream(response, seconds)
            else:
                yield iter([self._read(response, seconds), None])

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._http.close()

    def fail(self, fault: str, remedy: str) -> NoReturn:
        """Say what is wrong with this server."""
        raise ModelError(f"{self.place}: {fault}", remedy=remedy)

    def _stream(
        self, response: "httpx2.Response", seconds: float
    ) -> Iterator[Json | None]:
        with self._faults():
            for line in _lines(self._bytes(response, seconds)):
                field, _, value = line.partition(":")
                if field == "error" and value:  # how llama-server fails midway
                    self._refused(200, value)
                if field != "data":
                    continue
                if value.strip() == "[DONE]":
                    yield None
                    return
                event = self._json(value)
                if "error" in event:
                    self._refused(200, value)
                yield event

    @contextmanager
    def _ask(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> Iterator["httpx2.Response"]:
        """Send a request until the server takes it.

        Yields: a response that is no error, its body not read yet
        """
        if self._closed:
            self.fail("the connection is closed", "Open it again.")
        tries = 0
        while True:
            with self._faults():
                request = self._http.build_request(method, url, json=body)
                response = self._http.send(request, stream=True)
            try:
                if response.status_code < 300:
                    yield response
                    return
                with self._faults():
                    told = self._text(response)
            finally:
                response.close()
            pause = _pause(response, tries)
            if pause is None:
                self._refused(response.status_code, told)
            tries += 1
            self._wait(pause)

    def _read(self, response: "httpx2.Response", seconds: float | None = None) -> Json:
        with self._faults():
            return self._json(self._text(response, seconds))

    def _text(self, response: "httpx2.Response", seconds: float | None = None) -> str:
        every = b"".join(self._bytes(response, seconds or self._timeout))
        return every.decode("utf-8", "replace")

    def _bytes(self, response: "httpx2.Response", seconds: float) -> Iterator[bytes]:
        """What a server says, as far as anybody listens."""
        ends, length = time.monotonic() + seconds, 0
        for chunk in response.iter_bytes():
            length += len(chunk)
            if length > MOST_BYTES:
                self.fail(
                    f"its answer does not end: {MOST_BYTES >> 20} MB were read",
                    "Look at the server's log, or use another one.",
                )
            if time.monotonic() > ends:
                self.fail(
                    f"took too long to answer: more than {seconds:.0f} s",
                    "Try again, or ask for a shorter answer.",
                )
            yield chunk

    def _json(self, text: str) -> Json:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            page = text.lstrip()[:1] == "<"
            self.fail(
                "it answered with an HTML page" if page else "its answer is no JSON",
                "Check the address: it mostly ends in /v1.",
            )
        return found

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn faults of the connection into words."""
        import httpx2

        try:
            yield
        except httpx2.ConnectTimeout as error:
            raise ModelError(
                f"{self.place}: does not answer",
                remedy="Check the address and the network.",
            ) from error
        except httpx2.TimeoutException as error:
            raise ModelError(
                f"{self.place}: took too long to answer",
                remedy="Try again, or ask for a shorter answer.",
            ) from error
        except httpx2.ConnectError as error:
            raise ModelError(
                f"{self.place}: cannot be reached ({error})",
                remedy="Start the server, or check the address.",
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise ModelError(
                f"{self.place}: the connection broke ({error})", remedy="Try again."
            ) from error

    def _refused(self, status: int, told: str) -> NoReturn:
        words = f": {detail}" if (detail := _detail(told)) else ""
        if status == 404:
            raise NotFoundError(
                f"{self.place}: no such model or page (404){words}",
                remedy="Check that the address ends in /v1, and the model's name.",
            )
        if status in (401, 403):
            self.fail(
                f"the key was refused ({status})",
                "Set the API key for this server, or another one.",
            )
        if status == 429:
            self.fail(f"too many requests (429){words}", "Wait, or raise your quota.")
        if status == 200:
            self.fail(f"it failed while answering{words}", "Look at the server's log.")
        if status >= 500:
            remedy = "Look at the server's log, and try again."
            self.fail(f"the server failed ({status}){words}", remedy)
        self.fail(
            f"the request was refused ({status}){words}",
            "Check the address, the model's name and its context on the server.",
        )


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a stream, as they end; what has no end is no line."""
    begun: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        begun.append(first)
        for line in more:
            yield b"".join(begun).decode("utf-8", "replace").rstrip("\r")
            begun = [line]


def _pause(response: "httpx2.Response", tries: int) -> float | None:
    """Seconds to wait before the next try; None for no next try."""
    if response.status_code not in (429, 502, 503, 504) or tries >= _RETRIES:
        return None
    asked = response.headers.get("retry-after", "")
    pause = float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else 2.0**tries
    return pause if pause <= _LONGEST_WAIT else None


def _detail(told: str) -> str:
    """What a server says about its refusal, in one line; it says it in many forms."""
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    return inert(" ".join(found.split())[:200]) if isinstance(found, str) else ""


def host_of(url: str) -> str | None:
    """The host in an http(s) address; None when it is no such address."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because a bad one is only found when it is read
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
