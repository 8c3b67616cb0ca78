"""Which claims go into a prompt: by scope, section, task, and a budget of tokens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from persona_cli.errors import UsageError
from persona_cli.profile import Claim, section_name
from persona_cli.scope import GLOBAL

Reason = Literal["scope", "section", "tentative", "overruled", "budget"]

# How to answer matters for every task.
ALWAYS = frozenset({"communication", "style", "tone", "language", "format"})

# Beside the most relevant claim, which counts 1.
_ALWAYS_COUNTS = 0.5


class Selection(NamedTuple):
    """What was chosen, and what was not.

    kept:     in the order in which they go into the prompt
    left_out: in the order of the profile
    tokens:   upper estimate of the block that ``kept`` makes; 0 when it is empty, or
              nobody set a budget
    reasons:  claim id -> why it was left out
    """

    kept: tuple[Claim, ...]
    left_out: tuple[Claim, ...]
    tokens: int
    reasons: Mapping[str, Reason]


def select(
    claims: Sequence[Claim],
    *,
    budget: int | None,
    task: str | None,
    sections: Sequence[str] = (),
    scope: str | None = None,
    tentative: bool = False,
    overhead_tokens: int = 0,
    line: Callable[[Claim], str] = lambda claim: f"- {claim.text}",
) -> Selection:
    """Choose the claims that go into a prompt.

    budget:    tokens the whole block may take, at least 0; None is without end
    task:      what the prompt is about: the most relevant claims come first, and stay
               longest. Without one the profile's order holds, and a budget keeps what
               a person wrote, then what they stated, then what is best borne out
    sections:  only these; none is all
    scope:     None or ``global`` is what holds everywhere; ``project:<name>``, or
               ``<name>``, is that and what holds in the project; where the two
               contradict each other, the project counts, unless a person wrote what
               holds everywhere
    tentative: take claims that were seen once
    overhead_tokens: of marks and lead sentence, once there is a claim at all
    line:      a claim as it will stand in the block
    Raises:    UsageError for a section that is not there
    """
    wanted = _known_sections(sections, claims)
    project = _project(scope)
    reasons: dict[str, Reason] = {}
    usable: list[Claim] = []
    for claim in claims:
        if claim.scope not in (GLOBAL, project):
            reasons[claim.id] = "scope"
        elif wanted and claim.section not in wanted:
            reasons[claim.id] = "section"
        elif claim.tentative and not tentative:
            reasons[claim.id] = "tentative"
        else:
            usable.append(claim)
    overruled = _overruled(usable, project)
    reasons |= dict.fromkeys(overruled, "overruled")
    usable = [claim for claim in usable if claim.id not in overruled]
    ranked = _by_relevance(usable, task) if task else by_use(usable)
    chosen, tokens = _fitting(ranked, budget, overhead_tokens, line)
    reasons |= {claim.id: "budget" for claim in usable if claim.id not in chosen}
    order = ranked if task else usable
    return Selection(
        kept=tuple(claim for claim in order if claim.id in chosen),
        left_out=tuple(claim for claim in claims if claim.id in reasons),
        tokens=tokens,
        reasons=reasons,
    )


def _known_sections(sections: Sequence[str], claims: Sequence[Claim]) -> set[str]:
    wanted = {section_name(section) for section in sections}
    there = list(dict.fromkeys(claim.section for claim in claims))
    for section in sorted(wanted - set(there)):
        raise UsageError(
            f"section {section!r}: not in this profile",
            remedy=f"Use one of: {', '.join(there)}."
            if there
            else "Leave --section out: the profile has no claims yet.",
        )
    return wanted


def _project(scope: str | None) -> str:
    if scope is None or scope == GLOBAL or scope.startswith("project:"):
        return scope or GLOBAL
    return f"project:{scope}"


def _overruled(claims: Sequence[Claim], project: str) -> set[str]:
    """Ids of what holds everywhere but here."""
    own = [c for c in claims if c.scope == project] if project != GLOBAL else []
    if not own:
        return set()
    from persona_cli.similar import contradicts  # not outside of a project

    return {
        claim.id
        for claim in claims
        if claim.scope == GLOBAL
        and not claim.pinned
        and any(contradicts(claim.text, one.text) for one in own)
    }


def by_use(claims: Sequence[Claim]) -> list[Claim]:
    """The most useful first: what a person wrote, then stated, then best borne out."""
    return sorted(
        claims,
        key=lambda c: (
            c.pinned,
            c.stated,
            c.count,
            c.last.toordinal() if c.last else 0,
        ),
        reverse=True,
    )


def _by_relevance(claims: Sequence[Claim], task: str) -> list[Claim]:
    from persona_cli.similar import relevance  # not for who names no task

    useful = by_use(claims)
    scores = relevance(task, [f"{c.section} {c.text}" for c in useful])
    top = max(scores, default=0.0) or 1.0
    counts = {
        claim.id: score / top + (_ALWAYS_COUNTS if claim.section in ALWAYS else 0.0)
        for claim, score in zip(useful, scores, strict=True)
    }
    return sorted(useful, key=lambda claim: -counts[claim.id])


def _fitting(
    ranked: Sequence[Claim],
    budget: int | None,
    overhead: int,
    line: Callable[[Claim], str],
) -> tuple[set[str], int]:
    """Ids of the claims that fit, first come first served, and what they take."""
    if budget is None:
        return {claim.id for claim in ranked}, 0
    from persona_cli.tokens import estimate_tokens  # not for who sets no budget

    chosen: set[str] = set()
    sections: set[str] = set()
    total = overhead
    for claim in ranked:
        takes = 1 + estimate_tokens(line(claim))
        if claim.section not in sections:
            takes += 1 + estimate_tokens(f"## {claim.section}")
        if total + takes > budget:
            continue
        total += takes
        chosen.add(claim.id)
        sections.add(claim.section)
    return chosen, total if chosen else 0
