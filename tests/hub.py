"""A Hugging Face hub on loopback: real sockets, real headers, and faults to order.

It answers what huggingface_hub 2.4 asks for when a model is fetched: the tree of a
repository, and HEAD and GET of a file with the hub's own headers.
"""

import hashlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_BLOCK = 1 << 16


def gguf(size: int, *, seed: int = 0) -> bytes:
    """A GGUF of about ``size`` bytes: no model, but whole by its own header."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    payload = hashlib.shake_128(str(seed).encode()).digest(size)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("w") + struct.pack("<IQIQ", 1, size, 24, 0)  # one tensor of int8
    return head + b"\0" * (-len(head) % 32) + payload


@dataclass
class Repo:
    """One repository, and what goes wrong with it.

    files:     name -> content
    gated:     ask for a token, and refuse whoever has none
    private:   say to anybody that there is no such thing
    drops:     bytes after which each next GET is cut off; empty is never
    damaged:   flip a byte of what is sent, while the hash stays
    ranges:    whether parts can be asked for
    rate:      bytes a second; None is as fast as it goes
    told_size: size in the headers of HEAD, when it is not the true one
    status:    answer every request for a file with it
    portal:    answer everything with a page of HTML, as a hotel's network does
    """

    files: dict[str, bytes]
    gated: bool = False
    private: bool = False
    drops: list[int] = field(default_factory=list)
    damaged: bool = False
    ranges: bool = True
    rate: float | None = None
    told_size: int | None = None
    status: int | None = None
    portal: bool = False


@dataclass
class Asked:
    """One request for a file: method, name, first byte asked for, bytes sent."""

    method: str
    name: str
    start: int
    sent: int = 0
    token: str | None = None


class Hub(ThreadingHTTPServer):
    """The server. ``repos`` may be changed while it runs."""

    daemon_threads = True

    def __init__(self, repos: dict[str, Repo]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos = repos
        self.asked: list[Asked] = []

    @property
    def endpoint(self) -> str:
        """What to give to the library for the address of the hub."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """Say nothing: a client that is killed leaves a broken pipe."""

    def gets(self, name: str) -> list[Asked]:
        """The GETs of one file, in order."""
        return [a for a in self.asked if (a.method, a.name) == ("GET", name)]


@contextmanager
def running(repos: dict[str, Repo]) -> Iterator[Hub]:
    """A hub that serves until the block ends."""
    hub = Hub(repos)
    thread = threading.Thread(target=hub.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        repo_id = "/".join(parts[2:4] if api else parts[:2])
        repo = self.server.repos.get(repo_id)
        if repo is not None and repo.portal:
            self._body(b"<!DOCTYPE html><p>Room number, please</p>", "text/html")
        elif repo is None or repo.private:
            # What the hub says of a repository that is not there: log in first.
            self._refuse(401, "RepoNotFound", "Invalid username or password.")
        elif api and parts[4:5] == ["tree"]:
            self._json([self._row(name, repo) for name in sorted(repo.files)])
        elif api:
            siblings = [self._row(name, repo) for name in sorted(repo.files)]
            self._json({"id": repo_id, "sha": COMMIT, "siblings": siblings})
        elif parts[2:3] == ["resolve"]:
            self._file(repo, "/".join(parts[4:]))
        else:
            self._refuse(404, "EntryNotFound", "Entry not found")

    def _row(self, name: str, repo: Repo) -> dict[str, object]:
        content = repo.files[name]
        row = {"type": "file", "oid": "0" * 40, "size": len(content)}
        row |= {"path": name, "rfilename": name}
        if name.endswith(".gguf"):
            sha = hashlib.sha256(content).hexdigest()
            row["lfs"] = {"oid": sha, "sha256": sha, "size": len(content)}
            row["lfs"]["pointerSize"] = 135
        return row

    def _file(self, repo: Repo, name: str) -> None:
        span = self.headers.get("Range", "")
        start = int(span.removeprefix("bytes=").split("-")[0]) if span else 0
        asked = Asked(self.command, name, start)
        asked.token = self.headers.get("Authorization")
        self.server.asked.append(asked)
        if repo.gated and not asked.token:
            self._refuse(401, "GatedRepo", "Access to this model is restricted.")
            return
        if repo.status is not None:
            self._refuse(repo.status, "", "out of order")
            return
        if name not in repo.files:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        content = repo.files[name]
        etag = hashlib.sha256(content).hexdigest()
        told = len(content) if repo.told_size is None else repo.told_size
        if repo.damaged:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = start if repo.ranges else 0
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Linked-Etag", f'"{etag}"')
        self.send_header("X-Linked-Size", str(told))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        if repo.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if start:
            whole = len(content)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.end_headers()
        if self.command == "GET":
            self._send(repo, body, asked)

    def _send(self, repo: Repo, body: bytes, asked: Asked) -> None:
        end = min(repo.drops.pop(0), len(body)) if repo.drops else len(body)
        for at in range(0, end, _BLOCK):
            block = body[at : min(at + _BLOCK, end)]
            self.wfile.write(block)
            asked.sent += len(block)
            if repo.rate:
                time.sleep(len(block) / repo.rate)
        if end < len(body):
            self.close_connection = True

    def _json(self, value: object) -> None:
        self._body(json.dumps(value).encode(), "application/json")

    def _body(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()
