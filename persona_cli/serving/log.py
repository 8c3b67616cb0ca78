"""The log of a proxy: what the user typed, as a source for the next update.

One line an exchange, in the format ``messages``:

    {"id": "<conversation>", "at": "2026-11-22T08:10:00Z", "model": "qwen3", "messages":
     [{"role": "assistant", "content": "…"},                    what was said before
      {"role": "user", "content": "shorter, please", "id": "…"}, what was typed
      {"role": "assistant", "content": "…"}]}                    what was answered

A client sends the whole conversation each time. New in it is what stands after the
assistant's last words; what stands before was new in an earlier request, or nobody
typed it here (examples in a prompt are no deeds). Its id is a hash of the conversation
up to it, so that a request that is sent again tells of the same deed.
"""

import fcntl
import hashlib
import json
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from persona_cli.errors import BusyError, InputError
from persona_cli.files import append_whole, fault
from persona_cli.logs import find_logs
from persona_cli.logs.messages import text_of_content
from persona_cli.serving.heard import MOST_HEARD

# Exchanges that may wait for the disk, and ids that are remembered.
_MOST_WAITING, _MOST_KNOWN = 1_000, 10_000


class Typed(NamedTuple):
    """What a user newly typed in a conversation.

    session: names the conversation
    before:  what the assistant said last; may be empty
    said:    (id, text) of each message, oldest first; at least one
    """

    session: str
    before: str
    said: tuple[tuple[str, str], ...]


def typed(messages: Sequence[Mapping[str, Any]]) -> Typed | None:
    """What is new in a conversation; None when the user said nothing new.

    messages: each with a ``role``
    """
    spoken = [m for m in messages if m["role"] not in ("system", "developer")]
    chain, ids = hashlib.sha256(), []
    for message in spoken:
        said = [message["role"], message.get("content"), message.get("tool_calls")]
        chain.update(json.dumps(said).encode() + b"\n")
        ids.append(chain.hexdigest()[:24])
    first = len(spoken)
    while first and spoken[first - 1]["role"] == "user":
        first -= 1
    texts = [
        (ids[i], text_of_content(spoken[i].get("content")))
        for i in range(first, len(spoken))
    ]
    new = tuple((name, text) for name, text in texts if text.strip())
    if not new:
        return None
    answers = [m for m in spoken[:first] if m["role"] == "assistant"]
    before = text_of_content(answers[-1].get("content")) if answers else ""
    return Typed(ids[0], before[-MOST_HEARD:], new)


class Log:
    """A log that exchanges are added to, by a thread: no answer waits for the disk.

    path:   made when it is not there, for this user alone
    inside: the root of the profiles, whose folders are no place for it
    scope:  where what is said here holds; None: everywhere
    tell:   called when something cannot be kept; once, not for each exchange
    Raises: InputError when it cannot be written, or would be committed; BusyError when
            another proxy writes to it
    """

    def __init__(
        self,
        path: Path,
        *,
        inside: Path,
        scope: str | None = None,
        tell: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path, self._scope, self._tell, self._now = path, scope, tell, now
        self._lock = _taken(path, inside)
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._known: dict[str, None] = {}
        self._complained = False
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def add(self, new: Typed, answer: str, *, model: str) -> None:
        """Keep what was typed, unless it is kept already. Never waits, never fails."""
        said = [(name, text) for name, text in new.said if name not in self._known]
        if not said:
            return
        self._known.update((name, None) for name, _ in said)
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        spoken = [("assistant", new.before)] if new.before.strip() else []
        messages: list[dict[str, str]] = [
            *({"role": role, "content": text} for role, text in spoken),
            *({"role": "user", "content": text, "id": name} for name, text in said),
        ]
        if answer.strip():
            messages.append({"role": "assistant", "content": answer})
        at = self._now().isoformat(timespec="seconds").replace("+00:00", "Z")
        record = {"id": new.session, "at": at, "model": model, "messages": messages}
        if self._scope is not None:
            record["scope"] = self._scope
        try:
            self._waiting.put_nowait(json.dumps(record).encode() + b"\n")
        except queue.Full:
            self._complain(f"{self.path}: the disk is too slow; exchanges are not kept")

    def close(self) -> None:
        """Write what is still waiting, and let go of the file."""
        self._waiting.put(None)
        self._thread.join()
        with suppress(OSError):
            os.close(self._lock)

    def _write(self) -> None:
        while True:
            lines = [self._waiting.get()]
            with suppress(queue.Empty):
                while True:
                    lines.append(self._waiting.get_nowait())
            content = b"".join(line for line in lines if line is not None)
            try:
                if content:
                    append_whole(self.path, content)
            except InputError as error:
                self._complain(f"{error}; chats go on, and are not kept")
            if None in lines:
                return

    def _complain(self, fault: str) -> None:
        if not self._complained:
            self._tell(fault)
        self._complained = True


def _taken(path: Path, inside: Path) -> int:
    """A file of this proxy alone; held until the descriptor is closed."""
    new = not path.exists()
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fault(error, path) from error
    try:
        find_logs([str(path)], inside=inside)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise BusyError(
            f"{path}: another persona serve writes to it",
            remedy="Name another file, or end the other one.",
        ) from error
    except BaseException:
        os.close(fd)
        if new:
            path.unlink(missing_ok=True)
        raise
    return fd
