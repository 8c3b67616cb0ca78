"""Which interactions are kept from inference, to check profiles by."""

import hashlib

from persona_cli.interaction import Interaction


def held_out(interaction: Interaction, *, share: float) -> bool:
    """Whether ``interaction`` is kept from inference.

    Decided by a hash of its id alone, so that ``update`` and ``eval`` agree for
    ever, on any machine and whatever else is in the log. Only choices between
    two items are held out, since only they can be asked again; a sentence like
    "never use tabs" is worth more as evidence.

    share: of the choices, in [0, 1)
    """
    if interaction.kind != "pair":
        return False
    digest = hashlib.sha256(f"held-out:{interaction.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
