"""One step of the line: a window is cut, counted and put to the model.

What ``update`` and ``rebuild`` have in common. The answer is a proposal; folding it
into a profile is ``reconcile``'s.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from persona_cli.allowed import NOTHING, Allows
from persona_cli.archive import Archive
from persona_cli.digest import Observation, digest
from persona_cli.engine import Engine
from persona_cli.evidence import Evidence, Wording
from persona_cli.infer import Asking, Inferred, infer, next_window
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, profile_text
from persona_cli.leaks import cleaned, held_back
from persona_cli.profile import Claim, Profile
from persona_cli.questions import questions
from persona_cli.reconcile import reconcile
from persona_cli.scope import GLOBAL
from persona_cli.verdicts import FILE, Verdicts
from persona_cli.verify import Verifier
from persona_cli.window import Window

# Interactions folded in before, which the digest counts along: a few new choices show
# little by themselves, and much beside the last sixty.
EARLIER = 60

OpenEngine = Callable[[], tuple[Engine, Asking]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model says of one window.

    window:       the interactions it was shown, whole or shortened
    drafts:       at least one
    interactions: all that its lines may cite, by id
    seed:         of the window; names it too
    """

    window: Window
    drafts: tuple[Inferred, ...]
    interactions: dict[str, Interaction]
    seed: int

    @property
    def inferred(self) -> Inferred:
        """The first draft, for whoever does not choose."""
        return self.drafts[0]

    @property
    def ids(self) -> list[str]:
        """Of the interactions that it folds in."""
        return [deed.id for deed in self.window.interactions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How far the judge is asked in this run.

    most: questions, at most; 0 asks none
    gate: False takes every version as it is
    """

    most: int = 64
    gate: bool = True


def propose(
    profile: Profile,
    ahead: Sequence[Interaction],
    earlier: Sequence[Interaction],
    engine: Engine,
    asking: Asking,
    *,
    seed: int,
    allows: Allows = NOTHING,
) -> Proposal:
    """Cut the next window off ``ahead``, and ask for claims.

    ahead:   oldest first, at least one
    earlier: folded in before; only counted along
    seed:    of the run; the window draws its own from it and from its ids, so that a
             run that was killed and resumed ends as one that was not
    allows:  what may be said though it looks like a secret
    Raises:  ModelError
    """
    # Read by the rules of the day on which they came; more may be known since.
    ahead = [cleaned(deed, allows) for deed in ahead]
    earlier = [cleaned(deed, allows) for deed in earlier]
    past = in_view(profile.claims, ahead)
    window = next_window(ahead, past, engine, asking)
    seed = window_seed(seed, [deed.id for deed in window.interactions])
    seen = observed(earlier, window)
    drafts = tuple(
        replace(one, draft=held_back(one.draft, allows))
        for one in infer(past, window, seen, engine, asking, seed=seed)
    )
    every = (*earlier, *window.interactions)
    return Proposal(window, drafts, {deed.id: deed for deed in every}, seed)


def in_view(claims: Sequence[Claim], ahead: Sequence[Interaction]) -> list[Claim]:
    """The claims that a model sees beside what is new: of everywhere, and its projects.

    Another project's claims it could only take for this one's. What it says again on
    its own is laid beside them all the same: see ``reconcile``.
    """
    scopes = {GLOBAL, *(deed.scope for deed in ahead)}
    return [claim for claim in claims if claim.scope in scopes]


def best_draft(
    proposal: Proposal, profile: Profile, evidence: Evidence, verifier: Verifier
) -> Inferred:
    """Of several drafts, the one whose profile foresees held-out choices best."""
    if len(proposal.drafts) == 1:
        return proposal.drafts[0]
    texts = []
    for draft in proposal.drafts:
        done = reconcile(
            profile, evidence, draft.draft.lines, proposal.interactions, by=draft.by
        )
        texts.append(profile_text(done.profile.claims))
    return proposal.drafts[verifier.best(texts, step=proposal.seed)]


def verifier_of(
    opened: tuple[Engine, Asking],
    archive: Archive,
    aside: set[str],
    checking: Checking,
    *,
    write: bool,
) -> Verifier:
    """The judge of a run: the model that infers, and what it said before."""
    engine, asking = opened
    memory = Verdicts(archive.state / FILE, write=write)
    return Verifier(
        Judge(engine, asking.manners.judge, known=memory),
        questions(archive, aside=aside, most=checking.most) if checking.most else [],
        memory,
        candidates=asking.candidates > 1,
        gate=checking.gate and checking.most > 0,
    )


def observed(earlier: Sequence[Interaction], window: Window) -> list[Observation]:
    """What counting shows, of which something is new."""
    new = {deed.id for deed in window.interactions}
    found = digest([*earlier, *window.interactions])
    return [observation for observation in found if new & set(observation.ids)]


def set_aside(evidence: Evidence, archive: Archive) -> set[str]:
    """Interactions that nothing may read: those that are forgotten.

    Another machine may have forgotten them, and this one's archive have them still.
    """
    wordings = [entry for entry in evidence.entries if isinstance(entry, Wording)]
    return archive.unmarked({one for entry in wordings for one in entry.set_aside})


def window_seed(seed: int, ids: Sequence[str]) -> int:
    """A seed for one window, in [0, 2**31)."""
    text = "\x1f".join((str(seed), *ids))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def stamped(when: datetime) -> str:
    """A moment as it stands in front matter: UTC, whole seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted_sources(
    old: Any, read: Iterable[tuple[str, datetime | None]]
) -> list[dict[str, Any]]:
    """The ``sources`` of the front matter, with these interactions counted in.

    old:  what stands there
    read: source and time of each interaction
    """
    sources = [dict(s) for s in old if isinstance(s, dict)] if old else []
    by_resource = {s["resource"]: s for s in sources if "resource" in s}
    for name, at in read:
        resource = name.partition(":")[0]
        if resource not in by_resource:
            source: dict[str, Any] = {"id": f"s{len(sources) + 1}"}
            source["resource"] = resource
            sources.append(source)
            by_resource[resource] = source
        source = by_resource[resource]
        source["interactions"] = int(source.get("interactions", 0)) + 1
        if at is not None:
            source["last"] = max(str(source.get("last", "")), stamped(at))
    return sources
