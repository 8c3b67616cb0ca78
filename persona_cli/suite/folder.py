"""What a run over a suite has found: in memory, or in a folder, to go on from.

    DIR/settings.json        how the profiles were written
    DIR/profiles.jsonl       one line a user: profile, and what the writer said
    DIR/answers-HASH.jsonl   the reader in the first line; then one line a user. Each
                             reader, and each choice of users, has a file of its own

Lines are on disk before the next user is begun. A run that was killed goes on after
the last whole line; another reader reads the same profiles.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError, UsageError
from persona_cli.files import append_whole, fault, heal_tail, read_whole, write_whole
from persona_cli.judge import Verdict
from persona_cli.lock import profile_lock
from persona_cli.suite.read import Read
from persona_cli.suite.users import Key, User
from persona_cli.suite.write import Written

Json = dict[str, Any]


class Kept:
    """What was found so far, in memory.

    profiles, reads: by user; those of users of another run too
    """

    def __init__(self) -> None:
        self.profiles: dict[Key, Written] = {}
        self.reads: dict[Key, Read] = {}

    def keep_profile(self, written: Written) -> None:
        """Take in a profile."""
        self.profiles[written.key] = written

    def keep_read(self, read: Read) -> None:
        """Take in what a reader made of a profile."""
        self.reads[read.key] = read


class Folder(Kept):
    """What was found so far, kept in a folder too.

    path:    is there, and held: see ``at_work``
    users:   of this run
    writing: how profiles are written, by the name of each setting
    Raises:  UsageError when the folder was made with other settings, InputError when
             a file in it is damaged, or was made from another suite
    """

    def __init__(self, path: Path, users: Sequence[User], writing: Json) -> None:
        super().__init__()
        self.path = path
        self._marks = {user.key: user.mark for user in users}
        self._answers: Path | None = None
        self._settle(writing)
        place = path / "profiles.jsonl"
        for number, row in _rows(place):
            with _damage_named(place, number):
                key = Key(row["source"], row["uid"])
                self._check(key, row["mark"], f"{place}:{number}")
                self.profiles[key] = Written(
                    key,
                    row["text"],
                    row["profile"],
                    tuple(row["by"]),
                    tuple(row["answers"]),
                )

    def keep_profile(self, written: Written) -> None:
        """Take in a profile; on disk when this returns."""
        row = {
            "source": written.key.source,
            "uid": written.key.uid,
            "mark": self._marks[written.key],
            "by": written.by,
            "text": written.text,
            "profile": written.profile,
            "answers": written.answers,
        }
        append_whole(self.path / "profiles.jsonl", _line(row))
        super().keep_profile(written)

    def read_by(self, reading: Json) -> None:
        """Say who reads, and take up what that reader has answered.

        reading: all that answers depend on, besides the profiles
        """
        text = json.dumps(reading, sort_keys=True)
        mark = hashlib.sha256(text.encode()).hexdigest()[:8]
        self._answers = self.path / f"answers-{mark}.jsonl"
        rows = list(_rows(self._answers))
        if not rows:
            append_whole(self._answers, _line({"reading": reading}))
        for number, row in rows[1:]:
            with _damage_named(self._answers, number):
                read = _read(row)
                self.reads[read.key] = read

    def keep_read(self, read: Read) -> None:
        """Take in what the reader made of a profile; on disk when this returns."""
        assert self._answers is not None, "nobody reads yet"  # noqa: S101
        row: Json = {
            "source": read.key.source,
            "uid": read.key.uid,
            "own": _answer(read.own),
            "empty": _answer(read.empty),
        }
        if read.borrower is not None and read.lent is not None:
            row["lent"] = {"uid": read.borrower.uid, **_answer(read.lent)}
        append_whole(self._answers, _line(row))
        super().keep_read(read)

    def _settle(self, writing: Json) -> None:
        place = self.path / "settings.json"
        found = read_whole(place)
        if found is None:
            write_whole(place, json.dumps(writing, indent=2).encode() + b"\n")
            return
        with _damage_named(place, 1):
            made = dict(json.loads(found))
        differ = [
            key for key in {**made, **writing} if made.get(key) != writing.get(key)
        ]
        if differ:
            said = "; ".join(
                f"{key} was {made.get(key)!r} and is {writing.get(key)!r}"
                for key in differ
            )
            raise UsageError(
                f"{self.path}: its profiles were written another way: {said}",
                remedy="Give the settings it was made with, or another --out.",
            )

    def _check(self, key: Key, mark: str, place: str) -> None:
        if self._marks.get(key, mark) != mark:
            raise UsageError(
                f"{place}: {key.uid!r} was another line of the suite then",
                remedy="Give the files it was made from, or another --out.",
            )


@contextmanager
def at_work(path: Path) -> Iterator[None]:
    """Hold a folder, which is made where there is none: no other run writes into it.

    Raises: BusyError, InputError
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fault(error, path) from error
    with profile_lock(path, timeout=0, doing="eval"):
        yield


def _answer(verdict: Verdict) -> Json:
    return {"p": verdict.p, "flipped": verdict.flipped}


def _read(row: Mapping[str, Any]) -> Read:
    source, uid = row["source"], row["uid"]
    lent = row.get("lent")
    return Read(
        Key(source, uid),
        _verdict(uid, row["own"]),
        _verdict(uid, row["empty"]),
        Key(source, lent["uid"]) if lent else None,
        _verdict(lent["uid"], lent) if lent else None,
    )


def _verdict(uid: str, found: Mapping[str, Any]) -> Verdict:
    return Verdict(uid, float(found["p"]), bool(found["flipped"]))


def _line(row: Json) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _rows(place: Path) -> Iterable[tuple[int, Json]]:
    """(number, row) of each whole line; a torn last one is cut off."""
    heal_tail(place)
    for number, line in enumerate((read_whole(place) or b"").splitlines(), 1):
        with _damage_named(place, number):
            yield number, dict(json.loads(line))


@contextmanager
def _damage_named(place: Path, number: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{place}:{number}: damaged ({error!r})",
            remedy="Move the file away, or give another --out.",
        ) from error
