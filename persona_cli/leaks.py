"""The second look, before anything is written: what must not be kept is not in it.

What is once given to git stays there as an object, even when the file is taken back.
So lines with a secret are dropped from what a model proposes, and whatever is about
to be written is read through again, whoever made it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from persona_cli.allowed import Allows
from persona_cli.draft import Draft, DraftLine
from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.places import PROFILE
from persona_cli.secrets import Found
from persona_cli.secrets.second import find, redact


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that must not be written, and where it stands.

    line: of the file, from 1
    item: the thing itself, which goes into no message
    """

    file: str
    line: int
    kind: str
    personal: bool
    item: str = field(repr=False)


def held_back(draft: Draft, allows: Allows) -> Draft:
    """A draft without the lines that hold a secret; they are counted by its kind."""
    kept: list[DraftLine] = []
    dropped = Counter(draft.dropped)
    for line in draft.lines:
        said = f"{line.section}\n{line.text}\n{line.fact}"
        found = next(find(said, allows), None)
        if found is not None:
            dropped[f"held back: looks like {named(found.rule.name)}"] += 1
            continue
        quotes = {i: redact(quote, allows)[0] for i, quote in line.quotes.items()}
        kept.append(replace(line, quotes=quotes) if line.quotes else line)
    return replace(draft, lines=tuple(kept), dropped=dropped)


def cleaned(deed: Interaction, allows: Allows) -> Interaction:
    """An interaction from the archive, by the rules of today."""
    query, chosen, rejected = (
        redact(text, allows)[0] for text in (deed.query, deed.chosen, deed.rejected)
    )
    return replace(deed, query=query, chosen=chosen, rejected=rejected)


Files = Mapping[str, bytes | None]


def require_none_new(folder: Path, before: Files, after: Files, allows: Allows) -> None:
    """See that nothing new in what persona is about to write must not be written.

    before, after: file name -> bytes; None: no file
    Raises:        InputError with the place of the first such thing, and not the thing
    """
    theirs = (before.get(PROFILE) or b"").decode(errors="replace")
    for leak in _leaks(before, after, allows):
        # What stands in the profile a person chose to say; evidence repeats it.
        if not (leak.personal and leak.item in theirs):
            raise _refusal(folder, leak, "nothing was written")


def require_none_by_hand(
    folder: Path, before: Files, after: Files, allows: Allows
) -> None:
    """See that a person wrote no secret; what is about themselves is theirs to say.

    before, after: likewise; ``before`` as it was committed
    Raises:        InputError likewise
    """
    if before == after:
        return
    for leak in _leaks(before, after, allows):
        if not leak.personal:
            raise _refusal(folder, leak, "not committed")


def _leaks(before: Files, after: Files, allows: Allows) -> Iterator[Leak]:
    for name, content in after.items():
        old = (before.get(name) or b"").decode(errors="replace")
        new = (content or b"").decode(errors="replace")
        for hit in _new(name, old, new, allows):
            yield Leak(name, hit.line, hit.rule.name, hit.rule.personal, hit.item)


def _refusal(folder: Path, leak: Leak, undone: str) -> InputError:
    line = f" --line {leak.line}" if leak.file == PROFILE else " -"
    return InputError(
        f"{folder / leak.file}:{leak.line}: looks like {named(leak.kind)}; {undone}",
        remedy=f"Remove it there, or let it in: persona allow{line}.",
    )


def named(kind: str) -> str:
    """A kind in a sentence: ``an aws key id``."""
    words = kind.replace("-", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _new(name: str, old: str, new: str, allows: Allows) -> Iterator[Found]:
    if not name.endswith(".jsonl"):
        yield from (hit for hit in find(new, allows) if hit.item not in old)
        return
    known = set(old.split("\n"))
    for number, line in enumerate(new.split("\n"), start=1):
        if line not in known:
            for text in (line, *_values(line)):
                yield from (replace(hit, line=number) for hit in find(text, allows))


def _values(line: str) -> list[str]:
    """The texts of a line of JSON, as they were before they were escaped."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(record, dict):
        return []
    return [value for value in record.values() if isinstance(value, str)]
