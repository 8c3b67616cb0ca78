"""All or nothing, whatever happens, and nothing of the user's is touched."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from persona_cli.errors import BusyError
from persona_cli.git import Git
from persona_cli.journal import Append, Journal, decode, encode
from persona_cli.transaction import Recovered, Transaction, run
from tests.nothing_lost import Theirs, assert_nothing_lost, git, left_behind, theirs_in
from tests.one_update import (
    COMMITTED,
    FRESH,
    NEW,
    OLD,
    lived_in,
    next_run,
    on_disk,
    transaction,
)

PROGRAM = Path(__file__).with_name("one_update.py")
STARTS = {"fresh": FRESH, "existing": OLD}


@pytest.fixture(params=STARTS)
def old(request) -> dict[str, bytes | None]:
    """What the folder holds before the update."""
    return STARTS[request.param]


@pytest.fixture
def folder(tmp_path, old) -> Path:
    """A profile's folder in a repository that its owner is at work in."""
    return lived_in(tmp_path / "repo", old)


@pytest.fixture
def ada(tmp_path) -> Path:
    """The same, with a first version in it."""
    return lived_in(tmp_path / "repo", OLD)


def update(
    folder: Path, verb: str = "save", *, failpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``one_update.py`` as a process of its own."""
    return subprocess.run(
        [sys.executable, PROGRAM, folder, verb],
        env={**os.environ, "PERSONA_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
    )


def acked(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Commits that a run said it had made."""
    return re.findall(r"^committed ([0-9a-f]{40})$", done.stdout, re.MULTILINE)


def check(
    folder: Path, before: Theirs, old: dict[str, bytes | None], *shas: str
) -> str:
    return assert_nothing_lost(
        folder, before=before, old=old, new=NEW, acked=shas, committed=COMMITTED
    )


def test_an_update_is_files_ledger_and_one_commit(folder, old):
    """Without a fault: the new version, one commit of two files, the diary's words."""
    before = theirs_in(folder.parent)

    done = update(folder)

    assert done.returncode == 0, done.stderr
    assert check(folder, before, old, *acked(done)) == "new"
    assert git(folder, "log", "-1", "--format=%B") == "ada v2: 1 added\n\nadded c1\n\n"
    named = git(folder, "show", "--name-only", "--format=", "HEAD").split()
    assert named == ["ada/evidence.jsonl", "ada/profile.md"]


@pytest.mark.parametrize(
    "place", ["index-locked", "index-written", "branch-moved", "index-renamed"]
)
def test_killed_in_a_commit_without_a_transaction(ada, place):
    """A person's edit is committed without a journal: that death is cleared up, too."""
    before = theirs_in(ada.parent)
    (ada / "profile.md").write_bytes(b"mine\n")
    code = (
        "import sys; from pathlib import Path; from persona_cli.git import Git\n"
        "Git(Path(sys.argv[1])).commit([Path(sys.argv[1], 'profile.md')], 'by hand')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ada],
        env={**os.environ, "PERSONA_FAILPOINT": f"{place}:kill"},
    )
    assert done.returncode == -signal.SIGKILL
    assert (ada.parent / ".git/index.lock").exists()

    assert next_run(ada) is None
    assert left_behind(ada.parent) == []

    Git(ada).commit([ada / "profile.md"], "by hand")
    mine = {"profile.md": b"mine\n"}
    assert_nothing_lost(
        ada, before=before, old=mine, new=mine, committed=["profile.md"]
    )
    assert len(Git(ada).log(ada / "profile.md")) == 2


def test_a_ledger_torn_between_two_lines(ada):
    """One line of two is whole, the other torn: neither is there twice after."""
    lines = b'{"ids":[2]}\n{"ids":[3]}\n'
    ledger = ada / ".state/folded.jsonl"
    start = ledger.read_bytes()
    journal = Journal({}, {"folded.jsonl": Append(lines, len(start))}, (), None, None)
    (ada / ".state/journal.json").write_bytes(encode(journal))
    ledger.write_bytes(start + lines[:-5])

    next_run(ada)

    assert ledger.read_bytes() == start + lines


def test_the_next_run_says_what_it_finished(ada):
    """Recovery speaks, once, and names the commit it made."""
    update(ada, failpoint="journal-written:kill")

    found = next_run(ada)

    assert found == Recovered(
        "finished",
        (),
        git(ada, "rev-parse", "HEAD").strip(),
        f"{ada}: finished an update that was cut short",
    )
    assert next_run(ada) is None


def test_an_edit_of_the_new_version_is_kept_on_top_of_it(ada):
    """Edited after the death, built on the new words: theirs stays, uncommitted."""
    update(ada, failpoint="committed:kill")
    theirs = (NEW["profile.md"] or b"") + b"- mine\n"
    (ada / "profile.md").write_bytes(theirs)

    found = next_run(ada)

    assert found is not None
    assert (found.outcome, found.kept) == ("finished", ("profile.md",))
    assert (ada / "profile.md").read_bytes() == theirs
    assert Git(ada).show("HEAD", ada / "profile.md") == NEW["profile.md"]
    assert (ada / ".state/folded.jsonl").read_bytes() == NEW[".state/folded.jsonl"]


def test_persona_commits_its_own_words_and_not_the_edit(ada):
    """Edited between the files and the commit: the commit holds what persona wrote."""
    update(ada, failpoint="ledger-applied:kill")
    theirs = (NEW["profile.md"] or b"") + b"- mine\n"
    (ada / "profile.md").write_bytes(theirs)

    next_run(ada)

    assert (ada / "profile.md").read_bytes() == theirs
    assert Git(ada).show("HEAD", ada / "profile.md") == NEW["profile.md"]
    assert git(ada, "status", "--porcelain", ".") == " M ada/profile.md\n"


def test_an_edit_of_the_old_version_takes_the_update_back(ada):
    """Edited after the death, built on the old words: all else goes back to the old."""
    update(ada, failpoint="file-applied:kill:3")
    theirs = (OLD["profile.md"] or b"") + b"- mine\n"
    (ada / "profile.md").write_bytes(theirs)

    found = next_run(ada)

    assert found is not None
    assert (found.outcome, found.kept) == ("undone", ("profile.md",))
    assert "profile.md" in found.says
    assert on_disk(ada) == {**OLD, "profile.md": theirs}
    assert left_behind(ada.parent) == []


def test_an_edit_that_was_committed_is_not_reverted(ada):
    """Edited and committed after the death: no commit of ours goes back behind it."""
    update(ada, failpoint="ledger-applied:kill")
    theirs = (NEW["profile.md"] or b"") + b"- mine\n"
    (ada / "profile.md").write_bytes(theirs)
    Git(ada).commit([ada / "profile.md"], "mine")

    next_run(ada)

    assert Git(ada).show("HEAD", ada / "profile.md") == theirs
    assert Git(ada).status([ada / "profile.md", ada / "evidence.jsonl"]) == set()


def test_a_revert_after_the_commit_is_respected(ada):
    """Died after the commit, reverted by its owner: it is not done a second time."""
    update(ada, failpoint="committed:kill")
    for name in COMMITTED:
        (ada / name).write_bytes(OLD[name] or b"")
    git(ada, "commit", "-qm", "not that", "--only", *COMMITTED)

    found = next_run(ada)

    assert found is not None
    assert found.outcome == "reverted"
    assert (ada / "profile.md").read_bytes() == OLD["profile.md"]
    assert (ada / ".state/folded.jsonl").read_bytes() == NEW[".state/folded.jsonl"]


def test_a_file_that_changed_before_the_update_is_not_overwritten(ada):
    """Edited while the model was thinking: busy, and nothing was touched."""
    (ada / "profile.md").write_bytes(b"mine\n")

    with pytest.raises(BusyError, match=r"profile\.md: changed while persona"):
        run(ada, transaction(OLD), git=Git(ada))

    assert on_disk(ada) == {**OLD, "profile.md": b"mine\n"}
    assert left_behind(ada.parent) == []


def test_a_commit_that_fails_takes_the_files_back(ada):
    """Another git holds the index: busy, and the files are as they were."""
    lock = ada.parent / ".git/index.lock"
    lock.write_bytes(b"")

    with pytest.raises(BusyError, match=r"another git process holds .git/index\.lock"):
        run(ada, transaction(OLD), git=Git(ada))

    assert lock.exists(), "it is not ours to remove"
    assert on_disk(ada) == OLD
    lock.unlink()
    assert left_behind(ada.parent) == []


def test_without_git_nothing_is_committed(ada):
    """``git=None``: files and ledger change, the branch does not move."""
    head = Git(ada).head()

    assert run(ada, transaction(OLD), git=None) is None

    assert on_disk(ada) == NEW
    assert Git(ada).head() == head


def test_a_file_can_be_made_and_removed(ada):
    """None before makes a file, None after removes it, and the commit follows."""
    before = OLD["evidence.jsonl"]
    made = {"profile.md": (OLD["profile.md"], None), "new.md": (None, b"new\n")}

    run(ada, Transaction(made, {}, ("profile.md", "new.md"), "moved"), git=Git(ada))

    assert not (ada / "profile.md").exists()
    tracked = git(ada, "ls-tree", "-r", "--name-only", "HEAD", ".").split()
    assert tracked == ["evidence.jsonl", "new.md"]
    assert (ada / "evidence.jsonl").read_bytes() == before


def test_a_damaged_journal_is_moved_aside(ada):
    """Bit rot: said, kept for a person to read, and in nobody's way."""
    update(ada, failpoint="journal-written:kill")
    path = ada / ".state/journal.json"
    path.write_bytes(path.read_bytes().replace(b"version 2", b"version 7"))

    found = next_run(ada)

    assert found is not None
    assert found.outcome == "damaged"
    assert (ada / ".state/journal.damaged-1.json").exists()
    assert on_disk(ada) == OLD
    assert next_run(ada) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"nonsense", b"\xff\x00"])
