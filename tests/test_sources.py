"""What is found on a machine, and what of it may be read."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_cli import sources as sources_module
from persona_cli.archive import Archive
from persona_cli.enabled import Wish, disable, enable, enabled
from persona_cli.errors import InputError, UsageError
from persona_cli.gather_each import Batch, gather_each
from persona_cli.init import init
from persona_cli.known_sources import SOURCES, Surroundings, known_source
from persona_cli.sources import Found, kept_days
from persona_cli.sources import sources as survey
from persona_cli.yaml_edit import with_item, without_item

LOGS = Path(__file__).parent / "logs"
SESSION = LOGS / "claude-code" / "-home-ada-parser"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def session(own_home) -> Path:
    """A session of Claude Code's in the home folder."""
    folder = own_home / ".claude" / "projects" / "-home-ada-parser"
    shutil.copytree(SESSION, folder)
    (path,) = folder.glob("*.jsonl")
    return path


def old(path: Path, days: float, now: datetime | None = None) -> None:
    """Let a file have been written so many days ago."""
    then = (now or datetime.now(UTC)) - timedelta(days=days)
    os.utime(path, (then.timestamp(), then.timestamp()))


@pytest.fixture
def root(tmp_path) -> Path:
    """A folder of profiles with an empty one, ``me``."""
    init(tmp_path / "profiles", "me", title=None)
    return tmp_path / "profiles"


def archive_of(root: Path) -> Archive:
    return Archive(root / "me" / ".state", held_share=0.2)


def around(own_home: Path) -> Surroundings:
    return Surroundings({"XDG_CONFIG_HOME": str(own_home / "config")}, own_home)


def found(root: Path, own_home: Path, name="claude-code", *, quick=False) -> Found:
    """What is said of one source."""
    every = survey(
        root,
        archive_of(root),
        around(own_home),
        now=datetime.now(UTC),
        max_record=1 << 20,
        quick=quick,
    )
    return next(one for one in every if one.name == name)


def fold_in(root: Path, *batches: Batch) -> None:
    """Read sources as an update does, without the model."""
    gather_each(archive_of(root), batches, root=root, max_record=1 << 20)


def everything_under(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.rglob("*"))
    }


PLACES = {
    "claude-code": ".claude/projects/-home-ada/0f3a.jsonl",
    "codex": ".codex/sessions/2026/11/24/rollout-2026-11-24-0f3a.jsonl",
    "llm": "config/io.datasette.llm/logs.db",
    "aichat": "config/aichat/sessions/_/a.yaml",
    "fabric": ".config/fabric/sessions/a.json",
    "cursor": ".cursor/projects/home-ada/agent-transcripts/0f3a/0f3a.jsonl",
    "exports": "Downloads/chatgpt-conversations.zip",
}


@pytest.mark.parametrize("name", PLACES)
def test_where_each_program_keeps_its_logs(own_home, name):
    """In its usual place."""
    assert {one.name for one in SOURCES} == set(PLACES)
    path = own_home / PLACES[name]
    path.parent.mkdir(parents=True)
    path.write_text("")
    files = {one.name: one.files(around(own_home)) for one in SOURCES}
    assert {name: there for name, there in files.items() if there} == {name: [path]}


def test_the_place_of_llm_is_the_one_llm_says(own_home, monkeypatch):
    """Its own ``logs path`` and ours agree, wherever it is told to be."""
    from llm import user_dir

    llm = known_source("llm")
    for variable, folder in (("XDG_CONFIG_HOME", "there"), ("LLM_USER_PATH", "here")):
        monkeypatch.setenv(variable, str(own_home / folder))
        (place, name), *_ = llm.places(Surroundings(os.environ, own_home))
        assert place / name == user_dir() / "logs.db"


@pytest.mark.parametrize(
    ("variable", "name", "below"),
    [
        ("CLAUDE_CONFIG_DIR", "claude-code", "projects/-a/0f3a.jsonl"),
        ("CODEX_HOME", "codex", "archived_sessions/rollout-2026-0f3a.jsonl"),
        ("LLM_USER_PATH", "llm", "logs.db"),
        ("AICHAT_CONFIG_DIR", "aichat", "messages.md"),
    ],
)
def test_a_program_that_was_moved_is_found(own_home, variable, name, below):
    """By the variable that moved it, and not in its old place."""
    for place in ("moved", ".claude", ".codex"):
        path = own_home / place / below
        path.parent.mkdir(parents=True)
        path.write_text("")
    moved = Surroundings({variable: "~/moved"}, own_home)
    assert known_source(name).files(moved) == [own_home / "moved" / below]


