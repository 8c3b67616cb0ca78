"""Which interactions a model may be trained on.

A model that was trained on something cannot forget it. So training takes its
interactions from here, and from nowhere else.
"""

from collections.abc import Iterator

from persona_cli.archive import Archive
from persona_cli.evidence import Evidence, Link
from persona_cli.fold import set_aside
from persona_cli.index import Entry

# Statuses of a claim whose grounds no model is to learn from.
_WITHHELD = ("pending", "forgotten", "removed")


def trainable(archive: Archive, evidence: Evidence) -> Iterator[Entry]:
    """The interactions that a model may be trained on, oldest first.

    Not those that are

    - forgotten: here, or by another machine whose evidence was merged;
    - held out: a model trained on them could not be checked by them;
    - grounds for a claim that waits for review, or that its owner took out: whatever
      made the claim suspect stands in them, even where they bear out another.

    evidence: as ``store.load`` gives it
    """
    wordings = evidence.wordings()
    suspect = {
        entry.interaction
        for entry in evidence.entries
        if isinstance(entry, Link)
        and (last := wordings.get(entry.claim)) is not None
        and last.status in _WITHHELD
    }
    aside = set_aside(evidence, archive) | suspect
    return (entry for entry in archive.readable(aside=aside) if not entry.held)
