"""What the assistant said, gathered from an answer that is passing through."""

import json
from typing import Any

# Characters that are kept: it is context for the user's next words, and never evidence.
MOST_HEARD = 16_000

# Of an answer in one piece, and of one event: more is not looked at.
_MOST_BYTES = 4 << 20


class Heard:
    """Listens to an answer's bytes. Whatever they are, it raises nothing.

    streams: the answer is server-sent events, not one JSON value
    """

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams
        self._rest = bytearray()
        self._over = False
        self._said: list[str] = []
        self._length = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._rest += chunk
        if self._streams and b"\n" in chunk:
            *lines, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
            if lines and self._over:  # the end of a line that was too long
                del lines[0]
                self._over = False
            for line in lines:
                self._event(line)
        if len(self._rest) > _MOST_BYTES:
            self._over = True
            self._rest.clear()

    def text(self) -> str:
        """All that was said so far, or its beginning."""
        if not self._streams and not self._over:
            self._take(_value(bytes(self._rest)), "message")
            self._rest.clear()
        return "".join(self._said)[:MOST_HEARD]

    def _event(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        if field == b"data" and self._length < MOST_HEARD:
            self._take(_value(value), "delta")

    def _take(self, value: Any, key: str) -> None:
        match value:
            case {"choices": [dict() as first, *_]}:
                part = first.get(key)
                said = part.get("content") if isinstance(part, dict) else None
                if isinstance(said, str):
                    self._said.append(said)
                    self._length += len(said)


def _value(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