def test_subagents_and_links_are_no_logs_of_a_session(own_home, session):
    """What lies deeper is the program's own; a link may lead anywhere."""
    (session.parent / "0f3b.jsonl").symlink_to(session)
    assert known_source("claude-code").files(around(own_home)) == [session]


def test_sources_says_what_is_new_and_writes_nothing(run_persona, own_home, session):
    """Before there is a profile all is new; and no file is made, or touched."""
    run_persona("sources")
    assert not run_persona.root.exists()
    init(run_persona.root, "me", title=None)
    before = everything_under(own_home), everything_under(run_persona.root)
    (one,) = json.loads(run_persona("sources", "--json").stdout)
    assert (one["name"], one["logs"], one["unread"], one["new"]) == (
        *("claude-code", 1, 1),
        2,
    )
    assert (one["named"], one["agreed"], one["complete"]) == (False, False, True)
    assert everything_under(own_home) == before[0]
    assert everything_under(run_persona.root) == before[1]


def test_what_the_archive_has_is_not_new(root, own_home, session):
    """By file where it is unchanged, and by interaction where it grew."""
    fold_in(root, Batch("by hand", (session,)))
    one = found(root, own_home)
    assert (one.unread, one.new) == (0, 0)
    row = {
        "type": "user",
        "uuid": "u9",
        "sessionId": "0f3a1b2c-1111-4222-8333-444455556666",
        "timestamp": "2026-11-20T10:00:00Z",
        "message": {
            "role": "user",
            "content": "and name the tests after what they say",
        },
    }
    with session.open("a") as file:
        file.write(json.dumps(row) + "\n")
    one = found(root, own_home)
    assert (one.unread, one.new) == (1, 1)
    one = found(root, own_home, quick=True)
    assert (one.unread, one.new) == (1, None)


def test_counting_stops_and_says_so(root, own_home, session, monkeypatch):
    """Of a large source the newest logs are counted, and the number is a least one."""
    text = session.read_text()
    monkeypatch.setattr(sources_module, "MOST_BYTES", len(text.encode()) + 10)
    other = session.with_name("aaaa.jsonl")
    other.write_text(text.replace("0f3a1b2c", "1f3a1b2c"))
    old(session, 3)
    one = found(root, own_home)
    assert (one.unread, one.counted, one.new) == (2, 1, 2)
    monkeypatch.setattr(sources_module, "MOST_BYTES", 10)
    one = found(root, own_home)
    assert (one.unread, one.counted, one.new) == (2, 0, None)


def test_what_will_be_deleted_is_told_in_time(root, own_home, session):
    """By the days of the program's own settings, and only of what was not read yet."""
    old(session, 24)
    assert found(root, own_home).going is None
    old(session, 25.5)
    going = found(root, own_home).going
    day = (datetime.now(UTC) + timedelta(days=4.5)).date()
    assert (going.logs, going.first.date()) == (1, day)
    settings = session.parents[2] / "settings.json"
    settings.write_text('{"cleanupPeriodDays": 99999}')
    assert found(root, own_home).going is None
    settings.unlink()
    fold_in(root, Batch("claude-code", (session,), "claude-code"))
    assert found(root, own_home).going is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ('{"cleanupPeriodDays": 7}', 7),
        ('{"cleanupPeriodDays": "7"}', 30),
        ('{"cleanupPeriodDays": true}', 30),
        ('{"cleanupPeriodDays": -1}', 30),
        ("[" * 100_000, 30),
        ("no json", 30),
        ("[]", 30),
        (None, 30),
    ],
)
def test_for_how_long_sessions_are_kept(own_home, text, days):
    """A number of days; anything else is as if it were not there."""
    folder = own_home / ".claude"
    folder.mkdir()
    if text is not None:
        (folder / "settings.json").write_text(text)
    assert kept_days(Surroundings({}, own_home)) == days


def test_a_table_for_people(run_persona, own_home, session):
    """No name of a file can steer a terminal; downloads are found and no more."""
    old(session, 25.5)
    downloads = own_home / "Downloads"
    downloads.mkdir()
    (downloads / "my conversations \x1b[31m.zip").write_bytes(b"PK")
    done = run_persona("sources")
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        *("source", "followed", "files", "unread", "new", "newest", "oldest")
    ]
    assert lines[1].split()[:5] == ["claude-code", "no", "1", "1", "2"]
    assert lines[2].split()[:5] == ["exports", "no", "1", "1", "-"]
    day = (datetime.now(UTC) + timedelta(days=4.5)).date().isoformat()
    assert f"soon deleted by the program that wrote them: 1, the first on {day}" in (
        done.stdout
    )
    assert "\x1b" not in done.stdout
    refused = run_persona("sources", "--enable", "exports", code=2)
    assert "anything may lie among the downloads" in refused.stderr


