"""An answer that comes in pieces: thoughts told apart, stops kept out.

A tag or a stop text may be cut anywhere between two pieces. So whatever might be
the beginning of one is held back until the next piece decides.
"""

from collections.abc import Callable, Sequence
from typing import Literal

Tags = tuple[str, str]

THINK: Tags = ("<think>", "</think>")

# An answer is made of whitespace and then thoughts, or of no thoughts at all.
_State = Literal["start", "thoughts", "between", "answer", "stopped"]


def _ignore(_: str) -> None:
    """Swallow a piece that nobody asked for."""


class AnswerStream:
    """Takes an answer piece by piece, and hands on what is sure.

    stop:       texts that end the answer; not part of it. Thoughts do not stop
    tags:       what thoughts stand between, when they open the answer
    thinking:   the opening tag was part of the prompt, so thoughts come first
    on_text:    called with each piece of the answer
    on_thought: the same for thoughts
    """

    def __init__(
        self,
        *,
        stop: Sequence[str] = (),
        tags: Tags = THINK,
        thinking: bool = False,
        on_text: Callable[[str], None] | None = None,
        on_thought: Callable[[str], None] | None = None,
    ) -> None:
        self._stop = [text for text in stop if text]
        self._open, self._close = tags
        self._say = on_text or _ignore
        self._think = on_thought or _ignore
        self._state: _State = "thoughts" if thinking else "start"
        self._held = ""
        self._text: list[str] = []
        self._thoughts: list[str] = []

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    @property
    def thoughts(self) -> str:
        """The thoughts so far, without the tags and the blanks around them."""
        return "".join(self._thoughts).strip()

    @property
    def stopped(self) -> bool:
        """Whether a stop text ended the answer. What comes after is ignored."""
        return self._state == "stopped"

    @property
    def thinking(self) -> bool:
        """Whether thoughts were begun and not yet ended."""
        return self._state == "thoughts"

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        self._held += piece
        while self._step():
            pass

    def add_thought(self, piece: str) -> None:
        """Take a thought that came marked as one, beside the answer."""
        self._thoughts.append(piece)
        self._think(piece)

    def finish(self) -> None:
        """Say that no piece comes any more: what was held back is text."""
        held, self._held = self._held, ""
        if self._state == "thoughts":
            self._keep_thought(held)
        elif self._state in ("start", "answer"):
            self._keep(held)

    def _step(self) -> bool:
        """Move on by one state; False when the next piece is needed for it."""
        match self._state:
            case "start":
                return self._begin()
            case "thoughts":
                return self._part(self._close)
            case "between":
                self._held = self._held.lstrip()
                if self._held:
                    self._state = "answer"
                return bool(self._held)
            case "answer":
                return self._answer()
            case "stopped":
                self._held = ""
                return False

    def _begin(self) -> bool:
        found = self._held.lstrip()
        if found.startswith(self._open):
            self._held, self._state = found[len(self._open) :], "thoughts"
            return True
        if self._open.startswith(found):  # also when only blanks have come yet
            return False
        self._state = "answer"
        return True

    def _part(self, close: str) -> bool:
        before, tag, after = self._held.partition(close)
        if tag:
            self._keep_thought(before)
            self._held, self._state = after, "between"
            return True
        sure = len(self._held) - _beginning(self._held, [close])
        self._keep_thought(self._held[:sure])
        self._held = self._held[sure:]
        return False

    def _answer(self) -> bool:
        places = [at for text in self._stop if (at := self._held.find(text)) >= 0]
        if places:
            self._keep(self._held[: min(places)])
            self._held, self._state = "", "stopped"
            return False
        sure = len(self._held) - _beginning(self._held, self._stop)
        self._keep(self._held[:sure])
        self._held = self._held[sure:]
        return False

    def _keep(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._say(text)

    def _keep_thought(self, text: str) -> None:
        if text:
            self._thoughts.append(text)
            self._think(text)


def _beginning(text: str, wanted: Sequence[str]) -> int:
    """Length of the longest end of ``text`` with which a wanted text begins."""
    longest = max((len(w) for w in wanted), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(w.startswith(text[-length:]) for w in wanted):
            return length
    return 0
