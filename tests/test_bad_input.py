"""Bad input at the command line: what is said, how it ends, and that nothing changed.

One test, or one row of a table, for each kind of fault; each ends with a good update.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from persona_cli.engine import Answer, Message
from tests.chat_server import Canned, ChatServer
from tests.fakes import ScriptedEngine
from tests.gguf_files import gguf_bytes
from tests.nothing_lost import git
from tests.steady import SteadyEngine, kept, litter

if TYPE_CHECKING:
    from tests.conftest import Persona

WORDS = [
    "amber",
    "basil",
    "cedar",
    "dahlia",
    "ember",
    "fennel",
    "garnet",
    "hazel",
    "iris",
    "juniper",
]
FORMER = ["anvil", "bellows", "chisel", "dowel", "easel", "ferrule", "gouge", "hammer"]

USAGE, INPUT, MODEL, BUSY = 2, 3, 4, 6

# Root may read and write everything; a user who runs this may not.
UNPRIVILEGED = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    if os.geteuid() == 0
    else []
)


def pair(number: int, **more: object) -> bytes:
    """A record: a choice whose first two words make a claim."""
    first, second = WORDS[number % 10], FORMER[number % 8]
    row = {"query": "q?", "chosen": f"{first} {second}", "rejected": f"no {number}"}
    return json.dumps(row | more).encode() + b"\n"


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory) -> Path:
    """Where the first test leaves a root for the others to copy."""
    return tmp_path_factory.mktemp("lived-in") / "profiles"


@pytest.fixture
def server(run_persona) -> Iterator[ChatServer]:
    """A model that always answers."""
    with ChatServer(SteadyEngine()).running() as serving:
        run_persona.environ["PERSONA_MODEL"] = serving.url
        run_persona.environ["PERSONA_HELD_OUT"] = "0"
        yield serving


@pytest.fixture
def persona(run_persona, server, lived_in) -> "Persona":
    """A command line with a profile ``me`` that has claims, evidence and an archive."""
    if not lived_in.exists():
        run_persona("init", "me")
        run_persona("update", "me", "-", stdin=(pair(8) + pair(9)).decode())
        shutil.copytree(run_persona.root, lived_in, symlinks=True)
    else:
        shutil.copytree(lived_in, run_persona.root, symlinks=True)
    return run_persona


@pytest.fixture
def log(tmp_path) -> Path:
    """A good log that is new to the profile."""
    path = tmp_path / "good.jsonl"
    path.write_bytes(pair(0) + pair(1))
    return path


def assert_refused(
    persona: "Persona",
    run: Callable[[], CompletedProcess[str]],
    code: int,
    says: str,
    tries: str = "",
    *,
    logs: tuple[Path, ...] = (),
    state: bool = True,
) -> None:
    """Run what must fail, and see how: in two lines, and nothing changed.

    says:  a part of the fault, and mostly its place
    tries: a part of the remedy
    """
    folders = (persona.folder, Path(persona.environ["HOME"]))
    before = kept(persona.root, *logs, state=state)
    found = litter(*folders)
    done = run()
    assert done.returncode == code, done.stderr
    *_, fault, remedy = done.stderr.splitlines()
    assert fault.startswith("error: "), done.stderr
    assert says in fault, fault
    assert remedy.startswith("  try: "), done.stderr
    assert tries in remedy, remedy
    assert done.stdout == ""
    assert kept(persona.root, *logs, state=state) == before
    assert litter(*folders) == found


def assert_works(persona: "Persona", log: Path) -> None:
    """The next good command needs nobody's help."""
    done = persona("update", "me", str(log))
    assert "added " in done.stdout, done.stderr
    assert git(persona.root, "status", "--porcelain", "-uno") == ""
    git(persona.root, "fsck", "--strict")
    assert litter(persona.root) == []


def running(
    persona: "Persona", *words: str, code: int, **more: object
) -> Callable[[], CompletedProcess[str]]:
    """A command to be run later."""
    return lambda: persona(*words, code=code, **more)


