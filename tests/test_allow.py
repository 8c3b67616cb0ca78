"""What a person writes or lets in: nothing of theirs is committed or kept unasked."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_cli import allowed as al
from persona_cli.allowed import Allowed, entries_for, entry_of
from persona_cli.errors import InputError, UsageError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.leaks import require_none_by_hand, require_none_new
from tests.chat_server import ChatServer
from tests.conftest import Persona
from tests.secret_cases import AT, A
from tests.steady import SteadyEngine

MAIL = f"ada{AT}harbour.co"
WORD = "hunter2" + "x99"


def write_by_hand(persona: Persona, *lines: str) -> Path:
    """A person's lines at the end of their profile."""
    path = persona.root / "ada" / "profile.md"
    path.write_text(path.read_text() + "\n".join(("", "## me", *lines, "")))
    return path


def in_git(persona: Persona, text: str) -> bool:
    """Whether any object says this, reachable or not."""
    every = ("cat-file", "--batch-all-objects", "--batch", "--unordered")
    argv = ["git", "-C", str(persona.root), *every]
    done = subprocess.run(argv, capture_output=True, check=True, env=persona.environ)
    return text.encode() in done.stdout


@pytest.fixture
def taught(run_persona: Persona) -> Iterator[Persona]:
    """The command, on a profile of its own and with a model that takes no time."""
    with ChatServer(SteadyEngine()).running() as server:
        run_persona.environ["PERSONA_MODEL"] = server.url
        run_persona("init", "ada")
        yield run_persona


def log_with(persona: Persona, text: str, name: str = "log.jsonl") -> str:
    """A log of one message."""
    path = persona.folder / name
    row = {"id": f"m:{name}", "kind": "message", "text": text}
    path.write_text(json.dumps(row) + "\n")
    return str(path)


def test_a_secret_written_by_hand_is_not_committed(taught: Persona) -> None:
    """It is named by its place, is in no object, and the edit stays as it is."""
    path = write_by_hand(taught, f"- My password is {WORD}, I think.")
    before, head = path.read_bytes(), taught.git("rev-parse", "HEAD")
    log = log_with(taught, "I prefer tabs.")
    for words in (("update", "ada", log), ("update", "ada", log, "--no-commit")):
        done = taught(*words, code=3)
        line = before.decode().split("\n").index(f"- My password is {WORD}, I think.")
        assert f"profile.md:{line + 1}: looks like a password" in done.stderr
        assert f"persona allow --line {line + 1}" in done.stderr
        assert WORD not in done.stdout + done.stderr
    assert path.read_bytes() == before
    assert taught.git("rev-parse", "HEAD") == head
    assert not in_git(taught, WORD)


def test_a_line_is_let_in(taught: Persona) -> None:
    """One line, by its number; the list does not say what it lets in."""
    write_by_hand(taught, f"- My password is {WORD}, I think.")
    path = taught.root / "ada" / "profile.md"
    line = str(
        path.read_text().split("\n").index(f"- My password is {WORD}, I think.") + 1
    )
    taught("allow", "--line", line)
    listed = (taught.root / "ada" / al.FILE).read_text()
    assert WORD not in listed
    assert json.loads(listed)["kind"] == "password"
    found = taught("allow", "--list").stdout.split()
    taught("update", "ada", log_with(taught, "I prefer tabs."), "--no-verify")
    assert in_git(taught, WORD)
    taught("allow", "--remove", found[0])
    assert taught("allow", "--list").stdout == ""
    assert "not let in" in taught("allow", "--remove", found[0], code=2).stderr


def test_a_key_of_many_lines_is_seen_by_hand(taught: Persona) -> None:
    """A private key is one secret, however many lines it takes."""
    edge = "-----{} RSA " + "PRIVATE KEY-----"
    write_by_hand(taught, edge.format("BEGIN"), A[:64], A[64:128], edge.format("END"))
    done = taught("update", "ada", log_with(taught, "tabs"), code=3)
    assert "looks like a private key" in done.stderr
    assert not in_git(taught, A[:64])


def test_personal_data_by_hand_is_theirs_to_say(taught: Persona) -> None:
    """A person may say in their own profile how they are reached."""
    write_by_hand(taught, f"- Write to me at {MAIL}.")
    taught("update", "ada", log_with(taught, "I prefer tabs."), "--no-verify")
    assert in_git(taught, MAIL)


