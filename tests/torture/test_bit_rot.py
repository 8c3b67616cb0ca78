"""R9: a byte flipped, an end cut off, a file gone: named, refused, and mended."""

import json
import os
import random
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from persona_cli import integrity, ledger, state_check, store
from persona_cli.git import Git
from persona_cli.llama.states import State, write_state
from persona_cli.store import Store
from tests.nothing_lost import git
from tests.torture.in_process import Here, answering, pair
from tests.torture.sizes import note_figure, size

STATE = ".state"

# Files that a command must not build on when they are damaged.
TRUTH = (
    "profile.md",
    "evidence.jsonl",
    f"{STATE}/archive.jsonl",
    f"{STATE}/folded.jsonl",
)

# These only save time: damage is named, and whoever has need of one makes it anew.
CACHES = tuple(f"{STATE}/{n}" for n in ("cursors.json", "verdicts.json", "read.bin"))

FLIPS, CUTS = size(3, 40), size(1, 12)


@pytest.fixture
def me(monkeypatch, tmp_path) -> Iterator[Here]:
    """A profile of two versions with every file that there can be."""
    with answering(monkeypatch):
        here = Here(tmp_path / "profiles")
        here("init", "me")
        for number in range(2):
            path = tmp_path / f"{number}.jsonl"
            path.write_bytes(b"".join(map(pair, range(3 * number, 3 * number + 3))))
            here("update", "me", str(path))
        state = here.root / "me" / STATE
        verdicts = {"format": 1, "verdicts": {"ab" * 16: [0.75, False]}, "unable": {}}
        (state / "verdicts.json").write_bytes(ledger.sealed(verdicts))
        write_state(state / "read.bin", State("key", (1, 2, 3), b"state" * 20))
        (tmp_path / "new.jsonl").write_bytes(pair(50))
        assert here.verify() == []
        yield here


def rots(content: bytes, seed: str) -> Iterator[tuple[str, bytes | None]]:
    """(what happened, what is left) of a file: flipped, cut and gone."""
    dice = random.Random(seed)
    for _ in range(FLIPS):
        place, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
        flipped = bytes([content[place] ^ bit])
        yield (
            f"bit {bit} of byte {place}",
            content[:place] + flipped + content[place + 1 :],
        )
    lines = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")]
    cuts = {0, *dice.sample(range(len(content)), min(CUTS, len(content))), *lines[:-1]}
    for length in sorted(cuts):
        yield f"cut to {length}", content[:length]
    yield "gone", None


