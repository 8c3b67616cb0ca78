"""What installing or removing would do to a file, before it is done."""

from dataclasses import dataclass
from typing import Protocol

from persona_cli.errors import InputError, UsageError
from persona_cli.watch.job import Job


@dataclass(frozen=True, slots=True)
class Change:
    """A file, or a crontab, as it is and as it would be.

    where:  its path, or ``crontab``
    before: None where it is not there
    after:  None where it would go
    ours:   of ``after``, or else of ``before``, the part that is persona's
    """

    where: str
    before: str | None
    after: str | None
    ours: str

    @property
    def needed(self) -> bool:
        """Whether anything would be another than it is."""
        return self.before != self.after


class Keeper(Protocol):
    """What can start a job: one of systemd, cron and a hook."""

    def install(self, job: Job, seconds: int) -> list[Change]:
        """What installing would change; done by ``make``. Twice is once.

        seconds: between two runs
        Raises:  UsageError where it cannot be, InputError
        """
        ...

    def remove(self, job: Job) -> list[Change]:
        """What removing would change: exactly what ``install`` added."""
        ...

    def make(self, changes: list[Change]) -> None:
        """Do it: all of it or nothing.

        Raises: InputError, UsageError
        """
        ...


def marks(job: Job) -> tuple[str, str]:
    """The lines before and after what is persona's in somebody's file."""
    return f"# persona watch begin {job.id}\n", f"# persona watch end {job.id}\n"


def without_block(text: str, job: Job, *, where: str) -> tuple[str, str]:
    """A text without what is persona's in it, and that part.

    Raises: InputError when only one of its two marks is there
    """
    begin, end = marks(job)
    lines = text.splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if line.rstrip("\n") + "\n" == begin]
    ends = [n for n, line in enumerate(lines) if line.rstrip("\n") + "\n" == end]
    if not places and not ends:
        return text, ""
    if len(places) != 1 or len(ends) != 1 or ends[0] < places[0]:
        raise InputError(
            f"{where}: the marks around persona's lines are damaged",
            remedy=f"Take out what stands around {begin.strip()!r} yourself.",
        )
    first, last = places[0], ends[0] + 1
    return "".join(lines[:first] + lines[last:]), "".join(lines[first:last])


def block(job: Job, body: str) -> str:
    """What is persona's, between its marks.

    body: one line, without its end
    """
    begin, end = marks(job)
    return f"{begin}{body}\n{end}"


def one_line(word: str, *, for_: str) -> str:
    """A path or a word that can stand in a line of somebody's file.

    Raises: UsageError for one that would end the line
    """
    if not word.isprintable():
        raise UsageError(
            f"{word!r}: a line for {for_} cannot hold it",
            remedy="Move it to a place without line breaks and the like in its name.",
        )
    return word