# ---- usage ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["update", "me", "--foo"], "No such option: --foo"),
        (["why"], "Missing argument 'CLAIM'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["update", "me", "--seed", "x"], "'x' is not a valid int"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_usage(persona, log, words, says):
    """An unknown flag or a missing argument: what, and where the help is; exit 2."""
    before = kept(persona.root)
    done = persona(*words, code=USAGE)
    assert says in done.stderr
    assert "-h' for help" in done.stderr
    assert kept(persona.root) == before


# ---- logs -----------------------------------------------------------------------


def a_missing_file(path: Path) -> None:
    """Nothing is there."""


def an_unreadable_file(path: Path) -> None:
    path.write_bytes(pair(0))
    path.chmod(0)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_broken_link(path: Path) -> None:
    path.symlink_to("gone")


def holding(content: bytes) -> Callable[[Path], None]:
    """Makes a file of these bytes."""
    return lambda path: path.write_bytes(content) and None


LOGS = {
    "missing": (a_missing_file, "chats.jsonl", "no such log: {log}", "- for stdin"),
    "broken link": (a_broken_link, "chats.jsonl", "no such log: {log}", "name"),
    "unreadable": (
        an_unreadable_file,
        "chats.jsonl",
        "cannot read {log}: permission denied",
        "permissions",
    ),
    "pipe": (a_pipe, "chats.jsonl", "{log}: not a regular file", "Pipe"),
    "device": (a_device, "chats.jsonl", "{log}: not a regular file", "Pipe"),
    "every line broken": (
        holding(b"a,b\n" + b"1,2\n" * 240),
        "chats.csv",
        "{log}: no usable record in 240 lines",
        "formats: pairs",
    ),
    "no line is JSON": (
        holding(b"not json\n" * 3),
        "chats.jsonl",
        "{log}: no usable record in 3 lines",
        "--format",
    ),
    "binary": (
        holding(b"\x1f\x8b\x08" + bytes(range(256))),
        "chats.bin",
        "{log}: not UTF-8 text (byte 0x1f at 0)",
        "UTF-8",
    ),
    "UTF-16": (
        holding(pair(0).decode().encode("utf-16")),
        "chats.jsonl",
        "{log}: not UTF-8 text (byte 0xff at 0)",
        "iconv -f UTF-16",
    ),
    "depth 100,000 alone": (
        holding(b"[" * 100_000 + b"\n"),
        "chats.jsonl",
        "{log}: no usable record in 1 line",
        "formats",
    ),
}


@pytest.mark.parametrize("row", LOGS)
def test_a_log_that_cannot_be_read(persona, tmp_path, log, row):
    """The log and its fault by name; exit 3.

    Folders are read, with what is below them, as the design has it: no row for them.
    """
    make, name, says, tries = LOGS[row]
    path = tmp_path / name
    make(path)
    logs = (path,) if row not in ("unreadable", "missing", "broken link") else ()
    argv = [*UNPRIVILEGED, sys.executable, "-m", "persona_cli", "update", "me"]
    if row == "unreadable" and UNPRIVILEGED and not shutil.which("setpriv"):
        pytest.skip("root may read everything, and there is no setpriv")

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*(argv if row == "unreadable" else argv[len(UNPRIVILEGED) :]), str(path)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=persona.environ,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )

    watched = () if row in ("pipe", "device") else logs
    assert_refused(
        persona, run, INPUT, says.format(log=path), tries, logs=watched, state=False
    )
    if row in ("missing", "binary"):  # refused before and while it is read
        assert_works(persona, log)


def test_a_log_that_is_missing_is_no_profile_name(persona, log):
    """Of two logs the first is missing: that is said, and nothing of profiles."""
    run = running(persona, "update", "gone.jsonl", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "no such log: gone.jsonl", "Check the name")
    assert_works(persona, log)


def test_a_log_inside_the_profile(persona, log):
    """It would be committed: refused; exit 3."""
    inside = persona.root / "me" / "chats.jsonl"
    inside.write_bytes(pair(0))
    run = running(persona, "update", "me", str(inside), code=INPUT)
    says = f"refusing: {inside} is inside a profile and would be committed"
    assert_refused(persona, run, INPUT, says, "Move it out", logs=(inside,))
    inside.unlink()
    assert_works(persona, log)


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.txt", "chats.csv"])
def test_an_empty_log(persona, tmp_path, log, name):
    """Noted; nothing to do; exit 0."""
    path = tmp_path / name
    path.write_bytes(b"")
    before = kept(persona.root, path, state=False)
    done = persona("update", "me", str(path))
    assert f"note: {path} is empty, nothing to do\n" in done.stderr
    assert done.stdout == ""
    assert kept(persona.root, path, state=False) == before
    if name == "chats.jsonl":
        assert_works(persona, log)


def test_one_broken_line_among_good_ones(persona, tmp_path):
    """Place, column and share; the good ones are folded in; exit 0."""
    path = tmp_path / "chats.jsonl"
    lines = [pair(n, at=f"2026-01-01T00:00:{n:02}Z") for n in range(7)]
    path.write_bytes(b"".join([*lines[:3], b'{"chosen": x}\n', *lines[3:]]))
    content = path.read_bytes()
    done = persona("update", "me", str(path))
    assert f"note: {path}:4: not JSON (col 12); skipped\n" in done.stderr
    assert "7 new interactions" in done.stderr
    assert "1 of 8 records skipped" in done.stderr
    assert path.read_bytes() == content


def test_a_last_line_that_is_cut(persona, tmp_path):
    """Kept for the next run, which takes it when it is whole; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(pair(0) + pair(1)[:-9])
    done = persona("update", "me", str(path))
    assert f"{path}:2: incomplete last record kept for next run" in done.stderr
    assert "1 new interactions" in done.stderr
    path.write_bytes(pair(0) + pair(1))
    again = persona("update", "me", str(path))
    assert "1 new interactions" in again.stderr
    assert "Basil goes before bellows." in again.stdout


def test_bad_bytes_and_a_byte_order_mark(persona, tmp_path):
    """The mark is no part of the log; single bad bytes are replaced, and counted."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + pair(0) + pair(1).replace(b"no", b"n\xff"))
    done = persona("update", "me", str(path))
    assert f"note: {path}:2: bytes that are not UTF-8, replaced\n" in done.stderr
    assert "2 new interactions" in done.stderr


ODD = {
    "record of 3 MiB is over max_record 1 MiB": (
        b'{"chosen": "' + b"x" * (3 << 20) + b'"}',
        "over max_record",
    ),
    "NUL character": (b'{"chosen": "a\\u0000b", "rejected": "c"}', "NUL character"),
    "not JSON (NaN)": (b'{"chosen": "a", "rejected": "b", "n": NaN}', "not JSON"),
    "a number has too many digits": (
        b'{"chosen": "a", "rejected": "b", "n": ' + b"9" * 5000 + b"}",
        "a number has too many digits",
    ),
    "nested too deeply": (b"[" * 100_000, "nested too deeply"),
    "lone surrogate": (b'{"chosen": "\\ud83d", "rejected": "b"}', "lone surrogate"),
    "duplicate keys": (b'{"chosen": "a", "chosen": "b"}', "duplicate keys"),
}


