"""Everything a run depends on besides its arguments: one value, one merge.

    defaults < the user's file < persona.yaml at the root < PERSONA_* < flags

The user's file is ``persona/settings.yaml`` in the folder that this system keeps
settings in. Every error begins with the place the value came from.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from persona_cli.errors import InputError, UsageError
from persona_cli.setting_rules import RULES

ROOT_FILE = "persona.yaml"
PREFIX = "PERSONA_"

# A key in a file ends up in a commit, a backup or a screenshot.
_ONLY_IN_ENVIRONMENT = "api_key"

# No setting, but what the profiles of a root follow: see ``enabled``.
SOURCES = "sources"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a run depends on besides its arguments.

    profile:        name of the profile that is meant when none is named
    model:          spec of the model, see ``models.resolve_model``
    context_tokens: of prompt and answer together; None is what the model was
                    made for, or what fits; at least 256
    answer_tokens:  longest answer of the model, in tokens; at least 16
    window_tokens:  of the interactions folded in by one call; None is as many as
                    the context leaves; at least 64
    held_out:       share of the choices kept from inference, in [0, 1)
    questions:      held-out choices that a version is checked by, at most; 0 is no
                    check; at most 4096
    candidates:     drafts of each window, the best of which is taken; None is 4 on a
                    GPU and 1 elsewhere; in [1, 64]
    seed:           in [0, 2**32 - 2]; the one above means chance to llama.cpp
    gpu_layers:     layers given to the GPU; -1 is all, 0 none
    threads:        of the CPU; None is what was measured, or one a core; at least 1
    batch_tokens, ubatch_tokens: given to llama.cpp, and computed, at a time; None is
                    what was measured, or the default; at least 32
    flash_attention: ``auto``, ``on`` or ``off``; None likewise
    kv_type:        of the cache of keys and values: ``f16``, ``q8_0``, ``q4_0``
    lora:           adapters laid over the model, in this order
    lock_timeout:   seconds to wait for another persona at work; 0 is not at all
    budget:         longest profile that ``apply`` puts in front, in tokens; None
                    is all of it; at least 1
    exports:        targets that ``export`` writes when it is told none
    temperature, top_p, top_k, min_p: in place of the model's own; None leaves it.
                    In [0, 5], (0, 1], 0 (all) and up, [0, 1)
    api_key:        of a remote engine; from PERSONA_API_KEY only, never printed
    me:             the user's own mail addresses: in a mailbox, only what is from one
                    of them is theirs
    max_record:     longest record read from a log, in bytes; at least 1024
    second_opinion: on what is a secret, by detect-secrets: ``on`` or ``off``

    Raises:         ValueError when a field breaks its line above
    """

    profile: str | None = None
    model: str = "tiny"
    context_tokens: int | None = None
    answer_tokens: int = 1024
    window_tokens: int | None = None
    held_out: float = 0.2
    questions: int = 64
    candidates: int | None = None
    seed: int = 0
    gpu_layers: int = -1
    threads: int | None = None
    batch_tokens: int | None = None
    ubatch_tokens: int | None = None
    flash_attention: str | None = None
    kv_type: str | None = None
    lora: tuple[Path, ...] = ()
    lock_timeout: float = 30.0
    budget: int | None = None
    exports: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    api_key: str | None = field(default=None, repr=False)
    me: tuple[str, ...] = ()
    max_record: int = 1 << 20
    second_opinion: str = "off"

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            value = getattr(self, name)
            if value is not None:
                rule.check(name, value)


KEYS = tuple(spot.name for spot in fields(Settings))
FILE_KEYS = tuple(key for key in KEYS if key != _ONLY_IN_ENVIRONMENT)


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """What one settings file says.

    place:  begins every error
    values: as YAML gave them; null is the same as no line at all
    lines:  key -> its line, from 1
    folder: what relative paths in it start from; None leaves them as they are
    shared: it may have come with somebody else's repository
    """

    place: str
    values: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    folder: Path | None = None
    shared: bool = False

    def at(self, key: str) -> str:
        """The place of a key, with its line where that is known."""
        line = self.lines.get(key)
        return f"{self.place}:{line}" if line else self.place


