"""What persona itself keeps in the front matter, for a merged version.

Every other key is text, and merged as such.
"""

from collections.abc import Mapping
from typing import Any

from persona_cli.merging.sides import Three


def merged_meta(three: Three) -> Mapping[str, Any]:
    """Keys of the front matter, for ``profile.rewrite``; None takes one out.

    No judge has seen what two versions come to, and it equals none that was before.
    """
    return {
        "version": three.version,
        "generated": _later(three),
        "verified": None,
        "restores": None,
        "sources": _sources(three),
    }


def _later(three: Three) -> Any:
    """Who wrote last."""
    found = [side.profile.meta.get("generated") for side in three.both]
    return max((f for f in found if isinstance(f, dict)), key=_when, default=None)


def _when(generated: Mapping[str, Any]) -> tuple[str, str]:
    return str(generated.get("at", "")), str(generated.get("by", ""))


def _sources(three: Three) -> list[dict[str, Any]] | None:
    """What each side has counted of each source since they parted, added up.

    What both have read since is counted twice: the front matter has no ids.
    """
    before, ours, theirs = (_by_resource(s.profile.meta) for s in _all(three))
    merged: list[dict[str, Any]] = []
    for name in sorted({*ours, *theirs}):
        was, mine, yours = (side.get(name, {}) for side in (before, ours, theirs))
        source: dict[str, Any] = {"id": f"s{len(merged) + 1}", "resource": name}
        source["interactions"] = max(0, _count(mine) + _count(yours) - _count(was))
        last = max((str(s["last"]) for s in (mine, yours) if "last" in s), default=None)
        if last is not None:
            source["last"] = last
        if source["interactions"]:
            merged.append(source)
    return merged or None


def _all(three: Three) -> tuple[Any, ...]:
    return three.base, *three.both


def _by_resource(meta: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = meta.get("sources")
    rows = found if isinstance(found, list) else []
    return {
        str(r["resource"]): r for r in rows if isinstance(r, dict) and "resource" in r
    }


def _count(source: Mapping[str, Any]) -> int:
    found = source.get("interactions", 0)
    return found if isinstance(found, int) else 0
