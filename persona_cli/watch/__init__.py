"""Let something start ``persona update --all`` by itself: a timer, cron, or git."""

from persona_cli.watch.change import Change, Keeper
from persona_cli.watch.cron import Cron
from persona_cli.watch.hook import Hook
from persona_cli.watch.job import Job, every, job_for
from persona_cli.watch.systemd import Systemd

__all__ = [
    "Change",
    "Cron",
    "Hook",
    "Job",
    "Keeper",
    "Systemd",
    "every",
    "job_for",
]