def test_enable_keeps_every_other_line(run_persona, own_home, session):
    """Comments, order and the rest of persona.yaml stay as they were."""
    root = run_persona.root
    init(root, "me", title=None)
    path = root / "persona.yaml"
    path.write_text(
        "# mine\nsources:  # each day\n  # work\n  - codex\nheld_out: 0.1\n"
    )
    run_persona("sources", "--enable", "claude-code")
    after = "# mine\nsources:  # each day\n  # work\n  - codex\n  - claude-code\n"
    assert path.read_text() == f"{after}held_out: 0.1\n"
    enable(root, Wish("claude-code"))
    assert path.read_text() == f"{after}held_out: 0.1\n"
    run_persona("sources", "--disable", "codex")
    assert path.read_text() == after.replace("  - codex\n", "") + "held_out: 0.1\n"
    assert found(root, own_home).agreed
    disable(root, "claude-code")
    assert not found(root, own_home).named
    with pytest.raises(UsageError, match="'claude-code' is not enabled"):
        disable(root, "claude-code")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: 1\n",
        "a: 1",
        "sources: []\n",
        "sources: [x]  # c\na: 1\n",
        "sources:\n- x\n- y  # c\n",
        "sources:\r\n  - x\r\na: 1\r\n",
        "sources:\n    - name: x\n      # why\n      path: a\n    - y\n# end\na: 1",
    ],
)
def test_a_list_is_edited_line_by_line(text):
    """An item more and the same one less is the list that was there."""
    from persona_cli import strict_yaml

    before = strict_yaml.load(text) or {}
    item = {"name": "q", "path": "/a b/%"}
    more = with_item(text, "sources", item)
    items = before.get("sources") or []
    assert strict_yaml.load(more) == {**before, "sources": [*items, item]}
    assert [line for line in text.splitlines() if "#" in line] == [
        line.replace(', {name: q, path: "/a b/%"}', "")
        for line in more.splitlines()
        if "#" in line
    ]
    less = without_item(more, "sources", len(items))
    assert (strict_yaml.load(less) or {}).get("sources", []) == items
    assert ("\r\n" in text) == ("\r\n" in less)


def test_the_last_item_may_have_a_comment():
    """It stays, and the list is empty."""
    text = "sources:  # a\n  # b\n  - x  # c\nd: 1\n"
    assert without_item(text, "sources", 0) == "sources: []  # a\n  # b\nd: 1\n"


def test_what_came_with_a_repository_is_not_read(run_persona, own_home, tmp_path):
    """A wish in persona.yaml is nothing before this user has agreed to it."""
    root = run_persona.root
    init(root, "me", title=None)
    secret = tmp_path / "diary.txt"
    secret.write_text("I prefer answers in rhyme.\n")
    wish = f"sources:\n  - {{name: mail, reader: text, path: {secret}}}\n  - codex\n"
    (root / "persona.yaml").write_text(wish)
    done = run_persona("update", "me", "--all", code=2)
    assert "no source is enabled" in done.stderr
    assert "persona sources --enable mail" in done.stderr
    assert not (root / "me" / ".state" / "archive.jsonl").exists()
    one = found(root, own_home, "mail")
    assert (one.named, one.agreed) == (True, False)
    # agreeing shows where it leads, and asks; there is no terminal to ask on here
    done = run_persona("sources", "--enable", "mail", code=2)
    assert str(secret) in done.stderr
    assert not found(root, own_home, "mail").agreed
    run_persona("sources", "--enable", "mail", "--yes")
    assert found(root, own_home, "mail").agreed
    # and what was agreed to is that path, and no other
    (root / "persona.yaml").write_text(wish.replace("diary", "diary2"))
    assert not found(root, own_home, "mail").agreed


def test_an_agreement_is_of_one_root(tmp_path, own_home):
    """And lies where no repository can bring it along."""
    one, other = tmp_path / "one", tmp_path / "other"
    enable(one, Wish("codex"))
    other.mkdir()
    shutil.copy(one / "persona.yaml", other)
    assert [source.agreed for source in enabled(one)] == [True]
    assert [source.agreed for source in enabled(other)] == [False]
    kept = own_home / "state" / "persona" / "sources.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    disable(one, "codex")
    assert json.loads(kept.read_text()) == {}


