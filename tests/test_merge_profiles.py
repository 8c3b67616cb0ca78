"""``persona merge A B``: one profile of two, with all that they rest on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.logs.archive import from_record
from persona_cli.places import EVIDENCE, PROFILE
from persona_cli.split import held_out
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine
from tests.nothing_lost import assert_nothing_lost, left_behind, sums_of, theirs_in

SHORT = "- [i1 i2] communication | Prefers short answers."


def message(wish: str) -> dict:
    """A chat in which somebody wishes something."""
    turns = [("user", "Why?"), ("assistant", "Because. " * 9), ("user", wish)]
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def pair(number: int) -> dict:
    """A choice between two answers."""
    return {
        "prompt": f"Question {number}?",
        "chosen": f"Short {number}.",
        "rejected": f"A long answer that goes on and on, number {number}. " * 3,
    }


def learn(persona, name: str, draft: str, *records: dict) -> None:
    """Let a profile learn from these records, with an engine that says ``draft``."""
    if not (persona.root / name).exists():
        persona("init", name)
    log = persona.folder / f"{name}.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    with ChatServer(ScriptedEngine(draft)).running() as server:
        persona("update", name, str(log), "--model", server.url, "--questions", "0")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Where the two profiles are kept, once a test has made them."""
    return tmp_path_factory.mktemp("made") / "both"


@pytest.fixture
def two(run_persona, made):
    """Two profiles: a wish they share, one log both have read, and one of each."""
    if made.exists():
        shutil.copytree(made, run_persona.root, symlinks=True)
        return run_persona
    both = message("I want short answers, always.")
    learn(run_persona, "work", SHORT, both, message("Shorter answers, please."))
    learn(
        run_persona,
        "home",
        f"{SHORT.replace('Prefers', 'Likes')}\n- [i3] media | Dislikes spoilers.",
        both,
        message("Only short answers here."),
        message("I dislike spoilers."),
    )
    kept = "- [p1] communication | Likes short answers."
    learn(run_persona, "home", kept, *map(pair, range(30)))
    shutil.copytree(run_persona.root, made, symlinks=True)
    return run_persona


def profile_of(persona, name: str) -> pr.Profile:
    """As it is on disk."""
    text = (persona.root / name / PROFILE).read_text()
    return pr.parse(text, place=name)


def evidence_of(persona, name: str) -> ev.Evidence:
    """As it is on disk."""
    text = (persona.root / name / EVIDENCE).read_text()
    return ev.parse(text, place=name)


def rows_of(persona, name: str, ledger: str) -> list[dict]:
    """The lines of a ledger of this machine."""
    path = persona.root / name / ".state" / ledger
    return [json.loads(line) for line in path.read_text().splitlines()]


def folded(persona, name: str) -> set[str]:
    """What is folded in."""
    rows = rows_of(persona, name, "folded.jsonl")
    return {one for row in rows if not row.get("tried") for one in row["ids"]}


def deeds(persona, name: str) -> list[str]:
    """Ids of the archive."""
    return [row["id"] for row in rows_of(persona, name, "archive.jsonl")]


def assert_sound(persona, *names: str) -> None:
    """Nothing is wrong with them, and nothing lies around."""
    for name in names:
        persona("verify", name)
        assert persona.git("status", "--porcelain") == ""
    assert left_behind(persona.root) == []


def test_two_profiles_become_one_version(two):
    """Claims that say the same are one, borne out by every interaction once."""
    before = profile_of(two, "work")
    other = (two.root / "home" / PROFILE).read_bytes()
    mine, yours = (
        {
            k.interaction
            for k in evidence_of(two, name).entries
            if isinstance(k, ev.Link)
        }
        for name in ("work", "home")
    )
    done = two("merge", "work", "home")
    after = profile_of(two, "work")
    texts = [claim.text for claim in after.claims]
    assert len(texts) == 2
    assert "Dislikes spoilers." in texts
    (short,) = [claim for claim in after.claims if "short" in claim.text]
    rests_on = {k.interaction for k in evidence_of(two, "work").links(short.id)}
    assert mine < rests_on <= mine | yours
    assert short.count == len(rests_on)
    assert after.version == before.version + 1
    assert "added" in done.stdout
    assert "took in home" in done.stderr
    assert (two.root / "home" / PROFILE).read_bytes() == other
    subject, *body = two.git("log", "-1", "--format=%B").splitlines()
    assert subject.startswith(f"work v{after.version}: ")
    assert "Merged with home v1." in body
    assert_sound(two, "work", "home")


def test_nothing_of_anyones_is_lost(two):
    """The other profile, a person's own files, every commit; when git is busy, too."""
    (two.root / "mine.txt").write_text("mine\n")
    folder, paths = two.root / "work", (PROFILE, EVIDENCE)
    old = {path: (folder / path).read_bytes() for path in paths}
    logs = sums_of(*two.folder.glob("*.jsonl"), two.root / "home/.state/archive.jsonl")
    before = theirs_in(two.root, ours="work")
    held = two.root / ".git" / "index.lock"
    held.write_bytes(b"")
    two("merge", "work", "home", code=6)
    assert {path: (folder / path).read_bytes() for path in paths} == old
    held.unlink()
    two("merge", "work", "home")
    new = {path: (folder / path).read_bytes() for path in paths}
    assert new != old
    # The one file of the other profile that changes says who held it last.
    lock = {name: (two.root / name).read_bytes() for name in ["home/.state/lock"]}
    before = replace(before, files=before.files | lock)
    head = two.git("rev-parse", "HEAD").strip()
    assert (
        assert_nothing_lost(
            folder,
            before=before,
            old=old,
            new=new,
            acked=[head],
            committed=paths,
            inputs=logs,
        )
        == "new"
    )


