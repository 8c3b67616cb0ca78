"""Between the logs and everything else: what may be learned from, and what is cut.

Persona's own words are taken out, so that a profile never feeds itself; then what
the user did not type; then secrets. Nothing reaches the archive or a model but
through here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from persona_cli.allowed import NOTHING, Allows
from persona_cli.interaction import Interaction, fingerprint, is_fingerprint
from persona_cli.markers import INJECTED, OWN_RUN
from persona_cli.pasted import typed
from persona_cli.secrets.second import clean, redact

# Kinds whose ``chosen`` is the user's own writing, not something they took.
_TYPED = frozenset(("message", "post", "edit", "stated"))

# Of these, the ones that are chat messages, and so have a length one can type.
_CHAT = frozenset(("message",))

# Characters of context that are kept. It is never evidence.
LONGEST_QUERY = 4000

# Cutting may bring together what stood apart. A text that is not settled after so
# many cuts was made to get through.
_MOST_CUTS = 8

_BEGIN = "<!-- persona:begin"
_LONGEST_MARK = 400


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guard makes of an interaction.

    interaction: None when nothing of it may be learned from
    dropped:     why; None when it passes
    redacted:    rule -> how many secrets were replaced
    """

    interaction: Interaction | None
    dropped: str | None = None
    redacted: Mapping[str, int] = field(default_factory=dict)


def guard(interaction: Interaction, allows: Allows = NOTHING) -> Guarded:
    """Cut an interaction down to what may be learned from; twice changes nothing.

    allows: what may be kept though it looks like a secret
    """
    everything = _everything(interaction)
    if OWN_RUN in everything:
        return Guarded(None, "a run of persona's own")
    plain = _BEGIN not in everything and clean(everything, allows)
    found: Counter[str] = Counter()
    own = interaction.kind in _TYPED
    whole = interaction.kind not in _CHAT
    keep: Callable[[str], str] = (
        (lambda text: typed(text, whole=whole)) if own else _as_it_is
    )
    query = _settled(interaction.query, _shortened, found, allows, plain=plain)
    chosen = _settled(interaction.chosen, keep, found, allows, plain=plain)
    rejected = _settled(interaction.rejected, _as_it_is, found, allows, plain=plain)
    if query is None or chosen is None or rejected is None:
        return Guarded(None, "text within text within text", found)
    if not chosen.strip():
        return Guarded(None, "nothing typed" if own else "nothing left", found)
    if interaction.rejected.strip():
        if not rejected.strip():
            return Guarded(None, "nothing left", found)
        if rejected == chosen:
            return Guarded(None, "chosen and rejected are the same", found)
    if (query, chosen, rejected) != (
        interaction.query,
        interaction.chosen,
        interaction.rejected,
    ):
        interaction = replace(
            interaction, query=query, chosen=chosen, rejected=rejected
        )
    if not plain:
        interaction = _renamed(interaction, found, allows)
    return Guarded(interaction, None, found)


def _everything(interaction: Interaction) -> str:
    """All texts of an interaction, to be looked through at once.

    Without the fingerprint at the end of an id: it is ours, and random.
    """
    name, _, last = interaction.id.rpartition(":")
    return "\n".join(
        (
            name if is_fingerprint(last) else interaction.id,
            interaction.source,
            interaction.scope,
            interaction.query,
            interaction.chosen,
            interaction.rejected,
        )
    )


def _renamed(
    interaction: Interaction, found: Counter[str], allows: Allows
) -> Interaction:
    """Without secrets in its names, which logs and files give: ``ada@mail.jsonl``."""
    named = f"{interaction.id}\n{interaction.source}\n{interaction.scope}"
    clean, new = redact(named, allows)
    if not new or clean.count("\n") != 2:
        return interaction
    found.update(new)
    name, source, scope = clean.split("\n")
    if name != interaction.id:
        name = f"redacted:{fingerprint(interaction.id)}"
    return replace(interaction, id=name, source=source, scope=scope)


def _settled(
    text: str,
    keep: Callable[[str], str],
    found: Counter[str],
    allows: Allows,
    *,
    plain: bool,
) -> str | None:
    """A text cut until nothing more is to be cut; None when that does not end.

    plain: it holds no profile and no secret, unless a cut makes one
    """
    if not text or (plain and keep(text) == text):
        return text
    for _ in range(_MOST_CUTS):
        before = text
        text, new = redact(keep(_without_profile(text)), allows)
        found.update(new)
        if text == before:
            return text
    return None


def _as_it_is(text: str) -> str:
    return text


def _shortened(text: str) -> str:
    """The beginning and the end of a long text."""
    if len(text) <= LONGEST_QUERY:
        return text
    half = LONGEST_QUERY // 2 - 8
    return f"{text[:half]}\n[...]\n{text[-half:]}"


def _without_profile(text: str) -> str:
    """Without the profiles that persona put into it.

    Looks for each mark's end before it asks the pattern, which alone would take
    quadratic time on many marks that never end.
    """
    kept: list[str] = []
    at = looked = 0
    while (start := text.find(_BEGIN, looked)) >= 0:
        looked = start + 1
        if text.find(">", start, start + _LONGEST_MARK) < 0:
            continue
        block = INJECTED.match(text, start)
        if block is not None:
            kept.append(text[at:start])
            at = looked = block.end()
    kept.append(text[at:])
    return "".join(kept)
