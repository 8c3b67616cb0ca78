"""Export what a run learned: ``python scripts/train_export.py RUN.yaml``.

RUN.yaml is written by ``persona train export``. What comes of it, in its ``out``:

    adapter.gguf   the adapter as llama.cpp lays it over its base
    model.gguf     the whole model, where it was to be merged
    done.json      how often llama.cpp and transformers name the same next token
"""

import sys
from pathlib import Path

from transformers.utils import logging

from persona_cli.errors import PersonaError
from persona_cli.models.shelf import default_shelf
from persona_cli.training.export_stage import export
from persona_cli.training.runs import read_run


def main(arguments: list[str]) -> int:
    """Export as the run file says; the exit code."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        figures = export(
            read_run(Path(arguments[0])), shelf=default_shelf(), tell=_tell
        )
    except PersonaError as error:
        print(f"error: {error}\n  try: {error.remedy}", file=sys.stderr)
        return error.exit_code
    _tell(
        f"the same next token at {figures['strict']:.1%} of {figures['positions']}"
        f" positions [{figures['strict_low']:.1%}, {figures['strict_high']:.1%}] on the"
        f" base in F16; on the base as used {figures['used']:.1%}, which without an"
        f" adapter has {figures['alone']:.1%}; the adapter changes"
        f" {figures['changed']:.1%}"
    )
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
