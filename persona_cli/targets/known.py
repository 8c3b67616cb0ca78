"""Every target, by its name."""

from collections.abc import Mapping

from persona_cli.errors import UsageError
from persona_cli.targets.chat import CHAT
from persona_cli.targets.coding import CODING
from persona_cli.targets.local import LOCAL
from persona_cli.targets.pam import PAM
from persona_cli.targets.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for target in (*CODING, *CHAT, *LOCAL, PAM)
}


def target(name: str) -> Target:
    """The target of a name.

    Raises: UsageError when there is none
    """
    found = TARGETS.get(name)
    if found is None:
        raise UsageError(
            f"no target {name!r}", remedy=f"Take one of: {', '.join(TARGETS)}."
        )
    return found
