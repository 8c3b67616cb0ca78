"""persona's own archive: an interaction as a JSON object, and back again."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.scope import GLOBAL

_TEXTS = ("id", "kind", "source", "chosen", "query", "rejected", "signal")


class ArchiveReader:
    """Reads an archive as a log: ids and sources stay as they are."""

    alone = True

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The interaction of one line."""
        if not isinstance(record, dict):
            raise Fault("not a line of an archive")
        try:
            yield from_record(record)
        except ValueError as error:
            raise Fault("not a line of an archive") from error


def to_record(interaction: Interaction) -> dict[str, Any]:
    """An interaction as JSON has it; fields without content are left out.

    Shape: ``from_record`` makes the same interaction of it
    """
    record: dict[str, Any] = {
        key: text for key in _TEXTS if (text := getattr(interaction, key))
    }
    if interaction.at is not None:
        record["at"] = interaction.at.isoformat()
    if interaction.rating is not None:
        record["rating"] = interaction.rating
    if interaction.scope != GLOBAL:
        record["scope"] = interaction.scope
    return record


def from_record(record: Mapping[str, Any]) -> Interaction:
    """The interaction that a JSON object tells of.

    record: keys that an interaction has not are the keeper's own, and left alone
    Raises: ValueError when it is none
    """
    given = {key: record[key] for key in (*_TEXTS, "scope") if key in record}
    texts = {**given, "at": record.get("at") or ""}
    if wrong := [key for key, text in texts.items() if not isinstance(text, str)]:
        raise ValueError(f"`{wrong[0]}` is not text")
    if missing := {"id", "kind", "source", "chosen"} - given.keys():
        raise ValueError(f"no `{min(missing)}`")
    rating = record.get("rating")
    if type(rating) not in (int, float, type(None)):
        raise ValueError("`rating` is not a number")
    at = datetime.fromisoformat(texts["at"]) if texts["at"] else None
    return Interaction(**given, at=at, rating=rating)