def test_odd_records(persona, tmp_path, log):
    """Each is skipped with its reason, and its neighbours are read; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(
        b"".join(pair(n) + odd + b"\n" for n, (odd, _) in enumerate(ODD.values()))
    )
    done = persona("update", "me", str(path), "--json")
    notes = done.stderr.splitlines()
    for place, says in enumerate(ODD):
        if place < 5:
            assert notes[place] == f"note: {path}:{place * 2 + 2}: {says}; skipped"
    assert notes[5] == "note: and 2 more like these"
    assert "7 of 14 records skipped" in done.stderr
    found = json.loads(done.stdout)
    assert found["skipped"] == {reason: 1 for _, reason in ODD.values()}
    assert found["new"] == 7


def test_an_unknown_role_and_no_time(persona, tmp_path):
    """Nobody we know wrote it, so it is counted and not believed; exit 0."""
    path = tmp_path / "chat.jsonl"
    turns = [
        {"role": "oracle", "content": "I always prefer tabs to spaces."},
        {"role": "user", "content": "ember easel"},
    ]
    path.write_text(json.dumps({"messages": turns}) + "\n")
    done = persona("update", "me", str(path))
    assert "1 new interactions" in done.stderr
    assert "1 unknown role" in done.stderr
    assert "Ember goes before easel." in done.stdout
    archive = (persona.root / "me/.state/archive.jsonl").read_text()
    assert "tabs" not in archive


def test_times_out_of_this_world(persona, tmp_path):
    """Of the year 1 or the future: noted, and the order of the file counts; exit 0."""
    path = tmp_path / "chats.jsonl"
    path.write_bytes(
        pair(3, at="0001-01-01T00:00:00Z")
        + pair(2, at="2999-01-01T00:00:00Z")
        + pair(1, at="once upon a time")
    )
    done = persona("update", "me", str(path))
    assert f"note: {path}:1: time is before 1990 or in the future" in done.stderr
    assert f"note: {path}:2: time is before 1990 or in the future" in done.stderr
    assert f"note: {path}:3: time not understood, left out" in done.stderr
    words = ["Dahlia goes", "Cedar goes", "Basil goes"]
    places = [done.stdout.index(word) for word in words]
    assert places == sorted(places)


def test_the_same_log_again(persona, log, server, tmp_path, monkeypatch):
    """Nothing to do, and no model asked: same name, another name, another copy.

    The design says "nothing new" where the table counts what was applied.
    """
    assert_works(persona, log)
    asked = len(server.requests)
    before = kept(persona.root, log, state=False)
    # Unchanged since it was read, under whichever name: not so much as opened.
    for again in (str(log), log.name, f"./{log.name}"):
        assert persona("update", "me", again).stderr == "me: nothing new\n"
    shutil.copy(log, tmp_path / "copy.jsonl")
    done = persona("update", "me", "copy.jsonl")
    assert "0 new interactions" in done.stderr
    assert done.stdout == ""
    assert len(server.requests) == asked
    assert kept(persona.root, log, state=False) == before


def test_a_bad_log_in_a_folder(persona, tmp_path, log):
    """What nobody named is passed over with a note; its neighbours are read."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"\x00" * 99)
    (folder / "b.jsonl").write_bytes(pair(2))
    done = persona("update", "me", str(folder))
    assert f"note: {folder / 'a.jsonl'}: not UTF-8 text" in done.stderr
    assert "; passed over\n" in done.stderr
    assert "Cedar goes before chisel." in done.stdout
    assert_works(persona, log)


# ---- profiles -------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["show"], ["update", "me", "good.jsonl"], ["apply", "me", "Hi."], ["why", "c1"]],
    ids=lambda words: words[0],
)
def test_no_profile_yet(run_persona, server, log, words):
    """What to do first; exit 3, and not so much as a folder is made."""
    done = run_persona(*words, code=INPUT)
    assert done.stderr.startswith(f"error: no profile in {run_persona.root}\n  try: ")
    assert "persona init" in done.stderr
    assert not run_persona.root.exists()
    if words[0] == "update":  # the remedy helps
        run_persona("init", "me")
        assert_works(run_persona, log)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-", "x\ny"])
def test_a_name_that_is_not_allowed(persona, log, name):
    """A way out of the root is no name; exit 2."""
    for word in ("show", "init"):
        run = running(persona, word, "--", name, code=USAGE)
        assert_refused(persona, run, USAGE, f"profile name {name!r} is not allowed")


def test_a_profile_that_leads_out_of_the_root(persona, tmp_path, log):
    """A folder that is a link to elsewhere; exit 2."""
    shutil.copytree(persona.root / "me", tmp_path / "elsewhere")
    (persona.root / "out").symlink_to(tmp_path / "elsewhere")
    for words in (["update", "out", str(log)], ["show", "out"], ["apply", "out", "Hi"]):
        run = running(persona, *words, code=USAGE)
        assert_refused(persona, run, USAGE, f"{persona.root / 'out'}: leads out of")
    (persona.root / "out").unlink()
    assert_works(persona, log)


def test_a_profile_file_that_leads_out(persona, tmp_path, log, server):
    """Its words would be written elsewhere: refused before a model is asked; exit 3."""
    path = persona.root / "me/profile.md"
    shutil.move(path, tmp_path / "elsewhere.md")
    path.symlink_to(tmp_path / "elsewhere.md")
    asked = len(server.requests)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}: ", state=False)
    assert len(server.requests) == asked
    path.unlink()
    shutil.move(tmp_path / "elsewhere.md", path)
    assert_works(persona, log)