def resolve(
    files: Sequence[SettingsFile],
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
) -> Settings:
    """Merge all sources over the defaults.

    files:   the later one wins
    environ: an empty variable counts as not given
    flags:   setting -> value; None and [] are not given; False, 0 and "" are values
    Raises:  InputError for a key of a file that is no setting, or a value of the
             wrong type or outside its range; UsageError for such a flag
    """
    merged: dict[str, Any] = {}
    for source in files:
        merged |= _from_file(source)
    for key, rule in RULES.items():
        name = PREFIX + key.upper()
        if environ.get(name):
            try:
                merged[key] = rule.check(key, rule.parse(environ[name]))
            except ValueError as error:
                shown = "" if key == _ONLY_IN_ENVIRONMENT else f": {error}"
                remedy = f"Mend or unset {name}."
                raise InputError(f"{name}{shown}", remedy=remedy) from error
    for key, value in flags.items():
        if value is not None and value != []:
            try:
                merged[key] = RULES[key].check(key, RULES[key].take(value))
            except ValueError as error:
                flag = f"--{key.replace('_', '-')}"
                raise UsageError(f"{flag}: {error}", remedy="See --help.") from error
    return Settings(**merged)


def load_settings(
    root: Path,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    user: Path | None = None,
) -> Settings:
    """Read both files, where they are, and merge.

    user:   the user's file; None is ``user_file()``
    Raises: InputError, UsageError
    """
    mine = read_file(user_file() if user is None else user)
    ours = read_file(root / ROOT_FILE)
    return resolve([mine, replace(ours, shared=True)], environ, flags)


def user_file() -> Path:
    """Where this user's settings are, or would be."""
    if sys.platform == "linux":
        # What platformdirs says too; importing it would be a tenth of `persona apply`.
        home = os.environ.get("XDG_CONFIG_HOME", "").strip()
        base = Path(home) if home else Path.home() / ".config"
        return base / "persona" / "settings.yaml"
    from platformdirs import user_config_path

    return user_config_path("persona", appauthor=False) / "settings.yaml"


def read_file(path: Path) -> SettingsFile:
    """Read a settings file; one that is not there says nothing.

    Raises: InputError when it cannot be read, or is no mapping of settings
    """
    values, text = _read(path)
    if not text:
        return SettingsFile(place=str(path), values=values, folder=path.parent)
    lines = {key: _line_of(key, text) for key in values}
    return SettingsFile(place=str(path), values=values, lines=lines, folder=path.parent)


def set_user_setting(key: str, value: Any, *, path: Path | None = None) -> Path:
    """Write one setting into the user's file, and leave every other byte alone.

    value:  None takes the setting out; relative paths are meant from here, and
            become absolute
    path:   the user's file; None is ``user_file()``
    Raises: UsageError for an unknown key or a wrong value; InputError when the
            file is broken, or written in a way that cannot be edited by line
    """
    from persona_cli import strict_yaml, yaml_edit
    from persona_cli.files import make_private, write_whole

    # Dotfiles are often links into a repository: write what the link points to.
    path = (user_file() if path is None else path).resolve()
    try:
        if key not in FILE_KEYS:
            raise ValueError(f"no setting of the user's file is called {key!r}")
        if value is not None:
            value = RULES[key].check(key, RULES[key].take(value))
            value = _from_folder(key, value, Path.cwd())
    except ValueError as error:
        remedy = _nearest(key, FILE_KEYS)
        raise UsageError(f"{path}: {error}", remedy=remedy) from error
    written = _plain(value)
    try:
        after = yaml_edit.with_key(_read(path)[1], key, written)
    except ValueError as error:
        said = f"{key}: {strict_yaml.dump_inline(written)}"
        remedy = f"Write it there yourself: {said}"
        raise InputError(f"{path}: {error}", remedy=remedy) from error
    try:
        make_private(path.parent)
    except OSError as error:
        remedy = "Check that you may write there."
        raise InputError(f"{path.parent}: {error.strerror}", remedy=remedy) from error
    write_whole(path, after.encode())
    return path


