"""Run as a program: try a model out, in a process that may die of it.

A task comes as JSON on stdin, and what became of it goes to stdout: ``{}`` when all is
well, or a fault and its remedy. Whoever started it sees the rest: the signal it died
of, or that it does not end. See ``persona_cli/trial.py``.
"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from persona_cli.chat import ChatTemplateError, render_chat
from persona_cli.draft import citation_grammar
from persona_cli.engine import Message, Sampling
from persona_cli.errors import ModelError
from persona_cli.llama.engine import LlamaEngine
from persona_cli.llama.tuning import Tuning

# Bytes that the process may write into files; it has no need to.
_MOST_WRITTEN = 1 << 20

_CONTEXT = 512  # tokens
_ANSWER = 6  # tokens

# What persona asks of a template: a window, a judge's question, and the empty message
# by which it counts what a template adds. A template sees no more of a chat than this,
# see ``chat.py``, so that what it does here it does later.
SHAPES: tuple[tuple[Message, ...], ...] = (
    (Message("user", "Hello."),),
    (Message("user", ""),),
    (Message("system", "Be brief."), Message("user", "Hello.")),
    (Message("system", "Be brief."), Message("user", "")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be tried.

    template: Jinja source; tried alone when there is no ``model``, and else taken in
              place of the model's own
    memory:   bytes of address space
    seconds:  by the clock, and of each core
    """

    memory: int
    seconds: int
    threads: int = 1
    model: str | None = None
    lora: tuple[str, ...] = ()
    template: str | None = None

    def to_json(self) -> str:
        """As ``main`` reads it."""
        return json.dumps(asdict(self))


def main() -> None:
    """Do one task."""
    fields = json.load(sys.stdin)
    task = Task(**{**fields, "lora": tuple(fields["lora"])})
    _limit(task)
    found: dict[str, str] = {}
    try:
        if task.model is not None:
            try_model(task)
        elif task.template is not None:
            try_template(task.template)
    except ModelError as error:
        found = {"fault": str(error), "remedy": error.remedy}
    except (ChatTemplateError, MemoryError) as error:
        found = {"fault": str(error) or "it takes too much memory", "remedy": ""}
    print(json.dumps(found), flush=True)  # noqa: T201  this is a program


def try_template(source: str) -> None:
    """Render every chat that persona will ask for.

    Raises: ChatTemplateError
    """
    for messages in SHAPES:
        for thinking in (False, True):
            render_chat(source, messages, bos="<s>", eos="</s>", thinking=thinking)


def try_model(task: Task) -> None:
    """Load a model, and do with it once what persona does with models.

    Raises: ModelError
    """
    engine = LlamaEngine(
        Path(task.model or ""),
        context=_CONTEXT,
        gpu_layers=0,
        tuning=Tuning(threads=task.threads),
        lora=[Path(path) for path in task.lora],
        chat_template=task.template,
    )
    for messages in SHAPES:
        engine.count(messages)
    hello = [Message("user", "Hello.")]
    for grammar, heat in _ways():
        engine.complete(
            hello,
            max_tokens=_ANSWER,
            sampling=Sampling(temperature=heat),
            grammar=grammar,
        )
    # What has no token for a letter cannot judge, and may still infer.
    with suppress(ModelError):
        engine.choose([Message("system", "x")], ["A or B?"])
    engine.close()


def _ways() -> Iterator[tuple[str | None, float]]:
    yield None, 0.0
    yield None, 0.8
    yield citation_grammar(past=1, window=1), 0.0


def _limit(task: Task) -> None:
    """See to it that this process ends, and takes no more than it was given."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    cpu = task.seconds * max(1, task.threads)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MOST_WRITTEN),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, task.memory),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # macOS knows a limit of the address space, and refuses to set it.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (ceiling, ceiling))
    # Should whoever waits be killed, nobody else would end it.
    signal.alarm(task.seconds + 5)


if __name__ == "__main__":
    main()
