"""The run file: all that a training run depends on, in one YAML file.

It is written once, by ``persona train``, into the folder of the run, and read by the
script of the stage. A run is known by it: what is not in the file has no say.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_origin

from persona_cli import strict_yaml
from persona_cli.errors import InputError
from persona_cli.files import read_whole, write_whole

STAGES = ("data", "sft", "judge", "rl", "export")
RUN_FILE = "run.yaml"

_REMEDY = "Let `persona train` write a new one."
_BLOCK = 1 << 20

Plan = TypeVar("Plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The model that a run starts from.

    model:  a GGUF file, a folder in Hugging Face's form, or the address of a server
    sha256: of the file, or of a folder as ``digest_of_folder`` makes it; None for a
            server
    """

    model: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What a run learns from.

    files: name below the folder -> sha256
    """

    folder: Path
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The frozen model that pays the rewards.

    adapter: folder of its PEFT adapter
    form:    how it is asked; see ``training.readers``
    """

    model: str
    sha256: str | None = None
    adapter: Path | None = None
    adapter_sha256: str | None = None
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How the script is started; the figures of a run do not depend on it.

    config: of accelerate; None is plain python
    """

    config: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one stage.

    persona: the version that wrote the file
    stage:   one of ``STAGES``
    out:     the folder of the run
    base:    None where no model has a part in it
    adapter: folder of the PEFT adapter to start from, or to export; its hash is
             ``digest_of_folder``
    method:  every hyper-parameter of the stage
    """

    persona: str
    stage: str
    seed: int
    out: Path
    base: Base | None
    data: Data
    adapter: Path | None = None
    adapter_sha256: str | None = None
    reader: Reader | None = None
    method: Mapping[str, Any]
    launch: Launch = field(default_factory=Launch)


def read_run(path: Path) -> Run:
    """Read a run file.

    Raises: InputError for one that is not there, has an unknown or missing key, or a
            value of another type than it should
    """
    content = read_whole(path)
    if content is None:
        raise InputError(f"{path}: no such run file", remedy=_REMEDY)
    try:
        return _run(strict_yaml.load(content.decode("utf-8")))
    except ValueError as error:
        raise InputError(f"{path}: not a run file: {error}", remedy=_REMEDY) from error


def write_run(run: Run, path: Path) -> None:
    """Write a run file, whole or not at all.

    Raises: InputError
    """
    write_whole(path, run_text(run).encode("utf-8"), mode=0o644)


def run_text(run: Run) -> str:
    """The file of a run; the same run gives the same bytes."""
    head = f"# Written by persona train {run.stage}. Again: persona train resume FOLDER"
    return "\n".join([head, *_block(as_mapping(run), "")]) + "\n"


def as_mapping(run: Run) -> dict[str, Any]:
    """A run as plain values, in the order of its file."""
    return {part.name: _plain(getattr(run, part.name)) for part in fields(run)}


def method_of(run: Run, plan: type[Plan]) -> Plan:
    """The hyper-parameters of a run as the dataclass that its stage wants.

    Raises: InputError for a key that is missing or unknown, or of another type
    """
    try:
        return _built(plan, run.method, "method")
    except ValueError as error:
        raise InputError(
            f"{run.out / RUN_FILE}: {error}",
            remedy="Mend it with --set, or take another --recipe.",
        ) from error


def digest_of(path: Path) -> str:
    """The sha256 of a file, read in pieces.

    Raises: InputError when it is not there or can't be read
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="See that it is a file you may read.",
        ) from error


def digest_of_folder(folder: Path) -> str:
    """One sha256 for all files of a folder: of the lines ``digest  name``, sorted.

    Hidden ones are left out: they are what other tools leave behind.
    """
    every = digests(folder, files_below(folder))
    listed = "".join(f"{digest}  {name}\n" for name, digest in every.items())
    return hashlib.sha256(listed.encode("utf-8")).hexdigest()


def files_below(folder: Path) -> list[Path]:
    """All files of a folder and of those below it, but what is hidden."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Name below the folder -> sha256, in the order of the names."""
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: digest_of(named[name]) for name in sorted(named)}


def _run(found: Any) -> Run:
    run = _built(Run, found, "the file")
    if run.stage not in STAGES:
        raise ValueError(f"no stage {run.stage!r}; there are: {', '.join(STAGES)}")
    return run


def _built(kind: type[Plan], found: Any, place: str) -> Plan:
    """A dataclass from a mapping, field by field.

    Raises: ValueError
    """
    if not isinstance(found, Mapping):
        raise ValueError(f"{place} is no mapping")  # noqa: TRY004  the file's fault
    parts = {part.name: part for part in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(found.keys() - parts.keys()):
        raise ValueError(f"{place} has unknown keys: {', '.join(unknown)}")
    needed = {
        name
        for name, part in parts.items()
        if part.default is MISSING and part.default_factory is MISSING
    }
    if missing := sorted(needed - found.keys()):
        raise ValueError(f"{place} lacks: {', '.join(missing)}")
    where = "" if place == "the file" else f"{place}."
    values = {
        name: _value(parts[name].type, value, where + name)
        for name, value in found.items()
    }
    return kind(**values)


def _value(kind: Any, value: Any, place: str) -> Any:
    """A value as the type that its field names.

    Raises: ValueError
    """
    members = getattr(kind, "__args__", ()) if _is_union(kind) else (kind,)
    if value is None and type(None) in members:
        return None
    for member in members:
        if member in (Base, Data, Reader, Launch):
            return _built(member, value, place)
        if member is float and type(value) in (int, float):
            return float(value)
        if member is Path and isinstance(value, str) and value:
            return Path(value)
        if member in (int, str, bool) and type(value) is member:
            return value
        origin = getattr(member, "__origin__", member)
        if origin is Literal and value in member.__args__:
            return value
        if origin is Mapping and isinstance(value, Mapping):
            inner = getattr(member, "__args__", (str, Any))[1]
            return MappingProxyType(
                {k: _value(inner, v, f"{place}.{k}") for k, v in value.items()}
            )
        if origin in (tuple, list) and isinstance(value, list):
            inner = getattr(member, "__args__", (Any,))[0]
            return origin(_value(inner, v, place) for v in value)
        if member is Any:
            return value
    named = " or ".join(getattr(one, "__name__", str(one)) for one in members)
    raise ValueError(f"{place} is {value!r}, not {named.replace('NoneType', 'null')}")


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _plain(value: Any) -> Any:
    match value:
        case Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Base() | Data() | Reader() | Launch():
            return {
                part.name: _plain(getattr(value, part.name)) for part in fields(value)
            }
    return value


def _block(mapping: Mapping[str, Any], indent: str) -> list[str]:
    """A mapping as YAML in blocks, so that two run files differ in lines."""
    lines: list[str] = []
    for key, value in mapping.items():
        name = strict_yaml.dump_inline(key)
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{name}:", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {strict_yaml.dump_inline(value)}")
    return lines
