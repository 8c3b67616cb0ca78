"""What another tool remembers of the user: no evidence until a person has seen it.

Claude, ChatGPT and others keep notes of whom they speak with, made of what was said,
read and pasted there. Such a note may be right; but its words are the tool's, and
whoever could slip something into a page that the tool read could slip it into the note.
So (see ``Interaction.secondhand``):

    rests on notes alone            waits for a review (``persona review``)
    rests on the user's deeds too   rests on those alone; the notes do not count
    has its words from a note       waits, whatever it cites: who wrote the note may
                                    have led the model to the citation (``provenance``)
    says what the profile says      nothing; a note bears nothing out

It retires no claim and rewords none. Once the user themselves says what waits, it is in
force as what they said.
"""

from collections.abc import Mapping
from dataclasses import replace

from persona_cli.draft import DraftLine
from persona_cli.interaction import Interaction

# Why such a line has no effect.
KNOWN = "another tool remembers what is known"


def weighed(line: DraftLine, interactions: Mapping[str, Interaction]) -> DraftLine:
    """A line with no note among what it rests on, or marked as ``hearsay``.

    interactions: all that it may cite, by id
    """
    notes = {i for i in line.rests_on if interactions[i].secondhand}
    if line.hearsay or not notes:
        return line
    deeds = tuple(i for i in line.rests_on if i not in notes)
    if not deeds:
        return replace(line, hearsay=True)
    return replace(line, rests_on=deeds)