def head_with(line: str) -> Callable[[bytes], bytes]:
    """Adds a line to the front matter, as its fourth."""
    added = f"\npersona: 1\n{line}\n".encode()
    return lambda old: old.replace(b"\npersona: 1\n", added)


PROFILES = {
    "duplicate key": (
        head_with("editor: vim\neditor: emacs"),
        "6:1: duplicate key 'editor'",
    ),
    "alias": (head_with("a: &x [1]\nb: *x"), "5:4: anchors are not allowed"),
    "alias alone": (head_with("b: *x"), "5:4: aliases are not allowed"),
    "tag": (head_with("a: !!python/name:os.system x"), "5:4: tags are not allowed"),
    "too deep": (head_with("a: " + "[" * 30 + "]" * 30), "5:23: nested deeper than 20"),
    "too big": (head_with(f"a: {'x' * 1_000_001}"), "2:1: too large"),
    "no YAML": (head_with("a: [1"), "6:8: "),
    "no front matter": (lambda _: b"# Me\n", "1: not a profile: no front matter"),
    "empty": (lambda _: b"", "1: not a profile"),
    "of a newer persona": (
        lambda old: old.replace(b"persona: 1\n", b"persona: 99\n"),
        "1: written by a newer persona (format 99)",
    ),
    "another file": (
        lambda old: old.replace(b"type: persona-profile", b"type: note"),
        "1: not a profile",
    ),
    "conflict markers": (
        lambda old: old + b"<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> other\n",
        "14: unresolved merge conflict",
    ),
    "not UTF-8": (lambda old: old + b"\xff\xfe", " not UTF-8 text (byte 0xff at"),
    "5 MB": (lambda _: b"\0" * (5 << 20), " 5 MB are no profile"),
}


@pytest.mark.parametrize("row", PROFILES)
def test_a_profile_that_cannot_be_read(persona, log, row):
    """File, line, column and fault; exit 3; ``undo`` takes the last good version.

    Not committed either: whoever broke it may yet mend it.
    """
    make, says = PROFILES[row]
    path = persona.root / "me/profile.md"
    good = path.read_bytes()
    path.write_bytes(make(good))
    assert path.read_bytes() != good
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}:{says}", logs=(log,))
    if row not in ("duplicate key", "empty", "not UTF-8", "5 MB"):
        return  # one of each kind of fault is enough
    persona("undo", "me")
    assert claim_lines(path.read_bytes()) == claim_lines(good)
    assert litter(persona.root) == []


def claim_lines(profile: bytes) -> list[bytes]:
    """The claims of a profile file."""
    return [line for line in profile.splitlines() if line.startswith(b"- ")]


def test_evidence_that_is_damaged(persona, log):
    """Its file and line; exit 3."""
    path = persona.root / "me/evidence.jsonl"
    good = path.read_bytes()
    path.write_bytes(good[:40] + b"\n" + good)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}:1: ")
    path.write_bytes(good)
    assert_works(persona, log)


@pytest.mark.parametrize("name", ["archive.jsonl", "folded.jsonl", "cursors.json"])
def test_state_that_is_damaged(persona, log, name):
    """The file and what to do; doing it helps. Cursors only save time: no fault."""
    path = persona.root / "me/.state" / name
    path.write_bytes(b"}{ damaged\n" + path.read_bytes())
    if name != "cursors.json":
        run = running(persona, "update", "me", str(log), code=INPUT)
        assert_refused(persona, run, INPUT, f"{path}:1: damaged", f"Move {name} away")
        path.unlink()
    assert_works(persona, log)


def test_edits_by_hand_come_first(persona, log):
    """What a person had not committed is committed as theirs; exit 0.

    The design commits it always; there is no ``--no-autocommit``.
    """
    path = persona.root / "me/profile.md"
    path.write_bytes(path.read_bytes() + b"- I drink tea.\n")
    (persona.root / "notes.txt").write_text("mine\n")
    persona("update", "me", str(log))
    assert b"- I drink tea.\n" in path.read_bytes()
    said = git(persona.root, "log", "-2", "--format=%s").splitlines()
    assert said[1] == "me: edited by hand"
    assert git(persona.root, "status", "--porcelain") == "?? notes.txt\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "nobody"], "no profile 'nobody' in"),
        (["update", "nobody", "good.jsonl"], "no profile 'nobody', and no such log"),
        (["why", "c0ffee"], "no claim 'c0ffee' in this profile"),
        (["forget", "c0ffee"], "no claim 'c0ffee' in this profile"),
        (["forget", "--source", "nowhere"], "nowhere"),
        (["undo", "--to", "99"], "no version '99'"),
        (["diff", "99"], "no version '99'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_word_that_names_nothing(persona, log, words, says):
    """A profile, claim, source or version that is not there; exit 2."""
    run = running(persona, *words, code=USAGE)
    assert_refused(persona, run, USAGE, says)


SETTINGS = {
    "unknown key": ("modle: tiny\n", "persona.yaml:1: unknown setting", "'model'"),
    "wrong type": ("seed: soon\n", "persona.yaml:1: 'soon' is not", "Mend"),
    "out of range": ("held_out: 1.5\n", "persona.yaml:1: held_out is 1.5", "Mend"),
    "not YAML": ("a: [\n", "persona.yaml:2:1: ", "Mend"),
}


@pytest.mark.parametrize("row", SETTINGS)
def test_settings_that_are_wrong(persona, log, row):
    """File, line, key, and the nearest that is known; exit 3."""
    text, says, tries = SETTINGS[row]
    path = persona.root / "persona.yaml"
    path.write_text(text)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, says, tries)
    path.unlink()
    if row == "not YAML":
        assert_works(persona, log)