def find_root(flag: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The folder of profiles that is meant, whether or not it is there yet.

    Order: the flag, PERSONA_ROOT, the nearest ``profiles/`` upward from ``cwd``,
           the user's data folder
    """
    if flag is not None:
        return cwd / flag.expanduser()
    if environ.get("PERSONA_ROOT"):
        return cwd / Path(environ["PERSONA_ROOT"]).expanduser()
    for folder in (cwd, *cwd.parents):
        if (folder / "profiles").is_dir():
            return folder / "profiles"
    from platformdirs import user_data_path

    return user_data_path("persona", appauthor=False) / "profiles"


def unknown_variables(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """PERSONA_* variables that nothing reads, each with the nearest that is read.

    Shape: (name, nearest name), for names that come close to one; any other may
           be somebody else's
    """
    import difflib

    known = [name.upper() for name in (*KEYS, "root")]
    given = [n.removeprefix(PREFIX) for n in sorted(environ) if n.startswith(PREFIX)]
    near = [
        (name, difflib.get_close_matches(name, known, n=1, cutoff=0.75))
        for name in given
        if name not in known
    ]
    return [(PREFIX + name, PREFIX + found[0]) for name, found in near if found]


def _read(path: Path) -> tuple[dict[str, Any], str]:
    remedy = "Mend the file, or move it away."
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", remedy=remedy) from error
    from persona_cli import strict_yaml

    try:
        text = content.decode("utf-8-sig")
        values = strict_yaml.load(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 text", remedy=remedy) from error
    except strict_yaml.YamlFault as error:
        raise InputError(f"{path}:{error}", remedy=remedy) from error
    if values is None:
        return {}, text
    if not isinstance(values, dict):
        fault = f"{path}:1: not a list of `setting: value` lines"
        raise InputError(fault, remedy=remedy)
    return values, text


def _from_file(source: SettingsFile) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in source.values.items():
        if key == _ONLY_IN_ENVIRONMENT:
            raise InputError(
                f"{source.at(key)}: an API key does not belong in a file",
                remedy="Take the line out, and set PERSONA_API_KEY instead.",
            )
        if key == SOURCES and source.shared:
            continue
        if key not in RULES:
            _unknown(source, key)
        if value is None:
            continue
        try:
            found[key] = RULES[key].check(key, RULES[key].take(value))
        except ValueError as error:
            remedy = f"Mend the line, or take it out: {key} then has its default."
            raise InputError(f"{source.at(key)}: {error}", remedy=remedy) from error
    if source.folder:
        found = {k: _from_folder(k, v, source.folder) for k, v in found.items()}
    if source.shared and _leaves_the_machine(found.get("model", "")):
        raise InputError(
            f"{source.at('model')}: a remote model, in a file that can come with a"
            " repository: it would be sent whatever persona reads",
            remedy=f"Name it yourself: persona model use {found['model']}",
        )
    if source.shared and "me" in found:
        raise InputError(
            f"{source.at('me')}: your addresses, in a file that can come with a"
            " repository: another's mails would count as yours",
            remedy=f"Put the line into {user_file()}, or say --me.",
        )
    return found


def _from_folder(key: str, value: Any, folder: Path) -> Any:
    """The value, in which relative paths start at ``folder``."""
    match key, value:
        case "lora", tuple():
            return tuple(folder / path.expanduser() for path in value)
        case "model", str() if value.endswith(".gguf"):
            if not value.startswith(("hf:", "http:", "https:")):
                return str(folder / Path(value).expanduser())
    return value


def _leaves_the_machine(model: str) -> bool:
    if not model.startswith(("http://", "https://")):
        return False
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    try:
        host = urlsplit(model).hostname or ""
    except ValueError:
        return True
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _line_of(key: str, text: str) -> int:
    """The line of a key, from 1; the first that names it when it stands in quotes."""
    lines = text.splitlines()
    plain = [n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:")]
    named = [n for n, line in enumerate(lines, 1) if key in line]
    return (plain or named or [1])[0]


def _unknown(source: SettingsFile, key: str) -> NoReturn:
    if key == SOURCES:
        raise InputError(
            f"{source.at(key)}: what is followed stands beside the profiles",
            remedy=f"Put it into the {ROOT_FILE} of their folder.",
        )
    raise InputError(
        f"{source.at(key)}: unknown setting {key!r}", remedy=_nearest(key, FILE_KEYS)
    )


def _nearest(key: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Use one of: {', '.join(known)}."


def _plain(value: Any) -> Any:
    """What YAML says for a value: paths as text."""
    if isinstance(value, Path):
        return str(value)
    return [str(v) for v in value] if isinstance(value, (tuple, list)) else value
