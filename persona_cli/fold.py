"""One step of the line: a window is cut, counted and put to the model.

What ``update`` and ``rebuild`` have in common. The answer is a proposal; folding it
into a profile is ``reconcile``'s.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from persona_cli.digest import Observation, digest
from persona_cli.engine import Engine
from persona_cli.evidence import Evidence
from persona_cli.infer import Asking, Inferred, infer, next_window
from persona_cli.interaction import Interaction
from persona_cli.profile import Profile
from persona_cli.window import Window

# Interactions folded in before, which the digest counts along: a few new choices show
# little by themselves, and much beside the last sixty.
EARLIER = 60

OpenEngine = Callable[[], tuple[Engine, Asking]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model says of one window.

    window:       the interactions it was shown, whole or shortened
    interactions: all that its lines may cite, by id
    """

    window: Window
    inferred: Inferred
    interactions: dict[str, Interaction]


def propose(
    profile: Profile,
    ahead: Sequence[Interaction],
    earlier: Sequence[Interaction],
    engine: Engine,
    asking: Asking,
    *,
    seed: int,
) -> Proposal:
    """Cut the next window off ``ahead``, and ask for claims.

    ahead:   oldest first, at least one
    earlier: folded in before; only counted along
    seed:    of the run; the window draws its own from it and from its ids, so that a
             run that was killed and resumed ends as one that was not
    Raises:  ModelError
    """
    window = next_window(ahead, profile.claims, engine, asking)
    inferred = infer(
        profile.claims,
        window,
        observed(earlier, window),
        engine,
        asking,
        seed=window_seed(seed, [deed.id for deed in window.interactions]),
    )
    every = (*earlier, *window.interactions)
    return Proposal(window, inferred, {deed.id: deed for deed in every})


def observed(earlier: Sequence[Interaction], window: Window) -> list[Observation]:
    """What counting shows, of which something is new."""
    new = {deed.id for deed in window.interactions}
    found = digest([*earlier, *window.interactions])
    return [observation for observation in found if new & set(observation.ids)]


def set_aside(evidence: Evidence) -> set[str]:
    """Interactions that no inference may read: those behind forgotten claims."""
    wordings = evidence.wordings().values()
    return {found for wording in wordings for found in wording.set_aside}


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
