"""Cursor's agent transcripts: messages by role, without times or ids.

~/.cursor/projects/<folder>/agent-transcripts/<session>/<session>.jsonl
{"role": "user", "message": {"content": [{"type": "text", "text": "…"}]}}

What the user typed stands in ``<user_query>``. Other elements around it (open files,
rules, the time) are Cursor's, and a file among them may hold anything.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, project
from persona_cli.logs.messages import Talk, Turn, content_of, texts, uses_tool
from persona_cli.scope import GLOBAL

_QUERY = "user_query"

# Cursor's own elements, at the beginning of a line, but for what is typed in prose.
_TAG = re.compile(
    r"^[ \t]*<([a-z]{1,40}(?:_[a-z]{1,40})+|rules|timestamp)(?:\s[^<>\n]{0,500})?>",
    re.MULTILINE,
)

_TRANSCRIPTS = "agent-transcripts"

# A home folder, as it stands at the beginning of a folder's name among the projects.
_HOME = re.compile(r"(?:home|Users|[a-z]-Users)-[A-Za-z0-9_]+-")


class CursorReader:
    """Reads the messages of one session."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._talk = Talk(log, session=log.stem, scope=_scope(log.name))

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user typed in one message, if anything."""
        match record:
            case {"role": str(role), "message": dict(message)}:
                content = content_of(message)
            case {"type": str()}:
                self._log.leave_out("a row of another type")
                return
            case _:
                raise Fault("a message without `role` and `message`")
        if not isinstance(content, str | list):
            raise Fault("a message without `content`")
        match role:
            case "user":
                typed = "\n\n".join(filter(None, map(typed_in, texts(content))))
                if typed:
                    yield from self._talk.hear(Turn("user", typed))
                else:
                    self._log.leave_out("nothing typed")
            case "assistant":
                said = "\n\n".join(texts(content))
                turn = Turn("assistant", said, acts=uses_tool(content))
                yield from self._talk.hear(turn)
            case _:
                self._log.leave_out("unknown role")


def typed_in(text: str) -> str:
    """What the user typed of a message: its query, or all of it without any element.

    An element is taken to end at its last end mark: a file that is quoted in it may
    hold others, and a query of its own behind them.
    """
    typed: list[str] = []
    at = 0
    elements = False
    while tag := _TAG.search(text, at):
        elements = True
        name = tag[1]
        close = f"</{name}>"
        if name == _QUERY:
            end = text.find(close, tag.end())
            typed.append(text[tag.end() : end if end >= 0 else len(text)])
        else:
            end = text.rfind(close, tag.end())
        if end < 0:
            break
        at = end + len(close)
    if not elements:
        return text.strip()
    return "\n\n".join(part.strip() for part in typed if part.strip())


def _scope(name: str) -> str:
    """The project that a transcript is of, by the folder it lies in."""
    parts = Path(os.path.abspath(name)).parts  # noqa: PTH100 (a link is not followed)
    if _TRANSCRIPTS not in parts[1:]:
        return GLOBAL
    folder = parts[parts.index(_TRANSCRIPTS, 1) - 1]
    home = Path.home()
    ours = f"{_flat(str(home)).lstrip('-')}-"
    if folder.startswith(ours):
        rest = folder.removeprefix(ours)
        return project(_named(home, rest) or rest)
    return project(_HOME.sub("", folder, count=1))


def _named(above: Path, flat: str) -> str:
    """The name of the folder that is written ``flat``; empty when there is none.

    ``code-my-app`` may be ``code/my-app`` or ``code/my/app``: the folders know.
    """
    try:
        with os.scandir(above) as entries:
            names = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
    except OSError:
        return ""
    for name in names:
        here = _flat(name).lstrip("-")
        if here == flat:
            return name
        if here and flat.startswith(f"{here}-"):
            found = _named(above / name, flat.removeprefix(f"{here}-"))
            if found:
                return found
    return ""


def _flat(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", path)