def put(path: Path, content: bytes | None) -> None:
    """Damage a file as a disk does: its times stay."""
    status = path.stat()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def snapshot(root: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file, with its time."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def put_back(root: Path, then: dict[Path, tuple[bytes, int]]) -> None:
    """Make the root what it was, of the same files where they are still there."""
    for path in [p for p in root.rglob("*") if p.is_file() and p not in then]:
        path.unlink()
    for path, (content, when) in then.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            os.utime(path, ns=(when, when))


def assert_found(here: Here, file: str, what: str) -> list[str]:
    """``verify`` names the file; the fixes, for what is wrong."""
    found = here.verify()
    named = [one for one in found if one["file"] == f"me/{file}"]
    assert named, f"{file}, {what}: not named in {found}"
    fixes = [one["fix"] for one in found if one["wrong"]]
    # A flipped byte in a person's text may be a person's: noted, not wrong.
    assert fixes or (file == "profile.md" and "edited since" in named[0]["fault"])
    return fixes


def assert_refused(here: Here, file: str, what: str, *, good: bytes = b"") -> None:
    """``update`` does not build on it, and changes nothing.

    good: the profile after an update of the whole folder: one that never looks at the
          damaged line, having it in its index, comes to the same
    """
    before = snapshot(here.root / "me")
    done = here("update", "me", "new.jsonl", code=None)
    if done.exit_code == 0 and (here.root / "me/profile.md").read_bytes() == good:
        return
    assert done.exit_code == 3, f"{file}, {what}: built on it: {done.output}"
    assert "  try: " in done.output
    after = snapshot(here.root / "me")
    changed = {
        p.name for p in before.keys() | after.keys() if before.get(p) != after.get(p)
    }
    assert changed <= {"lock", "archive.jsonl", "cursors.json"}, changed


def run_fix(here: Here, fixes: list[str]) -> None:
    """Do what ``verify`` says."""
    for fix in dict.fromkeys(fixes):
        tool, *words = shlex.split(fix)
        assert tool == "persona"
        here(*words)


def claims_of(profile: bytes) -> set[bytes]:
    """The lines that are claims."""
    return {line for line in profile.splitlines() if line.startswith(b"- ")}


@pytest.mark.parametrize("file", [*TRUTH, *CACHES, ".gitignore"])
def test_rot_is_named_refused_and_mended(me, tmp_path, monkeypatch, file):
    """Every case is named; the fix it names works; the next update is as ever."""
    monkeypatch.chdir(tmp_path)
    path = me.root / "me" / file
    then, good = snapshot(me.root), path.read_bytes()
    profile = (me.root / "me/profile.md").read_bytes()
    me("update", "me", "new.jsonl")
    expected = (me.root / "me/profile.md").read_bytes()
    put_back(me.root, then)
    cases = 0
    for what, content in rots(good, file):
        if content == good or (content is None and file in CACHES[1:]):
            continue  # whether there was such a cache, nobody can say
        if file == ".gitignore" and content == good.rstrip():
            continue  # says the same to git
        if file == f"{STATE}/cursors.json" and content is None:
            pass  # the ledgers say that there was one
        put(path, content)
        fixes = assert_found(me, file, what)
        if file in TRUTH and fixes:
            ledger_alone = file.startswith(STATE)
            assert_refused(me, file, what, good=expected if ledger_alone else b"")
            if what.startswith("bit"):
                put_back(me.root, then)
                put(path, content)
        run_fix(me, fixes)
        left = me.verify()
        assert not [one for one in left if one["wrong"]], f"{file}, {what}: {left}"
        if fixes and file in TRUTH[:2]:
            assert path.read_bytes() == good, f"{file}, {what}: another version"
        assert (me.root / "me/profile.md").read_bytes() == profile or not fixes
        if fixes and (cases % 5 == 0 or content is None):
            me("update", "me", "new.jsonl")
            after = (me.root / "me/profile.md").read_bytes()
            assert claims_of(after) == claims_of(expected), after.decode()
            assert [one for one in me.verify() if one["wrong"]] == []
            git(me.root, "fsck", "--strict")
        cases += 1
        put_back(me.root, then)
    assert cases >= 5
    missed, tried = missed_by_the_blind(me, monkeypatch, file)
    assert missed, f"{file}: what is switched off finds nothing that the rest does not"
    note_figure(
        "R9",
        f"bit rot in {file}",
        cases,
        twin=f"{WITHOUT[file]}: {missed} of {tried} flips missed",
    )


_SUMS = "lines only parsed, no sums"

# What the twin of a file does without.
WITHOUT = {
    "profile.md": "no look at git's status",
    "evidence.jsonl": "no comparison with the last commit",
    ".gitignore": "no look at it",
    f"{STATE}/read.bin": "no sum of the state",
    **dict.fromkeys((*TRUTH[2:], *CACHES[:2]), _SUMS),
}


def missed_by_the_blind(here: Here, monkeypatch, file: str) -> tuple[int, int]:
    """(flips that ``assert_found`` misses, flips) with a file's own check off."""
    path, missed, tried = here.root / "me" / file, 0, size(8, 40)
    good = path.read_bytes()
    dice = random.Random(f"twin of {file}")
    with monkeypatch.context() as patch:
        switch_off(patch, file)
        for _ in range(tried):
            place = dice.randrange(len(good))
            flipped = bytes([good[place] ^ 1 << dice.randrange(8)])
            put(path, good[:place] + flipped + good[place + 1 :])
            missed += _found_by(lambda: assert_found(here, file, "a flip"))
        put(path, good)
    return missed, tried


def switch_off(patch: pytest.MonkeyPatch, file: str) -> None:
    """Leave out what knows a file to be as it was written."""
    if file == "profile.md":
        patch.setattr(integrity, "_edits", lambda *_: iter(()))
    elif file == "evidence.jsonl":
        patch.setattr(integrity, "lost_evidence", lambda *_: [])
    elif file == ".gitignore":
        others = integrity.state_faults
        patch.setattr(
            integrity,
            "state_faults",
            lambda folder: (one for one in others(folder) if one[0] != file),
        )
    elif file.endswith("read.bin"):
        patch.setattr(state_check, "is_whole", lambda _: True)
    else:
        patch.setattr(ledger, "unsealed", _parsed)
        patch.setattr(state_check, "unsealed", _parsed)


def _parsed(content: bytes, *, of: str) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _found_by(check: Callable[[], object]) -> bool:
    """Whether a check fails."""
    try:
        check()
    except AssertionError:
        return True
    return False


def test_rot_in_the_index(me):
    """The index is believed only while its hash is as noted; a flip is named."""
    path = me.root / "me" / STATE / "index.db"
    good = path.read_bytes()
    dice = random.Random(9)
    for _ in range(FLIPS):
        place = dice.randrange(len(good))
        put(path, good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        fixes = assert_found(me, f"{STATE}/index.db", f"byte {place}")
        run_fix(me, fixes)
        assert me.verify() == []
        assert not path.exists()
        path.write_bytes(good)


def _objects(root: Path) -> dict[str, str]:
    """What the last commit of the profile is made of: name -> object."""
    names = (
        "HEAD",
        "HEAD^{tree}",
        "HEAD:me",
        "HEAD:me/profile.md",
        "HEAD:me/evidence.jsonl",
    )
    return {name: git(root, "rev-parse", name).strip() for name in names}


@pytest.mark.parametrize("how", ["empty", "flipped", "gone"])
def test_rot_in_the_last_commit(me, tmp_path, monkeypatch, how):
    """Blobs and trees are written again from what is on disk; a commit is left."""
    monkeypatch.chdir(tmp_path)
    then = snapshot(me.root)
    profile = (me.root / "me/profile.md").read_bytes()
    for name, sha in _objects(me.root).items():
        path = me.root / ".git/objects" / sha[:2] / sha[2:]
        content = path.read_bytes()
        path.chmod(0o644)
        middle = len(content) // 2
        broken = {
            "empty": b"",
            "flipped": content[:middle]
            + bytes([content[middle] ^ 16])
            + content[middle + 1 :],
        }
        put(path, broken.get(how))
        found = me.verify()
        wrong = [one for one in found if one["wrong"]]
        assert [
            one for one in wrong if sha[2:] in one["file"] or "HEAD" in one["file"]
        ], f"{name}, {how}: {found}"
        done = me("update", "me", "new.jsonl", code=None)
        assert done.exit_code == 3, f"{name}, {how}: {done.output}"
        run_fix(me, [one["fix"] for one in wrong])
        assert [one for one in me.verify() if one["wrong"]] == [], f"{name}, {how}"
        assert (me.root / "me/profile.md").read_bytes() == profile
        me("update", "me", "new.jsonl")
        assert len(git(me.root, "log", "--format=%h").split()) >= 3
        git(me.root, "fsck", "--strict", "--no-reflogs")
        put_back(me.root, then)
    built_on, tried = built_on_without_a_look(me, monkeypatch, how)
    assert built_on, "without a look at the objects it would do as well"
    note_figure(
        "R9",
        f"an object of the last commit {how}",
        5,
        twin=f"no look at objects: {built_on} of {tried} built on",
    )


def built_on_without_a_look(here: Here, monkeypatch, how: str) -> tuple[int, int]:
    """(updates that go on from what is damaged, updates), an object taken for whole."""
    then, built_on = snapshot(here.root), 0
    names = ("HEAD:me/profile.md", "HEAD:me/evidence.jsonl")
    for name in names:
        sha = git(here.root, "rev-parse", name).strip()
        path = here.root / ".git/objects" / sha[:2] / sha[2:]
        path.chmod(0o644)
        put(path, {"empty": b"", "flipped": path.read_bytes()[:-1] + b"?"}.get(how))
        with monkeypatch.context() as patch:
            patch.setattr(Git, "require_readable", lambda *_: None)
            patch.setattr(Store, "_require_no_secret", lambda *_, **__: None)
            built_on += not here("update", "me", "new.jsonl", code=None).exit_code
        put_back(here.root, then)
    return built_on, len(names)


def test_an_older_version_comes_from_a_clone(me, tmp_path, monkeypatch):
    """What only the past knew: named, with the command that fetches it, which works."""
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "clone", "-q", str(me.root), "clone")
    sha = git(me.root, "rev-parse", "HEAD~1:me/profile.md").strip()
    (me.root / ".git/objects" / sha[:2] / sha[2:]).unlink()
    (found,) = me.verify()
    assert found["fault"].startswith("gone; ")
    me("update", "me", "new.jsonl")  # has no need of it
    fix = found["fix"].replace("CLONE", str(tmp_path / "clone"))
    git(tmp_path, *shlex.split(fix)[1:])
    assert me.verify() == []


@pytest.mark.parametrize("file", TRUTH[:2])
def test_undo_takes_the_last_good_version_too(me, file):
    """``undo`` is a command that mends: cut, scrambled or gone."""
    path = me.root / "me" / file
    good = path.read_bytes()
    for content in (good[:30], b"\xff" + good, None):
        put(path, content)
        me("undo", "me")
        assert [one for one in me.verify() if one["wrong"]] == []
        assert claims_of((me.root / "me/profile.md").read_bytes()) >= claims_of(
            good if file == "profile.md" else b""
        )
        path.write_bytes(path.read_bytes())


def test_a_damaged_journal(me, tmp_path, monkeypatch):
    """An update that was cut short, and its journal rotten: no half of it is kept."""
    monkeypatch.chdir(tmp_path)
    good = {n: (me.root / "me" / n).read_bytes() for n in TRUTH[:2]}
    (me.root / "me" / STATE / "journal.json").write_bytes(b'{"journal": 1, "sha')
    (me.root / "me/evidence.jsonl").write_bytes(good["evidence.jsonl"] + b"{}\n")
    assert assert_found(me, f"{STATE}/journal.json", "cut")
    assert_refused_by_all(me)
    run_fix(me, ["persona restore me"])
    assert me.verify() == []
    assert {n: (me.root / "me" / n).read_bytes() for n in TRUTH[:2]} == good
    me("update", "me", "new.jsonl")


def assert_refused_by_all(here: Here) -> None:
    """Twice: also when the journal was moved aside by the first."""
    for _ in range(2):
        done = here("update", "me", "new.jsonl", code=None)
        assert done.exit_code == 3, done.output


def test_nothing_is_lost_by_restore(me):
    """What was replaced, a person's broken edit too, is kept beside."""
    path = me.root / "me/profile.md"
    mine = path.read_bytes().replace(b"---\n", b"", 1) + b"- mine\n"
    path.write_bytes(mine)
    me("restore", "me")
    kept = [p.read_bytes() for p in (me.root / "me" / STATE / "damaged").iterdir()]
    assert mine in kept
    assert b"- mine" not in path.read_bytes()


def test_a_good_edit_is_no_damage(me):
    """A person's edit is noted, nothing is wrong, and ``restore`` leaves it."""
    path = me.root / "me/profile.md"
    mine = path.read_bytes() + b"- I drink tea.\n"
    path.write_bytes(mine)
    (found,) = me.verify()
    assert not found["wrong"]
    me("restore", "me")
    assert path.read_bytes() == mine


def test_files_of_an_older_persona_are_accepted(me, tmp_path, monkeypatch):
    """Lines without sums are believed; new ones have them."""
    monkeypatch.chdir(tmp_path)
    state = me.root / "me" / STATE
    for name in ("archive.jsonl", "folded.jsonl", "cursors.json", "verdicts.json"):
        rows = [json.loads(row) for row in (state / name).read_bytes().splitlines()]
        text = "".join(
            json.dumps({k: v for k, v in row.items() if k != "sum"}) + "\n"
            for row in rows
        )
        (state / name).write_text(text)
    (state / "cursors.json").unlink()
    assert [one["file"] for one in me.verify()] == [f"me/{STATE}/cursors.json"]
    me("update", "me", "new.jsonl")
    assert me.verify() == []
    assert (state / "archive.jsonl").read_bytes().count(b'"sum"') == 1


@pytest.mark.parametrize("file", ["evidence.jsonl", f"{STATE}/folded.jsonl"])
def test_without_the_gate_update_builds_on_rot(me, tmp_path, monkeypatch, file):
    """The broken twin: nobody looks, and an update goes on from what is left."""
    monkeypatch.chdir(tmp_path)
    path = me.root / "me" / file
    rows = path.read_bytes().splitlines(keepends=True)
    put(path, b"".join(rows[:-1]))
    assert_refused(me, file, "last line gone")
    monkeypatch.setattr(store, "require_evidence", lambda *_: None)
    monkeypatch.setattr(store, "require_state", lambda *_: None)
    assert _found_by(lambda: assert_refused(me, file, "last line gone"))


def test_a_folder_without_state_is_whole(me, tmp_path):
    """A clone has no ledgers of this machine, and nothing is wrong with it."""
    shutil.rmtree(me.root / "me" / STATE)
    assert me.verify() == []


def test_to_forget_in_a_clone_damages_nothing(me, tmp_path, monkeypatch):
    """It begins a ledger where no log was ever read."""
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(me.root / "me" / STATE)
    claim = json.loads(me("show", "me", "--json").stdout)["claims"][0]["id"]
    me("forget", claim, "-p", "me")
    assert (me.root / "me" / STATE / "folded.jsonl").exists()
    assert me.verify() == []
