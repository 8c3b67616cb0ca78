"""Conversations as a history: what the user said, in reply to what."""

from collections.abc import Iterable

from .sample import Triple


def said(messages: Iterable[tuple[str, str]]) -> list[Triple]:
    """Each message of the user; nothing is rejected.

    The query is what the assistant had said just before. What a ``system`` message
    says is left out: in the sets of conversations it describes the user, which is
    what is to be found out.

    messages: (role, text), in order
    """
    triples: list[Triple] = []
    before: str | None = None
    for role, text in messages:
        if role == "user" and text.strip():
            triples.append(Triple(before, text, None))
        before = text if role == "assistant" else None
    return triples
