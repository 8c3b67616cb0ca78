"""What ChatGPT's hidden messages say of the user: instructions and saved memories.

Each conversation begins with a copy of what held then, in a message of the user's or
the system's that nobody sees. Read are these fields and no others, which may hold the
date, the place, or a document:

    content.user_profile, content.user_instructions         (user_editable_context)
    metadata.user_context_message_data.about_user_message, about_model_message
    content.model_set_context                               (model_editable_context)

The first four are the user's own: each of the two fields of the custom instructions is
``stated``, without the sentences that wrap it. The last is what ChatGPT noted of the
user: a ``stated`` for each note, at second hand (``Interaction.secondhand``).

Of each the latest copy in the log is told, once: what it replaced was taken back by the
user. An id is of the text alone, so that the same text in another export is known.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.interaction import MEMORY, Interaction, fingerprint
from persona_cli.logs.branches import instant
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log

ABOUT_USER = "about-user"
ABOUT_ANSWERS = "about-answers"

# (where, key, field of the custom instructions)
_FIELDS = (
    ("content", "user_profile", ABOUT_USER),
    ("content", "user_instructions", ABOUT_ANSWERS),
    ("metadata", "about_user_message", ABOUT_USER),
    ("metadata", "about_model_message", ABOUT_ANSWERS),
    ("content", "model_set_context", MEMORY),
)
_TYPES = ("user_editable_context", "model_editable_context")

_WRAPPED = re.compile(r"\s*(?:The user provided |User profile:)")
_FENCED = re.compile(r"```\n?(.*)```", re.DOTALL)

# As in: 1. [2025-03-04]. Prefers metric units.
_NOTE = re.compile(r"\s*[0-9]{1,4}\.\s*(?:\[([^\]\n]{0,40})\]\.?\s*)?")
_BLANK = re.compile(r"\n\s*\n|\n(?=\s*[0-9]{1,4}\.\s*\[)")


class Context:
    """The latest of each field, while conversations are read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._latest: dict[str, tuple[object, str]] = {}

    def look(self, message: Mapping[str, Any], when: object) -> None:
        """Keep what a message holds, when it is newer than what is known.

        when: of the message, as the log writes it
        """
        if inside(message, "author").get("role") not in ("user", "system"):
            return
        content = inside(message, "content")
        places = {
            "content": content if content.get("content_type") in _TYPES else {},
            "metadata": inside(
                inside(message, "metadata"), "user_context_message_data"
            ),
        }
        for place, key, field in _FIELDS:
            text = places[place].get(key)
            if not isinstance(text, str) or not (text := unwrapped(text)):
                continue
            if len(text) > self._log.longest:
                self._log.leave_out("instructions that are too long")
                continue
            known = self._latest.get(field)
            if known is None or instant(known[0]) <= instant(when):
                self._latest[field] = (when, text)

    def told(self) -> Iterator[Interaction]:
        """One interaction for each field of the instructions, and for each note."""
        for field, (when, text) in self._latest.items():
            if field == MEMORY:
                yield from self._notes(text)
                continue
            given = fingerprint(" ".join(text.split()).casefold())
            yield self._log.deed("stated", text, when=when, given=given, session=field)

    def _notes(self, text: str) -> Iterator[Interaction]:
        for part in _BLANK.split(text):
            note = _NOTE.match(part)
            said = part[note.end() :] if note else part
            if said.strip():
                try:
                    when = note[1] if note else None
                    yield self._log.deed(
                        "stated", said.strip(), when=when, session=MEMORY
                    )
                except Fault as fault:
                    self._log.skip(fault)


def unwrapped(text: str) -> str:
    """A field's text without the sentences that tell the model what it is.

    Empty when only such sentences are there.
    """
    if not _WRAPPED.match(text):
        return text.strip()
    fenced = _FENCED.search(text)
    if fenced is not None:
        return fenced[1].strip()
    return text.partition(":\n")[2].strip()


def inside(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; an empty one when something else is there."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}
