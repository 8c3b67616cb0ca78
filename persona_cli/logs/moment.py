"""Times as logs write them."""

import math
import re
from datetime import UTC, datetime, timedelta

from persona_cli.logs.fault import Fault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_NUMBER = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{8}")

# Seconds reach this in the year 5138, milliseconds reached it in 1973.
_MOST_SECONDS = 1e11


def moment(value: object) -> datetime | None:
    """A time as it stands in a log; None when there is none.

    value:  ISO 8601 (UTC when it names no zone), or a number since 1970: seconds,
            milli-, micro- or nanoseconds, told apart by size
    Shape:  in UTC, so that one instant is written in one way
    Raises: Fault when it is something else
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            text = value.strip()
            if _NUMBER.fullmatch(text) and not _DAY.fullmatch(text):
                return _since_epoch(float(text))
            return _iso(text)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _since_epoch(float(value))
    except (ValueError, OverflowError) as error:
        raise Fault("time not understood") from error
    raise Fault("time not understood")


def plausible(when: datetime, *, latest: datetime) -> bool:
    """Whether someone can have done something then, and had it logged."""
    return _EARLIEST <= when <= latest


def _iso(text: str) -> datetime:
    when = datetime.fromisoformat(re.sub(r" ?(?:UTC|GMT)$", "+00:00", text))
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    return when.astimezone(UTC)


def _since_epoch(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError(number)
    for _ in range(3):
        if abs(number) >= _MOST_SECONDS:
            number /= 1000
    return _EPOCH + timedelta(seconds=number)
