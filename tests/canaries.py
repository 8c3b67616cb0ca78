"""A profile with secrets of its owner's in every corner, and a search for them.

Each fact has a word of its own that stands nowhere else. The repository is somebody's:
with their own files, commits by hand, a branch, tags, packs, and a remote.
"""

import base64
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_cli.archive import Archive
from persona_cli.forget import Chosen, Forgotten, chosen_in, forget, plan
from persona_cli.infer import Asking
from persona_cli.init import init
from persona_cli.interaction import Interaction
from persona_cli.models.catalogue import Manners
from persona_cli.store import Store
from persona_cli.update import update
from tests.fakes import ScriptedEngine
from tests.nothing_lost import git

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
WINDOWS, EACH = 5, 10
EVE = "Eve <eve@example.org>"
ASKING = Asking(answer_tokens=4000, manners=Manners(grammar=True))

# What there is to know of somebody; no two of them are alike.
_VERBS = (
    *("Paints", "Avoids", "Collects", "Repairs", "Studies", "Grows", "Fears"),
    *("Translates", "Rents", "Photographs"),
)
_THINGS = (
    *("old harbour maps", "loud open offices", "tin railway models"),
    *("a brother's debts", "rare liver tests", "climbing beans", "deep water"),
    *("court letters", "a flat in Riga", "night trains"),
)


@dataclass(frozen=True)
class Fact:
    """Something a person would rather not have said.

    word: stands in all that tells of it, and nowhere else
    id:   of the interaction
    """

    number: int
    word: str
    claim: str

    @property
    def id(self) -> str:
        """A log may have put words into its ids."""
        return f"chat:{self.word}-{self.number}"

    @property
    def source(self) -> str:
        """And into the name of a session."""
        return f"chat:session-{self.word}"

    @property
    def at(self) -> datetime:
        """A day for each."""
        return FIRST + timedelta(days=self.number)


