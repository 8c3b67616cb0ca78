"""Claims as text, in the ways that several targets share."""

from collections.abc import Sequence

from persona_cli.inject import LEAD, listed
from persona_cli.markers import END, named
from persona_cli.profile import Claim
from persona_cli.targets.target import About


def notes(claims: Sequence[Claim], about: About) -> str:  # noqa: ARG001  as a target
    """Notes for a model to read: a sentence on what they are, then the claims.

    For a file whose block is marked as a prompt's is; else see ``marked``.
    """
    return "\n".join([LEAD, "", *listed(claims)])


def marked(claims: Sequence[Claim], about: About) -> str:
    """The same between the marks of a prompt, by which ``guard`` knows it again.

    Without the version: a text is new when its words are.
    """
    return "\n".join([named(about.name), notes(claims, about), END])