# ---- git ------------------------------------------------------------------------


def diverge(root: Path) -> None:
    """Two branches that change one line of the user's own file."""
    for branch, text in (("", "one"), ("other", "two"), ("", "three")):
        if branch:
            git(root, "switch", "-qc", branch)
        elif text == "three":
            git(root, "switch", "-q", "-")
        (root / "notes.txt").write_text(f"{text}\n")
        git(root, "add", "notes.txt")
        git(root, "commit", "-qm", text)


HALF_DONE = {
    "a merge": (["merge", "other"], ["merge", "--abort"]),
    "a rebase": (["rebase", "other"], ["rebase", "--abort"]),
    "a cherry-pick": (["cherry-pick", "other"], ["cherry-pick", "--abort"]),
    "a revert": (["revert", "--no-edit", "HEAD~1"], ["revert", "--abort"]),
    "a bisect": (["bisect", "start", "HEAD", "HEAD~1"], ["bisect", "reset"]),
}


@pytest.mark.parametrize("what", HALF_DONE)
def test_a_repository_in_the_middle_of(persona, log, what):
    """The user's own work comes first: what it is, and how to end it; exit 6."""
    begin, end = HALF_DONE[what]
    diverge(persona.root)
    if what == "a revert":  # what was reverted must be in the way
        (persona.root / "notes.txt").write_text("four\n")
        git(persona.root, "commit", "-qam", "four")
    subprocess.run(["git", *begin], cwd=persona.root, capture_output=True, check=False)
    run = running(persona, "update", "me", str(log), code=BUSY)
    says = f"{persona.root}: the repository is in the middle of {what}"
    assert_refused(persona, run, BUSY, says, f"git {' '.join(end)}")
    git(persona.root, *end)
    assert_works(persona, log)


def test_a_detached_head(persona, log):
    """A commit would belong to no branch; exit 6."""
    git(persona.root, "checkout", "-q", "--detach")
    run = running(persona, "update", "me", str(log), code=BUSY)
    says = f"{persona.root}: no branch is checked out (detached HEAD)"
    assert_refused(persona, run, BUSY, says, "git switch")
    git(persona.root, "switch", "-q", "-")
    assert_works(persona, log)


def test_a_bare_repository(persona, log):
    """There is nowhere to write; exit 6."""
    before = kept(persona.root)
    git(persona.root, "config", "core.bare", "true")
    done = persona("update", "me", str(log), code=BUSY)
    assert "a bare repository has no files\n  try: Clone it" in done.stderr
    git(persona.root, "config", "core.bare", "false")
    assert kept(persona.root) == before
    assert_works(persona, log)


def test_no_repository(persona, log):
    """It was moved without its ``.git``; exit 3."""
    shutil.move(persona.root / ".git", persona.folder / "gone")
    before = (persona.root / "me/profile.md").read_bytes()
    done = persona("update", "me", str(log), code=INPUT)
    said = f"error: {persona.root}: not in a git repository\n  try: Run persona init"
    assert said in done.stderr
    assert (persona.root / "me/profile.md").read_bytes() == before
    persona("init", "me")
    assert_works(persona, log)


def test_an_unborn_branch(persona, log):
    """A repository without a commit yet is fine."""
    git(persona.root, "checkout", "-q", "--orphan", "fresh")
    git(persona.root, "rm", "-rq", "--cached", ".")
    assert_works(persona, log)


@pytest.mark.parametrize(
    ("age", "tries"),
    [(0, "Run it again when that git is done."), (3600, "remove")],
    ids=["at work", "left behind"],
)
def test_a_foreign_index_lock(persona, log, age, tries):
    """Another git's lock: its place and age; never removed by persona; exit 6."""
    lock = persona.root / ".git/index.lock"
    lock.write_bytes(b"")
    os.utime(lock, (time.time() - age, time.time() - age))
    run = running(persona, "update", "me", str(log), code=BUSY)
    says = f"{persona.root}: another git process holds .git/index.lock (age "
    assert_refused(persona, run, BUSY, says, tries)
    assert lock.exists()
    lock.unlink()
    assert_works(persona, log)


def test_git_missing(persona, log, tmp_path):
    """Which one is needed; exit 3; and the remedy helps.

    The table's 69 is of services; without a model among them it is the design's 3.
    """
    nothing = {"PATH": str(tmp_path / "nothing")}
    run = running(persona, "update", "me", str(log), code=INPUT, environ=nothing)
    says = "git 2.36 or newer is needed (found none)"
    assert_refused(persona, run, INPUT, says, "--no-commit")
    done = persona("update", "me", str(log), "--no-commit", environ=nothing)
    assert "added " in done.stdout
    assert persona("apply", "me", "Hi.", environ=nothing).stdout


