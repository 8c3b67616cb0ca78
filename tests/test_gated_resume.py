"""A run that is checked, and killed: it ends as one that was not."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from persona_cli.init import init
from persona_cli.store import Store
from tests.gated import archive_of
from tests.terse import held_pairs, ids, pair, wrote

DEATHS = [
    "renamed:kill:1",
    "folder-synced:kill:2",  # what the judge said is on disk, the version is not
    "journal-written:kill:1",
    "ledger-applied:kill:2",
    "ledger-applied:kill:7",
    "folder-synced:kill:9",
    "line-written:kill:4",
    "committed:kill:3",
    "journal-removed:kill:8",
]


def program(
    root: Path, plan: tuple[str, str], death: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run an update of ``tests/gated.py``."""
    here = Path(__file__).parent.parent
    environ = {**os.environ, "PYTHONPATH": str(here), "PERSONA_FAILPOINT": death}
    return subprocess.run(
        [sys.executable, "-m", "tests.gated", str(root), *plan],
        cwd=here,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def end_of(root: Path) -> dict[str, bytes]:
    files = ("profile.md", "evidence.jsonl", ".state/folded.jsonl")
    return {name: (root / "ada" / name).read_bytes() for name in files}


def took_the_shorter(day, one):
    """A choice that inference may read; counting sees something in it."""
    return replace(pair(one, rejected="at length " * 20), at=wrote(day, "x").at)


PLANS = [("1", "reads"), ("2", "reads"), ("2", "slow"), ("2", "blind")]


@pytest.fixture(scope="module", params=PLANS, ids=" ".join)
def before_and_after(request, tmp_path_factory):
    """A root with work to do, how it is done, and the end of a quiet run."""
    root = tmp_path_factory.mktemp("gated") / "before"
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Test")
            patch.setenv(f"GIT_{who}_EMAIL", "test@example.invalid")
        init(root, "ada", title=None)
        free = enumerate(ids(24, held=False), 1)
        deeds = [took_the_shorter(day, one) for day, one in free]
        archive_of(Store(root, "ada"), *deeds, *held_pairs(40))
        after = root.parent / "after"
        shutil.copytree(root, after)
        done = program(after, request.param)
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    assert len(said) >= 5
    if request.param == PLANS[0]:
        assert {"kept", "rejected"} == set(said)
    return root, request.param, end_of(after)


@pytest.mark.parametrize("death", DEATHS)
def test_a_gated_run_that_is_killed_ends_as_one_that_was_not(
    before_and_after, death, tmp_path
):
    """Wherever it dies: the same versions, the same rejections, byte for byte."""
    before, plan, expected = before_and_after
    root = tmp_path / "profiles"
    shutil.copytree(before, root)
    assert program(root, plan, death).returncode == -9
    done = program(root, plan)
    assert done.returncode == 0, done.stderr
    assert end_of(root) == expected
