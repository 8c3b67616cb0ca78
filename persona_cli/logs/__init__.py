"""Logs of many kinds, read as interactions: what the user did, and nothing else."""

from persona_cli.logs.find import find_logs
from persona_cli.logs.read import FORMATS, MAX_RECORD, read_log, read_stream
from persona_cli.logs.tally import GoesOn, Tally

__all__ = [
    "FORMATS",
    "MAX_RECORD",
    "GoesOn",
    "Tally",
    "find_logs",
    "read_log",
    "read_stream",
]
