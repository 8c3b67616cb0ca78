"""How a check by behaviour looks on one line, and as JSON."""

from typing import Any

from persona_cli.accuracy import Accuracy
from persona_cli.change_limit import Removal
from persona_cli.verify import Checked, empty_and_strangers


def check_line(checked: Checked) -> str:
    """What held-out choices say of a version; empty when there was nothing to ask.

    A model that can't judge gives a sentence and no number.
    """
    found = checked.check
    if checked.why or found is None or found.new is None or found.old is None:
        return checked.why
    empty, strangers = empty_and_strangers(found)
    return (
        f"held-out choices: {_rate(found.new.accuracy)} of {found.asked} foreseen,"
        f" {found.old.accuracy.rate:.2f} before"
        f" (nobody's profile {empty:.2f}, strangers' {strangers:.2f})"
    )


def rejected_line(checked: Checked) -> str:
    """Why a version was not kept: the numbers, and how sure they are."""
    found = checked.check
    if found is None or found.new is None or found.old is None or not found.paired:
        return ""
    pair = found.paired
    return (
        f"rejected: {_rate(found.new.accuracy)} of {found.asked} held-out choices"
        f" foreseen, {_rate(found.old.accuracy)} before"
        f" ({pair.gained} gained, {pair.lost} lost, p = {pair.p_value:.2g})"
    )


def removal_line(removal: Removal) -> str:
    """Why a version was not kept that takes too much away."""
    return f"this update would remove {removal.gone} of {removal.of} claims"


def check_record(checked: Checked, *, window: int) -> dict[str, Any]:
    """A check as JSON: without numbers where they would mean nothing.

    window: from 1; for a rebuild, the last
    """
    record: dict[str, Any] = {
        "window": window,
        "judge": checked.judge,
        "n": checked.asked,
        "kept": checked.kept,
        "unable": not checked.able,
        "why": checked.why,
    }
    found = checked.check
    if not checked.able or found is None or found.new is None or found.old is None:
        return record
    empty, strangers = empty_and_strangers(found)
    pair = found.paired
    return record | {
        "accuracy": found.new.accuracy.rate,
        "interval": list(found.new.accuracy.interval),
        "confidence": found.new.confidence,
        "before": found.old.accuracy.rate,
        "interval_before": list(found.old.accuracy.interval),
        "nobody": empty,
        "strangers": strangers,
        "gained": pair.gained if pair else 0,
        "lost": pair.lost if pair else 0,
        "p": pair.p_value if pair else 1.0,
    }


def _rate(found: Accuracy) -> str:
    low, high = found.interval
    return f"{found.rate:.2f} [{low:.2f}, {high:.2f}]"
