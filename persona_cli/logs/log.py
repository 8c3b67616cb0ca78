"""One log, while it is read: its name, its faults, and what it tells of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from persona_cli.interaction import Interaction, Kind, fingerprint
from persona_cli.logs.export import Beside, nothing_beside
from persona_cli.logs.fault import Fault
from persona_cli.logs.moment import moment, plausible
from persona_cli.logs.strict import check_text
from persona_cli.logs.tally import Tally
from persona_cli.scope import GLOBAL

# An id this long was made to be unique. A shorter one is a number in some file, and
# the next file begins at 1 again: there the text has a say too.
UNIQUE = 16

_LONGEST_LABEL = 200

# Their ids of messages are sure to be unique within a conversation alone.
_BY_SESSION = frozenset(("claude-code", "chatgpt", "claude-ai"))

WHEN = ("at", "timestamp", "created_at", "time", "create_time", "date")


@dataclass(slots=True)
class Log:
    """A log and its tally.

    name:     as the user knows it; begins every note
    stem:     its part of ``Interaction.source`` when it names no session
    latest:   times after it are not believed
    format:   empty until it is known
    subagent: told by its path to be the log of an agent's own agent
    me:       the user's own addresses, in lower case
    beside:   opens the other files of an export
    longest:  characters of one message, where a record is a whole conversation
    unit:     what a record's number counts: ``line`` or ``item``
    number:   of the record that is being read, from 1
    seen:     records so far
    usable:   those of them that were well-formed
    read_to:  (bytes, lines) that were read, where it ends with a whole line
    """

    name: str
    stem: str
    tally: Tally
    latest: datetime
    format: str = ""
    subagent: bool = False
    me: frozenset[str] = frozenset()
    beside: Beside = nothing_beside
    longest: int = 1 << 20
    unit: str = "line"
    number: int = 0
    seen: int = 0
    usable: int = 0
    read_to: tuple[int, int] | None = None

    def meet(self, number: int) -> None:
        """A record begins."""
        self.number = number
        self.seen += 1
        self.tally.records += 1

    @property
    def place(self) -> str:
        """Where the record is that is being read."""
        if self.unit == "item":
            return f"{self.name}: item {self.number}"
        return f"{self.name}:{self.number}"

    def skip(self, fault: Fault) -> None:
        """Count a record, or a part of it, that cannot be read."""
        self.tally.skipped[fault.reason] += 1
        self.tally.note(f"{self.place}: {fault}; skipped")

    def leave_out(self, reason: str) -> None:
        """Count what can be read, but is not the user's doing."""
        self.tally.left_out[reason] += 1

    def mend(self, reason: str, count: int = 1) -> None:
        """Count what was read with a loss."""
        self.tally.mended[reason] += count
        times = f" ({count} times)" if count > 1 else ""
        self.tally.note(f"{self.place}: {reason}{times}")

    def cut_short(self) -> None:
        """The last record is still being written; it does not count as met."""
        self.seen -= 1
        self.tally.records -= 1
        self.tally.incomplete += 1
        self.tally.note(f"{self.place}: incomplete last record kept for next run")

    def deed(
        self,
        kind: Kind,
        chosen: str,
        *,
        query: str = "",
        rejected: str = "",
        when: object = None,
        rating: float | None = None,
        scope: str = GLOBAL,
        given: object = None,
        session: object = None,
        signal: str = "",
    ) -> Interaction:
        """One interaction that this log tells of.

        when:    as the log writes it
        given:   the id that the log gives it, if any
        session: the conversation it stands in, if the log names it; ``MEMORY`` for what
                 another tool remembers
        signal:  the rule that saw a choice in a chat, if it was one
        Raises:  Fault when there is nothing in it
        """
        if not chosen.strip():
            raise Fault("`chosen` is empty")
        if kind in ("pair", "edit") and not rejected.strip():
            raise Fault("`rejected` is empty", f"kind {kind}")
        if signal:
            self.tally.signals[signal] += 1
        at = self._moment(when)
        # What the log says and not what is believed of it: an id must not depend
        # on the day the log is read.
        stamp = at.isoformat() if at else ""
        score = [] if rating is None else [repr(rating)]
        parts = (kind, query, chosen, rejected, stamp, *score)
        return Interaction(
            id=self._id(label(given), label(session), parts),
            kind=kind,
            source=f"{self.format}:{label(session) or self.stem}",
            chosen=chosen,
            query=query,
            rejected=rejected,
            at=self._believed(at),
            rating=rating,
            scope=scope,
            signal=signal,
        )

    def _id(self, given: str, session: str, parts: tuple[str, ...]) -> str:
        if not given:
            return f"{self.format}:{fingerprint(*parts)}"
        if self.format in _BY_SESSION and (session or self.format == "claude-code"):
            return f"{self.format}:{session}:{given}"
        if len(given) < UNIQUE:
            return f"{self.format}:{given}:{fingerprint(*parts)}"
        return f"{self.format}:{given}"

    def _moment(self, when: object) -> datetime | None:
        try:
            return moment(when)
        except Fault as fault:
            self.mend(f"{fault}, left out")
            return None

    def _believed(self, at: datetime | None) -> datetime | None:
        if at is None or plausible(at, latest=self.latest):
            return at
        self.mend("time is before 1990 or in the future, left out")
        return None


def label(value: object) -> str:
    """An id as it may stand in a file of ours: one line of printable text, or empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_LABEL:
        return ""
    text = str(value).strip()
    if len(text) > _LONGEST_LABEL or not text.isprintable():
        return fingerprint(text)
    return text


def when_of(row: Mapping[str, Any]) -> object:
    """The time of a row, under whichever of the usual names."""
    return next((row[key] for key in WHEN if row.get(key) not in (None, "")), None)


def scope_of(row: Mapping[str, Any]) -> str:
    """The scope of a row: ``scope``, or ``project`` by its name alone.

    Raises: Fault when it is neither ``global`` nor ``project:<name>``
    """
    match row.get("scope"):
        case None | "" | "global":
            return project(row.get("project"))
        case str(text) if text.startswith("project:"):
            return project(text.removeprefix("project:"))
        case _:
            raise Fault("`scope` is not global or project:<name>")


def project(name: object) -> str:
    """The scope of a project; ``global`` when it has no name."""
    words = " ".join(name.split()) if isinstance(name, str) else ""
    if not words:
        return GLOBAL
    check_text(words)
    return f"project:{label(words)}"


def folder(path: object) -> str:
    """The scope of who worked in a folder: the project of its name."""
    if not isinstance(path, str):
        return GLOBAL
    return project(re.split(r"[\\/]", path.rstrip("\\/"))[-1])
