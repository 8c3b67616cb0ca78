"""A profile for a user of a suite: in memory, by the code that ``update`` runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from persona_cli import profile as pr
from persona_cli.engine import Engine, Message
from persona_cli.evidence import Evidence
from persona_cli.fold import EARLIER, Proposal, propose
from persona_cli.infer import Asking
from persona_cli.interaction import Interaction
from persona_cli.judge import profile_text
from persona_cli.profile import Claim, Profile
from persona_cli.reconcile import reconcile
from persona_cli.suite.users import Key, User
from persona_cli.window import MOST_INTERACTIONS, block, shorten

Mode = Literal["full", "stream"]

# What a question may take of the reader's context, in tokens: two items and a query,
# each shortened to what a judge reads, in a script of a token a character.
_QUESTION = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How profiles are written.

    mode:   ``full`` is as few windows as fit, like ``rebuild``; ``stream`` is windows
            of some interactions, like updates day by day
    window: interactions of a window in a stream, >= 1; None is half the history
    seed:   of the run
    """

    mode: Mode = "full"
    window: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What is read of a user.

    text:    what a judge reads
    profile: the profile's file; empty for a raw history
    by:      who wrote each window
    answers: what the engine said to each window
    """

    key: Key
    text: str
    profile: str = ""
    by: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """What is known of somebody after one more window.

    done: interactions folded in so far
    """

    profile: Profile
    evidence: Evidence
    proposal: Proposal
    done: int


def folded(
    name: str,
    deeds: Sequence[Interaction],
    end: Callable[[int], int],
    engine: Engine,
    asking: Asking,
    *,
    seed: int,
) -> Iterator[Folded]:
    """Fold a history in, window by window.

    name:   of the profile
    end:    from where a window begins to where it ends at the latest
    Raises: ModelError
    """
    profile, evidence, done = pr.empty(name), Evidence(()), 0
    # One draft: of several, update takes the best by choices that a suite has not.
    asking = replace(asking, candidates=1)
    while done < len(deeds):
        proposal = propose(
            profile,
            deeds[done : end(done)],
            deeds[max(done - EARLIER, 0) : done],
            engine,
            asking,
            seed=seed,
        )
        after = reconcile(
            profile,
            evidence,
            proposal.inferred.draft.lines,
            proposal.interactions,
            by=proposal.inferred.by,
        )
        profile, evidence = after.profile, after.evidence
        done += len(proposal.window.interactions)
        yield Folded(profile, evidence, proposal, done)


def write_profile(
    user: User, engine: Engine, asking: Asking, plan: Plan, *, tentative: bool
) -> Written:
    """Fold a history into a profile.

    tentative: claims seen once are read too; a short history has few others
    Raises:    ModelError
    """
    deeds, name = user.history, user.key.uid
    profile = pr.empty(name)
    by: list[str] = []
    answers: list[str] = []
    for step in folded(
        name,
        deeds,
        lambda done: _end(done, len(deeds), plan),
        engine,
        asking,
        seed=plan.seed,
    ):
        profile = step.profile
        by.append(step.proposal.inferred.by)
        answers.append(step.proposal.inferred.answer.text)
    return Written(
        user.key,
        read_of(profile, tentative=tentative),
        pr.render(profile),
        tuple(by),
        tuple(answers),
    )


def read_of(profile: Profile, *, tentative: bool) -> str:
    """What a judge reads of a profile; with what is tentative in it, or without."""
    claims = profile.claims
    return profile_text(_firm(claims) if tentative else claims)


def raw_history(user: User, engine: Engine) -> Written:
    """The history itself, to be read in place of a profile.

    Halved from its old end until it fits the reader's context.
    """
    room = engine.context - min(_QUESTION, engine.context // 2)
    deeds: Sequence[Interaction] = user.history
    text = _blocks(deeds)
    while len(deeds) > 1 and _count(engine, text) > room:
        deeds = deeds[(len(deeds) + 1) // 2 :]
        text = _blocks(deeds)
    if deeds and _count(engine, text) > room:
        one = shorten(deeds[-1], room=room, count=lambda said: _count(engine, said))
        text = _blocks([one])
    return Written(user.key, text)


def _end(done: int, total: int, plan: Plan) -> int:
    """Where the window that begins at ``done`` ends at the latest."""
    if plan.mode == "full":
        return done + MOST_INTERACTIONS
    size = min(plan.window or -(-total // 2), MOST_INTERACTIONS)
    return (done // size + 1) * size


def _firm(claims: Sequence[Claim]) -> list[Claim]:
    """The claims, none of them tentative."""
    return [replace(claim, count=max(claim.count, 2)) for claim in claims]


def _blocks(deeds: Sequence[Interaction]) -> str:
    return "\n\n".join(block(deed, number) for number, deed in enumerate(deeds, 1))


def _count(engine: Engine, text: str) -> int:
    return engine.count([Message("system", text)])
