"""A data folder of real behaviour, piece by piece, and taken up where it is.

Each piece of a history costs the teacher many calls: what came of it is noted at once.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli import __version__
from persona_cli.errors import InputError
from persona_cli.files import append_whole, heal_tail, read_whole, write_whole
from persona_cli.interaction import fingerprint
from persona_cli.training.datasheet import datasheet_of_synthesis
from persona_cli.training.folder import MADE, SHEET, write_users
from persona_cli.training.histories import Person, pieces
from persona_cli.training.seed import Split, lot
from persona_cli.training.simulate import Shares
from persona_cli.training.synthesis import Checks, Synthesized, synthesize
from persona_cli.training.teacher import Teacher
from persona_cli.training.users import SPLITS, SimulatedUser, line_of, read_user

LEDGER = "pieces.ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a folder is made.

    shares:  of the people; all pieces of one person are of one split
    longest: interactions of a piece, at most
    """

    checks: Checks
    shares: Shares
    longest: int
    shard_users: int


def synthesize_all(
    persons: Sequence[Person],
    folder: Path,
    teacher: Teacher,
    making: Making,
    *,
    seed: int,
    dropped: Counter[str],
    tell: Callable[[str], None],
) -> Mapping[str, Any]:
    """Fill a data folder from what people did.

    dropped: what reading them has dropped already
    Shape:   what ``data.json`` says
    Raises:  InputError when nothing is left; ModelError when the teacher can't be asked
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder / LEDGER)
    how = (teacher.identity, str(seed), repr(making))
    every: Counter[str] = Counter(dropped)
    counts: Counter[str] = Counter()
    users: dict[Split, list[SimulatedUser]] = {name: [] for name in SPLITS}
    for person in persons:
        split = _split_of(person.name, seed, making.shares)
        counts["people"] += 1
        for piece in pieces(person.history, longest=making.longest):
            counts["histories"] += 1
            counts["interactions"] += len(piece)
            key = fingerprint(*how, split, *(deed.id for deed in piece))
            found = known.get(key)
            if found is None:
                found = synthesize(
                    piece, teacher, making.checks, seed=seed, split=split
                )
                append_whole(folder / LEDGER, _line(key, found))
                kept = "dropped" if found.user is None else "kept"
                tell(f"{person.name}: {len(piece)} interactions, {kept}")
            every.update(found.dropped)
            counts["calls"] += found.calls
            if found.user is not None:
                users[split].append(found.user)
                counts["users"] += 1
                counts["windows"] += len(found.user.windows)
                counts["targets"] += len(found.user.targets)
    for reason, many in sorted(every.items()):
        tell(f"dropped {many}  {reason}")
    if not counts["users"]:
        raise InputError(
            f"{folder}: no history is left, of {counts['histories']}",
            remedy="Read the reasons above: give more behaviour, a better teacher, or"
            " lower `predictable`.",
        )
    files: dict[str, str] = {}
    for name, some in users.items():
        for number, begin in enumerate(range(0, len(some), making.shard_users)):
            part = some[begin : begin + making.shard_users]
            files |= write_users(folder, name, number, part)
    made = {
        "persona": __version__,
        "kind": "synthesized",
        "seed": seed,
        "teacher": teacher.name,
        "counts": dict(sorted(counts.items())),
        "dropped": dict(sorted(every.items())),
        "files": files,
    }
    sheet = datasheet_of_synthesis(made).encode("utf-8")
    write_whole(folder / SHEET, sheet, mode=0o644)
    content = json.dumps(made, ensure_ascii=False, indent=2).encode("utf-8")
    write_whole(folder / MADE, content + b"\n", mode=0o644)
    return made


def _split_of(person: str, seed: int, shares: Shares) -> Split:
    drawn = lot(f"person:{seed}:{person}")
    if drawn < shares.test:
        return "test"
    return "val" if drawn < shares.test + shares.val else "train"


def _line(key: str, found: Synthesized) -> bytes:
    row = {
        "piece": key,
        "user": None if found.user is None else json.loads(line_of(found.user)),
        "dropped": dict(found.dropped),
        "calls": found.calls,
    }
    return json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"


def _known(path: Path) -> dict[str, Synthesized]:
    """What an earlier run has made of pieces already."""
    heal_tail(path)
    found: dict[str, Synthesized] = {}
    for line in (read_whole(path) or b"").splitlines():
        row = json.loads(line)
        user = None if row["user"] is None else read_user(json.dumps(row["user"]))
        found[row["piece"]] = Synthesized(user, Counter(row["dropped"]), row["calls"])
    return found