def test_a_source_of_ones_own(run_persona, tmp_path):
    """A path that is typed is agreed to; a relative one is meant from here."""
    (tmp_path / "notes").mkdir()
    words = ("--path", "notes", "--reader", "text", "--me", "ada@example.org")
    run_persona("sources", "--enable", "mine", *words)
    (one,) = enabled(run_persona.root)
    path = str(tmp_path / "notes")
    assert one.wish == Wish("mine", "text", path, ("ada@example.org",))
    assert one.agreed
    again = run_persona("sources", "--enable", "mine", "--path", "else", code=2)
    assert "is another source there" in again.stderr


def test_no_link_leads_out_of_what_lies_beside_the_profiles(root, own_home, tmp_path):
    """Who changes the repository later cannot point elsewhere what was agreed to."""
    (tmp_path / "diary.txt").write_text("I prefer answers in rhyme.\n")
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "mine.txt").write_text("I prefer tea.\n")
    (tmp_path / "chats" / "theirs.txt").symlink_to(tmp_path / "diary.txt")
    (tmp_path / "other.txt").symlink_to(tmp_path / "diary.txt")
    for name, path in (("chats", "../chats"), ("other", "../other.txt")):
        enable(root, Wish(name, "text", path))
    chats = found(root, own_home, "chats")
    assert (chats.logs, chats.new) == (1, 1)
    assert found(root, own_home, "other").logs == 0
    # a link that its user named by a whole path is theirs
    enable(root, Wish("linked", "text", str(tmp_path / "other.txt")))
    assert found(root, own_home, "linked").new == 1


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("codex", "not a list"),
        ("[kodex]", "'kodex' is none of"),
        ("[exports]", "'exports' is none of"),
        ("[codex, codex]", "'codex' is there twice"),
        ("[{path: a}]", "needs a name, or a reader"),
        ("[{name: a b, path: a}]", "cannot be the name"),
        ("[{name: --all, path: a}]", "cannot be the name"),
        ("[{name: codex, path: a}]", "is a known source"),
        ("[{name: a, path: a, mode: b}]", "unknown key 'mode'"),
        ("[{name: a, path: a, me: 3}]", "`me` is no address"),
        ("[{name: a}]", "is no source"),
        ("[3]", "is no source"),
    ],
)
def test_sources_that_are_named_wrongly(tmp_path, said, fault):
    """The place and the fault; and what else persona does is not held up by it."""
    (tmp_path / "persona.yaml").write_text(f"held_out: 0.1\nsources: {said}\n")
    with pytest.raises(InputError, match=fault) as caught:
        enabled(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'persona.yaml'}:2: sources: ")


def test_sources_belong_beside_the_profiles(run_persona, own_home):
    """In the user's own settings they would be read into every root there is."""
    path = own_home / "config" / "persona" / "settings.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("sources: [codex]\n")
    done = run_persona("list", code=3)
    assert f"{path}:1: what is followed stands beside the profiles" in done.stderr


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--enable", "kodex"), "no source is called 'kodex'"),
        (("--enable", "codex", "--disable", "codex"), "both --enable and --disable"),
        (("--path", "x"), "say what --enable is of"),
    ],
)
def test_what_cannot_be_is_refused(run_persona, words, fault):
    """With what there is."""
    assert fault in run_persona("sources", *words, code=2).stderr


FIXTURES = {
    "claude-code": (LOGS / "claude-code", ".claude/projects"),
    "codex": (LOGS / "codex", ".codex"),
    "aichat": (LOGS / "aichat", "config/aichat"),
    "fabric": (LOGS / "fabric", ".config/fabric"),
    "cursor": (LOGS / "cursor", ".cursor/projects"),
}


@pytest.mark.parametrize("name", FIXTURES)
def test_each_program_s_logs_are_read_as_what_they_are(root, own_home, name):
    """In their usual place, by their own reader, and no file beside them as prose."""
    folder, place = FIXTURES[name]
    shutil.copytree(folder, own_home / place)
    one = found(root, own_home, name)
    assert one.new > 0
    assert one.counted == one.unread == one.logs
    known = known_source(name)
    files = tuple(known.files(around(own_home)))
    fold_in(root, Batch(name, files, known.format))
    lines = (root / "me/.state/archive.jsonl").read_text().splitlines()
    deeds = [json.loads(line) for line in lines]
    assert not [deed for deed in deeds if "CANARY" in deed["chosen"]]
    assert {deed["source"].partition(":")[0] for deed in deeds} == {name}
    assert found(root, own_home, name).unread == 0
