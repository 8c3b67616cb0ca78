"""ChatGPT's export: conversations as trees of messages.

A record is a conversation: ``mapping`` holds its messages by id, each with its
``parent``; ``current_node`` is where the user is. What is read is that branch, in order
(see ``branches`` for what forks tell); where ``current_node`` is missing, that of the
newest leaf.

- Of the user: ``text``, and the strings and transcribed speech of ``multimodal_text``.
- Of the assistant, as context alone: the same, when it is said to ``all``.
- Left out, and counted: messages of weight 0 or hidden from the conversation, what the
  system and tools say, what is said to a tool, and other types of content.
- Hidden messages of the user's or the system's hold the custom instructions and what
  ChatGPT remembers: see ``chatgpt_context``.
- A thumb in ``message_feedback.json``, beside the conversations, is a rating of the
  answer, 1 or 0; its question is the user's message before the answer. The words that
  came with a thumb are not read. ``model_comparisons.json`` is left out: nobody has
  written down its form.

A message has its own time, or that of the conversation's last change, or none. What
was said in a project of ChatGPT's (``gizmo_id`` begins with ``g-p-``) has its scope, by
that id: the export does not give the name.

Source: public readers and descriptions of exports (basic-memory, letta-ai/skills, PAM);
        no schema is published
"""

from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.branches import Step, Tree, told_by
from persona_cli.logs.chatgpt_context import Context, inside
from persona_cli.logs.chatgpt_thumbs import Thumb, read_thumbs
from persona_cli.logs.cut import over
from persona_cli.logs.export import THUMBS
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, label, project
from persona_cli.logs.messages import Turn
from persona_cli.scope import GLOBAL

_OTHER_TYPE = "content of another type"
_PROJECT = "g-p-"


class ChatGptReader:
    """Reads conversations; tells of the custom instructions when all are read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._context = Context(log)
        self._thumbs: Mapping[tuple[str, str], Thumb] | None = None

    def read(self, record: Any) -> Iterator[Interaction]:
        """The user's doing in one conversation."""
        match record:
            case {"mapping": dict(mapping)}:
                pass
            case {"rating": str(thumb)} if thumb in THUMBS:
                self._log.leave_out("a thumb without its conversation")
                return
            case _:
                raise Fault("no `mapping`")
        session = label(record.get("conversation_id") or record.get("id"))
        gizmo = record.get("gizmo_id")
        shared = isinstance(gizmo, str) and gizmo.startswith(_PROJECT)
        scope = project(gizmo) if shared else GLOBAL
        steps = [self._step(key, node, record) for key, node in mapping.items()]
        tree = Tree(steps)
        leaf = record.get("current_node")
        if leaf not in (None, "") and not (isinstance(leaf, str) and leaf in mapping):
            self._log.mend("`current_node` is not there, newest branch taken")
        yield from told_by(
            tree, tree.branch(leaf), self._log, session=session, scope=scope
        )
        yield from self._ratings(tree, session, scope)

    def conclude(self) -> Iterator[Interaction]:
        """What the hidden messages hold, as it was last."""
        yield from self._context.told()

    def _step(self, key: str, node: Any, record: Mapping[str, Any]) -> Step:
        if not isinstance(node, dict):
            return Step(key, None, fault=Fault("a node that is no object"))
        parent = node.get("parent")
        parent = parent if isinstance(parent, str) else None
        message = node.get("message")
        if message is None:
            return Step(key, parent)
        if not isinstance(message, dict):
            return Step(key, parent, fault=Fault("a message that is no object"))
        when = message.get("create_time") or record.get("update_time")
        began = message.get("create_time") or record.get("create_time") or when
        self._context.look(message, began)
        try:
            turn, why = _turn(message, key, when, self._log.longest)
        except Fault as fault:
            return Step(key, parent, when=when, fault=fault)
        ended = message.get("status") in (None, "", "finished_successfully")
        return Step(key, parent, turn, when, left_out=why, ended=ended)

    def _ratings(self, tree: Tree, session: str, scope: str) -> Iterator[Interaction]:
        if self._thumbs is None:
            self._thumbs = read_thumbs(self._log)
        if not self._thumbs:
            return
        for step in tree.steps.values():
            thumb = self._thumbs.get((session, label(step.id)))
            if thumb is None or step.turn is None or not step.says("assistant"):
                continue
            yield self._log.deed(
                "rating",
                step.turn.text,
                query=tree.prompt(step),
                rating=thumb.rating,
                when=thumb.when or step.when,
                scope=scope,
                # Changed, it is another deed.
                given=f"{step.id}={'up' if thumb.rating else 'down'}",
                session=session,
            )


def _turn(
    message: Mapping[str, Any], key: str, when: object, longest: int
) -> tuple[Turn | None, str]:
    """(what is to be heard of a message, why nothing is).

    longest: characters
    Raises:  Fault when it has no author, no content, or too much
    """
    role = inside(message, "author").get("role")
    if not isinstance(role, str):
        raise Fault("a message without `author`")
    hidden = inside(message, "metadata").get("is_visually_hidden_from_conversation")
    if hidden or message.get("weight") == 0:
        return None, "a hidden message"
    if role == "system":
        return None, "a system message"
    if role == "tool":
        return Turn("other", ""), "a tool's message"
    if role not in ("user", "assistant"):
        return Turn("unknown", ""), ""
    if message.get("recipient") not in (None, "", "all"):
        acts = Turn("assistant", "", acts=True) if role == "assistant" else None
        return acts, "a message to a tool"
    content = message.get("content")
    if not isinstance(content, dict):
        raise Fault("a message without `content`")
    if content.get("content_type") not in ("text", "multimodal_text"):
        return None, _OTHER_TYPE
    text = "\n\n".join(_parts(content))
    if len(text) > longest:
        raise over(len(text), longest)
    speaker: Any = role
    return Turn(speaker, text, given=key, when=when), ""


def _parts(content: Mapping[str, Any]) -> Iterator[str]:
    """The words of a content: its text, and what was said aloud."""
    parts = content.get("parts")
    for part in parts if isinstance(parts, list) else [content.get("text")]:
        match part:
            case str(text) if text.strip():
                yield text
            case {"content_type": "audio_transcription", "text": str(text)}:
                yield text
