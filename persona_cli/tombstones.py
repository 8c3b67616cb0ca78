"""Lines of evidence that say what is forgotten, and keep it from coming back.

    {"claim": "c7f3", "words": "", "section": "", "status": "forgotten",
     "by": "human", "version": 9, "set_aside": ["#1dad9a15458eb2a1"]}

They hold ids and marks, and no word. They go with the profile to other machines.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from persona_cli.errors import InputError
from persona_cli.evidence import Entry, Evidence, Wording, parse
from persona_cli.forgetting import Gone, without
from persona_cli.interaction import mark
from persona_cli.profile import Profile


def tombstones(
    claims: Collection[str], marks: Collection[str], *, version: int
) -> list[Entry]:
    """Lines of evidence that keep what is forgotten from coming back.

    They hold ids and marks, and no word.

    claims: that went
    marks:  of the interactions that went
    """
    names = sorted(claims) or ([""] if marks else [])
    return [
        Wording(
            claim=claim,
            words="",
            section="",
            status="forgotten",
            by="human",
            version=version,
            set_aside=tuple(sorted(marks)) if place == 0 else (),
        )
        for place, claim in enumerate(names)
    ]


def forgotten_in(evidence: Evidence) -> Gone:
    """Claims and interactions that an evidence file says are forgotten."""
    wordings = [entry for entry in evidence.entries if isinstance(entry, Wording)]
    stones = [entry for entry in wordings if entry.status == "forgotten"]
    last = {entry.claim: entry for entry in wordings}  # a person may bring one back
    return Gone(
        claims=frozenset(
            stone.claim
            for stone in stones
            if stone.claim and last[stone.claim] is stone
        ),
        marks=frozenset(mark(one) for stone in stones for one in stone.set_aside),
    )


def unmerged(profile: Profile, evidence: Evidence) -> tuple[Profile, Evidence]:
    """Take out what a merge has brought back of what is forgotten.

    A line that stands in the profile stays: whoever resolved the merge left it there.
    """
    gone = forgotten_in(evidence)
    if not (gone.claims or gone.marks):
        return profile, evidence
    here = {claim.id for claim in profile.claims}
    done = without(profile, evidence, replace(gone, claims=gone.claims - here))
    return done.profile, done.evidence


def still_forgotten(
    profile: Profile, evidence: Evidence, stones: Evidence
) -> tuple[Profile, Evidence]:
    """An old version, without what was forgotten since.

    stones: of today; see ``stones_in``
    """
    done = without(profile, evidence, forgotten_in(stones))
    new = [entry for entry in stones.entries if entry not in done.evidence.entries]
    return done.profile, done.evidence.with_entries(new)


def stones_in(content: bytes) -> Evidence:
    """The lines that ``tombstones`` made, each once; damaged ones are passed over."""
    found: dict[Entry, None] = {}
    for line in dict.fromkeys(content.split(b"\n")):
        if b'"forgotten"' in line:
            with suppress(InputError, UnicodeDecodeError):
                found.update(dict.fromkeys(parse(line.decode(), place="").entries))
    return Evidence().with_entries(
        entry
        for entry in found
        if isinstance(entry, Wording) and entry.status == "forgotten"
    )
