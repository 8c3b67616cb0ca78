"""simonw/llm: its database of both generations, and what it prints of it.

The databases are made by the real ``llm``: the one that is installed, and one from
before the schema changed, which ``scripts/setup dev`` puts beside it.
"""

import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, find_logs, llm_database, read_log, read_stream
from persona_cli.logs.llm_logs import typed_in

TALKER = Path(__file__).parent / "llm_talks.py"
OLDER = Path(sys.prefix) / "old-llm"
HAS_OLDER = (OLDER / "set-up").is_file()
WITHOUT_OLDER = "no llm from before 0.32: run `sh scripts/setup dev` with a network"

older_only = pytest.mark.skipif(not HAS_OLDER, reason=WITHOUT_OLDER)
GENERATIONS = [pytest.param("old", marks=older_only), "new"]

# Whatever says this is not the user's own.
CANARY = "I always want CANARY."
TOOL = f"def secret() -> str:\n    return {CANARY!r}"
ECHO = ["-m", "echo"]
TALKS = [
    {"argv": [*ECHO, "Only tabs, please."]},
    {"argv": [*ECHO, "-c", "Shorter."]},
    {"argv": [*ECHO, "-s", f"Say this: {CANARY}", "Be dry."]},
    {"argv": [*ECHO, "-f", "document.txt", "Name its author."]},
    {"argv": [*ECHO, "--sf", "document.txt", "Be brief."]},
    {"argv": [*ECHO, "-a", "attached.txt", "Look at this."]},
    {"argv": [*ECHO, "Fix its style."], "stdin": f"def f():\n {CANARY}\n"},
    {"argv": [*ECHO, "-s", "Sum it up."], "stdin": f"One.\nTwo. {CANARY}"},
    {"argv": ECHO, "stdin": f"{CANARY}\n"},
    {"argv": [*ECHO, "--functions", TOOL, "Ask the tool."]},
    {"argv": ["chat", *ECHO], "stdin": "I like tea.\nAnd you?\nexit\n"},
]
TYPED = [
    ("", "Only tabs, please."),
    ("You said: Only tabs, please.", "Shorter."),
    ("", "Be dry."),
    ("", "Name its author."),
    ("", "Be brief."),
    ("", "Look at this."),
    ("", "Fix its style."),
    ("", "Ask the tool."),
    ("", "I like tea."),
    ("You said: I like tea.", "And you?"),
]
LEFT_OUT = {"piped in, or a document": 2, "nothing typed": 1}


def talk(home: Path, generation: str, *talks: dict[str, object]) -> list[str]:
    """Say it all to an ``llm`` with its data in ``home``; what it printed."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "document.txt").write_text(f"A long text.\n{CANARY}\n")
    (home / "attached.txt").write_text(CANARY)
    environ = dict(os.environ, LLM_USER_PATH=str(home), PYTHONWARNINGS="ignore")
    environ["PYTHONPATH"] = str(OLDER) if generation == "old" else ""
    done = subprocess.run(
        [sys.executable, str(TALKER)],
        input=json.dumps(talks),
        capture_output=True,
        text=True,
        env=environ,
        cwd=home,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Generation -> (its database, what ``llm logs --json`` prints), made at need."""
    found: dict[str, tuple[Path, str]] = {}

    def make(generation: str) -> tuple[Path, str]:
        if generation not in found:
            home = tmp_path_factory.mktemp(generation)
            asked = {"argv": ["logs", "--json", "-n", "0"]}
            *_, printed = talk(home, generation, *TALKS, asked)
            found[generation] = home / "logs.db", printed
        return found[generation]

    return make


@pytest.fixture
def database(made, tmp_path) -> Path:
    """A database of the newer generation, to do as one likes with."""
    return Path(shutil.copy(made("new")[0], tmp_path / "logs.db"))


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def read(path: Path, **how: object) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    return list(read_log(path, tally=tally, **how)), tally


