"""P5: what is forgotten in the past too is nowhere any more, whenever the run dies.

Searched for in every object of git, reachable or not, and in every file of profile,
state, caches and of git's own folder; decoded too.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from persona_cli import forget as present
from persona_cli import oblivion, past
from persona_cli.archive import Archive
from persona_cli.failpoints import FORGETTING
from persona_cli.forget import Chosen
from persona_cli.git import purge
from persona_cli.history import undo
from persona_cli.store import Store
from tests.canaries import (
    EVE,
    NOW,
    Fact,
    claims,
    facts,
    forget_here,
    litter,
    lived_in,
    traces,
)
from tests.nothing_lost import git, left_behind
from tests.torture.cases import checked
from tests.torture.one_forgetting import BEGINS, erase
from tests.torture.sizes import note_figure, size

ALL = facts()
PROGRAM = Path(__file__).with_name("one_forgetting.py")


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> Path:
    """A repository in which fifty facts were told, and somebody is at work."""
    return lived_in(tmp_path_factory.mktemp("lived"))


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """The same with six, for what is done often."""
    return lived_in(tmp_path_factory.mktemp("small"), windows=2, each=3)


def copy_of(top: Path, to: Path) -> Store:
    """A copy to work on."""
    shutil.copytree(top, to, symlinks=True)
    return Store(to / "profiles", "ada")


def meant(store: Store, fact: Fact) -> Chosen:
    """Each fact in another way."""
    ways: list[Callable[[], Chosen]] = [
        lambda: Chosen(claim=claims(store)[fact.word]),
        lambda: Chosen(interaction=fact.id),
        lambda: Chosen(source=fact.source),
        lambda: Chosen(matching=fact.word.upper()),
    ]
    return ways[fact.number % len(ways)]()


def words(some: list[Fact]) -> list[str]:
    return [fact.word for fact in some]


def test_fifty_facts_are_nowhere_any_more(lived, tmp_path, own_home):
    """Each in profile, evidence, archive, ledger, commits, messages and caches."""
    store = copy_of(lived, tmp_path / "repo")
    places = [tmp_path / "repo", own_home]
    assert {hit.rpartition(": ")[2] for hit in traces(places, words(ALL))} == {
        *words(ALL)
    }
    apart = size(12, 46)
    for fact in ALL[-apart:]:
        forget_here(store, meant(store, fact))
    forget_here(store, Chosen(before=ALL[-apart].at))
    in_past = traces(places, words(ALL))
    assert in_past, "nothing was in the past, so nothing is shown"
    litter(store, ALL)
    done = erase(store, Chosen())
    assert traces(places, words(ALL)) == []
    assert done.left == ()
    assert git(tmp_path / "repo", "fsck", "--full", "--strict") == ""
    assert left_behind(tmp_path / "repo") == []
    note_figure(
        "P5",
        "facts, each in 5 versions, a message, and 10 more places of git and .state",
        len(ALL),
        twin=f"history left as it is: {len(in_past)} traces",
    )


def test_each_way_by_itself(lived, tmp_path):
    """One fact goes, and all others stay."""
    some = ALL[: size(4, 50)]
    for number, fact in enumerate(some):
        store = copy_of(lived, tmp_path / f"{number}" / "repo")
        erase(store, meant(store, fact))
        assert traces([tmp_path / f"{number}"], [fact.word]) == []
        others = {other.word for other in ALL if other != fact}
        assert others < {*claims(store)}
        with store.at_work("undo", timeout=10):
            undo(store, to="3", now=NOW)
        assert traces([tmp_path / f"{number}"], [fact.word]) == []
        shutil.rmtree(tmp_path / f"{number}")


SWITCHES: dict[str, tuple[object, str, object]] = {
    "history is not rewritten": (oblivion, "move", lambda *_: None),
    "messages of commits stay": (past, "less_entries", lambda text, *_: text),
    "versions stay": (past, "_rendered", lambda contents, *_: contents),
    "reflogs stay": (purge, "_expire", lambda *_: None),
    "nothing is pruned": (purge, "_prune", lambda *_: None),
    "git's notes of messages stay": (oblivion, "_clear_messages", lambda *_: None),
    "caches stay": (present, "_LEFTOVERS", ()),
    "what was laid aside stays": (present, "_LAID_ASIDE", "nowhere"),
    "ids stay in the ledger": (
        Archive,
        "unnamed",
        lambda self, *_, **__: self.folded_path.read_bytes(),
    ),
    "the archive stays": (
        Archive,
        "forget",
        lambda self, _: self.path.read_bytes(),
    ),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_step_is_needed(small, tmp_path, monkeypatch, switch):
    """Twins: with one step left out, the same search finds the fact again."""
    fact = ALL[3]  # the one that was edited, amended and staged by hand
    where, name, instead = SWITCHES[switch]
    store = copy_of(small, tmp_path / "repo")
    with monkeypatch.context() as patch:
        patch.setattr(where, name, instead)
        if switch == "versions stay":
            patch.setattr(oblivion, "_require_same_tip", lambda *_: None)
        erase(store, Chosen(claim=claims(store)[fact.word]))
    found = traces([tmp_path], [fact.word])
    assert found
    note_figure("P5", f"twin: {switch}", 1, twin=f"{len(found)} traces")


def test_nothing_else_is_touched(small, tmp_path):
    """Files, commits, authors and dates of the user's; their index, their changes."""
    top = tmp_path / "repo"
    store = copy_of(small, top)
    (top / "notes.txt").write_text("staged\n")
    (top / "new.txt").write_text("staged too\n")
    git(top, "add", "notes.txt", "new.txt")
    (top / "notes.txt").write_text("and changed since\n")
    (top / "loose.txt").write_text("untracked\n")
    before, commits = theirs(top), history(top)
    (top / ".git/index").touch()
    index = (top / ".git/index").read_bytes()
    erase(store, Chosen(claim=claims(store)[ALL[3].word]))
    assert theirs(top) == before
    for ref, old in commits.items():
        new = history(top)[ref]
        assert new[: len(old)] == old
        assert len(new) - len(old) == (ref == "refs/heads/main")
    assert any(EVE.split()[0] in line for line in commits["refs/heads/main"])
    # Only persona's own commit of the present touched it.
    assert index[:4] == (top / ".git/index").read_bytes()[:4]


