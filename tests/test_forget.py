"""What is forgotten goes, with what stood on it, and nothing brings it back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from persona_cli.archive import Archive
from persona_cli.errors import UsageError
from persona_cli.evidence import Evidence, Link, Wording, parse
from persona_cli.forget import Chosen, Forgotten, chosen_in, plan
from persona_cli.forgetting import Gone, without
from persona_cli.history import undo
from persona_cli.init import init
from persona_cli.interaction import is_mark, mark
from persona_cli.profile import Claim, empty, rewrite
from persona_cli.profile import render as text_of
from persona_cli.rebuild import rebuild
from persona_cli.store import Store
from persona_cli.tombstones import forgotten_in, tombstones
from tests.canaries import (
    ASKING,
    NOW,
    archive_of,
    deed,
    facts,
    fold,
    forget_here,
    litter,
)
from tests.fakes import ScriptedEngine

ALL = facts()
EVERYWHERE = ["archive.jsonl", "folded.jsonl", "evidence.jsonl", "profile.md"]


@pytest.fixture
def store(tmp_path) -> Store:
    """Three facts are known, and a fourth claim rests on two of them as well."""
    init(tmp_path / "profiles", "ada", title="Ada")
    store = Store(tmp_path / "profiles", "ada")
    fold(store, ALL[:3], also="- [i1 i2] life | Has hobbies.\n")
    litter(store, ALL[:3])
    return store


def forgotten(store: Store, **meant: object) -> Forgotten:
    """Forget something as the command does."""
    return forget_here(store, Chosen(**meant))


def says(store: Store, word: str) -> list[str]:
    """Files of the folder, but not of the past, in which a word stands."""
    files = sorted(path for path in store.folder.rglob("*") if path.is_file())
    return [path.name for path in files if word.encode() in path.read_bytes()]


def id_of(store: Store, words: str) -> str:
    """Of the claim that says this."""
    (found,) = [c.id for c in store.load().profile.claims if words in c.text]
    return found


def test_a_claim_goes_with_what_bore_it_out_alone(store):
    """Its line, heading, evidence, interaction, and all the caches."""
    fact = ALL[0]
    done = forgotten(store, claim=id_of(store, ALL[2].word))
    assert [claim.text for claim in done.claims] == [ALL[2].claim]
    assert (done.links, done.interactions) == (1, 1)
    assert says(store, ALL[2].word) == []
    assert says(store, fact.word) == EVERYWHERE
    assert "forgot" in store.git.log(store.path)[0].subject


def test_what_bears_out_another_claim_stays(store):
    """Forgetting one claim does not take another's ground; that is said."""
    archive = archive_of(store)
    loaded = store.load()
    chosen = Chosen(claim=id_of(store, ALL[0].word))
    found = plan(loaded, archive, chosen, chosen_in(loaded, chosen))
    assert (found.shared, found.archived) == (1, frozenset())
    assert [claim.text for claim in found.result.removed] == [ALL[0].claim]
    done = forgotten(store, claim=chosen.claim)
    assert done.weakened == ()
    assert store.load().profile.find(id_of(store, "hobbies")).count == 2


@pytest.mark.parametrize(
    "meant",
    [
        {"interaction": ALL[0].id},
        {"source": ALL[0].source},
        {"matching": ALL[0].word.upper()},
        {"before": datetime(2026, 6, 2, tzinfo=UTC)},
    ],
    ids=lambda meant: next(iter(meant)),
)
def test_an_interaction_goes_with_what_stood_on_it(store, meant):
    """What stood on it alone goes too, what has other grounds stands on those."""
    done = forgotten(store, **meant)
    assert [claim.text for claim in done.claims] == [ALL[0].claim]
    assert [(c.text, c.count) for c in done.weakened] == [("Has hobbies.", 1)]
    assert says(store, ALL[0].word) == []
    (source,) = store.load().profile.meta["sources"]
    assert source["interactions"] == 2


def test_the_same_log_does_not_bring_it_back(store):
    """Its id is known by a mark, which holds none of the words an id may have."""
    forgotten(store, interaction=ALL[0].id)
    archive = archive_of(store)
    assert archive.add([deed(fact) for fact in ALL[:3]]) == 0
    assert archive.add([deed(ALL[5])]) == 1
    (mark_of,) = [one for one in archive.folded() if is_mark(one)]
    assert mark_of == mark(ALL[0].id) == mark(mark_of)


