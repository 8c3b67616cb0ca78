"""Portable AI Memory 1.0: claims as JSON, each with what it rests on.

    {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "ada"},
     "memories": [{"id": "c7f3", "type": "preference", "status": "active",
                   "content": "Prefers short answers.", "content_hash": "sha256:...",
                   "temporal": {...}, "provenance": {...}, ...}],
     "integrity": {"checksum": "sha256:...", "total_memories": 1, ...}}

No limit is published. JSON holds no comments, so there is no block: the file is written
whole, and its checksum says whether it is as it was written. What would be another with
every run (the date of the export, an id of it) is optional and left out.

Source: portable-ai-memory.org, specification 1.0, sections 9.4 and 17; the schema and
validator of the package portable-ai-memory 1.0.0
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any

from persona_cli import __version__
from persona_cli.evidence import Link
from persona_cli.inject import shown
from persona_cli.profile import Claim
from persona_cli.scope import GLOBAL
from persona_cli.targets.target import About, Target

# A reader of the format adds what is missing and drops what is null before it takes the
# checksum: so tags are always there, and nothing is null.
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PLATFORM = re.compile(r"[a-z0-9_-]{2,32}")


def content_hash(content: str) -> str:
    """Hash of what a memory says, the same for other blanks and capitals.

    Source: section 9.4: trimmed, lower case, NFC, runs of blanks made one
    """
    text = unicodedata.normalize("NFC", content.strip().lower())
    return _sha256(re.sub(r"\s+", " ", text))


def checksum(memories: Sequence[dict[str, Any]]) -> str:
    """Hash of all memories, in the order of their ids.

    Source: section 17 and RFC 8785. For what is written here (text, whole numbers,
            keys of ASCII) that is JSON with sorted keys and no blanks.
    """
    ordered = sorted(memories, key=lambda memory: str(memory.get("id", "")))
    return _sha256(
        json.dumps(ordered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    )


def write(claims: Sequence[Claim], about: About) -> str:
    """A memory store, which may be empty."""
    memories = [_memory(claim, about) for claim in claims]
    store = {
        "schema": "portable-ai-memory",
        "schema_version": "1.0",
        "spec_uri": "https://portable-ai-memory.org/spec/v1.0",
        "exported_by": f"persona/{_plain_version()}",
        "owner": {"id": about.name},
        "memories": memories,
        "integrity": {
            "canonicalization": "RFC8785",
            "checksum": checksum(memories),
            "total_memories": len(memories),
        },
        "export_type": "full",
    }
    return json.dumps(store, ensure_ascii=False, indent=2)


def as_written(text: str) -> bool:
    """Whether a file is a store that persona wrote, and nobody changed."""
    try:
        match json.loads(text):
            case {
                "schema": "portable-ai-memory",
                "exported_by": str(by),
                "memories": [*memories],
                "integrity": {"checksum": str(found)},
            } if by.startswith("persona/"):
                return all(isinstance(m, dict) for m in memories) and (
                    checksum(memories) == found
                )
    except (ValueError, RecursionError):
        return False
    return False


def _memory(claim: Claim, about: About) -> dict[str, Any]:
    links = [link for link in about.links.get(claim.id, ()) if link.side == "for"]
    text = shown(claim.text)
    known = sorted(link.at for link in links if link.at)
    born = known[0] if known else _day(claim) or about.at
    last = known[-1] if known else _day(claim)
    metadata: dict[str, Any] = {"section": shown(claim.section), "count": claim.count}
    if claim.scope != GLOBAL:
        metadata["scope"] = shown(claim.scope)
    return {
        "id": claim.id,
        "type": "project" if claim.scope != GLOBAL else "preference",
        "status": "active",
        "content": text or " ",
        "content_hash": content_hash(text),
        "tags": [claim.section] if _TAG.fullmatch(claim.section) else [],
        "temporal": {"created_at": _stamp(born)},
        "provenance": _provenance(claim, links),
        **({"confidence": {"last_reinforced": _stamp(last)}} if last else {}),
        "metadata": metadata,
    }


def _provenance(claim: Claim, links: Sequence[Link]) -> dict[str, Any]:
    first = links[0] if links else None
    reader = first.source.partition(":")[0] if first else "persona"
    method = "llm_inference"
    if claim.pinned:
        method = "manual"
    elif claim.stated:
        method = "explicit_user_input"
    return {
        "platform": reader if _PLATFORM.fullmatch(reader) else "local",
        **({"message_ref": shown(first.interaction)} if first else {}),
        "extraction_method": method,
        "extractor": f"persona/{_plain_version()}",
    }


def _day(claim: Claim) -> datetime | None:
    return datetime.combine(claim.last, time(), UTC) if claim.last else None


def _stamp(at: datetime) -> str:
    said = at.astimezone(UTC).replace(microsecond=0).isoformat()
    return said.replace("+00:00", "Z")


def _plain_version() -> str:
    # Three numbers and no more, as the schema wants it.
    numbers = re.findall(r"\d+", __version__)[:3]
    return ".".join([*numbers, "0", "0"][:3])


def _sha256(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


PAM = Target(name="pam", write=write, whole=as_written, wide=True)
