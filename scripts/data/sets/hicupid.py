"""HiCUPID: questions to an assistant that knows, or does not know, the user.

The set is published as Parquet in two configurations, ``dialogue`` and ``qa``, each
with splits; what is read here are their rows as JSON lines, which the datasets library
writes with ``to_json``.

Checked: the columns, against the owners' training script and the dataset listing in
their README: dialogue has user_id, dialogue_id, type, user, assistant; qa has user_id,
question_id, question, personalized_answer, general_answer, type. Not verified on the
real file: that the rows of a dialogue stand in the order of its turns, and whether
every question has a general answer; one without is skipped.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError

from .groups import Shelf, by_user
from .public import Ask, PublicSet
from .reading import found, objects, text_of
from .sample import Sample, Skip, Triple, settle
from .turns import said

TYPES = ("persona", "profile", "schedule")


def sample_from(
    row: dict[str, Any], dialogues: Sequence[Sequence[tuple[str, str]]], *, ask: Ask
) -> Sample | Skip:
    """A question as the target, all dialogues of its user as the history.

    row:       of ``qa``
    dialogues: each a list of turns, (user, assistant)
    """
    history = [
        triple
        for turns in dialogues
        for triple in said(
            message
            for user, assistant in turns
            for message in (("user", user), ("assistant", assistant))
        )
    ]
    user, kind = str(row["user_id"]), row["type"]
    try:
        target = Triple(
            row["question"], row["personalized_answer"], row["general_answer"]
        )
    except ValueError:
        return Skip("an answer that is blank, or no different")
    return settle(
        f"hicupid-{user}-{row['question_id']}",
        f"hicupid/{kind}",
        [*history, target],
        shortest=ask.shortest,
        longest=ask.longest,
        user=user,
    )


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read dialogue*.jsonl and qa*.jsonl.

    Raises: InputError
    """
    dialogues = found(folder, "dialogue*.jsonl", needed="dialogue*.jsonl")
    questions = found(folder, "qa*.jsonl", needed="qa*.jsonl")
    with Shelf() as shelf:
        for user, turns in by_user(_turns(dialogues), seed=ask.seed):
            talks: dict[str, list[list[str]]] = {}
            for dialogue, said_there, answered in turns:
                talks.setdefault(dialogue, []).append([said_there, answered])
            shelf.put(user, json.dumps(list(talks.values())))
        for _, rows in by_user(_questions(questions), seed=ask.seed):
            for place, row in rows[:1]:
                user = str(row["user_id"])
                if user not in shelf:
                    raise InputError(
                        f"{place}: no dialogue of user {user}",
                        remedy="Export the dialogues of the same splits as well.",
                    )
                if row["general_answer"] is None:
                    yield Skip("no general answer")
                    continue
                yield sample_from(row, json.loads(shelf[user]), ask=ask)


def _turns(paths: Iterable[Path]) -> Iterator[tuple[str, list[str]]]:
    for path in paths:
        for place, row in objects(path):
            yield (
                _id(row, "user_id", place),
                [
                    _id(row, "dialogue_id", place),
                    text_of(row, "user", place),
                    text_of(row, "assistant", place),
                ],
            )


def _questions(paths: Iterable[Path]) -> Iterator[tuple[str, list[Any]]]:
    for path in paths:
        for place, row in objects(path):
            for key in ("question", "personalized_answer", "type"):
                text_of(row, key, place)
            if row.get("general_answer", "") is not None:
                text_of(row, "general_answer", place)
            user = _id(row, "user_id", place)
            yield f"{user}-{_id(row, 'question_id', place)}", [place, row]


def _id(row: dict[str, Any], key: str, place: str) -> str:
    if isinstance(value := row.get(key), str | int):
        return str(value)
    raise InputError(
        f"{place}: `{key}` is missing, or no number or string",
        remedy="See `load.py --list` for the columns that are read.",
    )


SET = PublicSet(
    name="hicupid",
    title="HiCUPID, answers that know the user",
    get="Hugging Face dataset 12kimih/HiCUPID; write each split of the configurations "
    "`dialogue` and `qa` with to_json of the datasets library",
    terms="the repository is Apache-2.0; see the dataset card",
    files=("dialogue*.jsonl", "qa*.jsonl"),
    recipe="History: what the user said in all dialogues, each in reply to what the "
    "assistant said. Target: the personalized answer to a question, beside the general "
    "one. (The method has the answer written and judged instead.)",
    checked="the columns, against the owners' scripts and README; not run on the real "
    "files",
    shortest=1,
    read=read,
    parts=TYPES,
)
