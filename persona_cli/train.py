"""Training: a run is written into its folder, and handed to the script of its stage.

    wish ──planned──▶ Run ──begin──▶ run.yaml ──script──▶ curve, checkpoints, adapter
                              ▲
                            resume

The run file is all that the script is told. So the same command goes on where an
earlier one was cut off, and a command that wants something else of the same folder is
refused. No library of the extra is imported here.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from persona_cli.errors import HandoffError, InputError, UsageError
from persona_cli.files import make_private, read_whole
from persona_cli.lock import profile_lock
from persona_cli.training.launch import (
    Spawn,
    command,
    environment,
    require_extra,
    spawn,
    typed,
)
from persona_cli.training.plan import DONE, changes_since, differences
from persona_cli.training.recipes import scripts_folder
from persona_cli.training.runs import RUN_FILE, Run, read_run, write_run

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    folder:  of the run
    ran:     False when it was done before
    figures: what the script measured at the end
    """

    folder: Path
    ran: bool
    figures: Mapping[str, Any]


def script_of(stage: str) -> Path:
    """The script of a stage.

    Raises: HandoffError when it is not there
    """
    script = scripts_folder() / f"train_{stage}.py"
    if not script.is_file():
        raise HandoffError(
            f"{script}: no such script",
            remedy="Install persona anew, or run it from a whole checkout.",
        )
    return script


def hand_off(run: Run) -> list[str]:
    """The command that runs a run.

    Raises: HandoffError when its script is not there
    """
    return command(run, script_of(run.stage), run.out / RUN_FILE)


def begin(run: Run, *, tell: Tell, spawn: Spawn = spawn) -> Outcome:
    """Run a run to its end; one that was cut off goes on.

    spawn:   see ``launch.spawn``; tests pass their own
    Raises:  UsageError when the folder holds something else, or the extra is missing;
             BusyError when another persona is at it; HandoffError when the script
             fails; KeyboardInterrupt when it was interrupted
    """
    require_extra(run.stage)
    argv = hand_off(run)
    _make(run.out)
    with profile_lock(run.out, timeout=0, doing=f"train {run.stage}") as lock:
        if not (run.out / RUN_FILE).exists():
            _refuse_strangers(run.out)
            write_run(run, run.out / RUN_FILE)
        else:
            run = _taken_up(run)
        return _ended(run, argv, lock=lock, tell=tell, spawn=spawn)


def resume(folder: Path, *, tell: Tell, spawn: Spawn = spawn) -> Outcome:
    """Go on with the run of a folder, which may have been moved.

    Raises: as ``begin``; InputError when what it is based on has changed
    """
    folder = folder.absolute()
    run = read_run(folder / RUN_FILE)
    require_extra(run.stage)
    run = replace(run, out=folder)
    argv = hand_off(run)
    with profile_lock(folder, timeout=0, doing=f"train {run.stage}") as lock:
        if (folder / DONE).exists():
            return _ended(run, argv, lock=lock, tell=tell, spawn=spawn)
        if changed := changes_since(run, tell):
            raise InputError(
                f"{folder / RUN_FILE}: {'; '.join(changed)} since the run began",
                remedy="Put it back, or begin a new run in another folder.",
            )
        if run != read_run(folder / RUN_FILE):
            write_run(run, folder / RUN_FILE)
        return _ended(run, argv, lock=lock, tell=tell, spawn=spawn)


def _taken_up(run: Run) -> Run:
    """The run that is in the folder, when it is the one that is asked for.

    Raises: UsageError when it is not
    """
    before = read_run(run.out / RUN_FILE)
    if differ := differences(run, before):
        shown = "; ".join(differ[:4]) + ("; …" if len(differ) > 4 else "")
        raise UsageError(
            f"{run.out}: holds another run ({shown})",
            remedy="Name another --out, or go on with it as it is:"
            f" {typed(['persona', 'train', 'resume', str(run.out)])}",
        )
    taken = replace(before, out=run.out, launch=run.launch)
    if taken != before:
        write_run(taken, run.out / RUN_FILE)
    return taken


def _ended(
    run: Run, argv: list[str], *, lock: int, tell: Tell, spawn: Spawn
) -> Outcome:
    again = typed(["persona", "train", "resume", str(run.out)])
    if (run.out / DONE).exists():
        tell(f"{run.out}: done already; nothing to do")
        return Outcome(run.out, False, _figures(run.out))
    tell(typed(argv))
    try:
        code = spawn(argv, environment(os.environ), (lock,))
    except KeyboardInterrupt:
        tell(f"go on with: {again}")
        raise
    except OSError as error:
        raise HandoffError(
            f"{argv[0]}: {(error.strerror or str(error)).lower()}",
            remedy="See that it can be run.",
        ) from error
    script = script_of(run.stage).name
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise HandoffError(
            f"{script} {how}", remedy=f"See what it said above. Go on with: {again}"
        )
    if not (run.out / DONE).exists():
        raise HandoffError(
            f"{script} ended well, and left no {DONE} in {run.out}",
            remedy=f"Go on with: {again}",
        )
    return Outcome(run.out, True, _figures(run.out))


def _figures(folder: Path) -> Mapping[str, Any]:
    path = folder / DONE
    try:
        found = json.loads(read_whole(path) or b"")
    except ValueError as error:
        raise InputError(
            f"{path}: not JSON: {error}", remedy="Remove it, and resume the run."
        ) from error
    return found if isinstance(found, dict) else {}


def _make(folder: Path) -> None:
    try:
        make_private(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: {(error.strerror or str(error)).lower()}",
            remedy="Name another folder with --out.",
        ) from error


def _refuse_strangers(folder: Path) -> None:
    """See that a folder without a run file is empty.

    Raises: UsageError
    """
    if found := sorted(p.name for p in folder.iterdir() if p.name != ".state"):
        raise UsageError(
            f"{folder}: not empty, and no run in it (there is {found[0]})",
            remedy="Name another folder with --out.",
        )
