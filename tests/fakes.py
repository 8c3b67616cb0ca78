"""Stand-ins that fail loudly."""

import math
import re
from collections.abc import Callable, Sequence

from persona_cli.engine import (
    GREEDY,
    LETTERS,
    Answer,
    Choice,
    Message,
    OnText,
    Sampling,
)
from persona_cli.errors import ModelError
from persona_cli.pieces import AnswerStream

Line = str | Answer | BaseException


class ScriptedEngine:
    """An engine that says its lines in order, and keeps what it was asked.

    Asked once too often it fails on the spot; ``done()`` fails when a line was
    left unsaid. A test can then not pass by asking the model too much or too
    little.

    A token is a word with the blanks before it. A line is

    - a text, cut at ``max_tokens`` and at stops; ``<think>…</think>`` at its
      beginning becomes thoughts
    - an ``Answer``, given as it is
    - an exception, raised

    chooses: what ``choose`` answers with: given the prefix and the question, the
             probability of the first answer, in (0, 1). Without it, asking is a fault
    """

    def __init__(
        self,
        *lines: Line,
        name: str = "scripted",
        context: int = 8192,
        chooses: Callable[[str, str], float] | None = None,
    ) -> None:
        self.name = name
        self.identity = name
        self.context = context
        self.chooses = chooses
        self.questions: list[tuple[str, str]] = []
        self.asked: list[list[Message]] = []
        self.grammars: list[str | None] = []
        self.seeds: list[int] = []
        self._lines = list(lines)
        self._closed = False

    @property
    def prompts(self) -> list[str]:
        """The last message of each chat that was asked."""
        return [messages[-1].content for messages in self.asked]

    def count(self, messages: Sequence[Message]) -> int:
        """Words, and one for each message."""
        return sum(1 + len(message.content.split()) for message in messages)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> Answer:
        """Say the next line."""
        length = self.count(messages)
        if self._closed or length + max_tokens > self.context:
            fault = "closed" if self._closed else "the prompt does not fit"
            raise ModelError(f"{self.name}: {fault}", remedy="Ask for less.")
        assert messages[-1].role == "user", f"ends with {messages[-1].role}"
        assert max_tokens > 0, f"asked for {max_tokens} tokens"
        assert self._lines, f"asked once too often: {messages[-1].content[:80]!r}"
        self.asked.append(list(messages))
        self.grammars.append(grammar)
        self.seeds.append(seed)
        line = self._lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        if isinstance(line, Answer):
            for said, listener in ((line.thoughts, on_thought), (line.text, on_text)):
                if said and listener:
                    listener(said)
            return line
        return _say(line, length, max_tokens, stop, on_text, on_thought)

    def draft(
        self, messages: Sequence[Message], n: int, *, seed: int = 0, **more: object
    ) -> list[Answer]:
        """Say the next ``n`` lines."""
        return [
            self.complete(messages, seed=seed + k, **more)  # type: ignore[arg-type]
            for k in range(n)
        ]

    def choose(
        self,
        prefix: Sequence[Message],
        questions: Sequence[str],
        *,
        answers: tuple[str, str] = LETTERS,
    ) -> list[Choice]:
        """Answer as ``chooses`` says, and keep what was asked."""
        if self._closed:
            raise ModelError(f"{self.name}: closed", remedy="Ask for less.")
        assert self.chooses, f"asked to choose: {questions[0][:80]!r}"
        before = "\n".join(message.content for message in prefix)
        chosen = []
        for question in questions:
            if self.count([*prefix, Message("user", question)]) > self.context:
                fault = f"{self.name}: the prompt does not fit"
                raise ModelError(fault, remedy="Ask for less.")
            self.questions.append((before, question))
            p = self.chooses(before, question)
            chosen.append(Choice(math.log(p), math.log1p(-p)))
        return chosen

    def close(self) -> None:
        """Answer nothing from now on."""
        self._closed = True

    def done(self) -> None:
        """Fail when a line was never said."""
        assert not self._lines, f"never said: {self._lines}"


def _say(
    line: str,
    length: int,
    max_tokens: int,
    stop: Sequence[str],
    on_text: OnText | None,
    on_thought: OnText | None,
) -> Answer:
    stream = AnswerStream(stop=stop, on_text=on_text, on_thought=on_thought)
    said, cut = 0, False
    for token in re.findall(r"\s*\S+|\s+\Z", line):
        thinks = stream.thinking or token.lstrip().startswith("<think>")
        if stream.stopped:
            break
        if said == max_tokens and not thinks:
            cut = True
            break
        stream.feed(token)
        said += not thinks
    stream.finish()
    return Answer(
        stream.text,
        thoughts=stream.thoughts,
        cut=cut,
        prompt_tokens=length,
        answer_tokens=len(stream.text.split()) + len(stream.thoughts.split()),
    )
