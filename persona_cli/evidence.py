"""What each claim rests on: ``evidence.jsonl``, one line a link or a wording.

Two kinds of line stand in it, in the order in which they came to be:

    {"claim": "c7f3", "interaction": "claude-code:9d2:u4", "source": "claude-code:9d2",
     "at": "2026-11-22T08:10:00Z", "side": "for", "quote": "shorter, please"}
    {"claim": "c7f3", "words": "Prefers short answers.", "section": "communication",
     "status": "active", "by": "tiny infer@1", "version": 7}

The first links a claim to a deed. The second says what persona last wrote for
the claim, so that a person's edit can be told from persona's own words, and
what became of it: nothing that was ever claimed is lost, it is only retired.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jsonlines

from persona_cli.errors import InputError
from persona_cli.scope import GLOBAL

Side = Literal["for", "against"]
Status = Literal["active", "retired", "removed", "forgotten", "pending"]


@dataclass(frozen=True, slots=True)
class Link:
    """One interaction that bears a claim out, or speaks against it.

    at:    when the user did it; None when the log did not say
    quote: from the user's side, verbatim but redacted
    """

    claim: str
    interaction: str
    source: str
    at: datetime | None
    side: Side
    quote: str

    def record(self) -> dict[str, Any]:
        """As a line of the file."""
        return {
            "claim": self.claim,
            "interaction": self.interaction,
            "source": self.source,
            "at": self.at.isoformat().replace("+00:00", "Z") if self.at else None,
            "side": self.side,
            "quote": self.quote,
        }


@dataclass(frozen=True, slots=True)
class Wording:
    """What a claim was last written as, and what became of it.

    status:  ``active``; ``retired`` by newer behaviour; ``removed`` by a person's
             hand, or turned down by them; ``forgotten`` on request, and then without
             its words; ``pending`` until a person has reviewed it: it is no claim of
             the profile, and stands here alone
    by:      engine and prompt, ``digest``, or ``human``
    version: of the profile that this line came with
    why:     for a retired claim, what took its place; for a pending one, why it waits
    claim:   empty where interactions were forgotten, and no claim with them
    set_aside: forgotten interactions, as ``interaction.mark`` has them
    scope:   of a claim that waits: ``global`` or ``project:<name>``
    """

    claim: str
    words: str
    section: str
    status: Status
    by: str
    version: int
    why: str = ""
    set_aside: tuple[str, ...] = ()
    scope: str = GLOBAL

    def record(self) -> dict[str, Any]:
        """As a line of the file."""
        record: dict[str, Any] = {
            "claim": self.claim,
            "words": self.words,
            "section": self.section,
            "status": self.status,
            "by": self.by,
            "version": self.version,
        }
        if self.why:
            record["why"] = self.why
        if self.set_aside:
            record["set_aside"] = list(self.set_aside)
        if self.scope != GLOBAL:
            record["scope"] = self.scope
        return record


Entry = Link | Wording


@dataclass(frozen=True, slots=True)
class Evidence:
    """The lines of an evidence file, in order.

    lines:   as they stand, each with its newline
    entries: what they say; as many as lines
    """

    lines: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()

    def links(self, claim: str) -> list[Link]:
        """What a claim rests on, oldest line first."""
        return [e for e in self.entries if isinstance(e, Link) and e.claim == claim]

    def wordings(self) -> dict[str, Wording]:
        """The newest wording of each claim that ever was."""
        return {e.claim: e for e in self.entries if isinstance(e, Wording)}

    def pending(self) -> list[Wording]:
        """The claims that wait for a person's review, oldest first."""
        return [w for w in self.wordings().values() if w.status == "pending"]

    def linked(self) -> set[tuple[str, str, str]]:
        """(claim, interaction, side) of every link: none is written twice."""
        return {
            (e.claim, e.interaction, e.side)
            for e in self.entries
            if isinstance(e, Link)
        }

    def with_entries(self, entries: Iterable[Entry]) -> "Evidence":
        """These lines, and after them the new ones."""
        new = tuple(entries)
        return Evidence(
            self.lines + tuple(map(line_of, new)),
            self.entries + new,
        )

    def without(self, gone: Iterable[int]) -> "Evidence":
        """These lines less some, by their place (from 0)."""
        dropped = set(gone)
        kept = [i for i in range(len(self.lines)) if i not in dropped]
        return Evidence(
            tuple(self.lines[i] for i in kept), tuple(self.entries[i] for i in kept)
        )


def line_of(entry: Entry) -> str:
    """An entry as its line."""
    return json.dumps(entry.record(), ensure_ascii=False) + "\n"


def render(evidence: Evidence) -> str:
    """The text of the file."""
    return "".join(evidence.lines)


def parse(text: str, *, place: str) -> Evidence:
    """Read an evidence file.

    place:  begins every error
    Raises: InputError for a line that is no entry
    """
    found = {n: line for n, line in enumerate(text.split("\n"), 1) if line.strip()}
    lines = [line + "\n" for line in found.values()]
    reader = jsonlines.Reader(lines)
    entries: list[Entry] = []
    for number in found:
        try:
            entries.append(_entry(reader.read(type=dict)))
        except (jsonlines.Error, ValueError, RecursionError) as error:
            raise InputError(
                f"{place}:{number}: not a line of evidence ({error})",
                remedy="Mend or delete that line, or take the last good file:"
                " persona undo.",
            ) from error
    return Evidence(tuple(lines), tuple(entries))


def _entry(record: Mapping[str, Any]) -> Entry:
    match record:
        case {
            "claim": str(claim),
            "interaction": str(interaction),
            "source": str(source),
            "at": str() | None as at,
            "side": "for" | "against" as side,
            "quote": str(quote),
        }:
            when = datetime.fromisoformat(at) if at else None
            if when is not None and when.tzinfo is None:
                raise ValueError("`at` has no time zone")
            return Link(claim, interaction, source, when, side, quote)
        case {
            "claim": str(claim),
            "words": str(words),
            "section": str(section),
            "status": (
                "active" | "retired" | "removed" | "forgotten" | "pending"
            ) as status,
            "by": str(by),
            "version": int(version),
        }:
            return Wording(
                claim=claim,
                words=words,
                section=section,
                status=status,
                by=by,
                version=version,
                why=str(record.get("why", "")),
                set_aside=tuple(map(str, record.get("set_aside", ()))),
                scope=str(record.get("scope", GLOBAL)),
            )
    raise ValueError("a field is missing or of the wrong type")
