"""simonw/llm's ``logs.db``, of both generations of its schema.

    until 0.31   ``responses``; a table that is there and empty ever since
    from 0.32    ``turns`` and ``turn_search``; the words in it are without documents

A database that was carried over holds rows in both, some of them the same. They are
read in order of their ids, which llm makes so that this is the order of time.

Only read, a few rows at a time: no lock is held between two looks, so that an ``llm``
which runs meanwhile is not kept from writing.

Source: llm's migrations.py, 0.27.1 and 0.36.
"""

import heapq
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from persona_cli.errors import InputError
from persona_cli.interaction import Interaction
from persona_cli.logs.cut import over
from persona_cli.logs.failures import printable
from persona_cli.logs.fault import Fault
from persona_cli.logs.llm_logs import Prompt, Prompts
from persona_cli.logs.log import Log
from persona_cli.logs.strict import check_text

HEADER = b"SQLite format 3\x00"

# Rows of one look, and characters of each end of an answer. The guard keeps fewer.
_ROWS = 50
_END = 5000

# How long to wait for a database that someone is writing to.
_PATIENCE = 10.0

# {0} is the column: whole, or its two ends, which is all that is used of it.
_ENDS = (
    f"case when length({{0}}) > {2 * _END}"
    f" then substr({{0}}, 1, {_END}) || substr({{0}}, -{_END}) else {{0}} end"
)

# (id, conversation, time, prompt or null when it is too long, its length, answer,
# whether a system prompt was given, whether documents were)
_OLD = f"""
select id, conversation_id, datetime_utc,
    case when length(prompt) <= :most then prompt end, length(prompt),
    {_ENDS.format("response")}, coalesce(system, '') != '', 0
from responses where id > :after order by id limit {_ROWS}
"""  # noqa: S608 (names and numbers of ours)
_NEW = f"""
select t.id, t.thread_id, t.datetime_utc,
    case when length(s.prompt) <= :most then s.prompt end, length(s.prompt),
    {_ENDS.format("s.response")},
    exists (
        select 1 from messages m join messages p on p.hash = m.parent_hash
        where m.hash = t.parent_message_hash and p.role = 'system'),
    exists (
        select 1 from turn_fragments u where u.turn_id = t.id and u.kind = 'prompt')
from turns t left join turn_search s on s.turn_id = t.id
where t.id > :after order by t.id limit {_ROWS}
"""  # noqa: S608 (likewise)
# A document that llm did not know in the prompt again, when it made ``turn_search``.
_DOCUMENTS = """
select f.content from turn_fragments u join fragments f on f.id = u.fragment_id
where u.turn_id = ? and u.kind = 'prompt' and length(f.content) <= ?
order by u."order"
"""

_TABLES = {
    "responses": {"id", "conversation_id", "datetime_utc", "prompt", "response"}
    | {"system"},
    "turns": {"id", "thread_id", "datetime_utc", "parent_message_hash"},
    "turn_search": {"turn_id", "prompt", "response"},
    "messages": {"hash", "parent_hash", "role"},
    "turn_fragments": {"turn_id", "fragment_id", "kind", "order"},
    "fragments": {"id", "content"},
}
_GENERATIONS = {
    _OLD: {"responses"},
    _NEW: {"turns", "turn_search", "messages", "turn_fragments", "fragments"},
}

_Row = tuple[Any, ...]


def llm_database(path: Path, log: Log, max_record: int) -> Iterator[Interaction]:
    """What the user typed to ``llm``, in order of time.

    max_record: characters of one prompt; a longer one is skipped, and counted
    Raises:     InputError when it is no database of llm's that is known here, is
                damaged, or stays locked
    """
    log.unit = "item"
    try:
        with closing(_opened(path)) as database:
            yield from _prompts(database, log, max_record)
    except sqlite3.Error as error:
        raise _failure(log, error) from error
    except UnicodeDecodeError as error:  # in SQLite's own words on what is wrong
        raise _damaged(log, "its schema is no text") from error


