"""Make what a model is trained on: ``python scripts/train_data.py RUN.yaml``.

RUN.yaml is written by ``persona train data``. What comes of it, in its ``out``:

    train-00000.jsonl, val-…, test-…     users, one a line
    suite-val.jsonl, suite-test.jsonl    the same for ``persona eval --suite``
    datasheet.md                         what it holds, for people
    data.json, done.json                 the same for programs, with a hash of each file
"""

import sys
from pathlib import Path

from persona_cli.engine import Engine
from persona_cli.engines import load_engine
from persona_cli.errors import PersonaError
from persona_cli.models.spec import resolve_model
from persona_cli.settings import Settings
from persona_cli.training.data_stage import make_data
from persona_cli.training.runs import read_run


def main(arguments: list[str]) -> int:
    """Make data as the run file says; the exit code."""
    settings = Settings()

    def open_teacher(spec: str) -> Engine:
        return load_engine(resolve_model(spec), settings, tell=_tell)

    try:
        run = read_run(Path(arguments[0]))
        made = make_data(run, settings=settings, open_teacher=open_teacher, tell=_tell)
    except PersonaError as error:
        print(f"error: {error}\n  try: {error.remedy}", file=sys.stderr)
        return error.exit_code
    _tell(f"{made['counts']['users']} users in {run.out}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
