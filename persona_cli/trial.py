"""One trial: a child renders a model's chat template, loads the model, and asks it.

The child is no sandbox: it keeps a damaged file from taking this process along, not a
file that was made to run code.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_cli import gguf
from persona_cli.chat import CHATML
from persona_cli.errors import ModelError
from persona_cli.llama.trial import Task
from persona_cli.machine import cores, memory_needed

# Beside the weights twice (as they lie on disk, and repacked) and the cache of keys and
# values: Python, llama.cpp, its buffers and the stacks of its threads. Bytes.
_ROOM = 2 << 30
_MOST_THREADS = 8
_BYTES_A_THREAD = 500_000_000  # of a model; a small one is not worth a second

# Seconds: to render a few short chats, and to load and ask a model, from a slow disk.
TEMPLATE_SECONDS = 10
MODEL_SECONDS = 30
_BYTES_A_SECOND = 25_000_000

# So that a library that fails calls no debugger, takes no memory for idle threads, does
# not spin while it waits, and leaves graphics cards alone.
_QUIET = {
    "GGML_NO_BACKTRACE": "1",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "0",
    "CUDA_VISIBLE_DEVICES": "",
    "HIP_VISIBLE_DEVICES": "",
    "GGML_VK_VISIBLE_DEVICES": "",
}
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")

_TRY_ANOTHER = "Download it again, or use another model: see `persona model list`."

# Finds persona wherever this process found it, and nothing in the folder it stands in.
_RUN = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from persona_cli.llama.trial import main; main()"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial that was survived.

    template: what was wrong with the model's chat template; empty when nothing was
    """

    template: str = ""

    @property
    def chat_template(self) -> str | None:
        """Which template is used: None is the model's own."""
        return CHATML if self.template else None


class _TrialError(Exception):
    """The child did not come through.

    remedy: where the child knows one
    """

    def __init__(self, fault: str, remedy: str = "", *, died: bool = False) -> None:
        super().__init__(fault)
        self.remedy, self.died = remedy, died


def try_out(
    path: Path,
    *,
    parts: Sequence[Path] = (),
    lora: Sequence[Path] = (),
    template_seconds: int = TEMPLATE_SECONDS,
    model_seconds: int = MODEL_SECONDS,
) -> Outcome:
    """Let a child render a model's chat template, load it, and ask it.

    parts:  the further files of a split model
    template_seconds, model_seconds: how long it may take; a large file gets more
    Raises: ModelError when the child did not come through with the model
    """
    header = gguf.check(path)
    size = sum(file.stat().st_size for file in (path, *parts, *lora))
    fault = ""
    if header.chat_template is not None:
        fault = template_fault(header.chat_template, seconds=template_seconds)
    cached = max(0, min(memory_needed(header, 512) - header.size, _ROOM))
    task = Task(
        memory=2 * size + cached + _ROOM,
        seconds=model_seconds + size // _BYTES_A_SECOND,
        threads=min(cores(), _MOST_THREADS, 1 + size // _BYTES_A_THREAD),
        model=str(path),
        lora=tuple(map(str, lora)),
        template=CHATML if fault else None,
    )
    try:
        _run(task)
    except _TrialError as error:
        problem = f"{error}"
        beside = f" with {', '.join(map(str, lora))}" if lora else ""
        if error.died:
            problem = (
                f"the model process {problem} while loading {path}{beside};"
                " the profile is unchanged"
            )
        elif not any(str(file) in problem for file in (path, *lora)):
            problem = f"{path}{beside}: {problem}"
        raise ModelError(problem, remedy=error.remedy or _TRY_ANOTHER) from error
    return Outcome(fault)


def template_fault(source: str, *, seconds: int = TEMPLATE_SECONDS) -> str:
    """Let a child render a chat template.

    Returns: what was wrong with it; empty when nothing was
    """
    try:
        _run(Task(memory=_ROOM, seconds=seconds, template=source))
    except _TrialError as error:
        return str(error)
    return ""


def _run(task: Task) -> None:
    """Do a task in a child.

    Raises: _TrialError
    """
    home = str(Path(__file__).parent.parent)
    threads = {"OMP_NUM_THREADS": str(task.threads)}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-c", _RUN, home],
            input=task.to_json(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=task.seconds,
            env={**_without_secrets(os.environ), **_QUIET, **threads},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        fault = f"took longer than {task.seconds} s"
        raise _TrialError(fault, died=True) from error
    if done.returncode < 0:
        raise _TrialError(f"died (signal {-done.returncode})", died=True)
    try:
        found = json.loads(done.stdout)
        fault, remedy = str(found.get("fault", "")), str(found.get("remedy", ""))
    except (ValueError, AttributeError) as error:
        fault = f"failed (exit {done.returncode})"
        raise _TrialError(fault, died=True) from error
    if fault:
        raise _TrialError(fault, remedy)


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if not any(word in name.upper() for word in _SECRET)
    }
