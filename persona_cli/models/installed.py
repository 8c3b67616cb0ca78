"""Which models are on this machine, and how one is taken away again."""

from dataclasses import dataclass, replace
from pathlib import Path

from persona_cli.errors import ModelError, UsageError
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import Shelf
from persona_cli.models.spec import ModelRef, resolve_model, shard_names
from persona_cli.models.trained import remove_trained


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is here.

    name:  its spec
    path:  its first file
    size:  of all its files, bytes
    at:    when it was fetched, as text; empty when not by persona
    """

    name: str
    path: Path
    size: int
    at: str = ""


def local_path(ref: ModelRef, shelf: Shelf) -> Path | None:
    """Where a model lies; None when it is not here, or is a server's.

    For a split model, its first file.
    """
    if ref.kind == "embedded":
        from persona_cli.tiny import embedded_model

        return embedded_model()
    if ref.kind == "trained":
        if ref.base is not None:
            return local_path(ref.base, shelf)
        return ref.path if ref.path is not None and ref.path.is_file() else None
    if ref.kind == "file" and ref.path is not None:
        return ref.path if ref.path.is_file() else None
    return shelf.find(ref)


def locate(ref: ModelRef, shelf: Shelf) -> Path:
    """Where a model lies. Nothing is ever downloaded for the asking.

    Raises: ModelError when it is not here, with how to get it; or when it is not
            what was fetched any more
    """
    path = local_path(ref, shelf)
    if path is not None:
        for file in (path, ref.writer, ref.judge):
            if file is not None:
                shelf.verify(file)
        return path
    if ref.kind == "hub":
        entry = ref.entry if ref.entry and ref.spec == ref.entry.name else None
        told = f" ({size_text(entry.size)})" if entry and entry.size else ""
        raise ModelError(
            f"{ref.spec} is not here{told}",
            remedy=f"Run: persona model pull {ref.spec}",
        )
    if ref.kind == "remote":
        raise ModelError(
            f"{ref.spec}: a server's model has no file here", remedy="Name another."
        )
    if ref.kind == "trained":
        gone = ref.base.spec if ref.base else str(ref.path)
        raise ModelError(
            f"{ref.spec}: its base {gone} is not here"
            if ref.base
            else f"{ref.spec}: {gone} is gone",
            remedy="Bring it back, or: persona model rm, and export it anew.",
        )
    raise ModelError(
        f"{ref.path}: no such model",
        remedy="Check the path, or see `persona model list`.",
    )


def installed(shelf: Shelf) -> list[Installed]:
    """What is here: of the catalogue first, then whatever else was pulled."""
    found: dict[Path, Installed] = {}
    for entry in catalogue().values():
        path = local_path(resolve_model(entry.name), shelf)
        if path is not None:
            found[path] = _installed(entry.name, path, shelf)
    for pulled in shelf.pulled():
        path = Path(pulled.files[0].path)
        if path not in found and path.is_file():
            found[path] = _installed(pulled.spec, path, shelf)
            if not pulled.repo:  # a writer, and maybe a judge
                size = sum(held.size for held in pulled.files)
                found[path] = replace(found[path], size=size)
    return list(found.values())


def remove(ref: ModelRef, shelf: Shelf) -> int:
    """Take a model of the hub off this machine.

    Other tools that share the hub's cache lose it too.

    Returns: bytes that are free again
    Raises:  UsageError when it is not here, or not persona's to remove
    """
    if ref.kind == "embedded":
        raise UsageError(
            f"{ref.spec} is part of persona", remedy="Remove persona to remove it."
        )
    if ref.kind == "trained":
        return remove_trained(ref.spec, shelf)
    if ref.kind != "hub" or ref.repo is None:
        raise UsageError(
            f"{ref.spec}: persona did not put it there", remedy="Remove it yourself."
        )
    folder = shelf.folder(ref.repo)
    gone, freed = [], 0
    while path := shelf.find(ref):
        for link in [path, *_parts(path)]:
            blob = link.resolve()
            link.unlink(missing_ok=True)
            gone.append(str(link))
            others = (p.resolve() for p in (folder / "snapshots").rglob("*"))
            if blob.exists() and blob not in others:
                freed += blob.stat().st_size
                blob.unlink()
        shelf.drop(gone)
    for part in (folder / "blobs").glob("*.persona-part"):
        freed += part.stat().st_size
        part.unlink()
    if not gone and not freed:
        raise UsageError(f"{ref.spec} is not here", remedy="See: persona model list")
    return freed


def size_of(path: Path) -> int:
    """Bytes of a model, with all the parts of a split one."""
    parts = [path, *_parts(path)]
    return sum(part.stat().st_size for part in parts if part.is_file())


def size_text(size: int) -> str:
    """Bytes as people say them: ``5.0 GB``, ``98 MB``."""
    if size >= 10**9:
        return f"{size / 10**9:.1f} GB"
    return f"{size / 10**6:.0f} MB" if size >= 10**6 else f"{size} bytes"


def _installed(name: str, path: Path, shelf: Shelf) -> Installed:
    ats = [p.at for p in shelf.pulled() if any(h.path == str(path) for h in p.files)]
    return Installed(name, path, size_of(path), ats[-1] if ats else "")


def _parts(path: Path) -> list[Path]:
    return [path.with_name(name) for name in shard_names(path.name)[1:]]
