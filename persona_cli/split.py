"""Which interactions are kept from inference, to check profiles by."""

import hashlib
from collections.abc import Callable

from persona_cli.interaction import Interaction

# A rating that leaves no doubt: two stars of five and less, four and more. What lies
# between makes no question, so it would be held out for nothing.
LOW, HIGH = 0.25, 0.75


def held_out(
    interaction: Interaction,
    *,
    share: float,
    rivalled: Callable[[Interaction], bool] = lambda _: False,
) -> bool:
    """Whether ``interaction`` is kept from inference.

    Decided by a hash of its id, so that ``update`` and ``eval`` agree for ever, on
    any machine and whatever else is in the log. Only what can be asked again is held
    out: choices, rewritten answers, clear ratings, and messages that somebody else's
    can be laid beside. Any other sentence, "never use tabs", is worth more as evidence.

    share:    of these, in [0, 1)
    rivalled: whether somebody else's reply to what a message replies to is known
    """
    if lot(f"held-out:{interaction.id}") >= share * 2**64:
        return False
    match interaction.kind:
        case "pair" | "edit":
            # The user's correction is read as a message: the question would ask for
            # what the profile was just told.
            return not interaction.signal
        case "rating":
            score = interaction.rating
            return score is not None and not LOW < score < HIGH
        case "message":
            return rivalled(interaction)
    return False


def lot(text: str) -> int:
    """A hash of a text, in [0, 2**64): chance that is the same in every run."""
    content = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