def facts() -> list[Fact]:
    """Fifty of them."""
    found = []
    for number in range(WINDOWS * EACH):
        verb, thing = _VERBS[number % 10], _THINGS[(number + number // 10 * 3) % 10]
        word = f"qx{_syllables(number)}zu"
        found.append(Fact(number, word, f"{verb} {thing} since {word}."))
    return found


def lived_in(folder: Path, **how: int) -> Path:
    """The same for a fixture that outlives a test, and its settings of git."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Test")
            patch.setenv(f"GIT_{who}_EMAIL", "test@example.invalid")
        store = live(folder / "repo", **how)
        litter(store, facts()[: how.get("windows", WINDOWS) * how.get("each", EACH)])
    return folder / "repo"


def live(top: Path, *, windows: int = WINDOWS, each: int = EACH) -> Store:
    """Make the repository, and let its owner live in it for a while.

    The first ``windows * each`` facts are told, some in each update.
    """
    top.mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    (top / "notes.txt").write_text("one\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "begun")
    init(top / "profiles", "ada", title="Ada")
    store = Store(top / "profiles", "ada")
    for window in range(windows):
        told = facts()[window * each : (window + 1) * each]
        fold(store, told)
        if window == 1:
            _meddle(store, told[0])
        (top / "notes.txt").write_text(f"{window}\n")
        git(top, "add", "notes.txt")
        git(top, "commit", "-qm", f"notes {window}", "--author", EVE)
        if window == 1:
            git(top, "tag", "-a", "first", "-m", "as it was")
            git(top, "branch", "old")
            git(top, "gc", "-q")
    for number in range(4):  # so that the last facts, too, stand in five versions
        with store.path.open("a") as file:
            file.write(f"\n## drink {number}\n- I like tea {number}.\n")
        git(top, "commit", "-qam", f"tea {number}")
    return store


def _meddle(store: Store, fact: Fact) -> None:
    """Edit by hand, commit with words in the message, amend it, stage and take back."""
    top = store.root.parent
    words = store.path.read_text()
    store.path.write_text(words.replace(fact.claim, f"{fact.claim} Really."))
    git(top, "add", "profiles")
    store.path.write_text(words)
    git(top, "commit", "-qm", f"not yet\n\nIt is so: {fact.claim}")
    (top / "notes.txt").write_text("mine\n")
    git(top, "commit", "-qa", "--amend", "-m", f"my words\n\nIt is so: {fact.claim}")


def fold(store: Store, some: list[Fact], *, also: str = "") -> None:
    """One update: each fact becomes a claim, and is said again in the next prompt.

    also: lines that the model writes besides
    """
    archive = archive_of(store)
    archive.add([deed(fact) for fact in some])
    archive.flush()
    lines = "".join(
        f"- [i{n}] {_section(fact)} | {fact.claim}\n" for n, fact in enumerate(some, 1)
    )
    engine = ScriptedEngine(lines + also, context=100_000)
    with store.at_work("update", timeout=1):
        steps = update(
            store,
            archive,
            open_engine=lambda: (engine, ASKING),
            seed=7,
            now=lambda: NOW,
        )
        for _ in steps:
            pass
        archive.save_cursors({f"/logs/{some[0].word}.jsonl": [1, 2]}, pending=0)


def forget_here(store: Store, chosen: Chosen) -> Forgotten:
    """Forget something as the command does, and not in the past."""
    archive = archive_of(store)
    with store.at_work("forget", timeout=10):
        loaded = store.load()
        gone = chosen_in(loaded, chosen)
        return forget(store, archive, plan(loaded, archive, chosen, gone))


def archive_of(store: Store) -> Archive:
    """This machine's."""
    return Archive(store.state, held_share=0)


def litter(store: Store, some: Iterable[Fact]) -> None:
    """What runs that died, caches, repairs and git leave behind; every word in it."""
    words = " ".join(fact.claim for fact in some)
    state = store.state
    (state / "read.bin").write_bytes(b"{}\n" + words.encode("utf-16-le"))
    (state / ".read.bin.4711").write_bytes(words.upper().encode())
    (state / "verdicts.json").write_text(words)
    top = store.git.top()
    assert top is not None
    (top / ".git" / "COMMIT_EDITMSG").write_text(f"wip\n{words}\n")
    (state / "damaged").mkdir(exist_ok=True)
    aside = state / "damaged" / "journal.damaged-1.json.1"
    aside.write_bytes(base64.b64encode(words.encode()))
    (state / "damaged" / "profile.md.1").write_text(words)


def claims(store: Store) -> dict[str, str]:
    """Word of a fact -> the id of its claim, as far as it is in the profile."""
    found = {}
    for claim in store.load().profile.claims:
        found[claim.text.rstrip(".").rpartition(" ")[2]] = claim.id
    return found


def traces(folders: Iterable[Path], words: Iterable[str]) -> list[str]:
    """Where one of the words stands: objects of git, and files, decoded too."""
    needles = [(word, form) for word in words for form in _forms(word)]
    found = []
    for folder in folders:
        for place, content in (*_objects(folder), *_files(folder)):
            low = content.lower()
            found += [
                f"{place}: {word}"
                for word, form in needles
                if form in content or form in low
            ]
    return sorted(set(found))


def deed(fact: Fact) -> Interaction:
    said = f"You should know that {fact.claim[0].lower()}{fact.claim[1:]} I mean it."
    asked = f"What about {fact.word}?"
    return Interaction(fact.id, "message", fact.source, said, query=asked, at=fact.at)


def _section(fact: Fact) -> str:
    """Some stand under a heading that gives them away."""
    return f"about {fact.word}" if fact.number % 5 == 0 else "life"


def _syllables(number: int) -> str:
    low, high = number % 10, number // 10
    return "bcdfghklmn"[high] + "aeiou"[high % 5] + "prstvwjpdx"[low] + "ouiea"[low % 5]


def _forms(word: str) -> Iterator[bytes]:
    yield word.encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield word.encode().hex().encode()
    for said in (word, word.upper(), word.capitalize()):
        for shift in range(3):
            # The middle of it, which does not depend on what stands around.
            whole = base64.b64encode(b"x" * shift + said.encode() + b"xx").decode()
            yield whole[-(-shift * 4 // 3) + (1 if shift else 0) : -4].encode()


def _objects(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every object of the repositories in a folder, reachable or not."""
    for top in {found.parent for found in folder.rglob(".git/objects")}:
        argv = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
        said = subprocess.run(argv, cwd=top.parent, capture_output=True, check=True)
        yield from _taken_apart(said.stdout)


def _taken_apart(said: bytes) -> Iterator[tuple[str, bytes]]:
    place = 0
    while place < len(said):
        end = said.index(b"\n", place)
        sha, kind, size = said[place:end].decode().split(" ")
        yield f"{kind} {sha}", said[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        yield str(path), path.name.encode()
        with suppress(OSError):
            if path.is_file():
                yield str(path), path.read_bytes()
