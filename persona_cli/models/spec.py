"""What ``--model`` may say, and which files of a repository it means.

tiny                          the model of the plain install
my-tiny                       a model, or adapters, that were trained here
qwen3-8b                      a name of the catalogue
path/to/model.gguf            a file here
hf:owner/repo[:file|quant]    a file of the Hugging Face hub
http(s)://host/v1[#model]     a server that speaks the OpenAI protocol
"""

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from persona_cli.errors import ModelError
from persona_cli.models.catalogue import (
    UNKNOWN,
    Entry,
    Manners,
    catalogue,
    entry_of_file,
)

TINY = "tiny"

# Taken from a repository of many when nobody said which: the size that most people
# can run, with little lost.
USUAL_QUANT = "Q4_K_M"

_HUB = re.compile(
    r"hf:(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::(?P<rest>[^:]+))?"
)
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
_NO_WEIGHTS = re.compile(r"(^|/)mmproj|imatrix", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A model that was named; whether it is here is another question.

    spec:  as the user wrote it
    kind:  ``embedded``, ``file`` (``path``), ``hub`` (``repo``, and ``file`` or
           ``quant``), ``remote`` (``url``, and ``model`` when one was named),
           ``trained`` (``path``; or ``base``, and the adapters over it)
    entry: of the catalogue, when it is one of its models under whatever name
    writer, judge: adapters that were trained for it here
    own:   manners in place of the entry's
    """

    spec: str
    kind: Literal["embedded", "file", "hub", "remote", "trained"]
    entry: Entry | None = None
    path: Path | None = None
    repo: str | None = None
    file: str | None = None
    quant: str | None = None
    url: str | None = None
    model: str | None = None
    base: "ModelRef | None" = None
    writer: Path | None = None
    judge: Path | None = None
    own: Manners | None = None

    @property
    def manners(self) -> Manners:
        """How to ask it."""
        if self.own is not None:
            return self.own
        return self.entry.manners if self.entry else UNKNOWN


def resolve_model(spec: str) -> ModelRef:
    """Read a spec. No model is opened, asked or loaded.

    Raises: ModelError for a spec that names nothing
    """
    spec = spec.strip()
    if spec.startswith(("http://", "https://")):
        return _remote(spec)
    if spec.startswith("hf:"):
        return _on_hub(spec)
    if entry := catalogue().get(spec.lower()):
        kind: Literal["embedded", "hub"] = "hub" if entry.repo else "embedded"
        return ModelRef(
            spec=entry.name,
            kind=kind,
            entry=entry,
            repo=entry.repo,
            file=entry.file,
            quant=entry.quant,
            own=entry.taught if kind == "embedded" else None,
        )
    if spec.lower().endswith(".gguf") or "/" in spec:
        path = Path(spec).expanduser()
        entry = entry_of_file(path.name)
        return ModelRef(spec=spec, kind="file", entry=entry, path=path)
    from persona_cli.models.trained import find_trained, trained_names

    if found := find_trained(spec):
        return found
    names = [*catalogue(), *trained_names()]
    near = difflib.get_close_matches(spec.lower(), names, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise ModelError(
        f"no model is called {spec!r}",
        remedy=f"{hint}See `persona model list`, or name a .gguf file.",
    )


def choose_files(
    names: Iterable[str], ref: ModelRef, *, where: str | None = None
) -> tuple[str, ...]:
    """The files of a repository that make up the model.

    names:  every file there is
    where:  begins the error; None is the spec
    Order:  the parts of a split model in their order; llama.cpp wants the first
    Raises: ModelError when none is meant, or more than one
    """
    where = where or ref.spec
    models = _groups(names)
    if not models:
        raise ModelError(
            f"{where}: {ref.repo} has no .gguf file", remedy=_convert(ref.repo or "")
        )
    if ref.file is not None:
        wanted = ref.file.lower()
        found = [m for m in models if wanted in (m.lower(), models[m][0].lower())]
        missing = f"no file {ref.file!r} in {ref.repo}"
    elif ref.quant is not None or len(models) > 1:
        quant = ref.quant or USUAL_QUANT
        pattern = re.compile(
            rf"(?<![A-Za-z0-9]){re.escape(quant)}(?![A-Za-z0-9_])", re.IGNORECASE
        )
        found = [model for model in models if pattern.search(model)]
        missing = f"no {quant} in {ref.repo}"
        if ref.quant is None:
            missing = f"{ref.repo} has {len(models)} models"
    else:
        found, missing = list(models), ""
    if len(found) == 1:
        return _whole(models[found[0]], where)
    choices = found or difflib.get_close_matches(
        ref.file or "", models, n=3, cutoff=0.5
    )
    shown = sorted(choices or models)
    listed = ", ".join(shown[:8]) + (", ..." if len(shown) > 8 else "")
    problem = f"{len(found)} files fit {ref.quant}" if found else missing
    raise ModelError(
        f"{where}: {problem}",
        remedy=f"Name one, as in hf:{ref.repo}:{shown[0]}. There is: {listed}",
    )


def shard_names(name: str) -> list[str]:
    """All files of a split model, by the name of one; of a whole one, its name."""
    if not (shard := _SHARD.search(name)):
        return [name]
    base, count = name[: shard.start()], int(shard[2])
    return [f"{base}-{part:05}-of-{count:05}.gguf" for part in range(1, count + 1)]


def _groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Model -> its files; the parts of a split one come under a name without them."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        if name.lower().endswith(".gguf") and not _NO_WEIGHTS.search(name):
            groups.setdefault(_SHARD.sub(".gguf", name), []).append(name)
    return groups


def _whole(files: Collection[str], where: str) -> tuple[str, ...]:
    for name in files:
        if (shard := _SHARD.search(name)) and int(shard[2]) != len(files):
            raise ModelError(
                f"{where}: {len(files)} of {int(shard[2])} parts are there",
                remedy="Name another file of the repository.",
            )
    return tuple(files)


def _convert(repo: str) -> str:
    return (
        "Convert it with llama.cpp's convert_hf_to_gguf.py and llama-quantize, then"
        f" give the path with --model; or find a GGUF of {repo.split('/')[-1]}."
    )


def _remote(spec: str) -> ModelRef:
    try:
        parts = urlsplit(spec)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(
            f"{spec}: not an address: {error}", remedy="Check its spelling."
        ) from error
    if not host:
        raise ModelError(f"{spec}: no host in it", remedy="Check its spelling.")
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            f"{parts.scheme}://...@{host}: a password in an address ends up in logs",
            remedy="Take it out, and set PERSONA_API_KEY.",
        )
    url = parts._replace(fragment="").geturl().rstrip("/#")
    if not parts.path.strip("/"):
        raise ModelError(f"{spec}: no path in it", remedy=f"Try {url}/v1.")
    return ModelRef(spec=spec, kind="remote", url=url, model=parts.fragment or None)


def _on_hub(spec: str) -> ModelRef:
    match = _HUB.fullmatch(spec)
    rest = (match["rest"] or "") if match else ""
    if not match or ".." in spec.split(":", 1)[1].replace(":", "/").split("/"):
        raise ModelError(
            f"{spec}: not a model of the hub",
            remedy="Write hf:owner/repo, hf:owner/repo:Q4_K_M or"
            " hf:owner/repo:file.gguf.",
        )
    file = rest if rest.lower().endswith(".gguf") else None
    quant = rest if rest and not file else None
    entry = entry_of_file(Path(file).name) if file else _entry_of(match["repo"])
    return ModelRef(
        spec=spec, kind="hub", entry=entry, repo=match["repo"], file=file, quant=quant
    )


def _entry_of(repo: str) -> Entry | None:
    found = (e for e in catalogue().values() if (e.repo or "").lower() == repo.lower())
    return next(found, None)
