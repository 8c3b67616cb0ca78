"""Repositories, and locks, in the way of a commit."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.bad_input.refusals import BUSY, INPUT, assert_refused, assert_works, running
from tests.nothing_lost import git
from tests.steady import kept


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
