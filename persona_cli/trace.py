"""Why a claim stands: the interactions it rests on, in the user's own words."""

from dataclasses import dataclass

from persona_cli.evidence import Link, Wording
from persona_cli.profile import Claim
from persona_cli.store import Loaded, find_claim


@dataclass(frozen=True, slots=True)
class Trace:
    """A claim and what is known of it.

    links:    newest first
    wordings: how it was put over time, oldest first
    """

    claim: Claim
    links: tuple[Link, ...]
    wordings: tuple[Wording, ...]


def trace(loaded: Loaded, claim_id: str) -> Trace:
    """Gather the evidence of a claim.

    Raises: UsageError when there is no such claim
    """
    claim = find_claim(loaded, claim_id)
    links = loaded.evidence.links(claim_id)
    return Trace(
        claim,
        tuple(sorted(links, key=lambda k: k.at.timestamp() if k.at else 0))[::-1],
        tuple(
            entry
            for entry in loaded.evidence.entries
            if isinstance(entry, Wording) and entry.claim == claim_id
        ),
    )
