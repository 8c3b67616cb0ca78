"""A server on loopback that lists a model, and answers chats as no server should."""

import gzip
import json
import socketserver
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SO_LINGER, SOL_SOCKET
from threading import Event, Thread, Timer
from typing import Any

Behaviour = Callable[["Speaker"], None]


class Speaker:
    """What a behaviour speaks through."""

    def __init__(self, write: Callable[[bytes], Any], stopping: Event, reset) -> None:
        self._write, self.stopping, self.reset = write, stopping, reset

    def raw(self, content: str | bytes) -> None:
        """Send bytes as they are."""
        self._write(content.encode() if isinstance(content, str) else content)

    def answer(
        self, body: str | bytes, *, status: str = "200 OK", **headers: str
    ) -> None:
        """Send a whole answer; JSON unless it says otherwise."""
        raw = body.encode() if isinstance(body, str) else body
        told = {"content_type": "application/json", "content_length": str(len(raw))}
        lines = [
            f"{name.replace('_', '-')}: {value}"
            for name, value in {**told, **headers, "connection": "close"}.items()
        ]
        self.raw(f"HTTP/1.1 {status}\r\n" + "\r\n".join(lines) + "\r\n\r\n")
        self.raw(raw)

    def stream(self) -> None:
        """Begin a stream of events that ends with the connection."""
        self.raw(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            "connection: close\r\n\r\n"
        )

    def until_stopped(self, content: str | bytes, *, pause: float = 0.0) -> None:
        """Say the same again and again, until nobody listens."""
        while not self.stopping.is_set():
            self.raw(content)
            if pause:
                time.sleep(pause)


def said(**message: Any) -> str:
    """A whole answer with this message."""
    choice = {"message": message, "finish_reason": "stop"}
    return json.dumps({"choices": [choice]})


def piece(**delta: Any) -> str:
    """An event of a stream."""
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n"


DONE = "data: [DONE]\n\n"


def _hang(s: Speaker) -> None:
    s.stopping.wait(20)


def _hang_midway(s: Speaker) -> None:
    s.stream()
    s.raw(piece(content="- [i1] talk | Likes"))
    s.stopping.wait(20)


def _stream(*events: str) -> Behaviour:
    def behave(s: Speaker) -> None:
        s.stream()
        for event in events:
            s.raw(event)

    return behave


def _without_end(event: str, pause: float = 0.0) -> Behaviour:
    def behave(s: Speaker) -> None:
        s.stream()
        s.until_stopped(event, pause=pause)

    return behave


def _raw(text: str | bytes) -> Behaviour:
    return lambda s: s.raw(text)


def _body(body: str | bytes, **more: str) -> Behaviour:
    return lambda s: s.answer(body, **more)


def _reset(s: Speaker) -> None:
    s.raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    s.reset()


