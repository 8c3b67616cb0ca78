"""How far a long piece of work is, and how long it will still take."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from persona_cli.cli.output import watched
from persona_cli.cli.session import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# Seconds between two lines where there is no terminal, at the least.
_PAUSE = 10.0


class Steps:
    """A bar on stderr; now and then a line where that is no terminal.

    what:  is being done
    total: steps, of which ``done`` were done by an earlier run
    """

    def __init__(self, what: str, total: int, *, done: int = 0) -> None:
        self.what, self.total, self.done = what, total, done
        self._first = done
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._begun = self._said = time.monotonic()

    def __enter__(self) -> "Steps":
        if self.done:
            tell(f"{self.what}: {self.done} of {self.total} are there already")
        if watched() and self.done < self.total:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn(self.what),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self.total, completed=self.done)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
            return
        now = time.monotonic()
        if now - self._said < _PAUSE and self.done < self.total:
            return
        self._said = now
        left = (
            (self.total - self.done) * (now - self._begun) / (self.done - self._first)
        )
        more = f", about {_span(left)} left" if self.done < self.total else ""
        tell(f"{self.what}: {self.done} of {self.total}{more}")


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