def test_git_too_old(persona, log, tmp_path):
    """Which one is needed, and which was found; exit 3."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        f"#!/bin/sh\n"
        f"for word; do\n"
        f'  [ "$word" = version ] && echo "git version 2.20.1" && exit\n'
        f"done\n"
        f'exec {shutil.which("git")} "$@"\n'
    )
    fake.chmod(0o755)
    old = {"PATH": f"{fake.parent}:{persona.environ['PATH']}"}
    run = running(persona, "update", "me", str(log), code=INPUT, environ=old)
    says = "git 2.36 or newer is needed (found 2.20.1)"
    assert_refused(persona, run, INPUT, says, "Install a newer git")
    assert_works(persona, log)


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("HEAD", ["update", "me", "good.jsonl"]),
        ("HEAD^{tree}", ["update", "me", "good.jsonl"]),
        ("HEAD~1:me/profile.md", ["undo", "me"]),  # an update has no need of it
    ],
    ids=["commit", "tree", "old profile"],
)
def test_a_damaged_history(persona, log, which, words):
    """An object is empty, as after a power cut: it is said, and nothing is added to it.

    Exit 3. There is no ``doctor --fix``: git itself can say what is missing.
    """
    sha = git(persona.root, "rev-parse", which).strip()
    path = persona.root / ".git/objects" / sha[:2] / sha[2:]
    good = path.read_bytes()
    before = {p: p.read_bytes() for p in persona.root.glob("me/*") if p.is_file()}
    path.chmod(0o644)
    path.write_bytes(b"")
    done = persona(*words, code=INPUT)
    assert f"error: {persona.root}: the history is damaged (" in done.stderr
    assert "\n  try: " in done.stderr
    assert "git fsck" in done.stderr
    assert {p: p.read_bytes() for p in before} == before
    path.write_bytes(good)
    assert git(persona.root, "rev-parse", which).strip() == sha
    assert_works(persona, log)


def test_a_repository_of_someone_else(persona, log):
    """It is refused, with how to allow it; exit 3."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a repository away")
    before = kept(persona.root)
    for path in (persona.root, persona.root / ".git"):
        os.chown(path, 4711, 4711)
    done = persona("update", "me", str(log), code=INPUT)
    for path in (persona.root, persona.root / ".git"):
        os.chown(path, 0, 0)
    assert "the repository belongs to someone else\n  try: If it is" in done.stderr
    assert kept(persona.root) == before
    assert_works(persona, log)


# ---- the lock -------------------------------------------------------------------


def test_the_lock_is_held(persona, log):
    """Who holds it, since when, and how long was waited; exit 6."""
    path = persona.root / "me/.state/lock"
    who = {"pid": 4711, "host": socket.gethostname(), "doing": "update"}
    path.write_text(json.dumps(who | {"since": "2026-11-23T12:03:00+00:00"}))
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waits = {"PERSONA_LOCK_TIMEOUT": "0.3", "TZ": "UTC"}
        run = running(persona, "update", "me", str(log), code=BUSY, environ=waits)
        says = f"{persona.root / 'me'}: another persona (pid 4711, update, since "
        assert_refused(persona, run, BUSY, says, "Run it again")
    assert_works(persona, log)


@pytest.mark.parametrize("content", [b"", b"}{", b'{"pid": 999999999, "host": "x"}\n'])
def test_the_lock_of_a_dead_process(persona, log, content):
    """No obstacle, whatever it says: the kernel let go of it. Nothing to note, then."""
    (persona.root / "me/.state/lock").write_bytes(content)
    assert_works(persona, log)


# ---- the disk -------------------------------------------------------------------


@pytest.fixture
def disk(persona) -> Iterator[Callable[..., None]]:
    """Puts the root on a small disk of its own, of which one can ask things."""
    root = persona.root

    def mount(*options: str) -> None:
        argv = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(root)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk to be had: {done.stderr.strip()}")

    shutil.move(root, persona.folder / "there")
    root.mkdir()
    try:
        mount("size=2m")
    except BaseException:
        root.rmdir()
        raise
    shutil.copytree(persona.folder / "there", root, dirs_exist_ok=True)
    yield lambda option: mount("remount", option)
    subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.mark.parametrize("left", [0, 8, 16, 28])
def test_a_full_disk(persona, disk, log, left):
    """Where there is no space, and that nothing was changed; exit 3.

    left: KiB that are free: the first write fails, or a later one, or git's
    """
    filler = persona.root / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    os.truncate(filler, filler.stat().st_size - left * 1024)
    run = running(persona, "update", "me", str(log), code=INPUT)
    says = "no space left "
    assert_refused(persona, run, INPUT, says, "Free some space", state=False)
    filler.unlink()
    assert_works(persona, log)


def test_a_disk_without_inodes(persona, disk, log):
    """No file can be made; exit 3."""
    used = sum(len(found) + 1 for _, _, found in os.walk(persona.root))
    disk(f"nr_inodes={used + 60}")
    crowd = persona.root / "crowd"
    crowd.mkdir()
    with suppress(OSError):
        for number in range(1000):
            (crowd / str(number)).touch()
    assert 0 < len(list(crowd.iterdir())) < 1000
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "no space left on ", "Free", state=False)
    shutil.rmtree(crowd)
    assert_works(persona, log)


def test_a_read_only_disk(persona, disk, log):
    """What reads still reads; what writes says so; exit 3."""
    disk("ro")
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, "read-only file system", "Mount it writable")
    assert "Iris" in persona("show").stdout
    assert persona("apply", "me", "Hi.", "--tentative").stdout.count("Iris") == 1
    disk("rw")
    assert_works(persona, log)


@pytest.mark.parametrize(
    "place", ["tmp-written", "renamed", "line-written", "committed"]
)
def test_a_full_disk_at_a_failpoint(persona, log, place):
    """The same, wherever it strikes, and without a disk to fill; exit 3."""
    full = {"PERSONA_FAILPOINT": f"{place}:enospc:1"}
    if place in ("tmp-written", "renamed"):  # in the middle, not when logs are noted
        full = {"PERSONA_FAILPOINT": f"{place}:enospc:3"}
    run = running(persona, "update", "me", str(log), code=INPUT, environ=full)
    if place == "committed":  # too late to take it back: the version stands
        done = run()
        assert "no space left on " in done.stderr
        assert "  try: " in done.stderr
        assert b"Basil" in (persona.root / "me/profile.md").read_bytes()
        assert litter(persona.root) in ([], ["me/.state/journal.json"])
        assert persona("update", "me", str(log)).stdout == ""
        assert litter(persona.root) == []
        return
    assert_refused(persona, run, INPUT, "no space left on ", "Free", state=False)
    assert_works(persona, log)


