"""A timer of the user's own systemd, and the service it starts.

Source: systemd.service(5), systemd.timer(5), systemd.syntax(7)
"""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from persona_cli.errors import InputError, UsageError
from persona_cli.files import fault, make_private, read_whole, remove, write_whole
from persona_cli.known_sources import Surroundings
from persona_cli.watch.change import Change, one_line
from persona_cli.watch.job import Job

_OURS = (
    "# Written by `persona watch`; `persona watch --remove systemd` takes it away.\n"
)
_TIMER, _SERVICE = ".timer", ".service"
_PATIENCE = 30.0

# Source: ``string_is_safe`` in systemd's src/basic/string-util.c, tried with 252
_NO_PROGRAM = frozenset("'\"\\")


class Systemd:
    """Two files in the folder of the user's units."""

    def __init__(self, around: Surroundings) -> None:
        config = around.folder("XDG_CONFIG_HOME", around.home / ".config")
        self.folder = config / "systemd" / "user"

    def install(self, job: Job, seconds: int) -> list[Change]:
        """See ``Keeper``."""
        if shutil.which("systemctl") is None:
            raise UsageError(
                "there is no systemctl here", remedy="Take cron: --install cron."
            )
        texts = {_SERVICE: _service(job), _TIMER: _timer(job, seconds)}
        return [self._change(job, kind, text) for kind, text in texts.items()]

    def remove(self, job: Job) -> list[Change]:
        """See ``Keeper``."""
        return [self._change(job, kind, None) for kind in (_SERVICE, _TIMER)]

    def make(self, changes: list[Change]) -> None:
        """See ``Keeper``; systemd is told of it."""
        timer = Path(changes[-1].where).name
        going = all(change.after is None for change in changes)
        if going:
            self._forget(timer)
            _write(changes)
            with suppress(InputError):
                _systemctl("daemon-reload")
            return
        try:
            make_private(self.folder)
        except OSError as error:
            raise fault(error, self.folder) from error
        _write(changes)
        try:
            _systemctl("daemon-reload")
            # A timer that ran with other hours would go on with them.
            _systemctl("enable", timer)
            _systemctl("restart", timer)
        except InputError:
            self._forget(timer)
            _write([Change(c.where, c.after, c.before, c.ours) for c in changes])
            raise

    def _change(self, job: Job, kind: str, after: str | None) -> Change:
        path = self.folder / f"persona-{job.id}{kind}"
        content = read_whole(path)
        before = None if content is None else content.decode("utf-8", "replace")
        if before is not None and not before.startswith(_OURS):
            raise UsageError(
                f"{path}: is there already, and is not persona's",
                remedy="Move it away, or take cron: --install cron.",
            )
        return Change(str(path), before, after, after or before or "")

    def _forget(self, timer: str) -> None:
        with suppress(InputError):
            _systemctl("disable", "--now", timer)
        # Where no systemd runs, nobody else takes the link away.
        link = self.folder / "timers.target.wants" / timer
        with suppress(OSError):
            if link.is_symlink():
                link.unlink()


def _service(job: Job) -> str:
    if set(job.argv[0]) & _NO_PROGRAM:
        raise UsageError(
            f"{job.argv[0]}: systemd starts no program with quotes in its path",
            remedy="Take cron: --install cron.",
        )
    environ = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n"
        for name, value in job.environ.items()
    )
    # The colon: a dollar in a path is a dollar. What is learned goes to the profile
    # alone, and not into a journal that others may read.
    return (
        f"{_OURS}[Unit]\n"
        f"Description=Fold what is new into the persona profile {job.profile}\n"
        "\n[Service]\nType=oneshot\n"
        f"{environ}"
        f"ExecStart=:{' '.join(map(_quoted, job.argv))}\n"
        "StandardOutput=null\nStandardError=journal\nNice=10\n"
    )


def _timer(job: Job, seconds: int) -> str:
    return (
        f"{_OURS}[Unit]\n"
        f"Description=Fold what is new into the persona profile {job.profile}\n"
        "\n[Timer]\nOnStartupSec=300\n"
        f"OnUnitInactiveSec={seconds}\n"
        "\n[Install]\nWantedBy=timers.target\n"
    )


def _quoted(word: str) -> str:
    text = one_line(word, for_="systemd").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("%", "%%")}"'


def _write(changes: list[Change]) -> None:
    for change in changes:
        if change.after is None:
            remove(Path(change.where))
        elif change.needed:
            write_whole(Path(change.where), change.after.encode())


def _systemctl(*words: str) -> None:
    argv = ["systemctl", "--user", *words]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"{' '.join(argv)}: {error}", remedy="Take cron: --install cron."
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise InputError(
            f"{' '.join(argv)}: {said or f'exit code {done.returncode}'}; nothing was"
            " changed",
            remedy="See that your own systemd runs, or take cron: --install cron.",
        )