def test_a_log_would_bring_it_back_without_the_mark(store, monkeypatch):
    """The twin of the test above: an archive that only asks for the id itself."""
    forgotten(store, interaction=ALL[0].id)
    monkeypatch.setattr("persona_cli.index.Index.forgets", lambda _: False)
    assert archive_of(store).add([deed(ALL[0])]) == 1


def rebuilt(store: Store, archive: Archive) -> str:
    """All that a model is shown when the profile is written anew."""
    engine = ScriptedEngine("- [i1] life | Has hobbies.\n", context=100_000)
    steps = rebuild(
        store,
        archive,
        open_engine=lambda: (engine, ASKING),
        seed=7,
        now=lambda: NOW,
        write=False,
    )
    list(steps)
    return "\n".join(engine.prompts)


def test_a_rebuild_does_not_bring_it_back(store):
    """Here it is out of the archive; another machine's archive is passed over."""
    forgotten(store, interaction=ALL[0].id)
    assert ALL[0].word not in rebuilt(store, archive_of(store))
    elsewhere = store.root.parent / "elsewhere"
    elsewhere.mkdir()
    archive = Archive(elsewhere, held_share=0)
    archive.add([deed(fact) for fact in ALL[:3]])
    archive.flush()
    shown = rebuilt(store, archive)
    assert ALL[0].word not in shown
    assert ALL[1].word in shown


@pytest.mark.parametrize("to", ["1", None])
def test_an_undo_does_not_bring_it_back(store, to):
    """The version from before comes back without it; its commit says nothing of it."""
    forgotten(store, interaction=ALL[0].id)
    with store.at_work("undo", timeout=1):
        done = undo(store, to=to, now=NOW)
    if to is not None:
        assert done.restored == 1
    assert says(store, ALL[0].word) == []
    assert ALL[0].word not in store.git.log(store.path)[0].body
    assert forgotten_in(store.load().evidence).marks == {mark(ALL[0].id)}


def test_an_undo_would_bring_it_back_without_the_stones(store, monkeypatch):
    """The twin: an undo that does not ask what was forgotten since."""
    forgotten(store, interaction=ALL[0].id)
    monkeypatch.setattr(Store, "forgotten", lambda _: Evidence())
    with store.at_work("undo", timeout=1):
        undo(store, to="1", now=NOW)
    assert says(store, ALL[0].word) == ["evidence.jsonl", "profile.md"]


def test_a_merge_does_not_bring_its_evidence_back(store):
    """Lines that a merge puts back are gone with the next version."""
    path = store.folder / "evidence.jsonl"
    before = path.read_text()
    forgotten(store, interaction=ALL[0].id)
    path.write_text(before + path.read_text())
    assert ALL[0].word not in "".join(store.load().evidence.lines)
    forgotten(store, interaction=ALL[1].id)
    assert says(store, ALL[0].word) == []


def test_a_line_that_is_there_stays(store):
    """Whoever resolves a merge, or writes it again, has the last word."""
    name, before = id_of(store, ALL[2].word), store.path.read_text()
    forgotten(store, claim=name)
    store.path.write_text(before)
    (claim,) = [c for c in store.load().profile.claims if c.id == name]
    assert claim.pinned


def test_what_a_person_wrote_stays_without_its_evidence(store):
    """Unless it is meant itself."""
    name = id_of(store, ALL[2].word)
    words = store.path.read_text()
    store.path.write_text(words.replace(ALL[2].claim, "I like old trains."))
    done = forgotten(store, interaction=ALL[2].id)
    assert done.claims == ()
    assert [(c.id, c.count) for c in done.weakened] == [(name, 0)]
    assert says(store, ALL[2].word) == []
    assert [c.id for c in forgotten(store, claim=name).claims] == [name]


def test_words_of_a_persons_own_are_named(store):
    """A paragraph is no claim: it stays, and its line is said."""
    store.path.write_text(store.path.read_text() + f"\nAbout {ALL[0].word}: no.\n")
    archive, chosen = archive_of(store), Chosen(matching=ALL[0].word)
    loaded = store.load()
    found = plan(loaded, archive, chosen, chosen_in(loaded, chosen))
    (line,) = found.said_by_hand
    there = store.path.read_text().splitlines()
    assert there[line - 1] == f"About {ALL[0].word}: no."


