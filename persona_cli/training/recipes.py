"""Recipes: the hyper-parameters of a stage, all of them, in a file that people read.

``scripts/recipes/NAME-STAGE.yaml``, or any file of that form. A run takes one whole and
says what it wants otherwise; a key that the recipe does not have is a mistake.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from persona_cli import strict_yaml
from persona_cli.errors import InputError, UsageError
from persona_cli.files import read_whole
from persona_cli.training.runs import STAGES

USUAL = "tiny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a stage is run, until somebody says otherwise.

    place:      the file, for errors
    base:       the model it is made for, as --base names it; None where none is used
    parameters: weights of that model, for what a run costs; None where none is used
    """

    place: str
    stage: str
    says: str
    base: str | None
    parameters: int | None
    method: Mapping[str, Any]


def scripts_folder() -> Path:
    """Where scripts, recipes and configs lie: in the package, or beside it."""
    package = Path(__file__).parent.parent
    installed = package / "scripts"
    return installed if installed.is_dir() else package.parent / "scripts"


def recipe_names(stage: str, *, folder: Path | None = None) -> list[str]:
    """Names that --recipe takes for a stage, without the stage behind them."""
    folder = folder or scripts_folder() / "recipes"
    ending = f"-{stage}.yaml"
    return sorted(p.name.removesuffix(ending) for p in folder.glob(f"*{ending}"))


def find_recipe(name: str, stage: str, *, folder: Path | None = None) -> Recipe:
    """The recipe that is meant.

    name:   ``tiny``, ``tiny-sft`` or a file
    folder: of the recipes; None is persona's own
    Raises: UsageError when there is none of that name; InputError when it is not whole
    """
    folder = folder or scripts_folder() / "recipes"
    bare = name.removesuffix(f"-{stage}")
    if "/" not in name and (path := folder / f"{bare}-{stage}.yaml").is_file():
        return read_recipe(path, stage)
    if Path(name).is_file():
        return read_recipe(Path(name), stage)
    names = recipe_names(stage, folder=folder)
    near = difflib.get_close_matches(bare, names, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(names) or "none"
    raise UsageError(
        f"no recipe {name!r} for {stage}",
        remedy=f"{hint}Name a file, or one of: {listed}.",
    )


def read_recipe(path: Path, stage: str) -> Recipe:
    """Read a recipe.

    Raises: InputError when it is not there or not whole, or for another stage
    """
    remedy = "Compare it with those in scripts/recipes."
    content = read_whole(path)
    if content is None:
        raise InputError(f"{path}: no such recipe", remedy=remedy)
    try:
        match strict_yaml.load(content.decode("utf-8")):
            case {
                "stage": str(own),
                "says": str(says),
                "base": str() | None as base,
                "parameters": int() | None as parameters,
                "method": dict() as method,
                **rest,
            } if not rest and own in STAGES:
                pass
            case _:
                keys = [part.name for part in fields(Recipe) if part.name != "place"]
                raise ValueError(f"it wants exactly these keys: {', '.join(keys)}")
    except ValueError as error:
        raise InputError(f"{path}: not a recipe: {error}", remedy=remedy) from error
    if own != stage:
        raise InputError(
            f"{path}: a recipe for {own}, not for {stage}", remedy="Name another one."
        )
    return Recipe(
        place=str(path),
        stage=own,
        says=says,
        base=base,
        parameters=parameters,
        method=MappingProxyType(method),
    )


def with_changes(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe, with other values for some keys.

    Raises: UsageError for a key that it has not, or a value of another type
    """
    method = dict(recipe.method)
    for key, value in changes.items():
        if key not in method:
            near = difflib.get_close_matches(key, method, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"{recipe.place}: no hyper-parameter {key!r}",
                remedy=f"{hint}There is: {', '.join(method)}.",
            )
        method[key] = _alike(value, method[key], key)
    return replace(recipe, method=MappingProxyType(method))


def changes_of(words: Iterable[str]) -> dict[str, Any]:
    """``key=value`` words as values; what stands behind = is read as YAML.

    Raises: UsageError
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"--set {word}: no value in it",
                remedy="Write it as key=value, as in --set epochs=3.",
            )
        try:
            found[key.strip()] = strict_yaml.load(text)
        except strict_yaml.YamlFault as error:
            raise UsageError(
                f"--set {word}: {error.problem}", remedy="Put the value in quotes."
            ) from error
    return found


def _alike(value: Any, model: Any, key: str) -> Any:
    """A value of the type that the recipe has there; null and lists may be anything.

    Raises: UsageError
    """
    if type(model) is float and type(value) is int:
        return float(value)
    if model is None or value is None or type(value) is type(model):
        return value
    raise UsageError(
        f"--set {key}: {value!r} is no {type(model).__name__}",
        remedy=f"The recipe has {strict_yaml.dump_inline(model)}.",
    )
