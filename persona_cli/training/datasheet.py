"""What a data folder holds, and what it is good for, for people to read."""

from collections.abc import Iterator, Mapping
from typing import Any

from persona_cli.training.draw import Corpus

_WHY = {
    "domain": "of a domain that nothing was learned from",
    "preference": "of a preference unseen, in a domain that is known",
    "category": "of a category of things unseen",
}

_COUNTED = (
    *("users", "preferences", "changes of mind", "interactions"),
    *("showing", "showing nothing", "windows", "summary lines"),
)

_LIMITS = """\
- A user has 2 to 12 preferences, no two of one contrast or category. A strong one shows
  three to six times, a mild one two to four; now and then a deed goes against it (3 and
  8 %). One in five changes at a known time into its opposite. Beside them are choices
  of no consequence: of things that the user is indifferent to, now this way, now that,
  and unrelated ones.
- The same query and the same items are met with both answers: no item is right by its
  looks. What is to be foreseen are items that the user's history does not have; of a
  contrast, a query that it does not have.
- A summary has what holds and has shown, with every deed that shows it. A change of
  mind takes effect with the first deed that shows it.
- They are clearer than people: each deed shows one preference or none, tastes are
  independent of each other, and all is English. Figures on them are an upper bound, not
  an estimate, of figures on people."""


def datasheet(made: Mapping[str, Any], corpus: Corpus) -> str:
    """The datasheet of simulated users, in Markdown.

    made: what ``data.json`` says
    """
    counts: Mapping[str, int] = made["counts"]
    return "\n".join([*_what(made, counts), *_split(corpus, counts), *_limits()]) + "\n"


def datasheet_of_synthesis(made: Mapping[str, Any]) -> str:
    """The datasheet of real histories with summaries by a teacher, in Markdown."""
    counts: Mapping[str, int] = made["counts"]
    return "\n".join([*_synthesis(made, counts)]) + "\n"


def _synthesis(made: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    yield "# Summaries of real behaviour"
    yield ""
    yield f"Made by persona {made['persona']}, seed {made['seed']}, with the teacher"
    yield f"{made['teacher']}."
    yield "The interactions are those of real people: **keep this folder to yourself**."
    yield "What its owners forgot or hold back for review is not in it."
    yield ""
    yield from _table(("what", "how many"), sorted(counts.items()))
    yield ""
    yield "## Dropped"
    yield ""
    yield from _table(("reason", "how many"), sorted(made["dropped"].items()))
    yield ""
    yield "## How"
    yield ""
    yield "The signal is a model's probability of the choice that was made, given the"
    yield "choices before it: not of a sequence model fine-tuned for the purpose, as in"
    yield "the paper, but of the teacher itself, by letters, in both orders."
    yield "Summaries are the teacher's. Nothing says that they are true; only that the"
    yield "choices that they were checked by were foreseen from them."


def _what(made: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    users = made["users"]
    yield "# Simulated users"
    yield ""
    yield f"Made by persona {made['persona']}, seed {made['seed']}."
    yield "Nobody of them exists. MIT, as the seed corpus that they are drawn from:"
    yield f"`{made['corpus'][:16]}`, written by hand for this project. No data set has"
    yield "a part in it."
    yield ""
    yield from _table(
        ("what", "how many", "a user"),
        (
            (name, n, f"{n / users:.1f}")
            for name in _COUNTED
            if (n := counts.get(name, 0)) or name == "users"
        ),
    )
    for group in ("kind", "sign", "strength"):
        found = {k: n for k, n in counts.items() if k.startswith(f"{group}/")}
        total = sum(found.values())
        yield ""
        yield from _table(
            (group, "how many", "share"),
            (
                (name.partition("/")[2], n, f"{n / total:.1%}")
                for name, n in sorted(found.items(), key=lambda item: -item[1])
            ),
        )


def _split(corpus: Corpus, counts: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield "## Split"
    yield ""
    yield "By domain and by preference, of the lexicon by category: users of one split"
    yield "draw from that split alone, what is unrelated included. By hash, for ever."
    yield ""
    yield from _table(
        ("split", "contrasts", "categories", "users"),
        (
            (name, len(some), len(things), counts.get(f"users/{name}", 0))
            for name, (some, things) in corpus.by_split.items()
        ),
    )
    yield ""
    rows: list[tuple[object, ...]] = []
    for key, n in sorted(counts.items()):
        if key.startswith("targets/"):
            _, split, *reason = key.split("/")
            why = _WHY[reason[0].removeprefix("unseen ")] if reason else "known"
            rows.append((split, why, n))
    yield from _table(("choices to foresee, of", "which are", "how many"), rows)


def _limits() -> Iterator[str]:
    yield ""
    yield "## How, and what it cannot tell"
    yield ""
    yield from _LIMITS.splitlines()


def _table(head: tuple[str, ...], rows: "Iterator[Any] | list[Any]") -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
