"""The models persona knows by name: ``models.yaml``, read and checked.

Every model also has manners: which prompt it takes, whether it thinks first, how
its tokens are drawn. A model that is in no catalogue has those of ``UNKNOWN``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from persona_cli import strict_yaml
from persona_cli.engine import Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a model is asked, and how far it is believed.

    prompt:   ``infer`` (cited lines), ``summary`` (plain sentences) or ``each`` (one
              interaction at a time)
    check:    ``grounded``: a line counts only when the words it cites bear it out
    judge:    ``pair``: both items at once, by letter; ``item``: each alone;
              ``backward``: how well either choice foretells the profile
    grammar:  whether its answers are held to one
    thinking: the tags around its thoughts; None for a model that has none
    answer_tokens: what it says beyond so many is repetition; None for most
    sampling: how inference draws its tokens
    """

    prompt: Literal["infer", "summary", "each"] = "infer"
    check: Literal["none", "grounded"] = "none"
    judge: Literal["pair", "item", "backward"] = "pair"
    grammar: bool = True
    thinking: tuple[str, str] | None = None
    answer_tokens: int | None = None
    sampling: Sampling = Sampling()  # noqa: RUF009 (frozen)


UNKNOWN = Manners()

# Of the package: adapters that persona trained and ships.
ADAPTERS = Path(str(files("persona_cli").joinpath("adapters")))


@dataclass(frozen=True, slots=True)
class Shipped:
    """An adapter of the package.

    path: GGUF
    form: that it was trained on: a prompt's for a writer, a judge's for a judge
    """

    path: Path
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model of the catalogue.

    name:     what the user types
    says:     one line about it
    verified: persona was run on exactly this file
    repo:     on the hub; None for the model of the plain install
    file:     in ``repo``; None when ``quant`` chooses it
    quant:    part of the file's name
    match:    patterns of file names that are this model too, in lower case
    size:     bytes; None when nobody said
    sha256:   64 hex digits; None when nobody said
    licence:  of the weights
    context:  tokens it was trained to read
    memory:   what it takes at 8192 tokens, in words
    adapters: ``writer`` and ``judge`` -> what persona trained for it
    """

    name: str
    says: str
    verified: bool
    repo: str | None
    file: str | None
    quant: str | None
    match: tuple[str, ...]
    size: int | None
    sha256: str | None
    licence: str
    context: int
    memory: str
    manners: Manners
    adapters: Mapping[str, Shipped] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @property
    def taught(self) -> Manners:
        """How to ask it with its adapters: in the forms that they were trained on."""
        manners = self.manners
        if writer := self.adapters.get("writer"):
            prompt = one_of(writer.form, "infer", "summary", "each")
            manners = replace(manners, prompt=prompt)
        if judge := self.adapters.get("judge"):
            form = one_of(judge.form, "pair", "item", "backward")
            manners = replace(manners, judge=form)
        return manners


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every entry by name, in the order of the file."""
    text = files("persona_cli").joinpath("models.yaml").read_text("utf-8")
    return parse(text)


def parse(text: str) -> Mapping[str, Entry]:
    """Read a catalogue.

    Raises: ValueError with the entry's name; a mistake of ours, since the file is
    """
    found = strict_yaml.load(text)
    entries = {name: _entry(name, dict(fields)) for name, fields in found.items()}
    return MappingProxyType(entries)


def entry_of_file(name: str) -> Entry | None:
    """The entry that a file of this name is, wherever it lies."""
    name = name.lower()
    for entry in catalogue().values():
        if any(fnmatchcase(name, pattern) for pattern in entry.match):
            return entry
    return None


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    try:
        manners = Manners(
            prompt=one_of(fields.pop("prompt"), "infer", "summary", "each"),
            check=one_of(fields.pop("check"), "none", "grounded"),
            judge=one_of(fields.pop("judge"), "pair", "item", "backward"),
            grammar=_a(bool, fields.pop("grammar")),
            thinking=_tags(fields.pop("thinking")),
            answer_tokens=_a(int, fields.pop("answer_tokens"), none=True),
            sampling=Sampling(**fields.pop("sampling")),
        )
        entry = Entry(
            name=name,
            says=_a(str, fields.pop("says")),
            verified=_a(bool, fields.pop("verified")),
            repo=_a(str, fields.pop("repo", None), none=True),
            file=_a(str, fields.pop("file", None), none=True),
            quant=_a(str, fields.pop("quant", None), none=True),
            match=tuple(_a(str, one) for one in _a(list, fields.pop("match"))),
            size=_a(int, fields.pop("size"), none=True),
            sha256=_a(str, fields.pop("sha256"), none=True),
            licence=_a(str, fields.pop("licence")),
            context=_a(int, fields.pop("context")),
            memory=_a(str, fields.pop("memory")),
            manners=manners,
            adapters=_adapters(fields.pop("adapters", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error!r}") from error
    if fields:
        raise ValueError(f"{name}: unknown keys {sorted(fields)}")
    if not (entry.file or entry.quant):
        raise ValueError(f"{name}: neither file nor quant")
    if entry.sha256 is not None and len(entry.sha256) != 64:
        raise ValueError(f"{name}: sha256 is not 64 hex digits")
    return entry


def _a(kind: type, value: Any, *, none: bool = False) -> Any:
    if (none and value is None) or type(value) is kind:
        return value
    raise TypeError(f"{value!r} is no {kind.__name__}")


def one_of(value: Any, *allowed: str) -> Any:
    """A value that has to be one of a few.

    Raises: ValueError
    """
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return value


def _adapters(value: Any) -> Mapping[str, Shipped]:
    found = {
        one_of(role, "writer", "judge"): Shipped(
            ADAPTERS / _a(str, one["file"]), _a(str, one["form"])
        )
        for role, one in value.items()
    }
    return MappingProxyType(found)


def _tags(value: Any) -> tuple[str, str] | None:
    match value:
        case None:
            return None
        case [str(opening), str(closing)]:
            return opening, closing
    raise TypeError(f"{value!r} are no two tags")
