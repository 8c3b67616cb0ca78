"""Ratings: an item, and how much the user liked it.

    {"prompt": "…", "response": "…", "rating": 4, "scale": 5, "timestamp": "…"}

``item`` or ``completion`` may stand for ``response``, ``score`` or ``label`` for
``rating``; the same names are columns of a CSV file. A ``label`` is yes or no (TRL's
unpaired preference, where prompt and completion may be lists of messages).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, scope_of, when_of
from persona_cli.logs.messages import side

_ITEM = ("response", "item", "completion", "chosen", "text")
_SCORE = ("rating", "score", "label")

_WORDS = {
    **dict.fromkeys(("up", "thumbsup", "like", "liked", "good", "yes", "true"), 1.0),
    **dict.fromkeys(("down", "thumbsdown", "dislike", "disliked", "bad"), 0.0),
    **dict.fromkeys(("no", "false"), 0.0),
    "👍": 1.0,
    "👎": 0.0,
}

_MOST = 1e9

_NUMBER = re.compile(r"[-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_RANGE = re.compile(r"/? ?([0-9]{1,4})(?: ?(?:-|–|\.\.|to) ?([0-9]{1,4}))?")


class RatingsReader:
    """Reads one rating a record."""

    alone = True

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The rating of one record."""
        if not isinstance(record, dict):
            raise Fault("not a rating")
        yield rating_of(record, self._log)


def rating_of(row: Mapping[str, Any], log: Log) -> Interaction:
    """The interaction of a row that has a rating.

    Raises: Fault when item or rating is missing, or the rating is off its scale
    """
    item = next((row[key] for key in _ITEM if row.get(key)), None)
    if not isinstance(item, str | list):
        raise Fault("no `response` or `item`")
    named = next((key for key in _SCORE if row.get(key) not in (None, "")), "")
    query = row.get("prompt") or row.get("query") or ""
    return log.deed(
        "rating",
        side(item, "response"),
        query=side(query, "prompt") if isinstance(query, str | list) else "",
        when=when_of(row),
        rating=_label(row[named])
        if named == "label" and not row.get("scale")
        else scaled(row.get(named), row.get("scale")),
        scope=scope_of(row),
        given=row.get("id"),
    )


def _label(label: object) -> float:
    """A label in [0, 1]: 0 and 1 are no and yes, and no stars of five."""
    text = label.strip() if isinstance(label, str) else label
    return float(int(text)) if text in (0, 1, "0", "1") else scaled(label)


def scaled(score: object, scale: object = None) -> float:
    """A rating in [0, 1].

    score:  up or down in some spelling, true or false, or a number
    scale:  of a number: ``5`` is 1 to 5 and any other ``n`` is 0 to n; ``"2-7"`` and
            ``[2, 7]`` are what they say; None is 1 to 5
    Raises: Fault when the score is none, or off the scale
    """
    if isinstance(score, bool):
        return float(score)
    if isinstance(score, str):
        text = score.strip()
        word = _WORDS.get(re.sub(r"[\s_-]", "", text).lower())
        if word is not None:
            return word
        if not _NUMBER.fullmatch(text):
            raise Fault("rating not understood")
        score = float(text)
    if not isinstance(score, int | float):
        raise Fault("no `rating`" if score is None else "rating not understood")
    low, high = _scale(scale)
    if not low <= score <= high:
        raise Fault("rating is off its scale", f"{low:g} to {high:g}; set `scale`")
    return (score - low) / (high - low)


def _scale(scale: object) -> tuple[float, float]:
    match scale:
        case None | "":
            return 1.0, 5.0
        case bool():
            pass
        case int() | float() if 0 < scale < _MOST:
            return (1.0 if scale == 5 else 0.0), float(scale)
        case str(text) if found := _RANGE.fullmatch(text.strip()):
            first, second = found.groups()
            if second is None:
                return _scale(int(first))
            if int(first) < int(second):
                return float(first), float(second)
        case [int() | float() as low, int() | float() as high] if (
            -_MOST < low < high < _MOST
        ):
            return float(low), float(high)
    raise Fault("`scale` not understood")
