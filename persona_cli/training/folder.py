"""A data folder, made block by block by several processes, and taken up where it is.

A block of users is three files, ``train-00000.jsonl``, ``val-00000.jsonl`` and
``test-00000.jsonl``. What is made of the last two beside: suites, so that
``persona eval --suite`` can measure people who were never trained on.
"""

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persona_cli import __version__
from persona_cli.errors import InputError
from persona_cli.files import (
    append_whole,
    heal_tail,
    read_whole,
    sha256_of,
    write_whole,
)
from persona_cli.training.datasheet import datasheet
from persona_cli.training.draw import Corpus, Unseen, read_corpus, unseen
from persona_cli.training.seed import Split
from persona_cli.training.simulate import Shares, simulate_user
from persona_cli.training.users import (
    SPLITS,
    SimulatedUser,
    as_suite,
    line_of,
    read_split,
)

MADE = "data.json"
SHEET = "datasheet.md"
LEDGER = "blocks.ledger"

# In the file of a suite, what its figures stand under.
SUITE_SOURCE = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is made.

    users:       how many, of all splits
    shard_users: of a block
    processes:   at work at once; has no say in what comes out
    """

    users: int
    shard_users: int
    processes: int
    val_share: float
    test_share: float

    @property
    def shares(self) -> Shares:
        """Of the users."""
        return Shares(val=self.val_share, test=self.test_share)


@dataclass(frozen=True, slots=True)
class Block:
    """What a block came to.

    files:  name -> sha256
    counts: what -> how many
    """

    number: int
    files: Mapping[str, str]
    counts: Mapping[str, int]


def simulate(
    corpus: Path,
    folder: Path,
    asked: Simulation,
    *,
    seed: int,
    tell: Callable[[str], None],
) -> Mapping[str, Any]:
    """Fill a data folder with simulated users.

    Blocks that are there and whole are kept. The same seed and corpus give the same
    users, byte for byte; more users begin with the same ones.

    Shape:  what ``data.json`` says
    Raises: InputError when the corpus is not of its form, or the folder holds others
    """
    read = _corpus(corpus)
    head = {
        "persona": __version__,
        "kind": "simulated",
        "seed": seed,
        "corpus": corpus_hash(corpus),
        "shard_users": asked.shard_users,
        "val_share": asked.val_share,
        "test_share": asked.test_share,
    }
    folder.mkdir(parents=True, exist_ok=True)
    done = _kept(folder, head, asked)
    starts = range(0, asked.users, asked.shard_users)
    todo = [n for n in range(len(starts)) if n not in done]
    if done:
        tell(f"{len(done)} of {len(starts)} blocks are there already")
    for block in _made(corpus, folder, asked, seed, todo):
        done[block.number] = block
        _note(folder, asdict(block))
        tell(f"block {block.number}: {block.counts['users']} users")
    blocks = [done[number] for number in range(len(starts))]
    files = {name: digest for block in blocks for name, digest in block.files.items()}
    counts: Counter[str] = Counter()
    for block in blocks:
        counts.update(block.counts)
    for split in ("val", "test"):
        files |= _write_suite(folder, split)
    made = {**head, "users": asked.users, "counts": dict(sorted(counts.items()))}
    made["files"] = dict(sorted(files.items()))
    write_whole(folder / SHEET, datasheet(made, read).encode("utf-8"), mode=0o644)
    write_whole(folder / MADE, _json(made) + b"\n", mode=0o644)
    return made


def corpus_hash(folder: Path) -> str:
    """One sha256 for both corpora, in the order of their names."""
    every = sorted([*folder.glob("*.jsonl"), *folder.glob("things/*.jsonl")])
    named = (f"{sha256_of(p.read_bytes())}  {p.relative_to(folder)}\n" for p in every)
    return sha256_of("".join(named).encode("utf-8"))


def write_users(
    folder: Path, split: Split, number: int, users: list[SimulatedUser]
) -> dict[str, str]:
    """One file of users; name -> sha256. None where there are none."""
    if not users:
        return {}
    content = "".join(line_of(user) + "\n" for user in users).encode("utf-8")
    name = f"{split}-{number:05d}.jsonl"
    write_whole(folder / name, content, mode=0o644)
    return {name: sha256_of(content)}


def _corpus(folder: Path) -> Corpus:
    try:
        return read_corpus(folder)
    except ValueError as error:
        raise InputError(
            f"{folder}: {error}", remedy="Mend the line; README.md there has the form."
        ) from error


def _made(
    corpus: Path, folder: Path, asked: Simulation, seed: int, todo: list[int]
) -> Iterator[Block]:
    """Blocks as they are done, in any order."""
    if asked.processes == 1 or len(todo) < 2:
        _begin(corpus)
        for number in todo:
            yield _block(folder, asked, seed, number)
        return
    with ProcessPoolExecutor(
        min(asked.processes, len(todo)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(corpus,),
    ) as pool:
        waiting = [pool.submit(_block, folder, asked, seed, n) for n in todo]
        for future in as_completed(waiting):
            yield future.result()


# Of this process: read once, used for each block.
_READ: list[Corpus] = []


def _begin(corpus: Path) -> None:
    _READ[:] = [read_corpus(corpus)]


def _block(folder: Path, asked: Simulation, seed: int, number: int) -> Block:
    corpus = _READ[0]
    begin = number * asked.shard_users
    by_split: dict[Split, list[SimulatedUser]] = {name: [] for name in SPLITS}
    for k in range(begin, min(begin + asked.shard_users, asked.users)):
        user = simulate_user(corpus, seed, k, shares=asked.shares)
        by_split[user.split].append(user)
    counts: Counter[str] = Counter()
    files: dict[str, str] = {}
    why = {one.id: unseen(one) for one in corpus.contrasts}
    why |= {one.id: unseen(one) for one in corpus.categories}
    for name, users in by_split.items():
        files |= write_users(folder, name, number, users)
        for user in users:
            counts.update(_counts(user, why))
    return Block(number, files, dict(counts))


def _counts(user: SimulatedUser, why: Mapping[str, Unseen]) -> Iterator[str]:
    """What the datasheet counts, one word a thing."""
    yield "users"
    yield f"users/{user.split}"
    for truth in user.truth:
        yield "preferences"
        yield f"sign/{truth.sign}"
        yield f"strength/{truth.strength}"
        if truth.until is not None:
            yield "changes of mind"
    for deed in user.interactions:
        yield "interactions"
        yield f"kind/{deed.kind}"
        yield "showing" if deed.shows else "showing nothing"
    for step in user.windows:
        yield "windows"
        yield from ("summary lines" for _ in step.summary)
    for target in user.targets:
        reason = why[target.shows.rpartition("/")[0]]
        yield f"targets/{user.split}" + (f"/unseen {reason}" if reason else "")


def _kept(folder: Path, head: Mapping[str, Any], asked: Simulation) -> dict[int, Block]:
    """Blocks of an earlier run that are whole; files of others are taken away.

    Raises: InputError when it was another run's
    """
    heal_tail(folder / LEDGER)
    ledger = read_whole(folder / LEDGER)
    if not ledger:
        if any(folder.glob("*-[0-9]*.jsonl")):
            raise _another(folder, "users that no run says it has made")
        _note(folder, head)
        return {}
    lines = [json.loads(line) for line in ledger.splitlines()]
    _same(folder, head, lines[0])
    kept: dict[int, Block] = {}
    for block in (Block(**line) for line in lines[1:]):
        if _is_whole(folder, block, asked):
            kept[block.number] = block
        elif block.number * asked.shard_users >= asked.users:
            for name in block.files:
                (folder / name).unlink(missing_ok=True)
    return kept


def _same(folder: Path, head: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in head.items():
        if other.get(key) != value:
            raise _another(folder, f"{key} {other.get(key)!r}, not {value!r}")


def _another(folder: Path, what: str) -> InputError:
    return InputError(
        f"{folder}: holds {what}", remedy="Name another folder, or empty this one."
    )


def _is_whole(folder: Path, block: Block, asked: Simulation) -> bool:
    size = min(asked.shard_users, asked.users - block.number * asked.shard_users)
    return block.counts.get("users") == size and all(
        (content := read_whole(folder / name)) is not None
        and sha256_of(content) == digest
        for name, digest in block.files.items()
    )


def _note(folder: Path, line: Mapping[str, Any]) -> None:
    append_whole(folder / LEDGER, _json(line, indent=None) + b"\n")


def _write_suite(folder: Path, split: Split) -> dict[str, str]:
    """The users of a split as a suite; name -> sha256."""
    if not any(folder.glob(f"{split}-[0-9]*.jsonl")):
        return {}
    rows = (as_suite(user, source=SUITE_SOURCE) for user in read_split(folder, split))
    content = b"".join(_json(row, indent=None) + b"\n" for row in rows if row)
    name = f"suite-{split}.jsonl"
    write_whole(folder / name, content, mode=0o644)
    return {name: sha256_of(content)}


def _json(found: Mapping[str, Any], indent: int | None = 2) -> bytes:
    return json.dumps(found, ensure_ascii=False, indent=indent).encode("utf-8")