def test_what_is_no_journal_is_not_read_as_one(content):
    """Any bytes are a journal or a ValueError, and no other surprise."""
    with pytest.raises(ValueError):  # noqa: PT011 (each says another thing)
        decode(content)


def test_a_journal_keeps_every_byte():
    """Text, bytes that are no text, no file and an empty one come back as they were."""
    journal = Journal(
        files={"a": (None, b""), "b": (b"\xff\r\n", "é\u2028".encode())},
        appends={},
        commit=("a", "b"),
        message="m",
        head=None,
    )
    assert decode(encode(journal)) == journal


def _count(folder: Path, *flags: str) -> list[int]:
    """Eight processes count up, ten times each; what they said they had reached."""
    (folder / "profile.md").write_bytes(b"0\n")
    Git(folder).commit([folder / "profile.md"], "zero")
    running = [
        subprocess.Popen(
            [sys.executable, PROGRAM, folder, "count", "10", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(8)
    ]
    return sorted(int(n) for run in running for n in run.communicate()[0].split())


def test_eight_processes_lose_nothing(tmp_path):
    """8 x 10 updates under the lock: eighty counted, eighty lines, eighty commits."""
    folder = lived_in(tmp_path / "repo", FRESH)
    before = theirs_in(folder.parent)

    assert _count(folder) == list(range(1, 81))

    lines = b"".join(b"%d\n" % n for n in range(1, 81))
    new = {"profile.md": b"80\n", ".state/folded.jsonl": lines}
    assert_nothing_lost(
        folder, before=before, old=new, new=new, committed=["profile.md"]
    )
    assert len(git(folder, "log", "--format=%h", "--", ".").split()) == 81


def test_without_the_lock_they_do(tmp_path):
    """The broken twin: no lock, and of eighty updates not eighty are kept."""
    folder = lived_in(tmp_path / "repo", FRESH)

    _count(folder, "--no-lock")

    assert (folder / "profile.md").read_bytes() != b"80\n"