@pytest.mark.parametrize("call", ["fsync:error=EIO:when=2", "fsync:error=EIO:when=5"])
def test_a_disk_that_fails(persona, log, call):
    """Where it failed, and that nothing was changed; exit 3."""
    argv = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}"]
    if shutil.which("strace") is None:
        pytest.skip("no strace to make a disk fail with")
    probe = subprocess.run([*argv, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*argv, sys.executable, "-m", "persona_cli", "update", "me", str(log)],
            capture_output=True,
            text=True,
            cwd=persona.folder,
            env=persona.environ,
            check=False,
        )

    assert_refused(persona, run, INPUT, "I/O error", "Check the disk", state=False)
    assert_works(persona, log)


@pytest.mark.parametrize("what", ["me", "me/profile.md", ".git", "me/.state/lock"])
def test_what_may_not_be_written(persona, log, what):
    """The path, and what to see to; exit 3."""
    path = persona.root / what
    if UNPRIVILEGED and shutil.which("setpriv") is None:
        pytest.skip("root may write everything, and there is no setpriv")
    argv = [*UNPRIVILEGED, sys.executable, "-m", "persona_cli"]
    mode = path.stat().st_mode
    for each in (path, *(p for p in path.rglob("*") if what == ".git" and p.is_dir())):
        each.chmod(0o555 if each.is_dir() else 0o444)

    def run() -> CompletedProcess[str]:
        return subprocess.run(
            [*argv, "update", "me", str(log)],
            capture_output=True,
            text=True,
            cwd=persona.folder,
            env=persona.environ,
            check=False,
        )

    assert_refused(persona, run, INPUT, "permission denied", "you own", state=False)
    for each in (path, *(p for p in path.rglob("*") if what == ".git" and p.is_dir())):
        each.chmod(0o755 if each.is_dir() else mode)
    assert_works(persona, log)


# ---- models ---------------------------------------------------------------------

HUGE = {
    "general.architecture": "llama",
    "llama.block_count": 100_000,
    "llama.context_length": 8192,
    "llama.embedding_length": 1 << 20,
    "llama.attention.head_count": 64,
}

TENSOR = ("token_embd.weight", (32, 1000), [0.0] * 32_000)

# Where the table has 65, 66 and 71, the design has 4: the model is missing, or is none.
MODELS = {
    "missing": (None, "no such model", "persona model list"),
    "empty": (b"", "is empty", "Download it again"),
    "an HTML page": (b"<!DOCTYPE html>\n<p>404", "is an HTML page", "Download it"),
    "a git-lfs pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        "is a git-lfs pointer, not a model",
        "Download it again",
    ),
    "zeros": (b"\0" * 9999, "holds zeros", "Download it again"),
    "random": (bytes(range(256)) * 9, "is not a GGUF file", "name another file"),
    "a header cut": (gguf_bytes(HUGE)[:60], "is cut short inside its header", "again"),
    "weights cut": (
        gguf_bytes({"general.architecture": "llama"}, [TENSOR])[:-100_000],
        "is cut short: 28 of 128 kB",
        "Download it again",
    ),
    "damaged": (
        gguf_bytes(HUGE).replace(b"general.arch", b"\xff" * 12, 1)[:24] + b"\xff" * 99,
        "is cut short inside its header",
        "Download it again",
    ),
    "too large for the memory": (gguf_bytes(HUGE), "GB", ""),
    "nothing llama.cpp knows": (
        gguf_bytes({"general.architecture": "abacus"}),
        "llama.cpp cannot load it",
        "llama-cpp-python",
    ),
    "an adapter": (
        gguf_bytes({"general.type": "adapter", "general.architecture": "llama"}),
        "is a LoRA adapter, not a model",
        "base model",
    ),
}


@pytest.mark.parametrize("row", MODELS)
def test_a_file_that_is_no_model(persona, log, tmp_path, row):
    """The file, and what it is instead; exit 4."""
    content, says, tries = MODELS[row]
    path = tmp_path / "x.gguf"
    if content is not None:
        path.write_bytes(content)
    run = running(
        persona,
        *("update", "me", str(log), "--model", str(path), "--gpu-layers", "0"),
        code=MODEL,
    )
    logs = (log, path) if content is not None else (log,)
    assert_refused(persona, run, MODEL, says, tries, logs=logs, state=False)
    if row in ("missing", "nothing llama.cpp knows"):  # unopened, and opened
        assert_works_after_a_model(persona, log)


def assert_works_after_a_model(persona: "Persona", log: Path) -> None:
    """The logs were read before the model failed: the next run takes it from there."""
    done = persona("update", "me", str(log))
    assert "added " in done.stdout
    assert litter(persona.root) == []


@pytest.mark.parametrize(
    ("spec", "says", "tries"),
    [
        ("qwen3-8b", "qwen3-8b is not here", "persona model pull qwen3-8b"),
        ("qwen3-9b", "no model is called 'qwen3-9b'", "Did you mean 'qwen3-8b'?"),
        ("hf:owner", "hf:owner: not a model of the hub", "hf:owner/repo"),
        ("hf:a/b:Q4_K_M", "hf:a/b:Q4_K_M is not here", "persona model pull hf:a/b"),
        ("http://127.0.0.1:1/v1", "127.0.0.1:1/v1: cannot be reached", "Start the"),
        ("http://127.0.0.1:1", "no path in it", "/v1"),
    ],
)
def test_a_model_that_is_not_here(persona, log, spec, says, tries):
    """What it takes to have it; nothing is fetched unasked; exit 4."""
    run = running(persona, "update", "me", str(log), "-m", spec, code=MODEL)
    assert_refused(persona, run, MODEL, says, tries, logs=(log,), state=False)


