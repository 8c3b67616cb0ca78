"""Claims as the texts of a target: chosen, in its order, within its limit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from persona_cli.evidence import Link
from persona_cli.inject import LEAD, claim_line, shown
from persona_cli.profile import Claim, Profile
from persona_cli.select import Reason, by_use, select
from persona_cli.targets.block import framed
from persona_cli.targets.target import About, Limit, Target


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """Which claims of a profile are wanted.

    name:  of the profile
    at:    when it was last written
    links: claim id -> what it rests on
    The other fields are those of ``select``.
    """

    name: str
    at: datetime
    links: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    budget: int | None = None
    sections: tuple[str, ...] = ()
    scope: str | None = None
    tentative: bool = False


class Rendered(NamedTuple):
    """What a target gets.

    texts:    of each of its parts, without a line break at the end; empty for none
    kept:     the claims in them
    left_out: the others, in the order of the profile
    reasons:  claim id -> why it was left out; ``size`` is the target's own limit
    """

    texts: tuple[str, ...] = ("",)
    kept: tuple[Claim, ...] = ()
    left_out: tuple[Claim, ...] = ()
    reasons: Mapping[str, Reason | Literal["size"]] = {}


def render(
    claims: Sequence[Claim],
    target: Target,
    request: ExportRequest,
    size: Callable[[str, Limit], int],
) -> Rendered:
    """The texts of a target.

    size:   what a text of one part, and what is put around it, takes of a limit
    Raises: UsageError for an unknown section
    """
    chosen = select(
        claims,
        budget=request.budget,
        task=None,
        sections=request.sections,
        scope=request.scope,
        tentative=request.tentative,
        overhead_tokens=_overhead(target, request),
        line=claim_line,
    )
    about = About(request.name, request.at, request.links)
    # Once, and not with each try: what is inert stays as it is.
    usable = [
        replace(claim, text=shown(claim.text), section=shown(claim.section))
        for claim in chosen.kept
    ]
    texts: list[str] = []
    kept: set[str] = set()
    for part in target.parts:
        own = [claim for claim in usable if part.takes(claim)]
        found = _fitting(own, target, about, size)
        kept |= {claim.id for claim in found}
        texts.append(target.write(found, about) if found or target.whole else "")
    reasons: dict[str, Reason | Literal["size"]] = dict(chosen.reasons)
    reasons |= {claim.id: "size" for claim in usable if claim.id not in kept}
    return Rendered(
        tuple(texts),
        tuple(claim for claim in chosen.kept if claim.id in kept),
        tuple(claim for claim in claims if claim.id in reasons),
        reasons,
    )


def printed(
    claims: Sequence[Claim],
    target: Target,
    request: ExportRequest,
    part: int | None = None,
) -> tuple[Rendered, str]:
    """The same, and the text that goes to stdout: empty, or ended by a line break.

    part:   of several, from 0; None is all, each under its label
    Raises: as ``render``
    """
    limit = target.limit

    def whole(text: str) -> str:
        if target.comment is None or not text:
            return text
        return target.head + framed(text, request.name, target.comment)

    made = render(
        claims, target, request, lambda text, limit: limit.size(ended(whole(text)))
    )
    if len(made.texts) == 1 or part is not None:
        return made, ended(whole(made.texts[part or 0]))
    said = [
        f"# {one.label} ({limit.size(text):,} of {limit.most:,} {limit.unit})\n"
        if limit
        else f"# {one.label}\n"
        for one, text in zip(target.parts, made.texts, strict=True)
    ]
    pairs = zip(said, made.texts, strict=True)
    return made, "\n".join(label + ended(text) for label, text in pairs)


def written_at(profile: Profile) -> datetime:
    """When persona last wrote a profile; the epoch, for one that a person made alone.

    No clock and no file's date: the same profile is to give the same text anywhere.
    """
    made = profile.meta.get("generated")
    try:
        at = datetime.fromisoformat(made["at"] if isinstance(made, dict) else "")
    except (KeyError, TypeError, ValueError):
        return datetime(1970, 1, 1, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ended(text: str) -> str:
    """A text with a line break at its end; nothing stays nothing."""
    return f"{text}\n" if text else ""


def _overhead(target: Target, request: ExportRequest) -> int:
    if request.budget is None:
        return 0
    from persona_cli.tokens import estimate_tokens

    return estimate_tokens(framed(f"{LEAD}\n", request.name, target.comment or "html"))


def _fitting(
    claims: Sequence[Claim],
    target: Target,
    about: About,
    size: Callable[[str, Limit], int],
) -> list[Claim]:
    """The claims that a part has room for, the most useful first come, in its order."""
    ranked = by_use(claims)
    order = list(ranked if target.ranked else claims)
    limit = target.limit
    if limit is None or not order:
        return order

    def takes(some: Iterable[Claim]) -> int:
        ids = {claim.id for claim in some}
        if not ids:
            return 0
        return size(target.write([c for c in order if c.id in ids], about), limit)

    # A text grows with each claim, so how many fit is found by halves.
    fits, over = 0, len(ranked) + 1
    while over - fits > 1:
        middle = (fits + over) // 2
        if takes(ranked[:middle]) <= limit.most:
            fits = middle
        else:
            over = middle
    chosen, taken = list(ranked[:fits]), takes(ranked[:fits])
    for claim in ranked[fits:]:
        # No claim takes less than its own words: most that do not fit need no try.
        if taken + limit.size(claim.text) <= limit.most:
            tried = takes([*chosen, claim])
            if tried <= limit.most:
                chosen, taken = [*chosen, claim], tried
    ids = {claim.id for claim in chosen}
    return [claim for claim in order if claim.id in ids]
