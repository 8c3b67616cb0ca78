"""How a script is started: its command, its environment, and the wait for its end."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from persona_cli.errors import UsageError
from persona_cli.training.recipes import scripts_folder
from persona_cli.training.runs import Run

# argv, environment, descriptors that it is to hold -> exit code
Spawn = Callable[[Sequence[str], Mapping[str, str], Sequence[int]], int]

# Libraries of the extra that a stage cannot do without.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "data": (),
    "sft": ("torch", "transformers", "accelerate", "trl", "peft", "safetensors"),
    "judge": ("torch", "transformers", "accelerate", "peft", "safetensors"),
    "rl": ("torch", "transformers", "accelerate", "trl", "peft", "safetensors"),
    "export": ("torch", "transformers", "peft", "gguf", "safetensors"),
}

# Stages that may run in several processes, and so are started by accelerate.
LAUNCHED = frozenset({"sft", "judge", "rl"})

# Nothing leaves the machine, and nothing is fetched: these libraries ask unless told.
QUIET: Mapping[str, str] = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "WANDB_DISABLED": "true",
    "WANDB_MODE": "disabled",
    "TRL_EXPERIMENTAL_SILENCE": "1",
    "TOKENIZERS_PARALLELISM": "false",  # it warns of every fork otherwise
}

# Seconds that a script has to write its last checkpoint, when it is told to end.
PATIENCE = 60.0

_PAUSE = 0.1  # seconds between two looks


def configs() -> list[str]:
    """Names that --launch takes."""
    return sorted(p.stem for p in (scripts_folder() / "accelerate").glob("*.yaml"))


def find_config(name: str | None) -> Path:
    """A config of accelerate, by its name or as a file; None is what fits this machine.

    Raises: UsageError when there is none
    """
    if name is None:
        name = "gpu" if has_gpu() else "cpu"
    path = scripts_folder() / "accelerate" / f"{name}.yaml"
    if "/" not in name and path.is_file():
        return path
    if (given := Path(name)).is_file():
        return given.absolute()
    raise UsageError(
        f"--launch {name}: no such config",
        remedy=f"Name a file of accelerate, or one of: {', '.join(configs())}.",
    )


def has_gpu() -> bool:
    """Whether an NVIDIA or AMD card that torch can take is here and not hidden."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return bool([*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("kfd")])


def require_extra(stage: str) -> None:
    """See that what a stage needs is installed; nothing is imported.

    Raises: UsageError
    """
    if missing := [name for name in NEEDS[stage] if find_spec(name) is None]:
        are = "is" if len(missing) == 1 else "are"
        raise UsageError(
            f"persona train {stage} needs {', '.join(missing)}, which {are} not"
            " installed",
            remedy="Install it: pip install 'persona-cli[train]'",
        )


def command(run: Run, script: Path, run_file: Path) -> list[str]:
    """What a person would type to start this run."""
    if run.stage not in LAUNCHED or run.launch.config is None:
        return [sys.executable, str(script), str(run_file)]
    launcher = [sys.executable, "-m", "accelerate.commands.launch"]
    # Its own traceback, after that of the script, says nothing more.
    config = ["--quiet", "--config_file", str(run.launch.config)]
    return [*launcher, *config, str(script), str(run_file)]


def typed(argv: Sequence[str]) -> str:
    """A command as a line of shell."""
    return shlex.join(argv)


def environment(outside: Mapping[str, str]) -> dict[str, str]:
    """The environment of a script: as ours, without a network."""
    environ = {**outside, **QUIET}
    here = scripts_folder().parent
    if (here / "persona_cli").is_dir():  # a checkout, which need not be installed
        others = environ.get("PYTHONPATH")
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(here), others)))
    return environ


def spawn(argv: Sequence[str], environ: Mapping[str, str], hold: Sequence[int]) -> int:
    """Run a command to its end.

    It has a process group of its own, so that Ctrl-C reaches all of it, and once: a
    signal that comes to us is passed on, and the command has time to write a last
    checkpoint. A second Ctrl-C ends it at once.

    hold:   descriptors that it keeps open: the lock of the run, should we be killed
    Raises: KeyboardInterrupt when it was interrupted, after its end; OSError when it
            cannot be started
    """
    children: list[subprocess.Popen[bytes]] = []
    with _passed_on(children) as told:
        # What a script prints is talk, for stderr: the result is the run folder.
        child = subprocess.Popen(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=tuple(hold),
            process_group=0,
        )
        children.append(child)
        code = _waited(child, told)
    if told:
        raise KeyboardInterrupt
    return code


@contextmanager
def _passed_on(children: "Sequence[subprocess.Popen[bytes]]") -> Iterator[list[float]]:
    """Pass signals on to children; yields when they came."""
    told: list[float] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        told.append(time.monotonic())
        for child in children:
            _signal(child, signal.SIGKILL if len(told) > 1 else number)

    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # Under nohup a hang-up is nothing to us, nor to the script.
    heeded = [kind for kind in kinds if signal.getsignal(kind) != signal.SIG_IGN]
    before = {kind: signal.signal(kind, pass_on) for kind in heeded}
    try:
        yield told
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _waited(child: "subprocess.Popen[bytes]", told: Sequence[float]) -> int:
    """Wait for a child, and for those that it started.

    accelerate's launcher ends at once when it is told to, and leaves the script alone
    with its last checkpoint.
    """
    while child.poll() is None or _lives(child.pid):
        time.sleep(_PAUSE)
        if told and time.monotonic() - told[0] > PATIENCE:
            _signal(child, signal.SIGKILL)
            break
    return child.wait()


def _lives(group: int) -> bool:
    """Whether a process of the group is still at work.

    The dead that nobody has buried count as gone, where that can be seen: in a
    container without an init they stay for ever.
    """
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of the dead
        return False
    stats = [*Path("/proc").glob("[0-9]*/stat")]
    return not stats or any(_at_work(stat, group) for stat in stats)


def _at_work(stat: Path, group: int) -> bool:
    try:
        # pid (name) state parent group …; the name may hold anything.
        state, _, own, *_ = (
            stat.read_text("ascii", "replace").rpartition(")")[2].split()
        )
    except (OSError, ValueError):
        return False
    return own == str(group) and state not in ("Z", "X")


def _signal(child: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)