@pytest.mark.parametrize("what", ["mail", MAIL])
def test_an_item_or_a_kind_of_a_log_is_let_in(taught: Persona, what: str) -> None:
    """From then on it is kept, and others of its kind only with the kind."""
    archive = taught.root / "ada" / ".state" / "archive.jsonl"
    text = f"Always sign with {MAIL} and never with eve{AT}lakeside.net."
    first = log_with(taught, text, "first.jsonl")
    taught("update", "ada", first, "--no-verify")
    assert MAIL not in archive.read_text()
    taught("allow", what)
    second = log_with(taught, text, "second.jsonl")
    taught("update", "ada", second, "--no-verify")
    assert MAIL in archive.read_text()
    assert (f"eve{AT}" in archive.read_text()) == (what == "mail")


def test_from_stdin_and_with_no_commit(taught: Persona) -> None:
    """An item need not be an argument, which a shell remembers."""
    head = taught.git("rev-parse", "HEAD")
    taught("allow", "-", "--no-commit", stdin=f"{MAIL}\n")
    assert taught("allow", "--list").stdout.startswith("mail:")
    assert taught.git("rev-parse", "HEAD") == head
    (said,) = json.loads(taught("allow", "--list", "--json").stdout)
    assert (said["kind"], said["whole_kind"]) == ("mail", False)


def test_what_is_not_to_be_let_in(taught: Persona) -> None:
    """A kind of secrets as a whole, and what is not kept out anyway."""
    for words, says in (
        (("github-token",), "not let in as a whole"),
        (("tabs",), "nothing there is kept out"),
        (("--line", "99"), "no line 99"),
        (("mail", "--list"), "only shows"),
    ):
        assert says in taught("allow", *words, code=2).stderr
    (taught.root / "ada" / al.FILE).write_text('{"kind": "nothing"}\n')
    done = taught("allow", "--list", code=3)
    assert f"{al.FILE}:1: not a line of what is allowed" in done.stderr


def test_an_item_is_let_in_however_it_is_written() -> None:
    """Blanks and dashes of a number do not matter; another number does."""
    lets = Allowed((entry_of("phone", "+49 151 23456789"),))
    assert lets("phone", "+49-151-2345 6789")
    assert not lets("phone", "+49 151 23456780")
    assert not lets("id-number", "+49 151 23456789")
    assert al.parse(al.render(lets), place="x") == lets
    assert "23456789" not in al.render(lets).decode()
    with pytest.raises(UsageError):
        entries_for("password")


def test_names_that_logs_give_are_cleaned() -> None:
    """An id or a source may hold what a text may not; twice changes nothing."""
    deed = Interaction(f"pairs:{MAIL}:1", "message", f"pairs:{MAIL}", "I prefer tabs.")
    done = guard(deed)
    assert done.redacted == {"mail": 2}
    assert done.interaction is not None
    assert MAIL not in repr(done.interaction)
    assert guard(done.interaction).interaction == done.interaction
    other = guard(
        Interaction(f"pairs:eve{AT}x.co:1", "message", "pairs:1", "I like it.")
    )
    assert other.interaction is not None
    assert other.interaction.id != done.interaction.id


def test_the_gate_looks_at_what_is_new(tmp_path: Path) -> None:
    """What stands there already is not new; escapes of JSON hide nothing."""
    none, token = Allowed(), "ghp" + "_" + A[:36]
    old = {"profile.md": f"- {token}\n".encode(), "evidence.jsonl": b""}
    require_none_new(tmp_path, old, old, none)
    line = json.dumps({"quote": f'set "{token[:4]}{token[4:]}"'}).encode()
    hidden = line.replace(b"ghp", b"\\u0067hp") + b"\n"
    for content in (line + b"\n", hidden):
        with pytest.raises(InputError) as caught:
            require_none_new(tmp_path, old, {**old, "evidence.jsonl": content}, none)
        assert "evidence.jsonl:1: looks like a github token" in str(caught.value)
        assert token not in str(caught.value)
    said = {"profile.md": b"", "evidence.jsonl": f'{{"quote": "{MAIL}"}}\n'.encode()}
    require_none_by_hand(tmp_path, {}, said, none)
    with pytest.raises(InputError):
        require_none_new(tmp_path, {}, said, none)
    theirs = {"profile.md": f"- {MAIL}\n".encode()}
    require_none_new(tmp_path, theirs, {**theirs, **said}, none)
