"""Another program proposes a claim: it is kept aside until a person has seen it.

Nobody but the user teaches a profile. What an assistant believes to have noticed may be
right, and may be what a page it read would like to stand there; so it waits
(``persona review``), whatever it says, and no update takes it for known. There may wait
so many at a time, and no more: a program cannot bury the review.
"""

import re
from dataclasses import dataclass
from typing import Literal

from persona_cli import profile as pr
from persona_cli.errors import UsageError
from persona_cli.evidence import Wording
from persona_cli.inert import inert
from persona_cli.leaks import named
from persona_cli.profile import section_name
from persona_cli.reveal import revealed
from persona_cli.secrets import find
from persona_cli.similar import NEAR, similarity
from persona_cli.store import Loaded, Store
from persona_cli.waiting import PROPOSED, waits

# Proposals that may wait at a time, and characters of each part.
MOST_WAITING = 20
LONGEST, LONGEST_SECTION, LONGEST_REASON, LONGEST_NAME = 300, 40, 200, 40

Outcome = Literal["waits", "waits already", "known"]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of a proposal.

    claim:   the id under which it waits, or of the claim that says it already
    outcome: ``waits``, ``waits already``, or ``known``: the profile says so
    commit:  None when nothing was committed
    """

    claim: str
    outcome: Outcome
    commit: str | None = None


def propose(
    store: Store,
    *,
    section: str,
    text: str,
    reason: str,
    client: str,
    commit: bool = True,
) -> Proposed:
    """Keep a claim aside for a review. The caller holds the store's lock.

    section: empty is ``general``
    text:    the claim, one sentence
    reason:  why the program proposes it; may be empty. Shown to the person, as what the
             program says
    client:  who proposes it, as it calls itself
    Raises:  UsageError when it cannot be a claim, holds a secret, was turned down
             before, or too many wait
    """
    section = _checked("section", section_name(section) or "general", LONGEST_SECTION)
    text = _checked("text", text.strip(), LONGEST)
    reason = _checked("reason", " ".join(reason.split()), LONGEST_REASON)
    if not text:
        raise UsageError("text: empty", remedy="Give the claim as one sentence.")
    _require_no_secret(store, f"{section}\n{text}\n{reason}")
    loaded = store.load()
    if (known := _said_already(loaded, text)) is not None:
        return known
    waiting = [w for w in loaded.evidence.pending() if w.by.startswith(PROPOSED)]
    if len(waiting) >= MOST_WAITING:
        raise UsageError(
            f"{store.name}: {len(waiting)} proposals wait already",
            remedy="Ask the user to decide on them: persona review.",
        )
    taken = {c.id for c in loaded.profile.claims} | set(loaded.evidence.wordings())
    held = Wording(
        claim=pr.new_id(text, taken),
        words=text,
        section=section,
        status="pending",
        by=PROPOSED + (re.sub(r"[^\w.@+-]", "_", client)[:LONGEST_NAME] or "unknown"),
        version=loaded.profile.version,
        why=_why(section, text, reason),
    )
    sha = store.save(
        loaded,
        loaded.profile,
        loaded.evidence.with_entries([held]),
        message=_message(store.name, held),
        commit=commit,
    )
    return Proposed(held.claim, "waits", sha)


def _checked(what: str, text: str, longest: int) -> str:
    """A part of a proposal that a person can read as it is.

    Raises: UsageError
    """
    if len(text) > longest:
        raise UsageError(
            f"{what}: {len(text)} characters, and at most {longest} can be",
            remedy="Say it in one short sentence.",
        )
    if inert(text) != text:
        raise UsageError(
            f"{what}: holds line breaks, hidden characters or control marks",
            remedy="Use plain words.",
        )
    return text


def _require_no_secret(store: Store, said: str) -> None:
    found = next(find(said, store.allowed()), None)
    if found is not None:
        raise UsageError(
            f"looks like {named(found.rule.name)}; nothing was written",
            remedy="Leave it out.",
        )


def _said_already(loaded: Loaded, text: str) -> Proposed | None:
    """What says the same: a claim, or a proposal that waits.

    Raises: UsageError when a person turned it down, or took it out
    """
    for claim in loaded.profile.claims:
        if similarity(text, claim.text) >= NEAR:
            return Proposed(claim.id, "known")
    for past in loaded.evidence.wordings().values():
        if (
            past.status in ("pending", "removed")
            and similarity(text, past.words) >= NEAR
        ):
            if past.status == "pending":
                return Proposed(past.claim, "waits already")
            raise UsageError(
                f"{past.claim}: the user turned this down",
                remedy="Do not propose it again.",
            )
    return None


def _why(section: str, text: str, reason: str) -> str:
    why = "was proposed by another program"
    if power := waits(section, text):
        why += f", and {power}"
    return f'{why}; its reason: "{reason}"' if reason else why


def _message(name: str, held: Wording) -> str:
    return (
        f"{name} v{held.version}: 1 proposed\n\n"
        f"By {held.by}; it waits for a review.\n\n"
        f"to review {held.claim} {revealed(held.section)}: {revealed(held.words)}\n"
        f"    because: it {revealed(held.why)}\n"
    )