FAULTS = {
    "a server error": (
        Canned(500, {"error": {"message": "oops"}}),
        "the server failed (500): oops",
    ),
    "a refusal": (Canned(401, {}), "the key was refused (401)"),
    "a page": (Canned(200, "<html>"), "it answered with an HTML page"),
    "no answer": (Canned(200, {}), ""),
    "cut off": (
        Canned(200, "data: {", {"Content-Type": "text/event-stream"}, broken=True),
        "",
    ),
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_server_that_fails(persona, log, server, row):
    """Its address, and what it did; exit 4; the interactions stay queued."""
    canned, says = FAULTS[row]
    server.canned = [canned]
    run = running(persona, "update", "me", str(log), code=MODEL)
    says = f"{server.url}: {says}"
    assert_refused(persona, run, MODEL, says, logs=(log,), state=False)
    if row == "cut off":
        assert_works_after_a_model(persona, log)


RAMBLINGS = {
    "empty": "",
    "garbage": "\x00\x1b[2J{{7*7}}\ufffd" * 50,
    "a refusal": "I'm sorry, but I can't help with that.",
    "endless": "again " * 5000,
    "invented sources": "- [i99 p7] food | Likes cake.\n- [!i1] food | Hates cake.\n",
    "a long line": f"- [i1] food | {'cake ' * 2000}\n",
}


@pytest.mark.parametrize("row", RAMBLINGS)
def test_an_answer_of_no_use(persona, log, server, row):
    """What cannot be believed has no effect; the digest speaks instead; exit 0.

    The table queues such windows; the design says "never an empty hand".
    """
    server.engine = SteadyEngine()
    server.engine.complete = lambda *_, **more: rambling(RAMBLINGS[row], **more)
    claims = {c["id"]: c["text"] for c in show(persona)}
    persona("update", "me", str(log))
    after = {c["id"]: c["text"] for c in show(persona)}
    assert claims.items() <= after.items()
    assert not any("cake" in text.lower() for text in after.values())
    if row == "empty":  # and that is that: the window is not asked again
        assert persona("update", "me", str(log)).stderr == "me: nothing new\n"


def rambling(text: str, **more: object) -> Answer:
    """An answer, cut where the caller said."""
    return ScriptedEngine(text).complete([Message("user", "")], **more)


def show(persona: "Persona") -> list[dict[str, object]]:
    """The claims as they are."""
    return list(json.loads(persona("show", "--json").stdout)["claims"])


# ---- streams and signals --------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["show", "log", "list", "path", "apply me Hi.", "doctor"]
)
def test_a_reader_that_has_seen_enough(persona, word):
    """A pipe that is closed: quiet, and 141 as for any other tool."""
    line = f"{{ persona {word}; echo $? >&2; }} | head -c 0"
    said = persona.shell(f"bash -c '{line}'").stderr
    assert said.splitlines()[-1] in ("0", "141"), said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_nobody_listens_to_stderr(persona, log):
    """Talk that nobody hears: the profile is the old or the new, and all goes on."""
    persona.shell(f"bash -c 'persona update me {log} 2>&1 >/dev/null | head -c 0'")
    persona("update", "me", str(log))
    assert {"Iris goes before anvil.", "Basil goes before bellows."} <= {
        claim["text"] for claim in show(persona)
    }
    assert litter(persona.root) == []


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(persona, log, closed):
    """Whatever is closed: quiet, exit 0, and the work is done."""
    done = persona.shell(f"persona update me {log} {closed}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Basil goes before bellows." in {claim["text"] for claim in show(persona)}
    for word in ("show", "apply me Hi.", "update me -"):
        again = persona.shell(f"persona {word} {closed}")
        assert again.returncode == 0, again.stderr
        assert "Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [
        (signal.SIGINT, 130, "model"),
        (signal.SIGINT, 130, 0.2),
        (signal.SIGINT, 130, 0.5),
        (signal.SIGTERM, -15, "model"),
    ],
)
def test_a_signal(persona, tmp_path, log, server, number, code, moment):
    """Ctrl-C ends with 130, TERM by itself (143 in a shell); finished windows stay."""

    class Slow(SteadyEngine):
        def complete(self, *args, **more):
            time.sleep(0.15)
            return super().complete(*args, **more)

    server.engine = Slow()
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(pair(n, n=n, why="x" * 999) for n in range(6)))
    persona.environ["PERSONA_WINDOW_TOKENS"] = "64"
    begun = len(server.requests)
    child = persona.start("update", "me", str(path))
    if moment == "model":
        while len(server.requests) < begun + 2:
            time.sleep(0.01)
    else:
        time.sleep(moment)
    os.killpg(child.pid, number)
    said = child.communicate(timeout=20)[1]
    assert child.returncode in ((code,) if moment == "model" else (code, -number)), said
    assert moment != "model" or "Traceback" not in said
    server.engine = SteadyEngine()
    persona("update", "me", str(path))
    texts = {claim["text"] for claim in show(persona)}
    assert {
        f"{WORDS[n].capitalize()} goes before {FORMER[n]}." for n in range(6)
    } <= texts
    assert litter(persona.root) == []
    git(persona.root, "fsck", "--strict")
