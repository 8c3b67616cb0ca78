"""Claude.ai's export: conversations, projects, and what Claude remembers.

``conversations.json`` (an array, or JSON lines): a record is a conversation, with its
messages in ``chat_messages``. What is read is the branch that ends at
``current_leaf_message_uuid``, or at the newest leaf, by ``parent_message_uuid``; where
no message names its parent, all of them, in their order (see ``branches``).

- Text is that of the parts of type ``text``; the field ``text`` counts when there are
  no parts. Thoughts, tools and their results are left out, and attachments are never
  read: a document that was handed in is not its reader's voice.

``projects.json``, ``projects/<uuid>.json``: the instructions of a project are
``stated`` in its scope, in which its conversations are too; its documents are not read,
nor is the project that Claude.ai itself starts everybody with. A project's name comes
from these files, beside the conversations; one that is in none is called by its id.

``memories.json``: what Claude noted of the user, ``stated`` at second hand
(``Interaction.secondhand``), a paragraph each.

``users.json`` is not opened.

Source: public readers and descriptions of exports (basic-memory, PAM); no schema is
        published
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.interaction import MEMORY, Interaction, fingerprint
from persona_cli.logs.branches import Step, Tree, told_by
from persona_cli.logs.cut import over
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, label, project
from persona_cli.logs.messages import Speaker, Turn
from persona_cli.logs.neighbours import records_beside
from persona_cli.scope import GLOBAL

_SPEAKERS: dict[str, Speaker] = {"human": "user", "assistant": "assistant"}

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_PROJECTS = 10_000

# A project comes with the documents that lie in it.
_LONGEST_PROJECT = 16

_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_HEADING = re.compile(r"\s*(?:#{1,6} .*|\*\*[^*\n]{1,100}\*\*:?)\s*")

INSTRUCTIONS = "instructions"


class ClaudeAiReader:
    """Reads the records of any of the files."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._projects: dict[str, str] | None = None

    def read(self, record: Any) -> Iterator[Interaction]:
        """What one conversation, project, or memory tells of."""
        match record:
            case {"chat_messages": list(messages)}:
                yield from self._conversation(record, messages)
            case {"uuid": str(), "prompt_template": _}:
                yield from self._project(record)
            case {"conversations_memory": _} | {"project_memories": _}:
                yield from self._memories(record)
            case _:
                raise Fault("neither a conversation, nor a project, nor memories")

    def _conversation(
        self, record: Mapping[str, Any], messages: list[Any]
    ) -> Iterator[Interaction]:
        steps: list[Step] = []
        forks = any(
            isinstance(one, dict) and isinstance(one.get("parent_message_uuid"), str)
            for one in messages
        )
        for place, message in enumerate(messages):
            before = steps[-1].id if steps else None
            step = self._step(message, place, before, record)
            if step.fault is not None and forks:
                self._log.skip(step.fault)  # it has no place in the tree
                continue
            steps.append(step)
        tree = Tree(steps)
        leaf = record.get("current_leaf_message_uuid")
        branch = tree.branch(leaf) if forks else steps
        if forks and leaf and not (isinstance(leaf, str) and leaf in tree.steps):
            self._log.mend(
                "`current_leaf_message_uuid` is not there, newest branch taken"
            )
        yield from told_by(
            tree,
            branch,
            self._log,
            session=label(record.get("uuid")),
            scope=self._scope(record.get("project_uuid")),
        )

    def _step(
        self, message: Any, place: int, before: str | None, record: Mapping[str, Any]
    ) -> Step:
        nameless = f"#{place}"
        if not isinstance(message, dict):
            return Step(nameless, before, fault=Fault("a message that is no object"))
        given = message.get("uuid")
        name = given if isinstance(given, str) and given else nameless
        parent = message.get("parent_message_uuid")
        parent = parent if isinstance(parent, str) and parent else before
        when = message.get("created_at") or record.get("updated_at")
        sender = message.get("sender")
        if not isinstance(sender, str):
            fault = Fault("a message without `sender`")
            return Step(name, parent, when=when, fault=fault)
        text = _text(message)
        if len(text) > self._log.longest:
            fault = over(len(text), self._log.longest)
            return Step(name, parent, when=when, fault=fault)
        speaker = _SPEAKERS.get(sender, "unknown")
        acts = speaker == "assistant" and _acts(message)
        turn = Turn(speaker, text, given=given, when=when, acts=acts)
        return Step(name, parent, turn, when)

    def _project(self, record: Mapping[str, Any]) -> Iterator[Interaction]:
        text = record["prompt_template"]
        if record.get("is_starter_project"):
            self._log.leave_out("a project that came with the account")
        elif not isinstance(text, str) or not text.strip():
            self._log.leave_out("a project without instructions")
        elif len(text) > self._log.longest:
            raise over(len(text), self._log.longest)
        else:
            # Of the text too: instructions that were changed are others.
            given = fingerprint(record["uuid"], " ".join(text.split()))
            yield self._log.deed(
                "stated",
                text.strip(),
                when=record.get("updated_at") or record.get("created_at"),
                scope=_called(record.get("name"), record["uuid"]),
                given=given,
                session=INSTRUCTIONS,
            )

    def _memories(self, record: Mapping[str, Any]) -> Iterator[Interaction]:
        yield from self._memory(record.get("conversations_memory"), GLOBAL)
        of_projects = record.get("project_memories")
        if isinstance(of_projects, dict):
            for name, text in of_projects.items():
                yield from self._memory(text, self._scope(name))

    def _memory(self, text: Any, scope: str) -> Iterator[Interaction]:
        if text is None:
            return
        if not isinstance(text, str):
            self._log.skip(Fault("a memory that is not text"))
            return
        for part in _PARAGRAPH.split(text.replace("\r\n", "\n")):
            if part.strip() and not _HEADING.fullmatch(part):
                # No time: the file has none, and an id must not depend on the day.
                given = fingerprint(scope, " ".join(part.split()))
                yield self._log.deed(
                    "stated", part.strip(), scope=scope, given=given, session=MEMORY
                )

    def _scope(self, uuid: Any) -> str:
        """The scope of a project, by its name where the export gives it."""
        if not isinstance(uuid, str) or not uuid.strip():
            return GLOBAL
        if self._projects is None:
            self._projects = {}
            self._learn_names("projects.json")
        if uuid not in self._projects and len(self._projects) < _MOST_PROJECTS:
            self._projects[uuid] = ""
            if _UUID.fullmatch(uuid):
                self._learn_names(f"projects/{uuid}.json")
        return _called(self._projects.get(uuid), uuid)

    def _learn_names(self, file: str) -> None:
        assert self._projects is not None  # noqa: S101 (our own mistake alone)
        most = self._log.longest * _LONGEST_PROJECT
        for record in records_beside(self._log, file, max_record=most):
            match record:
                case {"uuid": str(uuid), "name": str(name)}:
                    if len(self._projects) < _MOST_PROJECTS:
                        self._projects[uuid] = name
                case _:
                    continue


def _called(name: Any, uuid: str) -> str:
    """The scope of a project: of its name, or of its id where it has none."""
    named = isinstance(name, str) and name.strip()
    return project(name if named else uuid)


def _text(message: Mapping[str, Any]) -> str:
    """The words of a message: of its parts, or of its text when it has none."""
    parts = message.get("content")
    if isinstance(parts, list) and parts:
        texts = (_text_of_part(part) for part in parts)
        return "\n\n".join(text for text in texts if text.strip())
    text = message.get("text")
    return text if isinstance(text, str) else ""


def _text_of_part(part: Any) -> str:
    match part:
        case {"type": "text", "text": str(text)}:
            return text
        case _:
            return ""


def _acts(message: Mapping[str, Any]) -> bool:
    """Whether a tool is used in a message."""
    parts = message.get("content")
    kinds = (
        [part.get("type") for part in parts if isinstance(part, dict)]
        if (isinstance(parts, list))
        else []
    )
    return any(kind in ("tool_use", "tool_result") for kind in kinds)
