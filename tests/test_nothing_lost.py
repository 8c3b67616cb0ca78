"""The check itself: it sees a secret, a doubled interaction and a changed log."""

import json
import os
import zlib

import pytest

from tests.nothing_lost import (
    assert_each_once,
    assert_unchanged,
    git,
    make_lived_in,
    sums_of,
    traces_of,
)

SECRET = 'canary "5f0c" é'


@pytest.fixture
def top(tmp_path):
    """A repository with a profile's folder in it, and nothing secret."""
    make_lived_in(tmp_path / "repo")
    return tmp_path / "repo"


def _unreachable(top):
    git(top, "hash-object", "-w", "--stdin", stdin=f"a {SECRET} b")


def _packed(top):
    _unreachable(top)
    (sha,) = [
        line.split()[2]
        for line in git(top, "fsck", "--unreachable").splitlines()
        if " blob " in line
    ]
    git(top, "pack-objects", "-q", ".git/objects/pack/pack", stdin=f"{sha}\n")
    (top / ".git/objects" / sha[:2] / sha[2:]).unlink()


def _torn_object(top):
    content = zlib.compress(f"blob 99\0{SECRET}".encode() + os.urandom(999))
    (top / ".git/objects/tmp_obj_x1").write_bytes(content[:-500])


def _reflog(top):
    git(top, "update-ref", "--create-reflog", "-m", f"x {SECRET}", "refs/x/y", "HEAD")


def _message(top):
    git(top, "commit", "-q", "--allow-empty", "-m", SECRET)
    git(top, "reset", "-q", "--soft", "HEAD~1")


def _state(top):
    (top / "ada/.state/x").write_bytes(b"\xff" + SECRET.encode())


def _state_as_json(top):
    (top / "ada/.state/x").write_text(json.dumps({"a": SECRET}))


PLACES = [
    _unreachable,
    _packed,
    _torn_object,
    _reflog,
    _message,
    _state,
    _state_as_json,
]


@pytest.mark.parametrize("hide", PLACES, ids=lambda hide: hide.__name__)
def test_a_secret_is_found(top, hide):
    """Wherever it lies, and only then."""
    assert traces_of([SECRET], top) == []
    hide(top)
    assert traces_of(["n0where", SECRET], top)
    assert traces_of(["n0where"], top) == []


def test_a_secret_that_was_said_is_found(top):
    """In what a run printed, too."""
    assert traces_of(["x1", SECRET], said=["fine", f"oh: {SECRET}"]) == ["said 1: 1"]


def test_a_doubled_interaction_is_found(tmp_path):
    """Twice in the ledger, or not at all, or only tried: each is a failure."""
    (tmp_path / ".state").mkdir()
    ledger = tmp_path / ".state/folded.jsonl"
    ledger.write_text('{"ids": ["a"]}\n{"ids": ["b"], "tried": true}\n{"ids": ["b"]}\n')
    assert_each_once(tmp_path, ["b", "a"])
    for wrong in (["a"], ["a", "b", "c"]):
        with pytest.raises(AssertionError, match="I5"):
            assert_each_once(tmp_path, wrong)
    ledger.write_text('{"ids": ["a", "b"]}\n{"ids": ["b"]}\n')
    with pytest.raises(AssertionError, match="I5"):
        assert_each_once(tmp_path, ["a", "b"])


def test_a_changed_log_is_found(tmp_path):
    """One byte is enough."""
    (tmp_path / "log").write_bytes(b"a")
    sums = sums_of(tmp_path / "log")
    assert_unchanged(sums)
    (tmp_path / "log").write_bytes(b"b")
    with pytest.raises(AssertionError, match="I7"):
        assert_unchanged(sums)
