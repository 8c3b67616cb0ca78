"""What a line of a draft may say of other projects than those it was seen in.

Little: see ``reconcile``, whose rules these are the questions of. Each is of a line,
and of the interactions that it may cite, by id.
"""

from collections.abc import Mapping

from persona_cli.draft import DraftLine
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.scope import EVERYWHERE, GLOBAL, TASTES, covers, united
from persona_cli.similar import similarity

Deeds = Mapping[str, Interaction]


def scopes_of(line: DraftLine, deeds: Deeds) -> set[str]:
    """The scopes of what a line rests on."""
    return {deeds[i].scope for i in line.rests_on}


def seen_in(line: DraftLine, deeds: Deeds) -> str:
    """Where a line would hold if it were all that is known."""
    if line.section in EVERYWHERE or (line.stated and line.text.startswith(TASTES)):
        return GLOBAL
    return united(scopes_of(line, deeds))


def is_kept_from(claim: Claim, line: DraftLine, deeds: Deeds) -> bool:
    """Whether a person holds a claim to a project, and a line is from outside."""
    return claim.pinned and not covers(claim.scope, united(scopes_of(line, deeds)))


def may_reword(claim: Claim, line: DraftLine, deeds: Deeds) -> bool:
    """Whether a line speaks of all that a claim speaks of."""
    if claim.scope == GLOBAL:
        return seen_in(line, deeds) == GLOBAL
    return claim.scope in scopes_of(line, deeds)


def is_only_copied(claim: Claim, line: DraftLine, deeds: Deeds) -> bool:
    """Whether a line takes a project's claim elsewhere, and no deed bears it out.

    A model that sees both may cite the wrong deed. What code counted it did not.
    """
    if claim.scope == GLOBAL or line.by == "digest" or may_reword(claim, line, deeds):
        return False
    cited = [deeds[i] for i in line.rests_on]
    return not any(
        similarity(claim.text, text) > 0
        for deed in cited
        for text in (deed.chosen, deed.rejected)
    )


def split_at(
    scope: str, line: DraftLine, deeds: Deeds
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a line rests on: that of a scope, and the rest."""
    mine = tuple(i for i in line.rests_on if deeds[i].scope == scope)
    return mine, tuple(i for i in line.rests_on if i not in set(mine))
