"""Claims that wait for a person: kept in the evidence, and out of the profile.

Whatever reads ``profile.md`` cannot be reached by one of them. They gather support like
others, so that a review sees how often something was asked for.
"""

from collections.abc import Callable
from dataclasses import replace

from persona_cli import evidence as ev
from persona_cli.authority import waits_for
from persona_cli.evidence import Evidence, Wording
from persona_cli.profile import Claim
from persona_cli.scope import covers
from persona_cli.similar import NEAR, similarity

# Why a claim waits that rests on another tool's notes alone (see ``hearsay``).
HEARSAY = "is what another tool remembers"

# How ``Wording.by`` begins for a claim that another program proposed (see ``propose``).
PROPOSED = "mcp:"


class Waiting:
    """What waits while a draft is folded in.

    entries: lines that the evidence is to gain, in order
    """

    def __init__(self, evidence: Evidence, *, by: str, version: int) -> None:
        self._by, self._version = by, version
        self._known = evidence.pending()
        self.entries: list[ev.Entry] = []

    @property
    def new(self) -> tuple[Wording, ...]:
        """The claims that wait since this draft."""
        return tuple(entry for entry in self.entries if isinstance(entry, Wording))

    def hold(
        self, claim: Claim, *, name: Callable[[str], str], hearsay: bool = False
    ) -> str | None:
        """The id under which a new claim waits; None when it need not.

        It waits when it asks for power, and when it says again what waits already: in
        other words it is the same claim. What another project said waits on its own,
        so that who takes it over there takes it over there alone.

        claim:   without an id; ``by`` is of its words, ``scope`` of what it rests on
        name:    gives an id to a text
        hearsay: it is what another tool remembers, and waits for that alone
        """
        asks = waits(claim.section, claim.text) or (HEARSAY if hearsay else None)
        alike = [
            one
            for one in self._known
            if similarity(claim.text, one.words) >= NEAR
            and (asks or not _secondhand(one))
        ]
        for one in alike:
            if covers(one.scope, claim.scope):
                return one.claim
        why = alike[0].why if alike else asks
        if why is None:
            return None
        held = Wording(
            claim=name(claim.text),
            words=claim.text,
            section=claim.section,
            status="pending",
            by=claim.by or self._by,
            version=self._version,
            why=why,
            scope=claim.scope,
        )
        self._known.append(held)
        self.entries.append(held)
        return held.claim

    def taken_up(self, claim: Claim) -> str | None:
        """The id of what another tool remembered or proposed, as the user now says it.

        It waits no longer: the claim that they made goes by its id.
        """
        for one in self._known:
            alike = similarity(claim.text, one.words) >= NEAR
            if alike and _secondhand(one) and covers(claim.scope, one.scope):
                self._known.remove(one)
                return one.claim
        return None


def _secondhand(one: Wording) -> bool:
    """Whether a claim waits only because it was not the user who said it."""
    return one.why == HEARSAY or one.by.startswith(PROPOSED)


def waits(section: str, text: str) -> str | None:
    """Why a line of a draft would have to wait; None when it need not."""
    return waits_for(text) or waits_for(section)


def as_claim(wording: Wording, evidence: Evidence) -> Claim:
    """A claim that waits as it would stand in the profile, borne out by its links."""
    links = [link for link in evidence.links(wording.claim) if link.side == "for"]
    days = [link.at.date() for link in links if link.at]
    return Claim(
        id=wording.claim,
        section=wording.section,
        text=wording.words,
        count=len(links),
        last=max(days, default=None),
        scope=wording.scope,
    )


def decided(wording: Wording, *, accepted: bool, version: int) -> Wording:
    """What becomes of a claim that waited, once a person has seen it."""
    status: ev.Status = "active" if accepted else "removed"
    return replace(wording, status=status, by="human", version=version)
