"""What a target is: where its text goes, what it looks like, how long it may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from persona_cli.evidence import Link
from persona_cli.profile import Claim

Unit = Literal["bytes", "characters", "lines"]

# How a line of a file is made a comment there.
Comment = Literal["html", "hash"]


class About(NamedTuple):
    """What a text is about, beside its claims.

    name:  of the profile
    at:    when the profile was last written
    links: claim id -> what it rests on, oldest first
    """

    name: str
    at: datetime
    links: Mapping[str, Sequence[Link]]


@dataclass(frozen=True)
class Limit:
    """How long a text may be.

    unit: a character is one of UTF-16, which is what web pages count
    of:   ``file``: all that stands in it counts, the owner's words too, since the tool
          cuts there; ``text``: persona's part alone, since it is advice
    """

    most: int
    unit: Unit
    of: Literal["file", "text"] = "text"

    def size(self, text: str) -> int:
        """A text, counted."""
        match self.unit:
            case "bytes":
                return len(text.encode("utf-8", "surrogateescape"))
            case "characters":
                return len(text.encode("utf-16-le", "surrogatepass")) // 2
        return text.count("\n") + (text[-1:] not in ("", "\n"))


@dataclass(frozen=True)
class Part:
    """One of the texts that a target is made of; mostly there is one.

    label: names it for a person, where there are several
    takes: whether a claim belongs into it
    """

    label: str = ""
    takes: Callable[[Claim], bool] = lambda _: True


@dataclass(frozen=True, kw_only=True)
class Target:
    """A tool that takes a profile.

    name:     after ``--to``
    write:    claims as its text, without a line break at the end; never called for no
              claim at all, but for a ``whole`` one
    path:     its usual place, under the folder one stands in or under ``~/``; empty
              for what is printed
    variable: of the environment, which names the folder of ``path`` when it is set
    comment:  how the block of a file is marked; None for a text that cannot hold a mark
    head:     what a new file begins with, before the block
    whole:    for a file that cannot hold a mark: whether its text is as persona wrote
              it. None for a text that is only pasted
    check:    says by a ValueError why a tool would not read a file that the block was
              put into, given the file with the block and without
    limit:    of the file, or of each part; None where none is published
    ranked:   the most useful claims first; else in the order of the profile
    wide:     it is read in every project, so what holds in one stays out
    """

    name: str
    write: Callable[[Sequence[Claim], About], str]
    path: str = ""
    variable: str = ""
    comment: Comment | None = None
    head: str = ""
    whole: Callable[[str], bool] | None = None
    check: Callable[[str, str], None] | None = None
    limit: Limit | None = None
    parts: tuple[Part, ...] = field(default=(Part(),))
    ranked: bool = False
    wide: bool = False

    @property
    def pasted(self) -> bool:
        """Whether its text goes into no file."""
        return self.comment is None and self.whole is None