def _opened(path: Path) -> sqlite3.Connection:
    """The database, in a way that cannot change it and runs nothing that is in it."""
    name = quote(str(path.absolute()), errors="surrogateescape")
    database = sqlite3.connect(
        f"file:{name}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None
    )
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for pragma in ("query_only = on", "trusted_schema = off", "cell_size_check = on"):
        database.execute(f"pragma {pragma}")
    return database


def _prompts(
    database: sqlite3.Connection, log: Log, max_record: int
) -> Iterator[Interaction]:
    prompts = Prompts(log)
    last = ""
    for number, row in enumerate(_rows(database, log, max_record), 1):
        if row[0] == last:
            continue  # carried over, and left where it was
        log.meet(number)
        try:
            yield from prompts.hear(_prompt(database, row, max_record))
            log.usable += 1
        except Fault as fault:
            log.skip(fault)
        last = row[0]
    if not log.seen:
        log.tally.note(f"{log.name}: no prompts in it, nothing to do")


def _rows(database: sqlite3.Connection, log: Log, max_record: int) -> Iterator[_Row]:
    """The rows of every generation that is there; the newer first, of two the same."""
    there = _tables(database)
    known = {name for name, columns in _TABLES.items() if columns <= there[name]}
    queries = [sql for sql, needed in _GENERATIONS.items() if needed <= known]
    if not (there["responses"] or there["turns"]):
        raise InputError(
            f"{log.name}: a database, but none of llm's",
            remedy="Give llm's logs.db; `llm logs path` prints where it is.",
        )
    if there["turns"] and _NEW not in queries:
        log.meet(0)
        log.skip(Fault("tables of an unknown version of llm"))
    pages = [_pages(database, sql, max_record) for sql in reversed(queries)]
    yield from heapq.merge(*pages, key=lambda row: row[0])


def _pages(database: sqlite3.Connection, sql: str, max_record: int) -> Iterator[_Row]:
    """All rows of a query, each look at them finished before a row is handed on."""
    after = ""
    while True:
        wanted = {"after": after, "most": max_record}
        found = database.execute(sql, wanted).fetchall()
        texts = [row for row in found if isinstance(row[0], str)]
        yield from texts
        if len(texts) < _ROWS or texts[-1][0] <= after:
            return  # an id whose bytes are no text does not tell where to go on
        after = texts[-1][0]


def _tables(database: sqlite3.Connection) -> dict[str, set[str]]:
    """Columns of each table that is asked for; a view is no table."""
    real = "select name from sqlite_master where type = 'table'"
    there = {name for (name,) in database.execute(real)}
    return {
        table: {row[1] for row in database.execute(f"pragma table_info({table})")}
        if table in there
        else set()
        for table in _TABLES
    }


def _prompt(database: sqlite3.Connection, row: _Row, max_record: int) -> Prompt:
    """A row as what it tells of.

    Raises: Fault when it is too long, or no text
    """
    name, conversation, at, text, length, answer, system, with_documents = row
    if text is None and length is not None:
        raise over(length, max_record)
    for value in (text, answer, conversation):
        if value is not None and not isinstance(value, str):
            raise Fault("a column that is not text")
        check_text(value or "")
    documents: tuple[str, ...] = ()
    if text and with_documents:
        found = database.execute(_DOCUMENTS, (name, len(text))).fetchall()
        documents = tuple(content for (content,) in found if isinstance(content, str))
    return Prompt(
        id=name,
        conversation=conversation or "",
        at=at,
        text=text or "",
        answer=answer or "",
        system=bool(system),
        documents=documents,
    )


def _failure(log: Log, error: sqlite3.Error) -> InputError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return InputError(
            f"{log.name}: locked by another program",
            remedy="Wait until it is done, and run the command again.",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(log, printable(str(error)))
    return InputError(
        f"cannot read {log.name}: {printable(str(error))}",
        remedy="Run `llm logs` once, which finishes what a broken-off write left"
        " behind; then run the command again.",
    )


def _damaged(log: Log, how: str) -> InputError:
    return InputError(
        f"{log.name}: a damaged database ({how})",
        remedy="Save what is left: sqlite3 logs.db .recover | sqlite3 new.db",
    )
