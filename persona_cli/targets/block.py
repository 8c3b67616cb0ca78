"""The marked block of a file that its owner keeps, and nothing else of that file.

    <!-- persona:begin ada 3f2a90c1d4e5b678, made by persona export: ... -->
    Notes on what the person asking prefers. ...
    <!-- persona:end -->

The mark holds a hash of what stands in the block, so that a block which someone edited
is known. A file without HTML comments has ``#`` before its marks. Everything around the
block stays byte for byte: line breaks of either kind, a missing last one, bytes that
are no UTF-8.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from persona_cli.errors import InputError
from persona_cli.markers import END, named
from persona_cli.targets.target import Comment

_HINT = ", made by persona export: change the profile, not this"

# A mark stands at the beginning of a line. What begins as one and does not end as one
# is damage, and no text.
_BEGINS = {
    "html": re.compile(r"(?m)^\ufeff?<!-- persona:begin\b"),
    "hash": re.compile(r"(?m)^\ufeff?# persona:begin\b"),
}
_ENDS = {
    "html": re.compile(r"(?m)^<!-- persona:end\b"),
    "hash": re.compile(r"(?m)^# persona:end\b"),
}
_OPENING = {
    "html": re.compile(r"<!-- persona:begin ([\w.@+-]+)([^>\r\n]*)-->[ \t]*\r?\n"),
    "hash": re.compile(r"# persona:begin ([\w.@+-]+)([^\r\n]*)\r?\n"),
}
_CLOSING = {
    "html": re.compile(r"<!-- persona:end -->[ \t]*(?=\r?\n|\Z)"),
    "hash": re.compile(r"# persona:end[ \t]*(?=\r?\n|\Z)"),
}
_HASH = re.compile(r"\s([0-9a-f]{16})\b")


class Block(NamedTuple):
    """A block, where it stands in a file.

    start, end: of all of it, its last line break not counted
    name:       of the profile it was made of
    text:       between the marks, with line breaks as persona writes them
    edited:     it is not what was written there
    line:       of its opening mark, from 1
    """

    start: int
    end: int
    name: str
    text: str
    edited: bool
    line: int


def framed(text: str, name: str, comment: Comment) -> str:
    """A text between its marks; no line break at the end."""
    opening = named(name, f" {_hash(text)}{_HINT}")
    closing = END
    if comment == "hash":
        opening = f"# {opening.removeprefix('<!-- ').removesuffix(' -->')}"
        closing = f"# {closing.removeprefix('<!-- ').removesuffix(' -->')}"
    return f"{opening}\n{text}\n{closing}"


def find(content: str, comment: Comment, *, place: str) -> Block | None:
    """The block of a file; None when there is none.

    place:  begins every error
    Raises: InputError for a second block, and for one that does not begin or end
    """
    begins = [found.end() for found in _BEGINS[comment].finditer(content)]
    ends = [found.start() for found in _ENDS[comment].finditer(content)]
    if not begins and not ends:
        return None
    if not begins:
        raise _broken(content, ends[0], place, "a block ends that never began")
    if len(begins) > 1:
        raise _broken(content, begins[1], place, "a second block begins")
    start = content.rfind("\n", 0, begins[0]) + 1
    start += content.startswith("\ufeff", start)
    opening = _OPENING[comment].match(content, start)
    if opening is None:
        raise _broken(content, start, place, "the mark of a block is damaged")
    if not ends:
        raise _broken(content, start, place, "a block begins and never ends")
    if ends[0] < start:
        raise _broken(content, ends[0], place, "a block ends that never began")
    if len(ends) > 1:
        raise _broken(content, ends[1], place, "a block ends that never began")
    closing = _CLOSING[comment].match(content, ends[0])
    if closing is None:
        raise _broken(content, ends[0], place, "the mark of a block is damaged")
    text = content[opening.end() : ends[0]].replace("\r\n", "\n").removesuffix("\n")
    said = _HASH.match(opening[2])
    edited = said is None or said[1] != _hash(text)
    line = content.count("\n", 0, start) + 1
    return Block(start, closing.end(), opening[1], text, edited, line)


def with_block(content: str, framed: str, there: Block | None) -> str:
    """A file with the block in it: in the place of the one there, or at the end."""
    if there is not None:
        old = content[there.start : there.end]
        fresh = framed.replace("\n", _newline(old))
        return content[: there.start] + fresh + content[there.end :]
    newline = _newline(content)
    fresh = framed.replace("\n", newline)
    if content and not content.endswith("\n"):
        return f"{content}{newline}{newline}{fresh}"
    gap = newline if content else ""
    return f"{content}{gap}{fresh}{newline}"


def without_block(content: str, there: Block) -> str:
    """A file without its block, and without the line breaks that came with it.

    After ``with_block`` at the end of a file: that file.
    """
    newline = _newline(content[there.start : there.end])
    before, after = content[: there.start], content[there.end :]
    if not after:  # the file had no last line break
        return before.removesuffix(newline + newline)
    if before.endswith("\n" + newline):
        before = before.removesuffix(newline)
    return before + after.removeprefix(newline)


def _newline(content: str) -> str:
    windows = content.count("\r\n")
    return "\r\n" if windows * 2 > content.count("\n") else "\n"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _broken(content: str, at: int, place: str, what: str) -> InputError:
    line = content.count("\n", 0, at) + 1
    return InputError(
        f"{place}:{line}: {what}; nothing was changed",
        remedy="Keep one block from persona:begin to persona:end, or delete it whole.",
    )
