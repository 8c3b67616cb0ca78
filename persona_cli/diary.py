"""What a version changed, in words: the commit messages of a profile.

``git log -p`` of a profile is to read like a diary: what changed, and why.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from persona_cli.evidence import Wording
from persona_cli.profile import Claim
from persona_cli.reconcile import Change
from persona_cli.reveal import revealed

ORDER = ("added", "reinforced", "weakened", "revised", "retired", "to review")


def subject(name: str, version: int, counts: Mapping[str, int]) -> str:
    """The one line of a version: ``ada v7: 2 added, 5 reinforced``."""
    said = [f"{counts[kind]} {kind}" for kind in ORDER if counts.get(kind)]
    return f"{name} v{version}: {', '.join(said) or 'nothing changed'}"


def count(changes: Iterable[Change]) -> Counter[str]:
    """How many changes of each kind."""
    return Counter(change.kind for change in changes)


def message(
    name: str,
    version: int,
    changes: Sequence[Change],
    *,
    read: str,
    by: str,
    waiting: Sequence[Wording] = (),
) -> str:
    """The whole commit message of an update.

    read:    what was folded in: "24 interactions from claude-code, pairs"
    by:      engine and prompt
    waiting: claims that a person has to review first
    """
    counts = count(changes)
    if waiting:
        counts["to review"] = len(waiting)
    lines = [subject(name, version, counts), "", f"From {read}, by {by}.", ""]
    for kind in ORDER:
        for change in changes:
            if change.kind == kind:
                lines += entry(change)
    for one in waiting:
        lines.append(f"to review {one.claim} {one.section}: {revealed(one.words)}")
        lines.append(f"    because: it {one.why}")
    return "\n".join(lines).rstrip() + "\n"


def entry(change: Change) -> list[str]:
    """One change, as two or three lines of the diary."""
    claim, before = change.claim, change.before
    lines = [f"{change.kind} {claim.id} {claim.section}: {revealed(claim.text)}"]
    if before is not None and before.scope != claim.scope:
        lines.append(f"    holds: {moved(before.scope, claim.scope)}")
    if change.kind == "revised" and before is not None and before.text != claim.text:
        lines.append(f"    was: {revealed(before.text)}")
    if change.kind in ("reinforced", "weakened") and before is not None:
        lines[0] += f" ({before.count}x -> {claim.count}x)"
    if change.reason:
        lines.append(f"    because: {change.reason}")
    return lines


def moved(old: str, new: str) -> str:
    """Where a claim held, and where it holds now."""
    return f"{revealed(old)} -> {revealed(new)}"


def by_hand(name: str, edited: Sequence[Claim], gone: Sequence[str]) -> str:
    """The message for edits a person had not committed yet."""
    lines = [f"{name}: edited by hand", ""]
    lines += [f"edited {claim.id} {claim.section}: {claim.text}" for claim in edited]
    lines += [f"removed {words}" for words in gone]
    return "\n".join(lines).rstrip() + "\n"
