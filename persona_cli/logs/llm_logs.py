"""What simonw/llm keeps of each prompt, and what of that was typed.

``llm logs --json`` prints an array of such rows; its database holds them too, see
``llm_database``. A prompt is known by llm's own id, the same in both.

What llm calls the prompt may begin with what was piped in, or with documents
(fragments). Nothing marks where these end, but llm's ways of joining them do:

    documents          each before the prompt, with a newline between
    piped and typed    ``<piped> <typed>``: what is piped mostly ends with a newline,
                       so the typed part begins after the last newline and space
    piped alone        ends with a newline; what is typed as an argument never does
    under ``--system`` a prompt of several lines is the material, not the wish

What is piped without a last newline cannot be told from what is typed, nor can the
words of a template.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import Talk, Turn

# Conversations whose last answer is kept at a time. They are told in order of time,
# so one that is taken up again later than this many others only lacks its context.
_OPEN = 200

_JOINT = re.compile(r"\n (?=[^\s])")

# A beginning that a document and a prompt share by chance is shorter.
_TELLING = 20


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt and its answer, as llm logged them.

    conversation: its id; empty when there is none
    system:       whether it was given instructions of its own
    documents:    fragments that may stand in ``text``, in order
    """

    id: str
    conversation: str
    at: object
    text: str
    answer: str
    system: bool = False
    documents: tuple[str, ...] = ()


class LlmReader:
    """Reads rows of ``llm logs --json``."""

    def __init__(self, log: Log) -> None:
        self._prompts = Prompts(log)

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user typed in one row, if anything."""
        match record:
            case {"id": str(name), "prompt": str() | None, "response": _}:
                prompt = Prompt(
                    id=name,
                    conversation=_text(record.get("conversation_id")),
                    at=record.get("datetime_utc"),
                    text=_text(record["prompt"]),
                    answer=_text(record["response"]),
                    system=bool(_text(record.get("system"))),
                    documents=_contents(record.get("prompt_fragments")),
                )
            case _:
                raise Fault("no `id`, `prompt` and `response`")
        yield from self._prompts.hear(prompt)


class Prompts:
    """Prompts of many conversations, each with its own last answer."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._talks: OrderedDict[str, Talk] = OrderedDict()

    def hear(self, prompt: Prompt) -> Iterator[Interaction]:
        """What was typed in one prompt, in reply to the answer before it."""
        talk = self._talk(prompt.conversation)
        typed = typed_in(prompt.text, prompt.documents, system=prompt.system)
        if typed:
            turn = Turn("user", typed, given=prompt.id, when=prompt.at)
            yield from talk.hear(turn)
        elif prompt.text.strip():
            self._log.leave_out("piped in, or a document")
        else:
            self._log.leave_out("nothing typed")
        yield from talk.hear(Turn("assistant", prompt.answer))

    def _talk(self, conversation: str) -> Talk:
        if not conversation:
            return Talk(self._log)
        found = self._talks.pop(conversation, None)
        if found is None:
            found = Talk(self._log, session=conversation)
            if len(self._talks) >= _OPEN:
                self._talks.popitem(last=False)
        self._talks[conversation] = found
        return found


def typed_in(text: str, documents: Iterable[str] = (), *, system: bool = False) -> str:
    """The part of a prompt that was typed; empty when nobody can tell that any was."""
    for content in documents:
        if content and text.startswith(content):
            text = text[len(content) :].removeprefix("\n")
        elif content[:_TELLING] and text.startswith(content[:_TELLING]):
            return ""  # both were cut short when they were printed
    text = text.replace("\r\n", "\n").lstrip("\n")
    if text.endswith("\n"):
        return ""
    joints = [match.end() for match in _JOINT.finditer(text)]
    if joints:
        text = text[joints[-1] :]
    elif system and "\n" in text:
        return ""
    return text.strip()


def _contents(fragments: Any) -> tuple[str, ...]:
    if not isinstance(fragments, list):
        return ()
    return tuple(
        fragment["content"]
        for fragment in fragments
        if isinstance(fragment, dict) and isinstance(fragment.get("content"), str)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
