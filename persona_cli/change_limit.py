"""How much one update may take away before a person has to say so.

A model that goes mad, or a log that was made to, can cite its way through the rules of
``reconcile`` and retire everything. Up to the limit that is a change of mind; beyond
it, a person is asked. Adding has no limit here: what is added can be seen, and takes
nothing away.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from persona_cli.reconcile import Change

# Claims, and the share of those in force: what is more of the two may go in one run.
FEW = 10
SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Removal:
    """What a run would take away.

    gone: claims that were in force when it began, and would not be after it
    of:   claims that were in force when it began
    """

    gone: int
    of: int

    @property
    def too_large(self) -> bool:
        """Whether a person has to agree."""
        return self.gone > max(FEW, SHARE * self.of)


def retired(changes: Iterable[Change], among: Collection[str]) -> set[str]:
    """Ids of the claims that some changes retire.

    among: ids that count; a claim that came and went in one run was never in force
    """
    gone = {change.claim.id for change in changes if change.kind == "retired"}
    return gone & set(among)
