"""PersonaMem v1: what an assistant should answer a user it has long talked with.

Checked: on the owners' repository (their inference script, and a real questions CSV
and contexts JSONL of an earlier export, which calls the question ``question``); on
the field list of the published v1. The options are a Python or a JSON list of strings
that begin with (a) to (d), the answer is such a letter in brackets. Not verified on
the real file: that no row of v1 departs from it.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli.errors import InputError

from .draw import draw
from .groups import Shelf, by_user
from .public import Ask, PublicSet
from .reading import found, objects, table
from .sample import Sample, Skip, Triple, settle
from .turns import said

COLUMNS = (
    "question_id",
    "correct_answer",
    "all_options",
    "shared_context_id",
    "end_index_in_shared_context",
)
ASKED = ("user_question_or_message", "question")
LETTERED = re.compile(r"\s*\(([a-z])\)\s*", re.IGNORECASE)
SIZES = ("32k", "128k", "1M")


@dataclass(frozen=True, slots=True)
class Question:
    """One question, with the options put apart.

    user:  the persona where it is named, and else the context
    right: the option that suits the user
    wrong: the others, in the order shown; one at least
    end:   messages of the context that come before the question
    """

    id: str
    user: str
    text: str
    right: str
    wrong: tuple[str, ...]
    context: str
    end: int


def sample_from(
    question: Question, messages: Sequence[tuple[str, str]], *, source: str, ask: Ask
) -> Sample | Skip:
    """A question as the target, the conversation before it as the history.

    Of the wrong options one is drawn as rejected.

    messages: (role, text) of the whole context; those from ``end`` on are not read
    """
    history = said(messages[: question.end])
    other = draw(question.wrong, ask.seed, question.id)
    target = Triple(question.text, question.right, other)
    return settle(
        f"personamem-{source.rpartition('/')[2]}-{question.id}",
        source,
        [*history, target],
        shortest=ask.shortest,
        longest=ask.longest,
        user=question.user,
    )


def question_from(row: dict[str, str]) -> Question:
    """Read a row of the questions.

    Raises: ValueError
    """
    options = {}
    for option in _listed(row["all_options"]):
        if not (letter := LETTERED.match(option)):
            raise ValueError(f"the option {option[:20]!r} has no (a) before it")
        options[letter[1].lower()] = option[letter.end() :].strip()
    right = row["correct_answer"].strip(" ()").lower()
    if right not in options:
        raise ValueError(f"no option {row['correct_answer']!r}")
    wrong = [text for text in options.values() if text and text != options[right]]
    if not wrong or not options[right]:
        raise ValueError("no two options that differ")
    end = int(row["end_index_in_shared_context"])
    if end < 0:
        raise ValueError(f"the end {end} is below 0")
    asked = next(row[name] for name in ASKED if name in row)
    return Question(
        row["question_id"],
        row.get("persona_id", row["shared_context_id"]),
        asked,
        options[right],
        tuple(wrong),
        row["shared_context_id"],
        end,
    )


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read questions_<size>.csv, each with its shared_contexts_<size>.jsonl.

    Raises: InputError
    """
    paths = found(folder, "questions_*.csv", needed="questions_32k.csv")
    with Shelf() as contexts:
        for path in paths:
            size = _size(path)
            for place, row in objects(path.with_name(f"shared_contexts_{size}.jsonl")):
                for name, messages in row.items():
                    taken = _messages(messages, place)
                    contexts.put(f"{size}-{name}", json.dumps(taken))
        for _, rows in by_user(_rows(paths), seed=ask.seed):
            # A question that stands in the file twice is asked once.
            size, place, row = rows[0]
            try:
                question = question_from(row)
            except ValueError as error:
                raise InputError(
                    f"{place}: not a question: {error}",
                    remedy="See that the file was downloaded whole.",
                ) from error
            if (name := f"{size}-{question.context}") not in contexts:
                raise InputError(
                    f"{place}: no context {question.context[:12]}…",
                    remedy="Use questions and contexts of the same size and date.",
                )
            messages = json.loads(contexts[name])
            yield sample_from(question, messages, source=f"personamem/{size}", ask=ask)


def _rows(paths: Iterable[Path]) -> Iterator[tuple[str, list[Any]]]:
    for path in paths:
        for place, row in table(path, COLUMNS):
            if not any(name in row for name in ASKED):
                raise InputError(
                    f"{path}:1: no column {ASKED[0]}",
                    remedy="See `load.py --list` for the version that is read.",
                )
            size = _size(path)
            yield f"{size}-{row['question_id']}", [size, place, row]


def _size(path: Path) -> str:
    return path.stem.removeprefix("questions_")


def _messages(value: Any, place: str) -> list[tuple[str, str]]:
    match value:
        case [*messages]:
            taken = [
                (role, text)
                for message in messages
                for role, text in [_message(message)]
                if role is not None and text is not None
            ]
            if len(taken) == len(messages):
                return taken
    raise InputError(
        f"{place}: not a list of messages with `role` and `content`",
        remedy="See that the file was downloaded whole.",
    )


def _message(value: Any) -> tuple[str | None, str | None]:
    match value:
        case {"role": str(role), "content": str(content)}:
            return role, content
    return None, None


def _listed(text: str) -> list[str]:
    """A list of strings, as Python or as JSON writes it."""
    for reader in (json.loads, ast.literal_eval):
        try:
            options = reader(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(options, list) and all(isinstance(o, str) for o in options):
            return options
    raise ValueError("`all_options` is no list of strings")


SET = PublicSet(
    name="personamem",
    title="PersonaMem v1, answers that fit a user of long standing",
    get="Hugging Face dataset bowen-upenn/PersonaMem-v1",
    terms="MIT",
    files=("questions_<size>.csv", "shared_contexts_<size>.jsonl"),
    recipe="History: what the user said before the question, each in reply to what the "
    "assistant said; the description of the user in the context is left out. Target: "
    "the right option, beside a wrong one that the seed draws.",
    checked="on an earlier export of the owners' repository; v1 by its field list",
    shortest=1,
    read=read,
    parts=SIZES,
)
