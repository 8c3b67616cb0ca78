"""Models that were trained here: adapters over a base, or whole; kept under a name.

    trained/<name>/writer.gguf   beside the record of models
    trained/<name>/judge.gguf
    trained/<name>/model.gguf    in place of both, when it was merged

They are copies: the folder of the run may go.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from persona_cli.errors import ModelError, UsageError
from persona_cli.files import SUFFIX, make_private, sync_file, sync_folder
from persona_cli.models.catalogue import UNKNOWN, Manners, catalogue, one_of
from persona_cli.models.shelf import Held, Pulled, Shelf, default_shelf, sha256_of
from persona_cli.models.spec import ModelRef, resolve_model

Role = Literal["writer", "judge", "model"]
ROLES: tuple[Role, ...] = get_args(Role)
FOLDER = "trained"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_name(name: str) -> None:
    """See that a name can be given to what was trained.

    Raises: UsageError
    """
    if not _NAME.fullmatch(name) or name.lower().endswith(".gguf"):
        raise UsageError(
            f"--name {name}: no name for a model",
            remedy="Take letters, digits, - and _, as in my-tiny.",
        )
    if name.lower() in catalogue():
        raise UsageError(
            f"--name {name}: is a model of the catalogue", remedy="Take another name."
        )


def register(
    file: Path,
    *,
    name: str,
    role: Role,
    shelf: Shelf,
    at: str,
    run: str,
    base: str = "",
    like: str = "",
    prompt: str = "",
    judge: str = "",
) -> Path:
    """Keep a file under a name, so that ``--model`` takes it.

    A judge joins the writer of that name, and a writer its judge, where both are laid
    over the same base. What else stood there makes room.

    file:    GGUF; copied
    run:     sha256 of the run that trained it
    base, like, prompt, judge: see ``Pulled``
    Returns: the copy
    Raises:  UsageError for a name that can't be given; ModelError when it can't be
             written
    """
    check_name(name)
    folder = shelf.record.parent / FOLDER / name
    target = folder / f"{role}.gguf"
    before = _kept(name, shelf)
    joined: tuple[Held, ...] = ()
    if before is not None:
        if role != "model" and before.base == base:
            joined = tuple(h for h in before.files if h.file not in _GONE[role])
            prompt = prompt if role == "writer" else before.prompt
            judge = judge if role == "judge" else before.judge
        shelf.drop([held.path for held in before.files])
    try:
        make_private(folder)
        part = target.with_name(f".{target.name}{SUFFIX}")
        shutil.copyfile(file, part)
        part.chmod(0o600)
        sync_file(part)
        part.replace(target)
        for other in folder.glob("*.gguf"):
            if other != target and str(other) not in {h.path for h in joined}:
                other.unlink()
        sync_folder(folder)
        status = target.stat()
        held = Held(
            path=str(target),
            file=target.name,
            size=status.st_size,
            sha256=sha256_of(target),
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )
    except OSError as error:
        raise ModelError(
            f"{folder}: {(error.strerror or str(error)).lower()}",
            remedy="See that there is room on the disk, and that you may write there.",
        ) from error
    shelf.keep(
        Pulled(
            spec=name,
            repo="",
            revision=run,
            at=at,
            files=(*joined, held),
            base=base,
            like=like,
            prompt=prompt,
            judge=judge,
        )
    )
    return target


def find_trained(name: str, shelf: Shelf | None = None) -> ModelRef | None:
    """What was trained here under a name; None when nothing was."""
    found = _kept(name, shelf or default_shelf())
    if found is None:
        return None
    paths = {held.file: Path(held.path) for held in found.files}
    entry = catalogue().get(found.like)
    base = resolve_model(found.base) if found.base else None
    usual = base.manners if base else entry.manners if entry else UNKNOWN
    return ModelRef(
        spec=name,
        kind="trained",
        entry=entry,
        path=paths.get("model.gguf"),
        base=base,
        writer=paths.get("writer.gguf"),
        judge=paths.get("judge.gguf"),
        own=_manners(usual, found),
    )


def trained_names(shelf: Shelf | None = None) -> list[str]:
    """All that was trained here, the latest last."""
    return [one.spec for one in (shelf or default_shelf()).pulled() if not one.repo]


def remove_trained(name: str, shelf: Shelf) -> int:
    """Take away what was trained under a name; its base stays.

    Returns: bytes that are free again
    Raises:  UsageError when there is nothing of that name
    """
    found = _kept(name, shelf)
    if found is None:
        raise UsageError(f"{name} is not here", remedy="See: persona model list")
    shelf.drop([held.path for held in found.files])
    folder = shelf.record.parent / FOLDER / name
    freed = sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return freed


_GONE: dict[Role, Sequence[str]] = {
    role: (f"{role}.gguf", "model.gguf") for role in ROLES
}


def _kept(name: str, shelf: Shelf) -> Pulled | None:
    rows = (one for one in shelf.pulled() if one.spec == name and not one.repo)
    return next(rows, None)


def _manners(usual: Manners, found: Pulled) -> Manners:
    """The base's manners, but the forms that it was trained on."""
    manners = usual
    if found.prompt:
        prompt = one_of(found.prompt, "infer", "summary", "each")
        # Plain sentences follow no grammar of cited lines.
        grammar = usual.grammar and prompt != "summary"
        manners = replace(manners, prompt=prompt, grammar=grammar)
    if found.judge:
        judge = one_of(found.judge, "pair", "item", "backward")
        manners = replace(manners, judge=judge)
    return manners
