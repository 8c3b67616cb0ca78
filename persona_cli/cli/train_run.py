"""From the options of a stage to a run that is begun, or shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from persona_cli.cli.session import emit, emit_json, now, tell
from persona_cli.cli.train_options import exclude


def run_stage(
    stage: str,
    *,
    given: Mapping[str, Any],
    change: list[str] | None,
    dry_run: bool,
    as_json: bool,
    forced: tuple[str, ...] = (),
    **wishes: Any,
) -> None:
    """Plan a run and do it, or show it.

    given:  hyper-parameters that have an option of their own; None is not given,
            unless its name is ``forced``
    """
    from persona_cli.models.shelf import default_shelf
    from persona_cli.train import begin as run_begin
    from persona_cli.train import hand_off
    from persona_cli.training.launch import typed
    from persona_cli.training.plan import Wish, planned
    from persona_cli.training.recipes import changes_of
    from persona_cli.training.runs import as_mapping, run_text

    changes = {k: v for k, v in given.items() if v is not None or k in forced}
    for key, value in changes_of(change or ()).items():
        if key in changes and changes[key] != value:
            exclude(f"--set {key}", "its own option")
        changes[key] = value
    run = planned(
        Wish(stage=stage, changes=changes, **wishes),
        shelf=default_shelf(),
        here=Path.cwd(),
        today=now().date(),
    )
    if not dry_run:
        show(run_begin(run, tell=tell), as_json=as_json)
        return
    argv = hand_off(run)
    if as_json:
        emit_json({"command": argv, "run": as_mapping(run)})
    else:
        emit(f"{typed(argv)}\n\n{run_text(run)}")


def show(outcome: Any, *, as_json: bool) -> None:
    """Print the folder of a run that has ended, and its figures."""
    if as_json:
        emit_json(
            {
                "folder": str(outcome.folder),
                "ran": outcome.ran,
                "figures": dict(outcome.figures),
            }
        )
        return
    for name, value in outcome.figures.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        tell(f"{name}: {shown}")
    emit(str(outcome.folder))
