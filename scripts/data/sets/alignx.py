"""AlignX: pairs of comments, one preferred; and the benchmark files of AlignXplore+.

Two forms, told apart row by row:

    raw       prompt, chosen, rejected, "Pair-wise Comparative Feedback": [{prompt,
              chosen, rejected}]
    prepared  userid, history: [{query, chosen, rejected}], target: {...}

Checked: the raw form against the owners' README and training script, and on the
packaged P-Soups files, which have it too; the prepared form against the scripts that
write and read it in the method's public code. Not verified on the real file: the
prepared files themselves. "User-Generated Content" is not read, as in the method.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError

from .groups import by_user
from .public import Ask, PublicSet
from .reading import found, objects
from .sample import Sample, Skip, Triple, settle


def sample_from(
    row: dict[str, Any], uid: str, source: str, *, ask: Ask
) -> Sample | Skip:
    """One row, in either form, as a sample. A row of the prepared form names its user.

    Raises: ValueError when the row has neither form
    """
    match row:
        case {"Pair-wise Comparative Feedback": [*history]}:
            pairs = [_pair(pair, "prompt") for pair in [*history, row]]
        case {"history": [*history], "target": target}:
            pairs = [_pair(pair, "query") for pair in [*history, target]]
        case _:
            raise ValueError(
                "neither a list of 'Pair-wise Comparative Feedback', nor one of "
                "`history` and a `target`"
            )
    try:
        triples = [Triple(*pair) for pair in pairs]
    except ValueError:
        return Skip("a blank or doubled comment")
    if triples[-1].rejected is None:
        return Skip("a target with nothing rejected")
    own = row.get("userid", row.get("uid"))
    return settle(
        uid,
        source,
        triples,
        shortest=ask.shortest,
        longest=ask.longest,
        user=None if own is None else str(own),
    )


def samples_of(
    paths: Mapping[Path, str], name: str, ask: Ask
) -> Iterator[Sample | Skip]:
    """The rows of files that have either form, in the order of the seed.

    paths:  each with the part of the set that it holds
    name:   the set; begins every uid, which ends with the row's number, from 0
    Raises: InputError
    """
    rows = (
        (f"{name}-{part}-{number}", [part, place, row])
        for path, part in paths.items()
        for number, (place, row) in enumerate(objects(path))
    )
    for uid, [(part, place, row)] in by_user(rows, seed=ask.seed):
        try:
            yield sample_from(row, uid, f"{name}/{part}", ask=ask)
        except ValueError as error:
            raise InputError(
                f"{place}: not a row of AlignX: {error}",
                remedy="See `load.py --list` for the forms that are read.",
            ) from error


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read every .json and .jsonl of the folder.

    Raises: InputError
    """
    paths = found(folder, "*.json", "*.jsonl", needed=".json or .jsonl")
    parts = [path.stem.removesuffix("_upi") for path in paths]
    if twice := next((part for part in parts if parts.count(part) > 1), None):
        raise InputError(
            f"{folder}: two files called {twice}",
            remedy="Give the folder of one of them with --from.",
        )
    yield from samples_of(dict(zip(paths, parts, strict=True)), "alignx", ask)


def _pair(pair: Any, query: str) -> tuple[str | None, str, str | None]:
    match pair:
        case {"chosen": str(chosen), "rejected": str() | None as rejected}:
            asked = pair.get(query)
            if asked is None or isinstance(asked, str):
                return asked, chosen, rejected
    raise ValueError("a pair has a field missing or of the wrong type")


SET = PublicSet(
    name="alignx",
    title="AlignX, and the benchmark of AlignXplore+",
    get="Hugging Face datasets JinaLeejnl/AlignX (Parquet: turn it into .jsonl first), "
    "JinaLeejnl/AlignX-test, and VanillaH1/AlignXplorePlus-Benchmark",
    terms="no licence file in the repositories: see the dataset cards, ask the authors",
    files=("*.jsonl", "or *.json that is one list"),
    recipe="History: the user's pairs under other posts. Target: the pair under the "
    "row's own prompt. In the prepared form, history and target as they stand.",
    checked="both forms, against the owners' scripts; not run on the real files",
    shortest=1,
    read=read,
)
