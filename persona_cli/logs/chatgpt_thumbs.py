"""The thumbs of a ChatGPT export: ``message_feedback.json``."""

from collections.abc import Mapping
from typing import NamedTuple

from persona_cli.logs.branches import instant
from persona_cli.logs.export import THUMBS
from persona_cli.logs.log import Log, label
from persona_cli.logs.neighbours import records_beside

FILE = "message_feedback.json"

# Nobody gave more; a file that says so must not fill the memory.
_MOST = 100_000


class Thumb(NamedTuple):
    """One thumb.

    rating: 1.0 up, 0.0 down
    when:   as the export writes it
    """

    rating: float
    when: object


def read_thumbs(log: Log) -> Mapping[tuple[str, str], Thumb]:
    """(conversation, message) -> the last thumb that the message got.

    The message's id stands under ``message_id``; in older exports under ``id``.
    """
    found: dict[tuple[str, str], Thumb] = {}
    for record in records_beside(log, FILE, max_record=log.longest):
        match record:
            case {"conversation_id": talk, "rating": str(name)} if name in THUMBS:
                message = record.get("message_id") or record.get("id")
                key = (label(talk), label(message))
                thumb = Thumb(THUMBS[name], record.get("create_time"))
                known = found.get(key)
                if known is None and len(found) >= _MOST:
                    log.tally.note(f"{log.name}: {FILE}: only {_MOST} thumbs are read")
                    break
                if known is None or instant(known.when) <= instant(thumb.when):
                    found[key] = thumb
    return found
