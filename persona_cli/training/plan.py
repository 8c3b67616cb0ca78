"""From what a command line asks for to a run that is written out in full."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from persona_cli import __version__
from persona_cli.errors import InputError, ModelError, UsageError
from persona_cli.models.adapters import adapters_of
from persona_cli.models.installed import locate
from persona_cli.models.shelf import Shelf
from persona_cli.models.spec import resolve_model
from persona_cli.training.launch import LAUNCHED, find_config
from persona_cli.training.recipes import (
    USUAL,
    Recipe,
    find_recipe,
    scripts_folder,
    with_changes,
)
from persona_cli.training.runs import (
    RUN_FILE,
    Base,
    Data,
    Launch,
    Reader,
    Run,
    as_mapping,
    digest_of,
    digest_of_folder,
    digests,
    files_below,
    read_run,
)

DONE = "done.json"
ADAPTER = "adapter"
MODEL = "model"  # of a run that trained every weight
RUNS = "runs"

# Of a run file, what may differ between two runs that are the same one.
_ANY = ("persona", "out", "launch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a command line asks of a stage; None is not asked.

    changes:  hyper-parameters, in place of the recipe's
    base:     spec of a model, a folder of transformers', or of a run that made one
    data:     what the stage learns from; None is the seed corpus
    adapter:  of PEFT, the folder of a run that made one, or a GGUF
    sources:  logs and profiles that real behaviour comes from
    reader:   the folder of a judge's run, or a model as ``base``
    """

    stage: str
    out: Path | None = None
    seed: int = 0
    recipe: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    data: Path | None = None
    adapter: Path | None = None
    sources: Sequence[Path] = ()
    reader: str | None = None
    reader_form: str | None = None
    launch: str | None = None


def planned(wish: Wish, *, shelf: Shelf, here: Path, today: date) -> Run:
    """The run that is asked for, with every hash in it; nothing is written.

    here:   the folder below which runs/ is, when no folder was named
    Raises: UsageError, InputError or ModelError for what is not there
    """
    recipe = chosen_recipe(wish)
    config = find_config(wish.launch) if wish.stage in LAUNCHED else None
    spec = wish.base or recipe.base
    base = None if spec is None else base_of(spec, wish.stage, shelf=shelf)
    adapter = None if wish.adapter is None else adapter_folder(wish.adapter, base)
    run = Run(
        persona=__version__,
        stage=wish.stage,
        seed=wish.seed,
        out=Path(),
        base=base,
        data=data_of(wish),
        adapter=adapter,
        adapter_sha256=None if adapter is None else digest_of_folder(adapter),
        reader=_reader(wish, shelf=shelf),
        method=recipe.method,
        launch=Launch(config=config),
    )
    if wish.out is not None:
        return replace(run, out=wish.out.absolute())
    return replace(run, out=usual_folder(run, here=here, today=today))


def chosen_recipe(wish: Wish) -> Recipe:
    """The recipe, with the changes that are wished.

    Raises: UsageError or InputError
    """
    found = find_recipe(wish.recipe or USUAL, wish.stage)
    return with_changes(found, wish.changes)


def base_of(spec: str, stage: str, *, shelf: Shelf) -> Base:
    """A model that was named, where it lies, and its hash.

    Raises: ModelError when it is not here; UsageError for a server's, which only the
            data stage can use
    """
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if (folder / RUN_FILE).is_file():
            folder = folder / MODEL
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"{folder}: no model in it",
                remedy="Name a .gguf file, or a folder with config.json.",
            )
        return Base(model=str(folder.absolute()), sha256=digest_of_folder(folder))
    ref = resolve_model(spec)
    if ref.url is not None:
        if stage != "data":
            raise UsageError(
                f"{spec}: a server's model cannot be trained",
                remedy="Name one whose weights are here.",
            )
        return Base(model=spec, sha256=None)
    path = locate(ref, shelf).absolute()
    return Base(model=str(path), sha256=digest_of(path))


def data_of(wish: Wish) -> Data:
    """What a stage learns from, with the hash of each file.

    Raises: UsageError or InputError when it is not there, or not whole
    """
    if wish.sources:
        paths = [Path(source).expanduser().absolute() for source in wish.sources]
        for path in paths:
            if not path.exists():
                raise UsageError(
                    f"{path}: no such log or profile", remedy="Check the path."
                )
        top = Path(os.path.commonpath([p if p.is_dir() else p.parent for p in paths]))
        inside = [f for path in paths for f in _files(path)]
        return Data(folder=top, files=digests(top, inside))
    folder = wish.data or scripts_folder() / "data" / "seed"
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: no such folder of data",
            remedy="Make one: persona train data --simulate N --out DIR",
        )
    files = [f for f in _files(folder) if f.suffix == ".jsonl" or f.name == "data.json"]
    if not files:
        raise InputError(
            f"{folder}: no .jsonl file in it",
            remedy="Make one: persona train data --simulate N --out DIR",
        )
    return Data(folder=folder.absolute(), files=digests(folder, files))


