"""A line in the user's crontab, between marks, and no other line touched.

Source: crontab(5), of Vixie's cron: a ``%`` ends the command, unless a backslash
stands before it, which cron takes away
"""

import hashlib
import os
import shlex
import shutil
import subprocess

from persona_cli.errors import InputError, UsageError
from persona_cli.watch.change import Change, block, one_line, without_block
from persona_cli.watch.job import Job

_PATIENCE = 30.0
_HOUR, _DAY = 3600, 86_400


class Cron:
    """The crontab of this user, read and written by ``crontab``."""

    def install(self, job: Job, seconds: int) -> list[Change]:
        """See ``Keeper``."""
        before = _crontab()
        rest, _ = without_block(before, job, where="crontab")
        if rest and not rest.endswith("\n"):
            rest += "\n"
        ours = block(job, f"{_when(job, seconds)} {_command(job)}")
        return [Change("crontab", before, rest + ours, ours)]

    def remove(self, job: Job) -> list[Change]:
        """See ``Keeper``."""
        before = _crontab()
        rest, ours = without_block(before, job, where="crontab")
        return [Change("crontab", before, rest, ours)]

    def make(self, changes: list[Change]) -> None:
        """See ``Keeper``; ``crontab`` refuses what it cannot read."""
        for change in changes:
            _run("-", given=change.after or "")


def piped(job: Job) -> str:
    """The job as a line of shell that says only how it went, and that to the log.

    What is learned goes to the profile alone, and not into a log that others may read.
    """
    words = [f"{name}={_quoted(value)}" for name, value in job.environ.items()]
    said = " ".join([*words, *map(_quoted, job.argv)])
    logger = shutil.which("logger")
    if logger:
        return f"{said} 2>&1 >/dev/null | {_quoted(logger)} -t persona"
    return f"{said} >/dev/null 2>&1"


def _quoted(word: str) -> str:
    return shlex.quote(one_line(word, for_="a shell"))


def _command(job: Job) -> str:
    return piped(job).replace("%", "\\%")


def _when(job: Job, seconds: int) -> str:
    """The five fields; each job at a minute of its own, so that not all start at once.

    Raises: UsageError for a time that does not go evenly into an hour or a day
    """
    own = int(hashlib.sha256(job.id.encode()).hexdigest(), 16)
    minutes, hours = seconds // 60, seconds // _HOUR
    if seconds < _HOUR and _HOUR % seconds == 0:
        return f"{own % minutes}-59/{minutes} * * * *"
    if seconds == _HOUR:
        return f"{own % 60} * * * *"
    if seconds < _DAY and seconds % _HOUR == 0 and _DAY % seconds == 0:
        return f"{own % 60} {own // 60 % hours}-23/{hours} * * *"
    if seconds == _DAY:
        return f"{own % 60} {own // 60 % 24} * * *"
    raise UsageError(
        "cron has hours of the clock: that time does not go evenly into one, or a day",
        remedy="Give --every 30m, 1h, 6h or 1d, say; or take --install systemd.",
    )


def _crontab() -> str:
    done = _run("-l", may_fail=True)
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        return os.fsdecode(done.stdout)
    if "no crontab" in said.lower():
        return ""
    raise InputError(
        f"crontab -l: {said or f'exit code {done.returncode}'}; nothing was changed",
        remedy="See that you may use cron, or take --install systemd.",
    )


def _run(
    word: str, *, given: str = "", may_fail: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    if shutil.which("crontab") is None:
        raise UsageError(
            "there is no crontab here", remedy="Take --install systemd, or a hook."
        )
    try:
        done = subprocess.run(
            ["crontab", word],
            input=os.fsencode(given),
            capture_output=True,
            timeout=_PATIENCE,
            env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"crontab {word}: {error}", remedy="Take --install systemd, or a hook."
        ) from error
    if done.returncode and not may_fail:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise InputError(
            f"crontab {word}: {said or f'exit code {done.returncode}'}; nothing was"
            " changed",
            remedy="See that you may use cron, or take --install systemd.",
        )
    return done
