"""Forgetting in the past too: what is asked and said, and where it is refused."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from persona_cli.errors import BusyError, InputError, PersonaError, UsageError
from persona_cli.forget import Chosen
from persona_cli.store import Store
from tests.canaries import claims, facts, lived_in, traces
from tests.nothing_lost import git
from tests.torture.one_forgetting import erase

FACT = facts()[0]


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> Path:
    """A repository with some versions in it, a branch and a tag."""
    return lived_in(tmp_path_factory.mktemp("lived"), windows=2, each=2)


@pytest.fixture
def store(lived, tmp_path) -> Store:
    """A copy of it."""
    shutil.copytree(lived, tmp_path / "repo", symlinks=True)
    return Store(tmp_path / "repo" / "profiles", "ada")


@pytest.fixture
def top(store) -> Path:
    return store.root.parent


@pytest.fixture
def persona(run_persona, store):
    """The command, on that repository."""
    run_persona.environ["PERSONA_ROOT"] = str(store.root)
    return run_persona


def the_claim(store: Store) -> str:
    return claims(store)[FACT.word]


def test_it_is_said_and_asked_before_it_is_done(persona, store, top):
    """Without a terminal, and without --yes, nothing is done; a dry run shows it."""
    name, before = the_claim(store), git(top, "for-each-ref")
    said = persona("forget", name, "--history", code=2)
    assert "commits get new ids, on refs/heads/main" in said.stderr
    assert "still hold it: refs/heads/old, refs/tags/first" in said.stderr
    assert "--yes" in said.stderr
    said = persona("forget", name, "--history", "--all-branches", "--dry-run", "--json")
    found = json.loads(said.stdout)
    assert set(found["moved"]) == {
        "refs/heads/main",
        "refs/heads/old",
        "refs/tags/first",
    }
    assert (found["kept"], found["commit"]) == ([], None)
    assert git(top, "for-each-ref") == before
    assert traces([top], [FACT.word])


def test_other_branches_are_left_and_named(persona, store, top):
    """Unless they are asked for; then nothing is left."""
    done = persona("forget", the_claim(store), "--history", "--yes")
    assert "still hold it: refs/heads/old, refs/tags/first" in done.stderr
    assert git(top, "log", "--format=%B", "main").count(FACT.word) == 0
    assert git(top, "log", "--format=%B", "old").count(FACT.word)
    persona("forget", "--history", "--all-branches", "--yes")
    assert traces([top], [FACT.word]) == []
    assert git(top, "cat-file", "-p", "first").startswith("object ")


def test_what_is_not_reached_is_said(persona, store, top, tmp_path):
    """A remote: by name, and with a command that works, and overwrites no one's."""
    bare = tmp_path / "there.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(top, "remote", "add", "there", str(bare))
    git(top, "push", "-q", "there", "main")
    done = persona("forget", the_claim(store), "--history", "--all-branches", "--yes")
    assert "the remote there has the old history" in done.stderr
    assert "trained" in done.stderr
    (command,) = [
        line.strip() for line in done.stderr.splitlines() if "there main" in line
    ]
    assert command.startswith("git push --force-with-lease=main:")
    assert traces([top], [FACT.word]) == []
    subprocess.run(command.split(), cwd=top, check=True, capture_output=True)
    assert FACT.word not in git(bare, "log", "-p", "main")
    lease = subprocess.run(command.split(), cwd=top, capture_output=True, check=False)
    git(top, "commit", "-q", "--allow-empty", "-m", "more")
    lease = subprocess.run(command.split(), cwd=top, capture_output=True, check=False)
    assert lease.returncode, "a push over what the remote has since must be refused"


def test_a_message_of_the_owners_own_is_named_and_left(store, top):
    """A word may be one that messages about something else are full of."""
    git(top, "commit", "-q", "--allow-empty", "-m", f"about {FACT.word} and tea")
    done = erase(store, Chosen(matching=FACT.word))
    (left,) = done.left
    assert git(top, "log", "-1", "--format=%B", left.split()[-1]).strip() == (
        f"about {FACT.word} and tea"
    )


def test_a_signature_goes_and_that_is_said(persona, store, top):
    """Of other bytes than were signed it would be a lie."""
    raw = git(top, "cat-file", "commit", "HEAD")
    head, _, message = raw.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN\n \n line\n -----END\n\n{message}"
    sha = git(top, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed).strip()
    git(top, "update-ref", "refs/heads/main", sha)
    done = persona(
        "forget", the_claim(store), "--history", "--all-branches", "--dry-run"
    )
    assert "1 of them are signed" in done.stderr
    persona("forget", the_claim(store), "--history", "--all-branches", "--yes")
    assert "gpgsig" not in git(top, "cat-file", "commit", "HEAD~1")
    assert git(top, "log", "-1", "--format=%s", "HEAD~1") == "tea 3\n"


def merging(top: Path) -> None:
    git(top, "switch", "-q", "-c", "side", "old~1")
    (top / "notes.txt").write_text("side\n")
    git(top, "commit", "-qam", "side")
    git(top, "switch", "-q", "main")
    subprocess.run(["git", "merge", "-q", "side"], cwd=top, capture_output=True)
    assert (top / ".git/MERGE_HEAD").exists()


