"""What update and rebuild say while they work, and when they are done."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from persona_cli.change_limit import Removal
from persona_cli.cli.asking import answer_from_terminal
from persona_cli.cli.checks import (
    check_line,
    check_record,
    rejected_line,
    removal_line,
)
from persona_cli.cli.lines import change_lines, change_record
from persona_cli.cli.output import watched
from persona_cli.cli.session import emit, emit_json, tell
from persona_cli.differences import differences
from persona_cli.engine import Engine
from persona_cli.engines import Opener
from persona_cli.fold import OpenEngine
from persona_cli.gather import Gathered
from persona_cli.infer import Asking
from persona_cli.profile import Profile
from persona_cli.rebuild import Rebuilt
from persona_cli.reconcile import Change
from persona_cli.update import Updated
from persona_cli.verify import UNCHECKED, Checked

if TYPE_CHECKING:
    from rich.progress import Progress

# Notes on single records that are shown; the others are counted.
MOST_NOTES = 5


class Report:
    """A progress bar on stderr, and the result on stdout.

    Where stderr is no terminal there is a line a window instead of the bar.
    """

    def __init__(self, name: str, *, as_json: bool) -> None:
        self.name, self.as_json = name, as_json
        self.read: Gathered | None = None
        self.windows = 0
        self.folded = 0
        self.waiting = 0
        self.after: Profile | None = None
        self.dropped: Counter[str] = Counter()
        self.quotes: dict[str, str] = {}
        self.checks: list[dict[str, Any]] = []
        self.rejected: list[str] = []
        self.too_large: Removal | None = None
        self.engine = ""
        self._told: set[str] = set()
        self._bar: Progress | None = None
        self._task: Any = None
        self._pieces, self._since = 0, time.monotonic()
        self._quit = False
        self._of_all = False

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def nothing_new(self) -> None:
        """Say that there is nothing to do; that is a success."""
        if self.as_json:
            emit_json({"profile": self.name, "new": 0, "changes": []})
        else:
            tell(f"{self.name}: nothing new")

    def reading(self, name: str, new: int) -> None:
        """A log was read."""
        if watched():
            typer.echo(f"\r\x1b[Kreading {name}: {new} new", nl=False, err=True)

    def gathered(self, read: Gathered) -> None:
        """All logs were read."""
        if watched() and read.logs:
            typer.echo("\r\x1b[K", nl=False, err=True)
        self.read = read
        tally = read.tally
        for note in tally.notes[:MOST_NOTES]:
            tell(f"note: {note}")
        if len(tally.notes) > MOST_NOTES:
            tell(f"note: and {len(tally.notes) - MOST_NOTES} more like these")
        said = [f"{read.logs} logs read, {read.new} new interactions"]
        if read.unchanged:
            said.append(f"{read.unchanged} logs unchanged")
        if read.early:
            said.append(f"{read.early} before --since")
        if skipped := sum(tally.skipped.values()):
            said.append(f"{skipped} of {tally.records} records skipped")
        left_out = read.left_out + tally.left_out
        if left_out:
            said.append(f"{left_out.total()} left out ({_counted(left_out)})")
        if tally.signals:
            said.append(f"choices seen in chats: {_counted(tally.signals)}")
        if read.redacted:
            said.append(f"redacted: {_counted(read.redacted)}")
        tell("; ".join(said))

    def opening(
        self, engines: Opener, total: Callable[[], int], *, thoughts: bool
    ) -> OpenEngine:
        """How ``update`` and ``rebuild`` open the engine: watched, when they need it.

        total:    interactions to come, for the bar
        thoughts: show what a thinking model thinks
        """

        def muse(text: str) -> None:
            # What a model thinks is nobody's to steer a terminal with.
            seen = "".join(c for c in text if c.isprintable() or c in "\n\t")
            typer.secho(seen, nl=False, err=True, dim=True)

        return lambda: self.opened(
            engines.open(on_text=self.piece, on_thought=muse if thoughts else None),
            total=total(),
        )

    def opened(
        self, engine: tuple[Engine, Asking], *, total: int
    ) -> tuple[Engine, Asking]:
        """The model is loaded: from here there is a time left."""
        self.engine = engine[0].name
        if watched():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn(self.name),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("interactions"),
                TextColumn("{task.fields[speed]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=total, speed="")
        self._since = time.monotonic()
        return engine

    def piece(self, _text: str) -> None:
        """A token or so of an answer came."""
        self._pieces += 1
        spent = time.monotonic() - self._since
        if self._bar is not None and spent > 0:
            speed = f"{self._pieces / spent:.0f} tokens/s"
            self._bar.update(self._task, speed=speed)

    def step(self, step: Updated) -> None:
        """A window is on disk."""
        self.dropped.update(step.dropped)
        self.quotes.update({c.claim.id: c.quote for c in step.changes if c.quote})
        kept = step.kept
        said = f"v{step.profile.version}: " if kept else "not kept: "
        said += f"{step.folded} interactions, by {step.by}"
        if step.shortened:
            said += f"; {step.shortened} too long, shortened in the middle"
        self.folded += step.folded * kept
        self.waiting = step.waiting
        self._window(step.profile, step.folded, step.left, said, step.tokens)
        if step.too_large is not None:
            self.too_large = step.too_large
            self._tell(f"  {removal_line(step.too_large)}")
        self._check(step.checked)

    def rebuilt(self, step: Rebuilt) -> None:
        """A window of a rebuild is read; nothing is on disk before the last."""
        self._of_all = True
        if step.left or not self.windows:
            done = step.folded - self.folded
            self.folded += done
            self._window(step.profile, done, step.left, f"{done} interactions", 0)
        if step.checked is not UNCHECKED:
            self._check(step.checked)
        self.after = step.profile
        self.waiting = step.waiting

    def _window(
        self, profile: Profile, read: int, left: int, said: str, tokens: int
    ) -> None:
        self.windows += 1
        self.after = profile
        spent, self._since = time.monotonic() - self._since, time.monotonic()
        self._pieces = 0
        if self._bar is not None:
            self._bar.advance(self._task, read)
            return
        if tokens and spent > 0:
            said += f", {tokens} tokens in {spent:.1f} s"
        tell(f"window {self.windows}: {said}; {left} left")

    def _check(self, checked: Checked) -> None:
        """What held-out choices say of a window; what was said once is not repeated."""
        if not checked.judge:
            return
        self.checks.append(check_record(checked, window=self.windows))
        if not checked.kept:
            which = "" if self._of_all else f"window {self.windows}: "
            self.rejected.append(which + rejected_line(checked))
            self._tell(self.rejected[-1])
        elif (line := check_line(checked)) not in self._told:
            self._told.add(checked.why)
            self._tell(f"  {line}")

    def _tell(self, text: str) -> None:
        if self._bar is None:
            tell(text)
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def ask(self, change: Change) -> bool:
        """Put one change to the person: yes, no, or no to all that is left.

        Asks the terminal itself, since stdin may be the log.
        """
        if self._quit:
            return False
        if self._bar is not None:
            self._bar.stop()
        tell(change_lines([change])[0])
        if change.reason:
            tell(f"    because: {change.reason}")
        answer = answer_from_terminal("  take it over? [y]es, [n]o, [q]uit: ")
        self._quit = answer == "q"
        if self._bar is not None:
            self._bar.start()
        return answer == "y"

    def finish(self, before: Profile, *, dry_run: bool) -> None:
        """Print what changed, one line a claim."""
        self._stop()
        after = self.after or before
        changes = differences(before, after)
        if self.as_json:
            emit_json(self._record(before, after, changes, dry_run=dry_run))
            return
        if not self.windows:
            tell(f"{self.name}: nothing new")
            return
        for line in change_lines(changes):
            emit(line)
        if self.dropped:
            tell(f"lines of the model without effect: {_counted(self.dropped)}")
        self._say_rejected()
        if self.waiting:
            some = "claim waits" if self.waiting == 1 else "claims wait"
            tell(f"{self.waiting} {some} for review: persona review {self.name}")
        if dry_run:
            tell(f"{self.name}: dry run, nothing was written")
        elif self.rejected and self._of_all:
            tell(f"{self.name}: the profile stays as it was")
        elif after.version == before.version:
            tell(f"{self.name}: {self.folded} interactions folded in, nothing changed")
        else:
            tell(f"{self.name} v{after.version}: {len(after.claims)} claims")

    def _record(
        self,
        before: Profile,
        after: Profile,
        changes: list[Change],
        *,
        dry_run: bool,
    ) -> dict[str, Any]:
        read = self.read
        return {
            "profile": self.name,
            "from_version": before.version,
            "version": after.version,
            "dry_run": dry_run,
            "engine": self.engine,
            "windows": self.windows,
            "folded": self.folded,
            "new": read.new if read else 0,
            "skipped": dict(read.tally.skipped) if read else {},
            "left_out": dict(read.left_out + read.tally.left_out) if read else {},
            "signals": dict(read.tally.signals) if read else {},
            "redacted": dict(read.redacted) if read else {},
            "dropped_lines": dict(self.dropped),
            "waiting": self.waiting,
            "checks": self.checks,
            "too_large": asdict(self.too_large) if self.too_large else None,
            "changes": [
                change_record(change) | {"quote": self.quotes.get(change.claim.id, "")}
                for change in changes
            ],
        }

    def _say_rejected(self) -> None:
        """Once more at the end, where there was much else, and what can be done."""
        if not self.rejected:
            return
        if self.windows > 1 and not self._of_all:
            for line in self.rejected:
                tell(line)
        again = "rebuild" if self._of_all else "update --retry"
        tell(
            f"  try: persona {again} {self.name}, with another --seed or --model, or"
            " with --no-verify to keep it all the same"
        )

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
