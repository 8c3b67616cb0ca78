"""What a judge has said already, kept from one run to the next.

    .state/verdicts.json   probabilities by the hash of what was asked, of whom, about
                           whom; and the models that were found unable to judge

Only ever a cache: without it, or with a damaged one, the same is asked again. It holds
no text and no id of an interaction.
"""

import hashlib
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.files import write_whole
from persona_cli.judge import Verdict
from persona_cli.ledger import sealed, unsealed

FILE, FORMAT = "verdicts.json", 1

# A profile, nobody's and two strangers' are asked 64 questions each: ten updates' worth
# and more.
MOST = 4096
MOST_UNABLE = 64

# A model that could not judge is asked again when there is so many times as much to
# judge by.
GROWTH = 2


@dataclass(frozen=True, slots=True)
class Inability:
    """A model was found unable to judge.

    asked:  questions it was asked
    length: characters of the profile it had
    step:   the window in which it was found; that one finds it out for itself when a
            run was killed in it and comes by again
    why:    as the gate said
    """

    asked: int
    length: int
    step: int
    why: str


class Verdicts(MutableMapping[str, Verdict]):
    """Verdicts by key; those not used for longest go first.

    write: False remembers for this run alone
    """

    def __init__(self, path: Path, *, write: bool = True) -> None:
        self._path, self._write = path, write
        self._verdicts: dict[str, Verdict] = {}
        self._unable: dict[str, Inability] = {}
        self._changed = False
        self._read()

    def __getitem__(self, key: str) -> Verdict:
        verdict = self._verdicts.pop(key)
        self._verdicts[key] = verdict
        return verdict

    def __setitem__(self, key: str, verdict: Verdict) -> None:
        self._changed = True
        self._verdicts.pop(key, None)
        self._verdicts[key] = verdict

    def __delitem__(self, key: str) -> None:
        self._changed = True
        del self._verdicts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    def __contains__(self, key: object) -> bool:
        return key in self._verdicts  # a look is no use

    def unable(self, identity: str, *, asked: int, length: int, step: int) -> str:
        """Why this model need not be asked; empty when it should be.

        asked, length, step: as of now, see ``Inability``
        """
        found = self._unable.get(_short(identity))
        if found is None or found.step == step:
            return ""
        if asked >= GROWTH * found.asked or length >= GROWTH * found.length:
            return ""
        return found.why

    def remember(self, identity: str, inability: Inability | None) -> None:
        """A model was found unable, or able again."""
        if inability != self._unable.pop(_short(identity), None):
            self._changed = True
        if inability is not None:
            self._unable[_short(identity)] = inability

    def save(self) -> None:
        """Write what is new.

        Raises: InputError when it cannot be written
        """
        if not (self._write and self._changed):
            return
        kept = list(self._verdicts.items())[-MOST:]
        body = {
            "format": FORMAT,
            "verdicts": {key: [said.p, said.flipped] for key, said in kept},
            "unable": {
                key: [found.asked, found.length, found.step, found.why]
                for key, found in list(self._unable.items())[-MOST_UNABLE:]
            },
        }
        write_whole(self._path, sealed(body), mode=0o600)
        self._changed = False

    def _read(self) -> None:
        try:
            body = unsealed(self._path.read_bytes(), of=FILE)
            if body is None or body["format"] != FORMAT:
                return
            verdicts = {key: _verdict(row) for key, row in body["verdicts"].items()}
            unable = {key: _inability(row) for key, row in body["unable"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return
        self._verdicts, self._unable = verdicts, unable


def _short(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _verdict(row: Any) -> Verdict:
    match row:
        case [float() | int() as p, bool(flipped)] if 0 <= p <= 1:
            return Verdict("", float(p), flipped)
    raise ValueError(f"no verdict: {row!r}")


def _inability(row: Any) -> Inability:
    match row:
        case [int(asked), int(length), int(step), str(why)]:
            return Inability(asked, length, step, why)
    raise ValueError(f"no inability: {row!r}")
