"""The models that are on this machine: where they lie, and what they were.

The files stand in the cache that all tools of the Hugging Face hub share, and are
found there without its library:

    hub/models--owner--repo/blobs/<etag>              the bytes
    hub/models--owner--repo/snapshots/<commit>/<file> a link to them

Beside it persona keeps a record of what it fetched, with the sha256 each file had
when it was checked.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from persona_cli.errors import ModelError
from persona_cli.files import (
    make_private,
    private_opener,
    read_whole,
    write_whole,
)
from persona_cli.models.spec import ModelRef, choose_files, shard_names

FORMAT = 1
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file that was fetched and checked.

    path:     the link in the hub's cache
    file:     its name in the repository
    size:     bytes
    mtime_ns, ctime_ns: of the file when it was last checked; the second is the system's
              own, and nobody can set it back
    """

    path: str
    file: str
    size: int
    sha256: str
    mtime_ns: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A model that was fetched, or trained here; see ``models.trained``.

    spec:     what the user named it
    repo:     empty for one that was trained here
    revision: commit of the repository; the hash of the run that trained it
    at:       when, as text
    base:     spec of the model that its adapters belong to; empty for a whole one
    like:     catalogue's name of the model that it is asked like; empty for none
    prompt:   see ``Manners``; empty is as that model's
    judge:    the same
    """

    spec: str
    repo: str
    revision: str
    at: str
    files: tuple[Held, ...]
    base: str = ""
    like: str = ""
    prompt: str = ""
    judge: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where models are kept.

    cache:  the hub's
    record: persona's, a JSON file
    """

    cache: Path
    record: Path

    def pulled(self) -> tuple[Pulled, ...]:
        """What was fetched, the latest last.

        Raises: ModelError when the record is damaged
        """
        content = read_whole(self.record)
        if content is None:
            return ()
        try:
            found = json.loads(content)
            if found["format"] != FORMAT:
                raise ValueError(f"format {found['format']}")
            return tuple(_pulled(row) for row in found["models"])
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{self.record}: not a record of models: {error}",
                remedy="Move it away, and pull again: what is here is only checked.",
            ) from error

    def keep(self, pulled: Pulled) -> None:
        """Record a model, in place of what had the same files."""
        paths = {held.path for held in pulled.files}
        with self._changing() as models:
            models[:] = [m for m in models if not paths & {h.path for h in m.files}]
            models.append(pulled)

    def drop(self, paths: Iterable[str]) -> None:
        """Forget every model that has one of these files."""
        gone = set(paths)
        with self._changing() as models:
            models[:] = [m for m in models if not gone & {h.path for h in m.files}]

    def held(self, path: Path) -> Held | None:
        """What is recorded of a file."""
        rows = (held for pulled in self.pulled() for held in pulled.files)
        return next((held for held in rows if held.path == str(path)), None)

    def verify(self, path: Path, *, whole: bool = False) -> bool:
        """See that a file is still what was fetched.

        whole:   read it all, even where size and time are as recorded
        Returns: False when nothing is recorded of it
        Raises:  ModelError when it is another file by now
        """
        for part in [path, *_further_parts(path)]:
            held = self.held(part)
            if held is None:
                return False
            try:
                status = part.stat()
                same = (held.size, held.mtime_ns, held.ctime_ns) == (
                    status.st_size,
                    status.st_mtime_ns,
                    status.st_ctime_ns,
                )
                if same and not whole:
                    continue
                sha256 = held.sha256 if status.st_size != held.size else sha256_of(part)
            except OSError as error:
                raise ModelError(
                    f"{part}: {error.strerror}", remedy="Check that you may read it."
                ) from error
            if status.st_size != held.size or sha256 != held.sha256:
                raise ModelError(
                    f"{part}: does not match its recorded sha256: it was damaged, or"
                    " replaced",
                    remedy="Fetch it anew: persona model rm, then persona model pull.",
                )
            if not same:
                self._checked(
                    replace(
                        held,
                        mtime_ns=status.st_mtime_ns,
                        ctime_ns=status.st_ctime_ns,
                    )
                )
        return True

    def find(self, ref: ModelRef) -> Path | None:
        """The first file of a model of the hub; None when it is not all here.

        Order: the latest that was fetched with this spec or from this repository,
               then the snapshot that the hub's cache calls main, then any other
               that has it, if all of those have the same
        """
        if ref.repo is None:
            return None
        for pulled in reversed(self.pulled()):
            if pulled.repo == ref.repo:
                names = {held.file: Path(held.path) for held in pulled.files}
                if found := _first(names, ref):
                    return found
        folder = self.folder(ref.repo)
        main = _text(folder / "refs" / "main")
        if main and (found := _first(_files(folder / "snapshots" / main), ref)):
            return found
        snapshots = sorted((folder / "snapshots").glob("*"))
        others = [f for s in snapshots if (f := _first(_files(s), ref))]
        return others[0] if len({path.resolve() for path in others}) == 1 else None

    def folder(self, repo: str) -> Path:
        """Where the cache keeps a repository."""
        return self.cache / f"models--{repo.replace('/', '--')}"

    def _checked(self, held: Held) -> None:
        with self._changing() as models:
            models[:] = [
                replace(
                    model,
                    files=tuple(
                        held if one.path == held.path else one for one in model.files
                    ),
                )
                for model in models
            ]

    @contextmanager
    def _changing(self) -> Iterator[list[Pulled]]:
        try:
            make_private(self.record.parent)
            path = self.record.with_suffix(".lock")
            with open(path, "a", opener=private_opener) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                models = list(self.pulled())
                yield models
                rows = {"format": FORMAT, "models": [asdict(m) for m in models]}
                write_whole(self.record, (json.dumps(rows, indent=1) + "\n").encode())
        except OSError as error:
            raise ModelError(
                f"{self.record}: {error.strerror}",
                remedy="Check that you may write there.",
            ) from error