@pytest.mark.parametrize("generation", GENERATIONS)
def test_only_what_was_typed_is_a_deed(made, generation):
    """Not instructions, documents, attachments, tools, or what was piped in."""
    path, _ = made(generation)
    tables = {"old": "responses", "new": "turns"}
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute(
            f"select count(*) from {tables[generation]}"
        ).fetchone()
    assert rows == len(TYPED) + sum(LEFT_OUT.values())

    deeds, tally = read(path)

    assert [(deed.query, deed.chosen) for deed in deeds] == TYPED
    assert tally.left_out == LEFT_OUT
    assert (tally.records, tally.skipped) == (rows, {})
    assert {deed.kind for deed in deeds} == {"message"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_prompts_keep_llms_ids_times_and_conversations(made, generation):
    """Ids in order of time; a conversation is the source of its prompts."""
    deeds, _ = read(made(generation)[0])
    ids = [deed.id for deed in deeds]
    assert ids == sorted(ids)
    assert all(name.startswith("llm:") and len(name) == 30 for name in ids)
    assert deeds[0].source == deeds[1].source != deeds[2].source
    assert deeds[0].source.startswith("llm:01")
    assert all(abs((datetime.now(UTC) - d.at).days) < 1 for d in deeds if d.at)
    assert None not in {deed.at for deed in deeds}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_llm_prints_tells_the_same(made, generation, tmp_path):
    """``llm logs --json`` and the database agree in everything, ids included."""
    path, printed = made(generation)
    log = tmp_path / "printed.json"
    log.write_text(printed)
    deeds, tally = read(log)
    assert deeds == read(path)[0]
    assert tally.left_out == LEFT_OUT


@older_only
def test_a_database_that_was_carried_over_tells_of_both(made, tmp_path):
    """Rows of the older tables and of the newer, each once, in order of time."""
    old, _ = made("old")
    shutil.copy(old, tmp_path / "logs.db")
    talk(tmp_path, "new", {"argv": [*ECHO, "-c", "And now with the newer one."]})
    before, _ = read(old)

    deeds, tally = read(tmp_path / "logs.db")

    assert deeds[:-1] == before
    assert deeds[-1].chosen == "And now with the newer one."
    assert deeds[-1].query == "You said: And you?"
    assert tally.left_out == LEFT_OUT
    change(
        tmp_path / "logs.db",
        "insert into turns (id, thread_id, datetime_utc)"
        " select id, conversation_id, datetime_utc from responses"
        " where prompt in ('Shorter.', 'Be brief.')",
        "insert into turn_search (turn_id, prompt, response)"
        " select id, prompt, response from responses"
        " where prompt in ('Shorter.', 'Be brief.')",
    )
    again, tally = read(tmp_path / "logs.db")
    assert again == deeds
    assert tally.records == len(before) + 1 + sum(LEFT_OUT.values())


def test_reading_changes_nothing_and_keeps_nobody_waiting(database):
    """While a log is half read, llm can write to it."""
    before = database.read_bytes()
    deeds = read_log(database, tally=Tally())
    next(deeds)
    with closing(sqlite3.connect(database, timeout=0)) as writer, writer:
        writer.execute("create table more (n)")
        writer.execute("drop table more")
    assert len(list(deeds)) == len(TYPED) - 1
    after = database.read_bytes()
    assert len(after) >= len(before)
    read(database)
    assert database.read_bytes() == after
    assert [path.name for path in database.parent.iterdir()] == ["logs.db"]


def test_rows_in_a_write_ahead_log_are_read(database):
    """What was committed is there, what is still being written is not."""
    insert = "insert into turn_search (turn_id, prompt, response) values (?, ?, '')"
    turn = "insert into turns (id, thread_id, datetime_utc) values (?, 't', '')"
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("pragma journal_mode = wal")
        for name, words in (("zz1", "Committed."), ("zz2", "Not yet.")):
            writer.execute(turn, (name,))
            writer.execute(insert, (name, words))
            if name == "zz1":
                writer.commit()
        assert database.with_name("logs.db-wal").stat().st_size > 0
        deeds, _ = read(database)
        assert deeds[-1].chosen == "Committed."
        writer.commit()
    assert read(database)[0][-1].chosen == "Not yet."


def test_a_write_that_was_broken_off_is_left_to_llm(database, tmp_path):
    """Undoing it would change the file."""
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("pragma cache_size = 1")
        writer.execute("begin")
        writer.execute("update turn_search set prompt = prompt || hex(zeroblob(9999))")
        for name in ("logs.db", "logs.db-journal"):
            shutil.copy(database.with_name(name), crashed / name)
    before = {path.name: path.read_bytes() for path in crashed.iterdir()}
    with pytest.raises(InputError, match="cannot read") as caught:
        read(crashed / "logs.db")
    assert "Run `llm logs` once" in caught.value.remedy
    assert {path.name: path.read_bytes() for path in crashed.iterdir()} == before


def test_a_database_that_stays_locked_is_named(database, monkeypatch):
    """After a while, with what to do."""
    monkeypatch.setattr(llm_database, "_PATIENCE", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        with pytest.raises(InputError, match="locked by another program"):
            read(database)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_damaged_database_is_named(database, share):
    """One that is cut short, and one whose pages are noise."""
    whole = database.read_bytes()
    database.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="a damaged database") as caught:
        read(database)
    assert "recover" in caught.value.remedy
    database.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(InputError, match="a damaged database"):
        read(database)


def test_words_of_a_damaged_database_reach_no_terminal(database):
    """SQLite quotes names from it in what it says is wrong."""
    change(
        database,
        "pragma writable_schema = on",
        "insert into sqlite_master values"
        " ('table', 'a' || char(27) || '[31m', 'a', 9, 'create table')",
    )
    with pytest.raises(InputError, match="a damaged database") as caught:
        read(database)
    assert "[31m" in str(caught.value)
    assert str(caught.value).isprintable()


def test_no_noise_in_a_database_is_a_crash(database):
    """Bytes flipped anywhere: rows, or a fault with a name."""
    whole = database.read_bytes()
    dice = random.Random(5)
    faults = 0
    for _ in range(150):
        noise = bytearray(whole)
        for _ in range(dice.choice((1, 10, 200))):
            noise[dice.randrange(16, len(noise))] = dice.randrange(256)
        database.write_bytes(noise)
        try:
            deeds, _ = read(database)
        except InputError:
            faults += 1
        else:
            assert all(deed.id.isprintable() for deed in deeds)
    assert 20 < faults < 150


def test_a_database_of_something_else_is_named(tmp_path):
    """Any other program's, and one whose tables are views that run on and on."""
    other = tmp_path / "places.sqlite"
    change(other, "create table places (id, url)")
    with pytest.raises(InputError, match="a database, but none of llm's"):
        read(other)
    endless = (
        "create view responses as with recursive n(id) as"
        " (select 1 union all select id + 1 from n) select id, id as prompt from n"
    )
    trap = tmp_path / "trap.db"
    change(trap, endless)
    with pytest.raises(InputError, match="none of llm's"):
        read(trap)


def test_an_empty_database_is_no_fault(database):
    """The first command of llm makes one."""
    change(database, "delete from turns", "delete from turn_search")
    deeds, tally = read(database)
    assert deeds == []
    assert tally.notes == [f"{database}: no prompts in it, nothing to do"]


@pytest.mark.parametrize(
    "statement",
    [
        "alter table turn_search rename to turn_words",
        "alter table turn_search rename column prompt to typed",
        "alter table turns rename column id to turn",
    ],
)
def test_a_later_schema_is_never_read_as_empty(database, statement):
    """That llm's older tables are there, and empty, must not hide it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma legacy_alter_table = on")
        connection.execute("drop view if exists message_tree")
        for trigger in ("ai", "ad", "au"):
            connection.execute(f"drop trigger if exists turn_search_{trigger}")
            connection.execute(f"drop trigger if exists turn_search_fts_{trigger}")
        connection.execute(statement)
        connection.commit()
    with pytest.raises(InputError, match="no usable record in 1 item"):
        read(database)
    change(
        database,
        "insert into responses (id, prompt, response) values ('01', 'Older.', '')",
    )
    deeds, tally = read(database)
    assert [deed.chosen for deed in deeds] == ["Older."]
    assert tally.skipped == {"tables of an unknown version of llm": 1}


def test_a_document_that_llm_did_not_know_again_is_cut(database):
    """Its search text then holds the document."""
    change(
        database,
        "update turn_search set prompt = (select content from fragments) || prompt"
        " where prompt like '%author%'",
    )
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "select prompt from turn_search where prompt like '%CANARY%author%'"
        )
        assert len(found.fetchall()) == 1
    assert [(deed.query, deed.chosen) for deed in read(database)[0]] == TYPED


def test_odd_rows_are_skipped_and_counted(database):
    """Too long, with NUL, of another type; the rows around them are read."""
    rows = [
        ("'zz1'", "replace(hex(zeroblob(3000)), '0', 'x')", "''"),
        ("'zz2'", "'a' || char(0) || 'b'", "''"),
        ("'zz3'", "'fine'", "x'00ff'"),
        ("'zz4'", "null", "null"),
        ("'zz5'", "cast(x'68c3a9ff' as text)", "''"),
        ("zeroblob(9)", "'an id that is none'", "''"),
    ]
    for name, prompt, response in rows:
        change(
            database,
            f"insert into turns (id, thread_id) values ({name}, 'zz')",
            "insert into turn_search (turn_id, prompt, response)"
            f" values ({name}, {prompt}, {response})",
        )
    deeds, tally = read(database, max_record=5000)
    assert [deed.chosen for deed in deeds[len(TYPED) :]] == ["hé\ufffd"]
    assert tally.skipped == {
        "over max_record": 1,
        "NUL character": 1,
        "a column that is not text": 1,
    }
    assert tally.left_out["nothing typed"] == LEFT_OUT["nothing typed"] + 1


def test_of_a_long_answer_the_two_ends_are_kept(database):
    """As much as the guard keeps of a context."""
    answer = "begin " + "x" * 50_000 + " end"
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, words, said in (("zz1", "First.", answer), ("zz2", "Next.", "")):
            connection.execute(
                "insert into turns (id, thread_id) values (?, 'zz')", (name,)
            )
            connection.execute(
                "insert into turn_search (turn_id, prompt, response) values (?, ?, ?)",
                (name, words, said),
            )
    *_, deed = read(database)[0]
    assert deed.chosen == "Next."
    assert len(deed.query) == 10_000
    kept = guard(deed).interaction
    whole = guard(Interaction(deed.id, "message", "llm:zz", "Next.", answer))
    assert kept.query == whole.interaction.query


def test_many_rows_come_in_pages(database):
    """None is lost where one look ends and the next begins."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for number in range(203):
            name = f"zz{number:04}"
            connection.execute(
                "insert into turns (id, thread_id) values (?, ?)", (name, name)
            )
            connection.execute(
                "insert into turn_search (turn_id, prompt, response)"
                " values (?, ?, 'ok')",
                (name, f"wish {number}"),
            )
    deeds, _ = read(database)
    expected = [f"wish {number}" for number in range(203)]
    assert [deed.chosen for deed in deeds[len(TYPED) :]] == expected


def test_a_database_is_found_in_a_folder_and_known_by_its_bytes(database):
    """Under its own name; under any other it must be named."""
    (database.parent / "other.db").write_bytes(b"x")
    (database.parent / "keys.yaml").write_text("openai: k")
    assert find_logs([str(database.parent)]) == [database]
    moved = database.rename(database.with_name("saved"))
    assert len(read(moved)[0]) == len(read(moved, format="llm")[0]) == len(TYPED)


@pytest.mark.parametrize(
    ("text", "documents", "system", "typed"),
    [
        ("Plain.", (), False, "Plain."),
        ("Two\nlines.", (), False, "Two\nlines."),
        ("Two\nlines.", (), True, ""),
        ("One line.", (), True, "One line."),
        ("piped\n", (), False, ""),
        ("piped\r\n", (), False, ""),
        ("a\n b\nc\n typed", (), False, "typed"),
        ("a\n typed\nin two lines", (), False, "typed\nin two lines"),
        ("a\n  indented, not joined", (), False, "a\n  indented, not joined"),
        ("Doc.\n\nAsk.", ("Doc.\n",), False, "Ask."),
        ("Doc A\nDoc B\nAsk.", ("Doc A", "Doc B"), False, "Ask."),
        ("Doc A", ("Doc A",), False, ""),
        ("Ask.", ("Doc A",), False, "Ask."),
        ("A document of some length…", ("A document of some length and more",), 0, ""),
        ("", (), False, ""),
    ],
)
def test_what_is_typed_of_a_prompt(text, documents, system, typed):
    """By llm's own ways of joining."""
    assert typed_in(text, documents, system=bool(system)) == typed


def test_rows_that_are_none_are_skipped(tmp_path):
    """And one of a later version with more in it is read."""
    good = {"id": "01m879zn8b693f1rysgqrzqzsq", "conversation_id": "c", "model": "m"}
    rows = [
        {**good, "prompt": "Good.", "response": "ok", "novel": {"x": 1}},
        {**good, "id": 7, "prompt": "No.", "response": "ok"},
        {**good, "prompt": ["No."], "response": "ok"},
        {**good, "prompt": None, "response": None},
        {**good, "prompt_fragments": [7, {"content": 7}], "prompt": "A", "response": 1},
        "row",
    ]
    log = tmp_path / "printed.json"
    log.write_text(json.dumps(rows))
    deeds, tally = read(log)
    assert [deed.chosen for deed in deeds] == ["Good.", "A"]
    assert tally.skipped == {"no `id`, `prompt` and `response`": 3}
    assert tally.left_out == {"nothing typed": 1}


def test_a_pipe_of_an_empty_log_is_no_fault():
    """``llm logs --json`` prints brackets then."""
    tally = Tally()
    assert list(read_stream(io.BytesIO(b"[]\n"), name="stdin", tally=tally)) == []
    assert not tally.skipped
