"""The lines of two evidence files as those of one."""

from collections.abc import Mapping

from persona_cli.evidence import Entry, Evidence, Link
from persona_cli.merging.sides import Side, Three


def united(three: Three) -> Evidence:
    """Every line of either side, once; but none that either has taken out.

    A line of the version both come from is gone when one side took it out, which only
    ``forget`` does. Of two lines that link the same claim to the same interaction one
    stays: one with a quote before one without, then the first in the alphabet.

    Order: the lines of ours, then what theirs has beyond them; a line that stands on a
           side twice is the later one
    """
    base = frozenset(three.base.evidence.lines)
    ours = frozenset(three.ours.evidence.lines)
    theirs = frozenset(three.theirs.evidence.lines)
    rows = [r for r in _rows(three.ours) if r[0] in theirs or r[0] not in base]
    rows += [r for r in _rows(three.theirs) if r[0] not in ours and r[0] not in base]
    best: dict[tuple[str, str, str], tuple[bool, str]] = {}
    for line, entry in rows:
        if isinstance(entry, Link):
            key = (entry.claim, entry.interaction, entry.side)
            rank = (not entry.quote, line)
            best[key] = min(best.get(key, rank), rank)
    kept: list[tuple[str, Entry]] = []
    for line, entry in rows:
        if isinstance(entry, Link):
            key = (entry.claim, entry.interaction, entry.side)
            if best.get(key, (False, ""))[1] != line:
                continue
            del best[key]
        kept.append((line, entry))
    return Evidence(tuple(line for line, _ in kept), tuple(entry for _, entry in kept))


def support(evidence: Evidence) -> Mapping[str, int]:
    """Claim -> how many interactions bear it out."""
    found: dict[str, int] = {}
    for entry in evidence.entries:
        if isinstance(entry, Link) and entry.side == "for":
            found[entry.claim] = found.get(entry.claim, 0) + 1
    return found


def learned(side: Side, base: Side, claim: str) -> list[Link]:
    """What a side knows of a claim that the version before did not."""
    known = frozenset(base.evidence.links(claim))
    return [link for link in side.evidence.links(claim) if link not in known]


def _rows(side: Side) -> list[tuple[str, Entry]]:
    lines, entries = side.evidence.lines, side.evidence.entries
    latest = {line: place for place, line in enumerate(lines)}
    return [
        (line, entry)
        for place, (line, entry) in enumerate(zip(lines, entries, strict=True))
        if latest[line] == place
    ]
