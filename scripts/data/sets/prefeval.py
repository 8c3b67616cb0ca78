"""PrefEval (Amazon Science): a preference once stated, or shown by a choice.

The files of one topic belong together row by row: the preference stated
(explicit_preference), the same shown by a choice among four
(implicit_preference/choice-based), and four options that answer the question, the
first of which respects the preference (mcq_options).

Checked: on all 20 real topics, 1,000 rows: fields, order, and that the questions agree
row by row. The persona-driven conversations are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError

from .draw import draw
from .groups import by_user
from .public import Ask, PublicSet
from .reading import found, json_list, text_of
from .sample import Sample, Skip, Triple, settle

FOLDERS = {
    "explicit": "explicit_preference",
    "choice": "implicit_preference/choice-based",
}
OPTIONS = "mcq_options"

Pair = tuple[str | None, str, str | None]


def sample_from(
    part: str, row: dict[str, Any], options: list[str], name: str, *, ask: Ask
) -> Sample | Skip:
    """One preference as a user.

    ``explicit``: the history is what they stated. ``choice``: it is the option they
    took, beside one that the seed draws, and then what they said when they took it.

    options: the first respects the preference
    name:    topic and number
    Raises:  ValueError when the row is not what it should be
    """
    match row:
        case {"preference": str(stated)} if part == "explicit":
            history: list[Pair] = [(None, stated, None)]
        case {
            "implicit_query": str(asked),
            "options": [str(), str(), *_] as listed,
            "aligned_op": str(taken),
            "conversation": {
                "assistant_options": str(shown),
                "user_selection": str(said),
            },
        } if part == "choice":
            others = [option for option in listed if option != taken]
            passed = draw(others, ask.seed, name, "history")
            history = [(asked, taken, passed), (shown, said, None)]
        case _:
            raise ValueError(f"a field of {part!r} is missing, or of the wrong type")
    other = draw(options[1:], ask.seed, name, "target")
    try:
        triples = [Triple(*p) for p in [*history, (row["question"], options[0], other)]]
    except ValueError:
        return Skip("a blank or doubled option")
    return settle(
        f"prefeval-{part}-{name}",
        f"prefeval/{part}",
        triples,
        shortest=ask.shortest,
        longest=ask.longest,
        user=name,
    )


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read the topics under benchmark_dataset.

    Raises: InputError
    """
    root = folder / "benchmark_dataset"
    root = root if root.is_dir() else folder
    kept = {part: root / name for part, name in FOLDERS.items()}
    there = {part: path for part, path in kept.items() if path.is_dir()}
    if not there:
        found(folder, "explicit_preference/*.json", needed="explicit_preference/")
    rows = (
        (f"{part}-{name}", [part, name, *row])
        for part, path in there.items()
        for topic in found(path, "*.json", needed="<topic>.json")
        for name, row in _rows(topic, root / OPTIONS / topic.name)
    )
    for _, [(part, name, place, row, options)] in by_user(rows, seed=ask.seed):
        try:
            yield sample_from(part, row, options, name, ask=ask)
        except ValueError as error:
            raise InputError(
                f"{place}: not a row of PrefEval: {error}",
                remedy="See `load.py --list` for the version that is read.",
            ) from error


def _rows(path: Path, options: Path) -> Iterator[tuple[str, list[Any]]]:
    stated, offered = list(json_list(path)), list(json_list(options))
    if len(stated) != len(offered):
        raise InputError(
            f"{options}: {len(offered)} rows, and {path.name} has {len(stated)}",
            remedy="Use files of the same commit.",
        )
    pairs = zip(stated, offered, strict=True)
    for number, ((place, row), (beside, choice)) in enumerate(pairs):
        if text_of(row, "question", place) != text_of(choice, "question", beside):
            raise InputError(
                f"{beside}: another question than {place}",
                remedy="Use files of the same commit.",
            )
        match choice.get("classification_task_options"):
            case [str(), str(), *more] as four if all(isinstance(o, str) for o in more):
                yield f"{path.stem}-{number:03}", [place, row, four]
            case _:
                raise InputError(
                    f"{beside}: no `classification_task_options`",
                    remedy="See `load.py --list` for the version that is read.",
                )


SET = PublicSet(
    name="prefeval",
    title="PrefEval, following a preference in 20 topics",
    get="https://github.com/amazon-science/PrefEval, folder benchmark_dataset",
    terms="CC BY-NC 4.0",
    files=tuple(f"{name}/<topic>.json" for name in [*FOLDERS.values(), OPTIONS]),
    recipe="A user is one preference. History, explicit: the preference as stated; "
    "choice: the option they took beside one they did not, and what they said. Target: "
    "the option that respects the preference, beside one that does not, drawn by the "
    "seed.",
    checked="on all 20 real topics",
    shortest=1,
    read=read,
    parts=tuple(FOLDERS),
)