def test_what_came_along_can_be_explained(two):
    """The interactions are in the archive, folded in, and persona why quotes them."""
    two("merge", "work", "home")
    (claim,) = [c for c in profile_of(two, "work").claims if "spoilers" in c.text]
    assert "I dislike spoilers." in two("why", claim.id, "-p", "work").stdout
    links = evidence_of(two, "work").links(claim.id)
    assert {link.interaction for link in links} <= set(deeds(two, "work"))
    assert set(deeds(two, "home")) <= set(deeds(two, "work"))
    assert len(deeds(two, "work")) == len(set(deeds(two, "work")))
    assert folded(two, "home") <= folded(two, "work")


def test_what_is_held_out_stays_so(two):
    """Choices that inference never read are not read now, and can still be asked."""
    two("merge", "work", "home")
    rows = rows_of(two, "work", "archive.jsonl")
    pairs = [row for row in rows if row["kind"] == "pair"]
    held = {row["id"] for row in pairs} - folded(two, "work")
    assert 0 < len(held) < 30
    for row in pairs:
        row.pop("sum")
        assert held_out(from_record(row), share=0.2) == (row["id"] in held)


def test_again_finds_nothing_and_undo_takes_it_back(two):
    """One version, and one step back."""
    before = {claim.text: claim.count for claim in profile_of(two, "work").claims}
    two("merge", "work", "home")
    head = two.git("rev-parse", "HEAD")
    again = two("merge", "work", "home")
    assert "has all that home has" in again.stderr
    assert two.git("rev-parse", "HEAD") == head
    two("undo", "work")
    after = {claim.text: claim.count for claim in profile_of(two, "work").claims}
    assert after == before
    assert_sound(two, "work")


def test_a_dry_run_writes_nothing(two):
    """It says what the other one would have done."""
    state = {
        path: path.read_bytes()
        for path in two.root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    said = json.loads(two("merge", "work", "home", "--dry-run", "--json").stdout)
    two("merge", "work", "home", "--into", "new", "--dry-run")
    assert {
        path: path.read_bytes()
        for path in two.root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    } == state
    done = json.loads(two("merge", "work", "home", "--json").stdout)
    assert said[0]["changes"] == done[0]["changes"] != []
    assert said[0]["interactions"] == done[0]["interactions"] > 0
    assert said[0]["commit"] is None


def test_a_third_profile_takes_in_both(two):
    """And they stay as they are."""
    before = [(two.root / name / PROFILE).read_bytes() for name in ("work", "home")]
    two("merge", "work", "home", "--into", "all")
    texts = {claim.text for claim in profile_of(two, "all").claims}
    assert len(texts) == 2
    assert "Dislikes spoilers." in texts
    assert set(deeds(two, "all")) == {*deeds(two, "work"), *deeds(two, "home")}
    after = [(two.root / name / PROFILE).read_bytes() for name in ("work", "home")]
    assert after == before
    assert_sound(two, "all", "work", "home")


def test_what_people_wrote_stays_and_what_contradicts_is_said(two):
    """Free text and lines without a mark; both of two claims that cannot both hold."""
    for name, line in (("work", "- Uses pip."), ("home", "- Uses uv, not pip.")):
        path = two.root / name / PROFILE
        path.write_text(f"{path.read_text()}\nA word on {name}.\n\n## coding\n{line}\n")
    done = two("merge", "work", "home")
    text = (two.root / "work" / PROFILE).read_text()
    assert "A word on work." in text
    assert "\n- Uses pip.\n" in text
    assert "\n- Uses uv, not pip.\n" in text
    assert "cannot both hold" in done.stderr
    assert_sound(two, "work")


def test_a_profile_and_itself_cannot_be_merged(two):
    """Exit 2, and nothing is touched."""
    head = two.git("rev-parse", "HEAD")
    done = two("merge", "work", "work", code=2)
    assert "cannot be merged with itself" in done.stderr
    assert "no profile 'nobody'" in two("merge", "work", "nobody", code=2).stderr
    assert two.git("rev-parse", "HEAD") == head


def test_what_one_has_forgotten_does_not_come_in_with_the_other(two):
    """A tombstone of either counts for both."""
    (claim,) = [c for c in profile_of(two, "home").claims if "spoilers" in c.text]
    two("merge", "work", "home")
    two("forget", claim.id, "-p", "work")
    done = two("merge", "work", "home")
    assert "has all that home has" in done.stderr
    assert all("spoilers" not in c.text for c in profile_of(two, "work").claims)
    assert_sound(two, "work")
