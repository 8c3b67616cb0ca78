"""What may be asked of targets, and of several at once."""

from collections.abc import Sequence

from persona_cli.errors import UsageError
from persona_cli.targets.target import Target


def is_printed(target: Target, out: str | None) -> bool:
    """Whether a target's text goes to stdout.

    out: the file that was named; ``-`` is stdout
    """
    return out == "-" or (out is None and not target.path)


def require_possible(
    targets: Sequence[Target],
    *,
    out: str | None,
    check: bool,
    remove: bool,
    field: int | None,
) -> None:
    """See that what was asked for can be done.

    out:    as in ``is_printed``
    check:  the file is only looked at
    remove: it is cleared
    field:  of a target of several parts, one alone, from 1
    Raises: UsageError
    """
    if not targets:
        raise UsageError(
            "no target is named",
            remedy="Name one with --to, or list them in persona.yaml:"
            " exports: [agents, claude].",
        )
    first = targets[0]
    alone = [one.name for one in targets if not one.path]
    if len(targets) > 1 and (out is not None or alone):
        raise UsageError(
            f"{', '.join(alone) or '--out'}: one target at a time",
            remedy="Name one with --to.",
        )
    if first.pasted and not is_printed(first, out):
        raise UsageError(
            f"{first.name}: is a text to paste, and no file is kept of it",
            remedy=f"Print it: persona export --to {first.name} > FILE.",
        )
    if check and remove:
        raise UsageError(
            "--check and --remove do not go together", remedy="Take one of them."
        )
    if (check or remove) and is_printed(first, out):
        raise UsageError(
            f"{first.name}: is printed, so there is no file to look at",
            remedy="Name the file with --out."
            if not first.pasted
            else "Leave --check and --remove out.",
        )
    if field is not None:
        _require_field(first, out, field)


def _require_field(target: Target, out: str | None, field: int) -> None:
    if len(target.parts) == 1 or not is_printed(target, out):
        raise UsageError(
            f"--field: {target.name} has one text", remedy="Only chatgpt has two."
        )
    if field > len(target.parts):
        raise UsageError(
            f"--field {field}: {target.name} has {len(target.parts)}",
            remedy="Take 1 (about you) or 2 (how to respond).",
        )
