"""Choices that nobody made outright, seen in how a chat goes on.

*Corrections.* The user asks (0), the assistant answers (1), the user corrects the
answer in a few words (2: "no, shorter"), the assistant answers again (3), and the user
goes on without correcting that (4). Then they chose answer 3 over answer 1, to
request 0:

- a correction is one short paragraph that begins as corrections do, in English
- each answer is one piece of text, without tools between: what an agent says after an
  hour's work is no answer that a word was about
- what goes on is there: an answer that nobody came back to was perhaps no better. It
  must not begin as displeasure does either, which is read more widely than correction
- of a row of corrections, each answer stands over the one before it only when what
  follows it is no correction; so the last does

*Edits.* A change to a file that the user turned down, and the next to the same place of
the same file that they let through. Turned down alone says nothing: they may have
wanted no change at all.

What the user typed stays a message of its own. The texts of such a pair are the
assistant's, who may repeat what a tool has read; so it shows how something was said and
not what (``Interaction.signal``; ``provenance``, ``digest``), and it is no question to
check a profile by (``split``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, label

# Characters of a correction: what is longer says more than that.
_LONGEST = 160

# Of an answer, or of a change to a file; a longer one tells little, and costs memory.
_LONGEST_ANSWER = 20_000

# Changes to files that wait to be told whether they were let through.
_MOST_CHANGES = 64

_SIZE = (
    r"(?:long|short|verbose|wordy|brief|terse|formal|informal|complex|complicated"
    r"|simple|detailed|technical|vague|abstract|generic|fancy|chatty|dry|much"
    r"|many\s(?:words|bullets?|points|emojis?|headings?|examples?|comments?))"
)
_MORE = (
    r"(?:shorter|longer|simpler|briefer|plainer|clearer|drier|terser|tighter"
    r"|(?:more|less)\s(?:concise(?:ly)?|brief(?:ly)?|formal(?:ly)?|casual(?:ly)?|detail(?:ed)?"
    r"|technical|simple|simply|verbose|wordy|compact|specific|direct|readable|precise))"
)
_CORRECTION = re.compile(
    rf"""(?:(?:ok(?:ay)?|hm+|uh|well|sorry|thanks|please|but|and)\b[\s,.:!]*)*
    (?:
      no(?:pe)?\s*[,.:;!\u2014\u2013-]\s*\S
    | (?:(?:that|this|it)(?:(?:'|\u2019)?s|\ is))?\s*
      (?:still\ |way\ |much\ |far\ |a\ (?:bit|little)\ )*too\ {_SIZE}\b
    | (?:(?:make|keep)\ (?:it|this|that)\ )?
      (?:much\ |even\ |a\ (?:bit|little)\ )?{_MORE}\b
    | (?:do\ it\ |again\ )?in\ \w[\w+\#]*,?\ (?:please|instead)\b
    | (?:not\ in\ \w+|without\ \S.{{0,60}}|\S.{{0,60}}\binstead)\W*\Z
    | (?:that(?:(?:'|\u2019)?s|\ is)\ )?not\ what\ i\ (?:asked|meant|wanted|said)\b
    | i\ (?:meant|said|asked\ for)\b
    | (?:that|this)(?:(?:'|\u2019)?s|\ is)\ (?:wrong|not\ (?:right|correct|it))\b
    | wrong\b | try\ again\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_DISPLEASED = re.compile(
    r"\W*(?:(?:ok(?:ay)?|hm+|uh|well|sorry|thanks|but)\b\W*)*(?:no|nope|not|still|wrong"
    r"|again|hm+|why|what\?|i (?:meant|said|asked)|that|this|it(?:'|\u2019)?s"
    r"|too|more|less|never ?mind|forget|undo|revert|stop|instead|actually|without|worse"
    r"|you (?:did|have|are|still|missed|forgot)|incorrect|bad)\b",
    re.IGNORECASE,
)


def corrects(text: str) -> bool:
    """Whether a message corrects the answer before it."""
    if len(text) > _LONGEST:
        return False
    text = text.strip()
    return "\n" not in text and _CORRECTION.match(text) is not None


def displeased(text: str) -> bool:
    """Whether a message may be about an answer that was not good."""
    return _DISPLEASED.match(text) is not None or corrects(text)


class Corrections:
    """Follows one conversation, turn by turn."""

    def __init__(self) -> None:
        self._asked = ""  # the request that the answers are to
        self._first = ""  # the answer that was corrected
        self._now = ""  # the answer since the user spoke last
        self._sound = True  # that answer is one piece, without tools
        self._correction: tuple[object, object] | None = None  # its id and time

    def answered(self, text: str, *, acts: bool) -> None:
        """The assistant spoke, or used a tool.

        The same words once more are one answer: some logs have each twice.
        """
        if acts or (text and self._now and text != self._now):
            self._sound = False
        if text:
            self._now = text

    def interrupted(self) -> None:
        """Something else came in between."""
        self._sound = False

    def typed(
        self, text: str, given: object, when: object
    ) -> tuple[str, str, str, object, object] | None:
        """The user spoke; what they chose before they did, if anything.

        Shape: (request, chosen, rejected, id and time of the correction)
        """
        now, sound = self._now, self._sound and len(self._now) <= _LONGEST_ANSWER
        self._now, self._sound = "", True
        found = None
        better = sound and now and now.strip() != self._first.strip()
        if self._correction and better and not displeased(text):
            found = (self._asked, now, self._first, *self._correction)
        if sound and now and self._asked and corrects(text):
            self._first, self._correction = now, (given, when)
        else:
            self._asked, self._first, self._correction = text, "", None
        return found


@dataclass(frozen=True, slots=True)
class _Change:
    """A change to a file that an agent asked for.

    place: what it would replace; empty for a whole file
    text:  what it would put there
    """

    tool: str
    file: str
    place: str
    text: str

    def is_like(self, other: "_Change") -> bool:
        """Whether two are about the same place of the same file."""
        same = (self.tool, self.file) == (other.tool, other.file)
        return same and (self.place in other.place or other.place in self.place)


# What Claude Code files as the result of a tool that its user turned down.
_TURNED_DOWN = "The user doesn't want to proceed with this tool use"


class Edits:
    """Follows the changes to files in one session of Claude Code."""

    def __init__(
        self, log: Log, *, session: object = None, scope: str = "global"
    ) -> None:
        self._log, self._session, self._scope = log, session, scope
        self._asked: dict[str, _Change] = {}
        self._refused: dict[str, _Change] = {}  # the last of each file
        self.request = ""

    def used(self, part: Mapping[str, Any]) -> None:
        """The agent asks to use a tool: one ``tool_use`` of its message."""
        name, given = part.get("id"), part.get("input")
        change = _change(part.get("name"), given)
        if change is None or not isinstance(name, str):
            return
        if len(self._asked) >= _MOST_CHANGES:
            self._asked.pop(next(iter(self._asked)))
        self._asked[name] = change

    def came_of(self, part: Mapping[str, Any], when: object) -> Iterator[Interaction]:
        """What came of it: one ``tool_result``."""
        name = part.get("tool_use_id")
        change = self._asked.pop(name, None) if isinstance(name, str) else None
        if change is None:
            return
        if part.get("is_error"):
            if _words(part.get("content")).startswith(_TURNED_DOWN):
                if len(self._refused) >= _MOST_CHANGES:
                    self._refused.pop(next(iter(self._refused)))
                self._refused[change.file] = change
            return
        refused = self._refused.pop(change.file, None)
        if refused is None or not change.is_like(refused):
            return
        took, passed = change.text.strip(), refused.text.strip()
        if not (took and passed) or took == passed:
            return
        try:
            yield self._log.deed(
                "pair",
                change.text,
                query=self.request,
                rejected=refused.text,
                when=when,
                scope=self._scope,
                given=f"{label(name)}:edit",
                session=self._session,
                signal="edit",
            )
        except Fault as fault:
            self._log.skip(fault)


def _change(tool: object, given: object) -> _Change | None:
    match tool, given:
        case "Edit", {
            "file_path": str(file),
            "old_string": str(old),
            "new_string": str(new),
        }:
            change = _Change("Edit", file, old, new)
        case "Write", {"file_path": str(file), "content": str(new)}:
            change = _Change("Write", file, "", new)
        case _:
            return None
    return change if len(change.place) + len(change.text) <= _LONGEST_ANSWER else None


def _words(content: Any) -> str:
    match content:
        case str(text) | [{"type": "text", "text": str(text)}, *_]:
            return text
        case _:
            return ""