def default_shelf(environ: Mapping[str, str] | None = None) -> Shelf:
    """This user's: the hub's cache, and the record in the data folder."""
    from platformdirs import user_data_path

    environ = os.environ if environ is None else environ
    record = user_data_path("persona", appauthor=False) / "models.json"
    return Shelf(hub_cache(environ), record)


def hub_cache(environ: Mapping[str, str]) -> Path:
    """Where the hub's library keeps files, by the rules of that library.

    Source: huggingface_hub/constants.py, 2.4.0
    """
    general = environ.get("XDG_CACHE_HOME", "~/.cache")
    home = environ.get("HF_HOME", f"{general}/huggingface")
    older = environ.get("HUGGINGFACE_HUB_CACHE", f"{home}/hub")
    found = environ.get("HF_HUB_CACHE", older)
    return Path(os.path.expandvars(found)).expanduser()


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
    """The sha256 of a file, which may be larger than memory.

    on_bytes: told the length of each block that was read
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            on_bytes(len(block))
    return digest.hexdigest()


def _first(files: Mapping[str, Path], ref: ModelRef) -> Path | None:
    """The first file of the model, when all of its files are there."""
    if not files:
        return None
    try:
        chosen = [files[name] for name in choose_files(files, ref)]
    except ModelError:  # none, not all, or no way to tell which
        return None
    return chosen[0] if all(path.is_file() for path in chosen) else None


def _files(snapshot: Path) -> dict[str, Path]:
    return {
        str(path.relative_to(snapshot)): path
        for path in snapshot.rglob("*.gguf")
        if path.is_file()
    }


def _further_parts(path: Path) -> list[Path]:
    return [path.with_name(name) for name in shard_names(path.name)[1:]]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _pulled(row: Mapping[str, Any]) -> Pulled:
    files = tuple(Held(**held) for held in row["files"])
    return Pulled(**{**row, "files": files})
