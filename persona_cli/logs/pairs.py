"""Choices between two items, in persona's own form, TRL's and AlignX's.

    {"query": "…", "chosen": "…", "rejected": "…", "id": "…", "at": "…"}
    {"prompt": [{"role": …, "content": …}], "chosen": [{…}], "rejected": [{…}]}
    {"chosen": [{…}, …], "rejected": [{…}, …]}   what both begin with is the prompt
    {"instruction": "…", "chosen": "…", "rejected": "…"}
    {"text": "…"}                                TRL's language modelling: a post
    {"userid": "…", "history": [{…}, …], "target": {…}}
    {"kind": "stated", "chosen": "Never use tabs."}

A row may name its ``kind``, and then be of any. Without one it is a pair; where
nothing was rejected, a message (to a query) or a post (to nothing); where there is a
rating and nothing chosen, a rating.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.interaction import KINDS, Interaction, Kind
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, scope_of, when_of
from persona_cli.logs.messages import side
from persona_cli.logs.ratings import rating_of

_PAST = "Pair-wise Comparative Feedback"
_COMMENTS = "User-Generated Content"


class PairsReader:
    """Reads one deed a record, or the deeds of one person's history."""

    alone = True

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The deeds of one record, in its order."""
        if not isinstance(record, dict):
            raise Fault("not a choice")
        rows = _rows(record)
        read = 0
        last: Fault | None = None
        for row in rows:
            try:
                deed = _deed(row, record, self._log)
            except Fault as fault:
                if last is not None:
                    self._log.skip(last)
                last = fault
                continue
            read += 1
            if deed is not None:
                yield deed
        if last is not None:
            if not read:
                raise last
            self._log.skip(last)


def _rows(record: dict[str, Any]) -> list[Any]:
    """A record as rows: itself, or its history and then its target."""
    if _PAST in record or _COMMENTS in record:
        past = [*_list(record.get(_COMMENTS)), *_list(record.get(_PAST))]
        return [*past, record] if record.get("chosen") else past
    if isinstance(record.get("history"), list) and "chosen" not in record:
        target = record.get("target")
        return record["history"] if target is None else [*record["history"], target]
    return [record]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _deed(row: Any, around: dict[str, Any], log: Log) -> Interaction | None:
    """The interaction of a row; None when it tells nothing.

    around: the record it stands in, which may say when and where for all its rows
    """
    if not isinstance(row, dict):
        raise Fault("not a choice")
    kind = row.get("kind")
    if kind is not None and kind not in KINDS:
        raise Fault("unknown kind")
    if kind == "rating" or (kind is None and "rating" in row and "chosen" not in row):
        return rating_of(row, log)
    query, chosen, rejected = _sides(row)
    if rejected.strip() and chosen == rejected:
        log.leave_out("chosen and rejected are the same")
        return None
    return log.deed(
        kind if kind is not None else _kind(query, rejected),
        chosen,
        query=query,
        rejected=rejected,
        when=when_of(row) or when_of(around),
        scope=scope_of(row if "scope" in row or "project" in row else around),
        given=row.get("id"),
    )


def _kind(query: str, rejected: str) -> Kind:
    if rejected.strip():
        return "pair"
    return "message" if query.strip() else "post"


def _sides(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """(query, chosen, rejected) as texts.

    Raises: Fault when one of them is neither text nor messages
    """
    query = _present(row, "query", "prompt", "instruction", "question")
    chosen = _present(row, "chosen", "text", "comment")
    rejected = _present(row, "rejected")
    if isinstance(chosen, list) and isinstance(rejected, list):
        shared, chosen, rejected = _without_prefix(chosen, rejected)
        query = query or shared
    return (
        side(query, "query"),
        side(chosen, "chosen"),
        side(rejected, "rejected"),
    )


def _present(row: Mapping[str, Any], *keys: str) -> Any:
    return next((row[key] for key in keys if row.get(key) is not None), "")


def _without_prefix(
    chosen: list[Any], rejected: list[Any]
) -> tuple[list[Any], list[Any], list[Any]]:
    """(what both begin with, what is chosen after it, what is rejected)."""
    shared = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        shared += 1
    if shared in (len(chosen), len(rejected)):
        return [], chosen, rejected
    return chosen[:shared], chosen[shared:], rejected[shared:]