def stashing(top: Path) -> None:
    (top / "notes.txt").write_text("wip\n")
    git(top, "stash", "-q")


def beside(top: Path) -> None:
    git(top, "worktree", "add", "-q", str(top.parent / "beside"), "old")


def detached(top: Path) -> None:
    git(top, "switch", "-q", "--detach")


def kept_pack(top: Path) -> None:
    git(top, "gc", "-q")
    for pack in (top / ".git/objects/pack").glob("*.pack"):
        pack.with_suffix(".keep").touch()


def replaced(top: Path) -> None:
    git(top, "replace", "old", "old~1")


def shallow(top: Path) -> None:
    (top / ".git/shallow").write_text(git(top, "rev-parse", "old"))


@pytest.mark.parametrize(
    ("trouble", "fault", "kind"),
    [
        (merging, "in the middle of a merge", BusyError),
        (stashing, "a stash stands on", BusyError),
        (beside, "another worktree stands on", BusyError),
        (detached, "no branch is checked out", BusyError),
        (kept_pack, "told to keep", InputError),
        (replaced, "shows another object", InputError),
        (shallow, "shallow", InputError),
    ],
)
def test_it_is_refused_where_someone_is_at_work(store, top, trouble, fault, kind):
    """And then nothing is changed: neither past nor present."""
    name = the_claim(store)
    trouble(top)
    before = git(top, "for-each-ref"), store.path.read_bytes()
    with pytest.raises(PersonaError, match=fault) as found:
        erase(store, Chosen(claim=name))
    assert isinstance(found.value, kind)
    assert (git(top, "for-each-ref"), store.path.read_bytes()) == before


def test_words_of_ones_own_stand_in_the_way(store):
    """A paragraph that says it, here and now, is the owner's to take out."""
    store.path.write_text(store.path.read_text() + f"\nOf {FACT.word}.\n")
    with pytest.raises(InputError, match="your own words"):
        erase(store, Chosen(matching=FACT.word))
    store.path.write_text(store.path.read_text().replace(f"\nOf {FACT.word}.\n", ""))
    erase(store, Chosen(matching=FACT.word))
    assert traces([store.root.parent], [FACT.word]) == []


def test_a_version_that_cannot_be_read_is_cleaned_by_line(store, top):
    """Conflict marks, half a front matter: its lines are looked at one by one."""
    good = store.path.read_bytes()
    store.path.write_bytes(b"<<<<<<< mine\n" + good)
    git(top, "commit", "-qam", "broken")
    store.path.write_bytes(good)
    git(top, "commit", "-qam", "mended")
    erase(store, Chosen(claim=the_claim(store)))
    assert traces([top], [FACT.word]) == []
    assert git(top, "show", "HEAD~2:profiles/ada/profile.md").startswith("<<<<<<<")


def test_state_that_was_committed_goes_from_every_commit(store, top):
    """It should be in none; in the last one it is the owner's to take out."""
    git(top, "add", "-f", "profiles/ada/.state/archive.jsonl")
    git(top, "commit", "-qm", "too much")
    with pytest.raises(InputError, match="last commit holds it"):
        erase(store, Chosen(claim=the_claim(store)))
    git(top, "rm", "-q", "--cached", "profiles/ada/.state/archive.jsonl")
    git(top, "commit", "-qm", "less")
    erase(store, Chosen())
    assert traces([top], [FACT.word]) == []


def test_nothing_to_forget_is_said(store):
    """Of a claim that never was, and before anything was forgotten."""
    with pytest.raises(UsageError, match="no claim 'c0ffee'"):
        erase(store, Chosen(claim="c0ffee"))
    with pytest.raises(UsageError, match="neither profile nor history"):
        erase(store, Chosen())
    erase(store, Chosen(claim=the_claim(store)))
    assert erase(store, Chosen()).commits == 0


def test_a_run_that_was_stopped_is_named_by_the_next(persona, store):
    """Whatever it is that is run next."""
    broken = {"PERSONA_FAILPOINT": "reflogs-expired:enospc"}
    name = the_claim(store)
    persona("forget", name, "--history", "--yes", code=3, environ=broken)
    said = persona("undo")
    assert "finish it: persona forget --history" in said.stderr
    persona("forget", "--history", "--all-branches", "--yes")
    assert "finish it" not in persona("undo").stderr


def test_what_a_killed_cleaning_leaves_in_git_is_cleared(persona, store, top):
    """The lock of a reflog, and half a pack of a process that is no more."""
    broken = {"PERSONA_FAILPOINT": "history-moved:enospc"}
    persona("forget", the_claim(store), "--history", "--yes", code=3, environ=broken)
    lock = top / ".git/logs/refs/heads/main.lock"
    lock.write_text("half")
    dead = subprocess.Popen(["true"])
    dead.wait()
    pack = top / f".git/objects/pack/.tmp-{dead.pid}-pack-ab.pack"
    pack.write_text(FACT.claim)
    persona("forget", "--history", "--all-branches", "--yes")
    assert not lock.exists()
    assert not pack.exists()
    assert traces([top], [FACT.word]) == []
