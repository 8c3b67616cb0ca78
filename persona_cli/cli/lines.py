"""How claims and changes look on one line, and as JSON."""

from collections.abc import Iterable
from typing import Any

from persona_cli.diary import moved
from persona_cli.profile import Claim
from persona_cli.reconcile import Change
from persona_cli.reveal import marked, revealed


def change_lines(changes: Iterable[Change]) -> list[str]:
    """One line a change: what, which claim, its words, and what they were.

    Words as a model reads them: what would hide in a terminal is written out.
    """
    lines = []
    for change in changes:
        claim, before = change.claim, change.before
        said = f"{change.kind:<10}  {claim.id:<5}  "
        said += f"{revealed(claim.section)}: {marked(claim.text)}"
        if change.kind == "revised" and before and before.text != claim.text:
            said += f"  (was: {revealed(before.text)})"
        if change.kind in ("reinforced", "weakened") and before is not None:
            said += f"  ({before.count}x -> {claim.count}x)"
        elif change.kind == "added":
            said += f"  ({claim.count}x{', tentative' if claim.tentative else ''})"
        if before is not None and before.scope != claim.scope:
            said += f"  [{moved(before.scope, claim.scope)}]"
        lines.append(said)
    return lines


def change_record(change: Change) -> dict[str, Any]:
    """A change as JSON."""
    record = {"kind": change.kind, **claim_record(change.claim)}
    if change.before is not None:
        record["before"] = {"text": change.before.text, "count": change.before.count}
    if change.quote:
        record["quote"] = change.quote
    return record


def claim_record(claim: Claim) -> dict[str, Any]:
    """A claim as JSON."""
    return {
        "id": claim.id,
        "section": claim.section,
        "text": claim.text,
        "count": claim.count,
        "last": claim.last.isoformat() if claim.last else None,
        "scope": claim.scope,
        "by": claim.by or "model",
        "stated": claim.stated,
        "tentative": claim.tentative,
    }
