"""The lines of a suite: what some people did, and one choice of each to foresee.

    {"uid": "u1", "source": "films", "history": [{"query", "chosen", "rejected"}, …],
     "target": {"query", "chosen", "rejected"}}

``query`` may be null everywhere, ``rejected`` in a history.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from persona_cli.errors import InputError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction, Kind, fingerprint
from persona_cli.judge import Question
from persona_cli.logs.fault import Fault
from persona_cli.logs.strict import parse


class Key(NamedTuple):
    """What names a user among all suites."""

    source: str
    uid: str


@dataclass(frozen=True, slots=True)
class User:
    """One line of a suite.

    history: oldest first, guarded as ``update`` guards a log
    target:  the next choice
    mark:    of the line's content: a changed line has another
    """

    key: Key
    history: tuple[Interaction, ...]
    target: Question
    mark: str


def read_users(paths: Sequence[Path]) -> list[User]:
    """Read suites.

    Order:  of the files, and of their lines
    Raises: InputError with file and line
    """
    users: list[User] = []
    seen: dict[Key, str] = {}
    for path in paths:
        for number, line in _lines(path):
            place = f"{path}:{number}"
            try:
                user = _user(line)
            except (Fault, ValueError) as error:
                raise InputError(
                    f"{place}: {error}",
                    remedy="One user a line: uid, source, history, target; see"
                    " persona eval --help.",
                ) from error
            if user.key in seen:
                raise InputError(
                    f"{place}: {user.key.uid!r} of {user.key.source!r} is in"
                    f" {seen[user.key]} already",
                    remedy="Give each user of a source a uid of their own.",
                )
            seen[user.key] = place
            users.append(user)
    return users


def by_source(users: Sequence[User]) -> dict[str, list[User]]:
    """The users of each source, in the order in which sources come up."""
    found: dict[str, list[User]] = {}
    for user in users:
        found.setdefault(user.key.source, []).append(user)
    return found


def limited(users: Sequence[User], limit: int | None, *, seed: int) -> list[User]:
    """At most so many users of each source: the same for the same seed.

    limit: >= 1; None is all. A larger one has the users of a smaller one too
    Order: as given
    """
    if limit is None:
        return list(users)
    kept = {
        user.key
        for some in by_source(users).values()
        for user in _shuffled(some, seed)[:limit]
    }
    return [user for user in users if user.key in kept]


def lenders(users: Sequence[User], *, seed: int) -> dict[Key, Key]:
    """For each user another one of the same source, whose profile is read instead.

    Each lends to one, and nobody to themselves: everybody passes theirs on in a ring.
    Empty for a source of one user
    """
    found: dict[Key, Key] = {}
    for some in by_source(users).values():
        ring = _shuffled(some, seed)
        if len(ring) > 1:
            for user, lender in zip(ring, ring[-1:] + ring[:-1], strict=True):
                found[user.key] = lender.key
    return found


def _shuffled(users: Sequence[User], seed: int) -> list[User]:
    return sorted(users, key=lambda user: _dice(str(seed), *user.key))


def _dice(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if text:
                    yield number, text
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}",
            remedy="Name a file of a suite, JSON lines.",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text", remedy="Convert it: iconv -t utf-8."
        ) from error


def _user(line: str) -> User:
    row = _object(parse(line), "the line")
    uid, source = _text(row, "uid"), _text(row, "source")
    items = row.get("history")
    if not isinstance(items, list):
        raise Fault("`history` is no list")
    aim = _object(row.get("target"), "`target`")
    target = Question(
        id=uid,
        query=_text(aim, "query", may_lack=True),
        chosen=_text(aim, "chosen"),
        rejected=_text(aim, "rejected"),
    )
    if target.chosen == target.rejected:
        raise Fault("`target` is no choice: both items are the same")
    deeds = [
        _deed(_object(item, f"history item {n}"), f"{uid}:{n}", source, target)
        for n, item in enumerate(items, 1)
    ]
    passed = [guard(deed).interaction for deed in deeds]
    return User(
        Key(source, uid),
        tuple(deed for deed in passed if deed is not None),
        target,
        fingerprint(line),
    )


def _deed(item: dict[str, Any], id: str, source: str, target: Question) -> Interaction:
    """An interaction of the kind that its fields show.

    What stands alone, with nothing asked, is an item that was taken where the target
    is a choice between items with nothing asked, and else a text that they wrote.
    """
    query = _text(item, "query", may_lack=True)
    rejected = _text(item, "rejected", may_lack=True)
    kind: Kind = "post"
    if rejected:
        kind = "pair"
    elif query:
        kind = "message"
    elif not target.query:
        kind = "rating"
    return Interaction(
        id=id,
        kind=kind,
        source=f"suite:{source}",
        chosen=_text(item, "chosen"),
        query=query,
        rejected=rejected,
        rating=1.0 if kind == "rating" else None,
    )


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(f"{what} is no object")
    return value


def _text(row: dict[str, Any], key: str, *, may_lack: bool = False) -> str:
    value = row.get(key)
    if value is None and may_lack:
        return ""
    if not isinstance(value, str):
        raise Fault(f"`{key}` is {'missing' if value is None else 'no text'}")
    if not value.strip() and not may_lack:
        raise Fault(f"`{key}` is empty")
    return value if value.strip() else ""
