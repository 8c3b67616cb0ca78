"""What the profiles of a root follow: ``sources`` in ``persona.yaml``, and its owner.

    sources:
      - claude-code                                  # a known one, by its name
      - {name: mail, reader: mbox, path: ~/mail/sent.mbox, me: ada@example.org}

``persona.yaml`` may have come with somebody else's repository, and then it would have
this machine's files, or a file of theirs, read into a profile that is committed. So
what stands there is a wish, and nothing of it is read until the person at this machine
has agreed (``persona sources --enable``). That they agreed is kept outside of the
repository, for this root and for just these words: another path is another wish.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli import yaml_edit
from persona_cli.errors import InputError, UsageError
from persona_cli.files import make_private, read_whole, write_whole
from persona_cli.known_sources import SOURCES, known_source
from persona_cli.settings import ROOT_FILE, SettingsFile, read_file
from persona_cli.settings import SOURCES as KEY

_KEYS = ("name", "reader", "path", "me")


@dataclass(frozen=True, slots=True)
class Wish:
    """One source, as ``persona.yaml`` names it.

    name:   of a known source, or its own
    reader: format to read it as; None finds out
    path:   file, folder or glob, as it stands there; None where the source is known
    me:     the user's own addresses, for a reader that has to tell them from others
    """

    name: str
    reader: str | None = None
    path: str | None = None
    me: tuple[str, ...] = ()

    def record(self) -> Any:
        """As it stands in the file: a name, or a mapping."""
        if self.path is None:
            return self.name
        record: dict[str, Any] = {"name": self.name}
        if self.reader:
            record["reader"] = self.reader
        record["path"] = self.path
        if self.me:
            record["me"] = list(self.me) if len(self.me) > 1 else self.me[0]
        return record


@dataclass(frozen=True, slots=True)
class Enabled:
    """A source of ``persona.yaml``.

    agreed: the person at this machine wants it read
    """

    wish: Wish
    agreed: bool


def enabled(root: Path) -> list[Enabled]:
    """What is named in ``persona.yaml``, in its order.

    Raises: InputError when it is named wrongly
    """
    agreed = _agreed(root)
    wishes = _wishes(read_file(root / ROOT_FILE))
    return [Enabled(wish, wish.record() in agreed) for wish in wishes]


def new_wish(
    name: str,
    path: str | None = None,
    *,
    reader: str | None = None,
    me: Sequence[str] = (),
) -> Wish:
    """A source as the command line names it; a relative path is meant from here.

    Raises: UsageError
    """
    if path is None:
        return Wish(name)
    if not path.startswith("~"):
        path = os.path.abspath(path)  # noqa: PTH100 (a log may be a link, and is meant)
    item: dict[str, Any] = {"name": name, "path": path, "me": list(me)}
    try:
        return _wish(item if reader is None else {**item, "reader": reader})
    except ValueError as error:
        raise UsageError(str(error), remedy="See persona sources --help.") from error


def enable(root: Path, wish: Wish) -> None:
    """Agree to a source, and name it in ``persona.yaml`` where it is not yet.

    Raises: UsageError when the name means another source there; InputError
    """
    path = root / ROOT_FILE
    wishes = _wishes(read_file(path))
    same = [one for one in wishes if one.name == wish.name]
    if same and same[0] != wish:
        raise UsageError(
            f"{path}: {wish.name} is another source there",
            remedy=f"Take another name, or let it go: persona sources --disable"
            f" {wish.name}.",
        )
    if not same:
        _edit(path, yaml_edit.with_item, wish.record())
    agreed = _agreed(root)
    if wish.record() not in agreed:
        _agree(root, [*agreed, wish.record()])


def disable(root: Path, name: str) -> Wish:
    """Take a source out of ``persona.yaml``, and the agreement back.

    Raises: UsageError when it is not there; InputError
    """
    path = root / ROOT_FILE
    for place, wish in enumerate(_wishes(read_file(path))):
        if wish.name == name:
            _edit(path, yaml_edit.without_item, place)
            _agree(root, [one for one in _agreed(root) if one != wish.record()])
            return wish
    raise UsageError(
        f"{path}: {name!r} is not enabled", remedy="See what is: persona sources."
    )


def agreements_file() -> Path:
    """Where this machine keeps what its user agreed to; in no repository."""
    from platformdirs import user_state_path

    return user_state_path("persona", appauthor=False) / "sources.json"


def _wishes(file: SettingsFile) -> list[Wish]:
    found = file.values.get(KEY)
    if found is None:
        return []
    wishes: list[Wish] = []
    try:
        if not isinstance(found, list):
            raise ValueError("not a list")  # noqa: TRY004 (of the file)
        for item in found:
            wish = _wish(item)
            if wish.name in {one.name for one in wishes}:
                raise ValueError(f"{wish.name!r} is there twice")
            wishes.append(wish)
    except ValueError as error:
        raise InputError(
            f"{file.at(KEY)}: {KEY}: {error}",
            remedy="Name known sources, or write {name: ..., reader: ..., path: ...};"
            " see persona sources.",
        ) from error
    return wishes


def _wish(item: Any) -> Wish:
    match item:
        case str(name):
            known = known_source(name)
            if known is None or known.drops:
                names = ", ".join(one.name for one in SOURCES if not one.drops)
                raise ValueError(f"{name!r} is none of {names}")
            return Wish(name)
        case {"path": str(path)} if path.strip():
            return _own_wish(item, path)
    raise ValueError(f"{str(item)[:60]!r} is no source")


def _own_wish(item: Mapping[str, Any], path: str) -> Wish:
    if wrong := sorted(set(item) - set(_KEYS)):
        raise ValueError(f"unknown key {wrong[0]!r}")
    reader, me = item.get("reader"), item.get("me") or []
    me = [me] if isinstance(me, str) else me
    name = item.get("name") or reader
    if not isinstance(name, str) or not isinstance(reader, str | None):
        raise ValueError("a source of one's own needs a name, or a reader")  # noqa: TRY004 (of the file)
    if not isinstance(me, list) or not all(isinstance(one, str) for one in me):
        raise ValueError("`me` is no address, and no list of them")
    return Wish(_own_name(name), reader, path, tuple(me))


def _own_name(name: str) -> str:
    if not name.isprintable() or name.startswith("-") or len(name.split()) != 1:
        raise ValueError(f"{name[:60]!r} cannot be the name of a source")
    if known_source(name) is not None:
        raise ValueError(f"{name!r} is a known source; give this one another name")
    return name


def _edit(path: Path, change: Any, what: Any) -> None:
    text = (read_whole(path) or b"").decode("utf-8-sig")
    try:
        after = change(text, KEY, what)
    except ValueError as error:
        raise InputError(
            f"{path}: {error}", remedy=f"Change {KEY} there yourself."
        ) from error
    try:
        make_private(path.parent)
    except OSError as error:
        raise InputError(
            f"{path.parent}: {(error.strerror or str(error)).lower()}",
            remedy="Check that you may write there.",
        ) from error
    write_whole(path, after.encode())


def _agreed(root: Path) -> list[Any]:
    found = _agreements().get(os.path.realpath(root))
    return found if isinstance(found, list) else []


def _agreements() -> dict[str, Any]:
    path = agreements_file()
    try:
        found = json.loads(read_whole(path) or b"{}")
    except ValueError as error:
        raise InputError(
            f"{path}: not JSON ({error})",
            remedy="Move it away, and enable each source again.",
        ) from error
    return found if isinstance(found, dict) else {}


def _agree(root: Path, records: Sequence[Any]) -> None:
    path = agreements_file()
    others: Mapping[str, Any] = _agreements()
    after = {**others, os.path.realpath(root): list(records)}
    try:
        make_private(path.parent)
    except OSError as error:
        raise InputError(
            f"{path.parent}: {(error.strerror or str(error)).lower()}",
            remedy="Check that you may write there.",
        ) from error
    text = json.dumps({k: v for k, v in after.items() if v}, indent=2)
    write_whole(path, text.encode() + b"\n")
