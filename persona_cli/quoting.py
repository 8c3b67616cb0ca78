"""Texts that quote what is forgotten: commit messages, and files nobody can read.

Looked at line by line, since they have no form that could be relied on.
"""

import re
from collections.abc import Collection

from persona_cli.forgetting import Gone
from persona_cli.profile import section_name
from persona_cli.rivals import normal

# A quote this short ("yes") says nothing of where else it stands.
TELLING = 12

_MARK = re.compile(r"<!--\s*(c[0-9a-f]{3,16})\b")
_DIARY = re.compile(r"[a-z]+ ([ch][0-9a-f]{3,16})\b")
_BLANK = "[forgotten]"


def holds(text: str, lost: Collection[str], gone: Gone) -> bool:
    """Whether a text says something that is gone."""
    said = normal(text)
    return gone.says(text) or any(
        one in said if len(one) >= TELLING else said.endswith(one) for one in lost
    )


def less_lines(
    content: bytes | None, claims: Collection[str], lost: Collection[str], gone: Gone
) -> bytes | None:
    """A file that can't be read, without the lines that say something that is gone."""
    if content is None:
        return None
    kept = []
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        found = _MARK.search(line)
        named = found is not None and found[1] in claims
        named = named or any(f'"claim": "{claim}"' in line for claim in claims)
        named = named or (
            line.startswith("## ") and section_name(line[3:]) in gone.sections
        )
        if not (named or holds(line, lost, gone)):
            kept.append(line)
    return "\n".join(kept).encode("utf-8", "surrogateescape")


def less_entries(
    content: bytes, claims: Collection[str], lost: Collection[str], gone: Gone
) -> bytes:
    """A message, without the entries of the diary, and other lines, that say it."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    kept: list[str] = []
    place = 0
    while place < len(lines):
        end = place + 1
        found = _DIARY.match(lines[place])
        while found and end < len(lines) and lines[end].startswith("    "):
            end += 1
        entry = lines[place:end]
        named = place > 0 and found is not None and found[1] in claims
        if not (named or any(holds(line, lost, gone) for line in entry)):
            kept += entry
        elif place == 0:
            kept.append(_BLANK)
        place = end
    if kept == lines:
        return content
    return "\n".join(kept).encode("utf-8", "surrogateescape")
