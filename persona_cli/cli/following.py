"""Where an update reads from: logs that are named, or all that is enabled."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from persona_cli.archive import Archive
from persona_cli.cli.session import Session, tell
from persona_cli.errors import InputError, UsageError
from persona_cli.gather import Gathered, gather, up_to_date
from persona_cli.gather_each import Failed, all_up_to_date, gather_each
from persona_cli.known_sources import Surroundings
from persona_cli.logs import find_logs


def surroundings() -> Surroundings:
    """Of this process."""
    return Surroundings(os.environ, Path.home())


class Naming:
    """Logs that are named on the command line."""

    def __init__(
        self, session: Session, profile: str, logs: Sequence[str], format: str | None
    ) -> None:
        self._root, self._profile, self._logs = session.root, profile, logs
        self._format, self._me = format, session.settings.me
        names = [log for log in logs if log != "-"]
        self._paths = find_logs(names, inside=session.root)

    def require_something(self, *, left_over: Callable[[], bool]) -> None:
        """See that there is something to do.

        Raises: UsageError
        """
        if not self._logs and not left_over():
            raise UsageError(
                "no log to read, and nothing was left over",
                remedy=f"Name logs: persona update {self._profile} chats/*.jsonl, or -"
                " for stdin; or --all, for what persona sources has enabled.",
            )

    def up_to_date(self, archive: Archive) -> bool:
        """Whether nothing has changed since it was all folded in."""
        if "-" in self._logs:
            return False
        return up_to_date(archive, self._paths, self._format, self._me)

    def gather(self, archive: Archive, **how: Any) -> Gathered:
        """Read it; see ``gather.gather``."""
        return gather(
            archive,
            self._logs,
            root=self._root,
            stdin=sys.stdin.buffer,
            format=self._format,
            me=self._me,
            **how,
        )

    def require_all_read(self) -> None:
        """A log that was named and cannot be read has ended the run before."""


class Following:
    """All that ``persona.yaml`` names, and the person here agreed to."""

    def __init__(
        self, session: Session, logs: Sequence[str], format: str | None
    ) -> None:
        from persona_cli.sources import batches

        if logs or format is not None:
            raise UsageError(
                "--all reads what is enabled, and takes no log and no --format",
                remedy="Leave them away, or leave --all away.",
            )
        self._root = session.root
        self._batches, self._unheard = batches(
            session.root, surroundings(), me=session.settings.me
        )
        self._failed: list[Failed] = []
        for name in self._unheard:
            tell(
                f"note: {name} stands in persona.yaml, and nobody agreed to it on this"
                f" machine: persona sources --enable {name}"
            )

    def require_something(self, *, left_over: Callable[[], bool]) -> None:
        """See that something is enabled.

        Raises: UsageError
        """
        if not self._batches and not left_over():
            raise UsageError(
                "no source is enabled",
                remedy="See what is here: persona sources; then persona sources"
                " --enable NAME.",
            )

    def up_to_date(self, archive: Archive) -> bool:
        """Whether nothing has changed since it was all folded in."""
        return all_up_to_date(archive, self._batches)

    def gather(self, archive: Archive, **how: Any) -> Gathered:
        """Read it, source by source; see ``gather_each``."""
        found, self._failed = gather_each(
            archive, self._batches, root=self._root, **how
        )
        return found

    def require_all_read(self) -> None:
        """Say which sources failed, when all that could be learned is kept.

        Raises: InputError
        """
        if not self._failed:
            return
        for one in self._failed:
            tell(f"note: {one.name}: {one.fault}")
        names = ", ".join(one.name for one in self._failed)
        raise InputError(
            f"{names}: could not be read; of {len(self._batches)} sources the others"
            " are folded in",
            remedy="See persona sources; leave it out: persona sources --disable"
            f" {self._failed[0].name}.",
        )