def theirs(top: Path) -> tuple[str, str, dict[str, bytes]]:
    """What is staged, changed and there, outside of the profile."""
    rest = ("--", ".", ":(exclude)profiles")
    return (
        git(top, "ls-files", "--stage", *rest),
        git(top, "--no-optional-locks", "status", "--porcelain=v2", *rest),
        {
            str(path.relative_to(top)): path.read_bytes()
            for path in top.rglob("*")
            if path.is_file()
            and path.relative_to(top).parts[0] not in (".git", "profiles")
        },
    )


def history(top: Path) -> dict[str, list[str]]:
    """Ref -> its commits, oldest first: who, when, and the user's own files in it."""
    refs = git(top, "for-each-ref", "--format=%(refname)").split()
    form = "%an|%ae|%ad|%cn|%ce|%cd"
    found = {}
    for ref in refs:
        rows = git(top, "log", "--reverse", f"--format=%H {form}", "--date=raw", ref)
        found[ref] = []
        for row in rows.splitlines():
            sha, _, who = row.partition(" ")
            files = git(top, "ls-tree", "-r", sha).splitlines()
            own = [line for line in files if "\tprofiles/" not in line]
            names = [line.partition("\t")[2] for line in files]
            found[ref].append(f"{who} {own} {names}")
    return found


@dataclass(frozen=True)
class Death:
    """One case: where the run dies, or after how many seconds.

    broken: its branches move one by one
    """

    number: int
    place: str = ""
    after: float = 0.0
    broken: bool = False


