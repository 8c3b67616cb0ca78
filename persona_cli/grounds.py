"""Whether the words of what a claim cites bear it out.

For models too small to be believed: a 135M model fills any form it is held to, with
whatever comes. What passes here says no more than the interactions do. It is strict,
and would throw out much that a good model says rightly in other words; so it is
asked of small models alone (``check: grounded`` in the catalogue).
"""

from collections.abc import Mapping, Sequence

from persona_cli.digest import Observation
from persona_cli.draft import DraftLine
from persona_cli.interaction import Interaction
from persona_cli.similar import polarity, similarity, words

# Words of preference itself; they say that something is liked, not what.
_FORM = frozenset(
    words(
        "prefers likes dislikes wants asks uses avoids enjoys loves hates chooses"
        " always never person user answer answers question questions preference"
    )
)
_VERBS = (
    "prefers", "likes", "dislikes", "wants", "asks", "uses", "avoids", "enjoys",
    "loves", "hates", "chooses", "writes", "values", "expects",
)  # fmt: skip

# Of a claim's content words, the share that must stand in the evidence.
_SHARE = 0.6

# Choices that must show it: one pair differs in a hundred ways.
_PAIRS = 2


def borne_out(
    line: DraftLine,
    interactions: Mapping[str, Interaction],
    observations: Sequence[Observation],
) -> bool:
    """Whether a line says only what its interactions show.

    A line that merely restates past claims is left to ``reconcile``. Otherwise it
    must be a sentence of preference, and most of its content words must set apart
    what was taken from what was passed over in two of the choices it cites (the
    other way round for a dislike), or repeat what the user said outright.
    """
    if not line.rests_on and not line.retires:
        return True
    if not line.text.casefold().startswith(_VERBS):
        return False
    content = set(words(line.text)) - _FORM
    if not content:
        return False
    cited = [interactions[i] for i in line.rests_on if i in interactions]
    likes = polarity(line.text) > 0
    shown = sum(_shown(content, deed, likes=likes) for deed in cited)
    said = any(
        similarity(line.text, one.claim) >= _SHARE
        for one in observations
        if one.stated and set(one.ids) & set(line.rests_on)
    )
    return shown >= _PAIRS or said


def _shown(content: set[str], deed: Interaction, *, likes: bool) -> bool:
    took, passed = set(words(deed.chosen)), set(words(deed.rejected))
    telling = took - passed if likes else passed - took
    return bool(passed) and len(content & telling) >= _SHARE * len(content)