def adapter_folder(path: Path, base: Base | None = None) -> Path:
    """The PEFT adapter that a folder is, or that the run of that folder made.

    path:   or a GGUF adapter over ``base``, which is unpacked
    Raises: InputError when there is none
    """
    if path.suffix == ".gguf" and path.is_file():
        if base is None or not Path(base.model).is_file():
            raise InputError(
                f"{path}: goes on a GGUF, and there is none for it",
                remedy="Name the one that it was trained on with --base.",
            )
        from persona_cli.engines import cache_folder
        from persona_cli.training.gguf_back import unpacked

        return unpacked(path, Path(base.model), cache_folder()).absolute()
    for folder in (path, path / ADAPTER):
        if (folder / "adapter_config.json").is_file():
            return folder.absolute()
    raise InputError(
        f"{path}: no adapter in it",
        remedy="Name a folder with adapter_config.json, of a run that is done, or a"
        " .gguf.",
    )


def usual_folder(run: Run, *, here: Path, today: date) -> Path:
    """Where a run goes when nobody says: where it is already, or a new folder."""
    taken = sorted(here.glob(f"{RUNS}/{run.stage}-*"))
    for folder in taken:
        if (folder / RUN_FILE).is_file() and not differences(
            run, read_run(folder / RUN_FILE)
        ):
            return folder.absolute()
    name = f"{run.stage}-{today.isoformat()}"
    names = {folder.name for folder in taken}
    free = (f"{name}-{n}" if n > 1 else name for n in range(1, len(names) + 2))
    return here.absolute() / RUNS / next(each for each in free if each not in names)


def differences(run: Run, other: Run) -> list[str]:
    """What makes two runs different ones: ``method.epochs: 2, not 4``."""
    one, two = _flat(as_mapping(run)), _flat(as_mapping(other))
    return [
        f"{key}: {_said(two.get(key))}, not {_said(one.get(key))}"
        for key in dict.fromkeys([*one, *two])
        if key.split(".")[0] not in _ANY and one.get(key) != two.get(key)
    ]


def changes_since(run: Run, tell: Callable[[str], None]) -> list[str]:
    """What is not as the run file says: files that are gone or hold something else."""
    tell("checking what the run is based on")
    found = []
    for name, digest in run.data.files.items():
        found += _changed(run.data.folder / name, digest)
    models = [run.base, run.reader]
    for model in models:
        if model is not None and model.sha256 is not None:
            found += _changed(Path(model.model), model.sha256)
    if run.adapter is not None and run.adapter_sha256 is not None:
        found += _changed(run.adapter, run.adapter_sha256)
    if run.reader is not None and run.reader.adapter is not None:
        found += _changed(run.reader.adapter, run.reader.adapter_sha256)
    return found


def _changed(path: Path, digest: str | None) -> list[str]:
    if not path.exists():
        return [f"{path} is gone"]
    now = digest_of_folder(path) if path.is_dir() else digest_of(path)
    return [] if digest in (None, now) else [f"{path} has changed"]


def _reader(wish: Wish, *, shelf: Shelf) -> Reader | None:
    if wish.reader is None:
        return None
    folder = Path(wish.reader).expanduser()
    if (folder / RUN_FILE).is_file():
        judge = read_run(folder / RUN_FILE)
        if judge.stage != "judge" or judge.base is None:
            raise InputError(
                f"{folder}: a run of {judge.stage}, which makes no reader",
                remedy="Name the folder of a judge's run, or a model.",
            )
        adapter = adapter_folder(folder)
        return Reader(
            model=judge.base.model,
            sha256=judge.base.sha256,
            adapter=adapter,
            adapter_sha256=digest_of_folder(adapter),
            form=wish.reader_form or "backward",
        )
    base = base_of(wish.reader, wish.stage, shelf=shelf)
    if not folder.is_dir():  # a model by name reads as it does elsewhere
        ref = resolve_model(wish.reader)
        own = adapters_of(ref, Path(base.model), lora=(), shelf=shelf)
        judges = own.writer if own.judge is None else own.judge
        if judges:
            adapter = adapter_folder(judges[0], base)
            return Reader(
                model=base.model,
                sha256=base.sha256,
                adapter=adapter,
                adapter_sha256=digest_of_folder(adapter),
                form=wish.reader_form or ref.manners.judge,
            )
    return Reader(model=base.model, sha256=base.sha256, form=wish.reader_form or "pair")


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else files_below(path)


def _flat(found: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in found.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{before}{key}.")
        else:
            flat[before + key] = value
    return flat


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