def test_a_retired_claim_can_be_forgotten(store):
    """What the evidence remembers of it goes, and what it says of another."""
    evidence = store.load().evidence
    name = id_of(store, ALL[2].word)
    other = id_of(store, "hobbies")
    why = f"the same as {name}: {ALL[2].claim}"
    gone = Wording("c999", "Had a tin box.", "life", "retired", "x", 1, why=why)
    more = evidence.with_entries([gone])
    done = without(store.load().profile, more, Gone(claims=frozenset({name})))
    (kept,) = [e for e in done.evidence.entries if e.claim == "c999"]
    assert kept == replace(gone, why="")
    again = without(done.profile, done.evidence, Gone(claims=frozenset({"c999"})))
    assert not [e for e in again.evidence.entries if e.claim == "c999"]
    assert again.profile.find(other)


def test_doing_it_twice_is_doing_it_once(store):
    """What is left holds nothing more to take."""
    gone = Gone(marks=frozenset({mark(ALL[0].id)}), quotes=frozenset({mark(ALL[1].id)}))
    once = without(store.load().profile, store.load().evidence, gone)
    twice = without(once.profile, once.evidence, gone)
    assert (twice.profile, twice.evidence) == (once.profile, once.evidence)
    assert (twice.removed, twice.links) == ((), 0)


def test_stones_hold_no_word():
    """An id, and marks; they read back as what is gone."""
    stones = Evidence().with_entries(
        tombstones(["c1ab", "c2cd"], [mark("chat:secret")], version=3)
    )
    assert "secret" not in "".join(stones.lines)
    assert parse("".join(stones.lines), place="x") == stones
    assert forgotten_in(stones) == Gone(
        claims=frozenset({"c1ab", "c2cd"}), marks=frozenset({mark("chat:secret")})
    )
    assert tombstones([], [mark("a")], version=1)[0].claim == ""


@pytest.mark.parametrize("profile", ["c1", "other"])
def test_what_is_not_meant_keeps_its_bytes(profile):
    """A heading, prose and another claim stand as they stood."""
    claims = [Claim("c1ab", "life", "One.", 1), Claim("c2cd", "life", "Two.", 1)]
    old = rewrite(empty("Ada"), added=claims)
    links = [Link(c.id, f"chat:{c.id}", "chat", None, "for", "x") for c in claims]
    evidence = Evidence().with_entries(links)
    ids = {"c1ab"} if profile == "c1" else {"c9"}
    done = without(old, evidence, Gone(claims=frozenset(ids)))
    taken = {"c1": "- One. <!-- c1ab 1x -->\n", "other": ""}[profile]
    assert text_of(done.profile) == text_of(old).replace(taken, "")


@pytest.mark.parametrize(
    ("meant", "fault"),
    [
        ({"claim": "c0ffee"}, "no claim 'c0ffee'"),
        ({"matching": "ab"}, "too short"),
    ],
    ids=["claim", "matching"],
)
def test_what_cannot_be_meant(store, meant, fault):
    """It is said before anything is done."""
    with pytest.raises(UsageError, match=fault):
        chosen_in(store.load(), Chosen(**meant))


def test_a_dry_run_says_what_would_go(run_persona):
    """And leaves every byte; nothing of it is found where nothing is."""
    run_persona("init", "ada")
    store = Store(run_persona.root, "ada")
    fold(store, ALL[:3])
    before = {p: p.read_bytes() for p in store.folder.rglob("*") if p.is_file()}
    said = run_persona("forget", "--before", "2026-06-02", "--dry-run")
    assert said.stdout.startswith("would be forgotten")
    assert "1 lines of evidence" in said.stderr
    after = {p: p.read_bytes() for p in store.folder.rglob("*") if p.is_file()}
    assert after == before
    done = run_persona("forget", "--matching", "nowhere at all", code=2)
    assert "nothing here is of 'nowhere at all'" in done.stderr
    done = json.loads(run_persona("forget", "--source", "chat", "--json").stdout)
    assert (done["interactions"], done["links"]) == (3, 3)


@pytest.mark.parametrize(
    "words",
    ["", "c1 --source x", "c1 --history --no-commit", "c1 --all-branches"],
)
def test_what_does_not_go_together(run_persona, words):
    """A usage error, exit 2."""
    run_persona("init", "ada")
    assert "try: " in run_persona("forget", *words.split(), code=2).stderr
