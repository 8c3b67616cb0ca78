"""Run as a program: load models as a command would, one after another, and ask each.

python -m tests.torture.one_model SECONDS CACHE [--no-trial] [--lora] FILE...
    a line a file: ``survived`` or ``refused``, seconds, the file, and why. With
    ``--lora`` the first file is the model, and each other is laid over it
"""

import sys
import time
from functools import partial
from pathlib import Path

from persona_cli import trials
from persona_cli.engine import Message
from persona_cli.errors import ModelError
from persona_cli.llama import LlamaEngine
from persona_cli.models.shelf import Shelf
from persona_cli.models.spec import resolve_model

CHAT = [Message("user", "Hello.")]


def load(path: Path, lora: list[Path], cache: Path) -> str:
    """Why a model was refused; empty when it was not."""
    shelf = Shelf(cache / "hub", cache / "models.json")
    try:
        template = trials.admit(
            resolve_model(str(path)),
            path,
            lora=lora,
            shelf=shelf,
            cache=cache,
            tell=lambda _: None,
        )
        engine = LlamaEngine(
            path, context=256, gpu_layers=0, lora=lora, chat_template=template
        )
        engine.complete(CHAT, max_tokens=4)
        engine.close()
    except ModelError as error:
        return str(error) if error.remedy else "it has no remedy"
    return ""


def main(words: list[str]) -> None:
    """Do as the command line says."""
    seconds, cache, *rest = words
    files = [Path(word) for word in rest if not word.startswith("--")]
    trials.try_out = (
        (lambda *_, **__: trials.Outcome())
        if "--no-trial" in rest
        else partial(trials.try_out, model_seconds=int(seconds))
    )
    models = [(path, []) for path in files]
    if "--lora" in rest:
        models = [(files[0], [path]) for path in files[1:]]
    for path, lora in models:
        begun = time.monotonic()
        why = load(path, lora, Path(cache))
        took = time.monotonic() - begun
        verdict = "refused" if why else "survived"
        print(f"{verdict}\t{took:.1f}\t{(lora or [path])[0]}\t{why}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
