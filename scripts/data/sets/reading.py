"""Files of a public set, found and read with an error that says where.

Every reader streams, except ``json_list``: the sets that are published as one JSON
value are small.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from persona_cli.errors import InputError

WHOLE = "See that the file was downloaded and unpacked whole."


def found(folder: Path, *patterns: str, needed: str) -> list[Path]:
    """Files that match a pattern, in the folder or one folder below it.

    needed: what is looked for, for the error
    Order:  by path
    Raises: InputError when there is none
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder", remedy="Give the unpacked set with --from."
        )
    paths = {
        path
        for pattern in patterns
        for depth in (pattern, f"*/{pattern}")
        for path in folder.glob(depth)
        if path.is_file()
    }
    if not paths:
        parquet = next(folder.glob("**/*.parquet"), None)
        raise InputError(
            f"{folder}: no {needed} here",
            remedy="See `load.py --list` for the files that belong there."
            if parquet is None
            else "Parquet is not read: turn the files into .jsonl, with `to_json` of "
            "the datasets library.",
        )
    return sorted(paths)


def lines(path: Path, *, fallback: str | None = None) -> Iterator[tuple[str, str]]:
    """The lines of a text file, or of a ``.gz``, each with its place.

    fallback: encoding of a line that is not UTF-8; None when that is an error
    Shape:    (``file:number``, text without its newline); blank lines are left out
    Raises:   InputError
    """
    with _faults_named(path), _opened(path) as file:
        for number, raw in enumerate(file, 1):
            place = f"{path}:{number}"
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                if fallback is None:
                    raise InputError(f"{place}: not UTF-8", remedy=WHOLE) from error
                text = raw.decode(fallback)
            if text.strip():
                yield place, text.rstrip("\r\n")


def cells(
    path: Path, separator: str, width: int, *, fallback: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """The rows of a file that has no header and no quoting.

    Raises: InputError when a row is not ``width`` cells
    """
    for place, text in lines(path, fallback=fallback):
        row = text.split(separator)
        if len(row) != width:
            raise InputError(
                f"{place}: {len(row)} columns, and {width} belong there",
                remedy=WHOLE,
            )
        yield place, row


def table(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file with a header.

    columns: what the header must have; more is no harm
    Raises:  InputError
    """
    with _faults_named(path), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        try:
            if missing := [c for c in columns if c not in (rows.fieldnames or [])]:
                raise InputError(
                    f"{path}:1: no column {', '.join(missing)}",
                    remedy="See `load.py --list` for the version that is read.",
                )
            for row in rows:
                place = f"{path}:{rows.line_num}"
                if None in row or None in row.values():
                    raise InputError(
                        f"{place}: not as many columns as the header",
                        remedy=WHOLE,
                    )
                yield place, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}:{rows.line_num + 1}: {error}", remedy=WHOLE
            ) from error


def objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON-lines file, or of a ``.json`` that is one list.

    Raises: InputError
    """
    if path.suffix == ".json":
        yield from json_list(path)
        return
    for place, text in lines(path):
        row = _parsed(text, place)
        if not isinstance(row, dict):
            raise InputError(f"{place}: not a JSON object", remedy=WHOLE)
        yield place, row


def json_list(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file that is one JSON list.

    Shape:  (``file[index]``, object), the index from 0
    Raises: InputError
    """
    with _faults_named(path):
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8", remedy=WHOLE) from error
    rows = _parsed(text, str(path))
    if not isinstance(rows, list):
        raise InputError(f"{path}: not a JSON list", remedy=WHOLE)
    for index, row in enumerate(rows):
        place = f"{path}[{index}]"
        if not isinstance(row, dict):
            raise InputError(f"{place}: not a JSON object", remedy=WHOLE)
        yield place, row


def text_of(row: dict[str, Any], key: str, place: str) -> str:
    """A field that must be there and be a string.

    Raises: InputError
    """
    if not isinstance(value := row.get(key), str):
        wrong = "is no string" if key in row else "is missing"
        raise InputError(
            f"{place}: `{key}` {wrong}",
            remedy="See `load.py --list` for the version that is read.",
        )
    return value


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not JSON: {error}", remedy=WHOLE) from error


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    if path.suffix == ".gz":
        return gzip.open(path)
    return path.open("rb")


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:
        # gzip's own complaints are OSErrors without an errno
        said = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: {str(said).lower()}", remedy=WHOLE) from error
