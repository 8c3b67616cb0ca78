"""A post-commit hook of the repository one stands in: what was worked on is folded in.

The commit does not wait for it. A hook that is there is somebody's: it is never
changed, and the line to add to it is said.

Source: githooks(5)
"""

import os
import stat
import subprocess
from pathlib import Path

from persona_cli.errors import InputError, UsageError
from persona_cli.files import fault, make_private, read_whole, remove, write_whole
from persona_cli.git.run import environment
from persona_cli.watch.change import Change, block, without_block
from persona_cli.watch.cron import piped
from persona_cli.watch.job import Job

_SHELL = "#!/bin/sh\n"
_NAME = "post-commit"


class Hook:
    """The file of the hook.

    folder: in a repository's working tree
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, job: Job, seconds: int) -> list[Change]:
        """See ``Keeper``; it comes with each commit, and ``seconds`` with none."""
        del seconds
        path, inside = self._path()
        before = self._text(path)
        rest, old = without_block(before or _SHELL, job, where=str(path))
        ours = block(job, _line(job))
        if not inside or (before is not None and not old):
            theirs = "is there already" if inside else "is kept outside of .git"
            raise UsageError(
                f"{path}: the hook {theirs}, and persona changes none",
                remedy=f"Add this to it yourself:\n{ours}",
            )
        after = rest + ours if before is None else before.replace(old, ours)
        return [Change(str(path), before, after, ours)]

    def remove(self, job: Job) -> list[Change]:
        """See ``Keeper``."""
        path, _ = self._path()
        before = self._text(path)
        rest, ours = without_block(before or "", job, where=str(path))
        after = None if before is None or rest.strip() == _SHELL.strip() else rest
        return [Change(str(path), before, after if ours else before, ours)]

    def make(self, changes: list[Change]) -> None:
        """See ``Keeper``."""
        for change in changes:
            path = Path(change.where)
            if change.after is None:
                remove(path)
                continue
            try:
                make_private(path.parent)
                mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o755
            except OSError as error:
                raise fault(error, path) from error
            write_whole(path, os.fsencode(change.after), mode=mode)

    def _path(self) -> tuple[Path, bool]:
        """Where git looks for the hook, and whether that is the repository's own place.

        What is configured elsewhere may be tracked, or everybody's.

        Raises: UsageError outside of a repository
        """
        argv = ["git", "rev-parse", "--path-format=absolute"]
        argv += ["--git-common-dir", "--git-path", f"hooks/{_NAME}"]
        try:
            done = subprocess.run(
                argv,
                cwd=self._folder,
                env=environment(os.environ, {}),
                capture_output=True,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"git: {error}", remedy="Install git.") from error
        found = os.fsdecode(done.stdout).split("\n")
        if done.returncode or len(found) != 3:
            raise UsageError(
                f"{self._folder}: not in a git repository",
                remedy="Go to the one whose commits are meant.",
            )
        common, path = Path(found[0]), Path(found[1])
        return path, path.parent == common / "hooks"

    def _text(self, path: Path) -> str | None:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: is no file", remedy="Move it away.")
        content = read_whole(path)
        return None if content is None else os.fsdecode(content)


def _line(job: Job) -> str:
    """In the background, away from the commit's repository and from its terminal."""
    unset = "unset $(git rev-parse --local-env-vars)"
    return f"( {{ {unset}; {piped(job)}; }} </dev/null >/dev/null 2>&1 & )"
