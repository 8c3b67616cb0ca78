"""Records of a file that lies beside a log, in the same export."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from persona_cli.errors import InputError
from persona_cli.logs.cut import json_items
from persona_cli.logs.log import Log
from persona_cli.logs.source import Source
from persona_cli.logs.tally import Tally


def records_beside(log: Log, name: str, *, max_record: int) -> Iterator[Any]:
    """The values of a JSON file of the same export; none when there is no such file.

    What is wrong with it is noted once, by the file: it is no record of the log's.

    name:       in the export, as the export's makers gave it
    max_record: bytes; longer values are passed over
    """
    aside = Tally()
    try:
        stream = log.beside(name)
        if stream is None:
            return
        with closing(stream):
            source = Source(stream, name=name)
            array = source.head.lstrip().startswith(b"[")
            reading = Log(name, name, aside, log.latest)
            yield from json_items(source, reading, array=array, max_record=max_record)
    except InputError as error:
        log.tally.note(f"{error}; passed over")
    for note in aside.notes[:1]:
        log.tally.note(f"{log.name}: {note}")