BEHAVIOURS: dict[str, Behaviour] = {
    "hangs": _hang,
    "hangs midway": _hang_midway,
    "closes at once": lambda s: None,
    "resets": _reset,
    "closes in the headers": _raw("HTTP/1.1 200 OK\r\ncontent-type: app"),
    "closes in the body": _raw("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"),
    "closes in the stream": _stream(piece(content="- [i1] talk | Li")),
    "no HTTP at all": _raw("SSH-2.0-OpenSSH_9.2\r\n"),
    "a length below zero": _raw("HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nabc"),
    "chunks that are none": _raw(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\nabc\r\n"
    ),
    "a megabyte of headers": _raw(
        "HTTP/1.1 200 OK\r\nx-long: " + "a" * 1_000_000 + "\r\n\r\n{}"
    ),
    "headers without end": lambda s: (
        s.raw("HTTP/1.1 200 OK\r\n"),
        s.until_stopped("x-more: of the same\r\n" * 100),
    )[0],
    "500": _body('{"error": {"message": "oops"}}', status="500 Oops"),
    "500 with escapes": _body('{"error": "\\u001b[2J\\u0007"}', status="500 Oops"),
    "429 for a year": _body("{}", status="429 Later", retry_after="31536000"),
    "429 for ever": _body("{}", status="429 Later", retry_after="0"),
    "503 without end": lambda s: (
        s.raw("HTTP/1.1 503 No\r\n\r\n"),
        s.until_stopped("x" * 100_000),
    )[0],
    "a redirect": _body("", status="302 Found", location="http://127.0.0.1:1/v1"),
    "204": _raw("HTTP/1.1 204 No Content\r\n\r\n"),
    "a page": _body("<html>welcome</html>", content_type="text/html"),
    "a stream that says it is text": _body(
        piece(content="x") + DONE, content_type="text/plain"
    ),
    "no JSON": _body("{'choices': None}"),
    "a list": _body("[]"),
    "brackets": _body("[" * 200_000),
    "brackets in the stream": _stream("data: " + '{"a":' * 200_000 + "\n\n"),
    "five thousand digits": _body('{"choices": ' + "9" * 5000 + "}"),
    "choices of another kind": _body('{"choices": {"0": "x"}}'),
    "a message of another kind": _body('{"choices": [{"message": ["x"]}]}'),
    "content of another kind": _body('{"choices": [{"message": {"content": 7}}]}'),
    "tokens that are no number": _stream(
        piece(content="hm"),
        'data: {"choices": [], "usage": {"prompt_tokens": 1e400,'
        ' "completion_tokens": "many"}}\n\n',
        DONE,
    ),
    "a bad length of everything": _body(
        said(content="x")[:-1] + ', "usage": {"prompt_tokens": ' + "9" * 4000 + "}}"
    ),
    "half a character": _body(said(content="- [i1] talk | Likes \ud800.\n")),
    "bytes that are no text": _stream("data: ", "\udcff" * 0, piece(content="\ufffd")),
    "ten megabytes": _body(said(content="again " * 1_700_000)),
    "an answer without end": _without_end(piece(content="- [i1] talk | Likes it.\n")),
    "thoughts without end": _without_end(piece(reasoning_content="hmm ")),
    "thoughts in tags without end": _without_end(piece(content="<think>hm ")),
    "a line without end": lambda s: (s.stream(), s.until_stopped("x" * 1_000_000))[0],
    "empty events without end": _without_end(piece() * 1000),
    "a slow drip": _without_end(": still there\n\n", 0.05),
    "a packed bomb": _body(gzip.compress(b" " * 100_000_000), content_encoding="gzip"),
    "packed badly": _body(b"\x1f\x8b\x08garbage", content_encoding="gzip"),
}

# How it tells the probabilities of the first token.
LOGPROBS: dict[str, str] = {
    "none": said(content="A"),
    "null": said(content="A")[:-3] + ', "logprobs": null}]}',
    **{
        name: json.dumps(
            {
                "choices": [
                    {
                        "message": {"content": ""},
                        "logprobs": {
                            "content": [
                                {
                                    "token": "A",
                                    "top_logprobs": [
                                        {"token": "A", "logprob": value},
                                        {"token": "B", "logprob": value},
                                    ],
                                }
                            ]
                        },
                    }
                ]
            }
        )
        for name, value in {
            "NaN": float("nan"),
            "infinite": float("inf"),
            "above one": 4.5,
            "a truth": True,
            "a text": "-1.0",
            "a great number": -(10**400),
        }.items()
    },
}


@contextmanager
def mad_server(
    behave: Behaviour, *, model: str = "mad", patience: float | None = None
) -> Iterator[str]:
    """Serve; yields the address.

    patience: seconds after which even what never ends does; None is never
    """
    stopping = Event()
    timer = Timer(patience or 3600, stopping.set)
    timer.start()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            speaker = Speaker(self.wfile.write, stopping, self._reset)
            with suppress(OSError):
                if head.startswith(b"GET"):
                    data = [{"id": model, "meta": {"n_ctx": 100_000}}]
                    speaker.answer(json.dumps({"data": data}))
                else:
                    length = head.lower().partition(b"content-length: ")[2]
                    self.rfile.read(int(length.split(b"\r\n")[0]))
                    behave(speaker)

        def _reset(self) -> None:
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: it was meant so."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            timer.cancel()
            stopping.set()
            server.shutdown()
            thread.join()