@dataclass
class Dying:
    """Cases, each in a folder of its own."""

    small: Path
    folder: Path
    took: float = 0.0  # seconds, of the last one

    def top(self, death: Death) -> Path:
        """The repository of a case."""
        return self.folder / f"{death.number}" / "repo"

    def die(self, death: Death) -> None:
        """Let a run die."""
        store = copy_of(self.small, self.top(death))
        claim = claims(store)[ALL[3].word]
        self.took = run_and_kill(self.top(death), claim, death)

    def check(self, death: Death) -> str:
        """See that the past is whole, old or new; then go on.

        Shape: which of them it is
        """
        top, fact = self.top(death), ALL[3]
        store, before = Store(top / "profiles", "ada"), theirs(self.small)
        known = {k: name for k, name in claims(store).items() if k == fact.word}
        try:
            assert git(top, "fsck", "--full", "--strict", "--no-dangling") == ""
            assert theirs(top) == before
            holding = {ref: holds(top, ref, fact.word) for ref in moved(top)}
            assert len({*holding.values()}) == 1, f"half of it: {holding}"
            erase(store, Chosen(claim=known[fact.word]) if known else Chosen())
            assert traces([top], [fact.word]) == []
            assert git(top, "fsck", "--full", "--strict") == ""
            assert theirs(top) == before
            assert left_behind(top) == []
            return "old" if holding["refs/heads/main"] else "new"
        finally:
            shutil.rmtree(top.parent)


def run_and_kill(top: Path, claim: str, death: Death) -> float:
    """One run of the program, which is killed with all that it started.

    Shape: seconds it was at the past
    """
    argv = [sys.executable, str(PROGRAM), str(top), claim]
    argv += ["--one-by-one"] if death.broken else []
    child = subprocess.Popen(
        argv,
        env={
            **os.environ,
            "PERSONA_FAILPOINT": death.place,
            "PYTHONPATH": str(PROGRAM.parent.parent.parent),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    if death.place:
        said = child.communicate(timeout=120)[1]
        assert child.returncode, said
        return 0.0
    assert child.stdout.readline().strip() == BEGINS
    begun = time.monotonic()
    try:
        child.wait(death.after)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=120)
    return time.monotonic() - begun


def moved(top: Path) -> list[str]:
    """Names whose past holds the fact before, and must not after."""
    return git(top, "for-each-ref", "--format=%(refname)").split()


def holds(top: Path, ref: str, word: str) -> bool:
    """Whether what a name reaches says it: as a whole, the past is old or new."""
    shas = git(top, "rev-list", "--objects", "--no-object-names", ref)
    return word in subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=top,
        input=shas.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8", "replace")


def test_a_run_that_dies_leaves_the_old_past_or_the_new(small, tmp_path):
    """At each named place; then at random times; the next run does what is left."""
    acts = ["kill", "raise", "enospc"]
    cases = [
        Death(number, f"{place}:{acts[number % 3]}")
        for number, place in enumerate(
            place for place in FORGETTING for _ in range(size(1, 3))
        )
    ]
    dying = Dying(small, tmp_path)
    dying.die(undisturbed := Death(99, after=60))
    assert dying.check(undisturbed) == "new"
    chance, longest = random.Random(5), dying.took
    cases += [
        Death(100 + number, after=chance.uniform(0, longest))
        for number in range(size(3, 200))
    ]
    checked(dying.die, cases)
    ends = [dying.check(death) for death in cases]
    assert {*ends} == {"old", "new"}
    broken = Death(1000, broken=True, after=60)
    dying.die(broken)
    failed = fails(dying, broken)
    assert failed, "a past that moves branch by branch was not seen half moved"
    note_figure(
        "P5",
        "rewriting of history, dying at named places and random times",
        len(cases),
        twin=f"branches moved one by one: {failed:d} of 1 half moved",
        old=ends.count("old"),
        new=ends.count("new"),
    )


def fails(dying: Dying, death: Death) -> bool:
    """Whether the same check finds something."""
    try:
        dying.check(death)
    except AssertionError:
        return True
    return False
