"""An update that held-out choices have a say in."""

import json
from dataclasses import replace
from unittest.mock import ANY

import pytest

from persona_cli.archive import Archive
from persona_cli.errors import ModelError
from persona_cli.fold import Checking
from persona_cli.forget import Chosen
from persona_cli.gate import Check
from persona_cli.init import init
from persona_cli.judge import Judgement, Verdict
from persona_cli.rebuild import rebuild
from persona_cli.store import Store
from persona_cli.verdicts import MOST, Inability, Verdicts
from persona_cli.verify import Checked, verified
from tests.canaries import forget_here
from tests.fakes import ScriptedEngine
from tests.gated import ASKING, NOW, archive_of, run
from tests.terse import (
    SHARE,
    first_letter,
    held_pairs,
    likes_terse,
    noisily,
    own_taste,
    wrote,
)

TERSE = "- [i1 i2] communication | Prefers terse answers.\n"
AGAIN = "- [p1 i1 i2] communication | Prefers terse answers.\n"
WORDY = "- [!p1 i1 i2] communication | Prefers wordy answers.\n"
FIRST = wrote(1, "terser please"), wrote(2, "too wordy")
SECOND = wrote(3, "tell me more"), wrote(4, "at length")
TWELVE = held_pairs(12)


@pytest.fixture
def store(tmp_path):
    init(tmp_path / "profiles", "ada", title=None)
    return Store(tmp_path / "profiles", "ada")


@pytest.fixture
def learned(store):
    """A profile that has the person right, and was seen to."""
    (step,) = run(store, reader(TERSE), *FIRST, *TWELVE)
    assert step.checked.able
    return store


def reader(*lines):
    """A model that writes these lines, and judges by what it reads."""
    return ScriptedEngine(*lines, chooses=noisily(likes_terse))


def ledger(store):
    lines = (store.state / "folded.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def on_disk(store):
    return [(store.folder / n).read_bytes() for n in ("profile.md", "evidence.jsonl")]


def front(store):
    return store.load().profile.meta


def test_a_version_that_foresees_better_is_kept(store):
    """The check stands in the front matter, rounded, with n, interval and baseline."""
    (step,) = run(store, reader(TERSE), *FIRST, *TWELVE)
    assert step.profile.version == 1
    assert step.checked.kept
    assert front(store)["verified"] == [
        {
            "by": "persona/judge scripted",
            "at": "2026-11-23T12:00:00Z",
            "accuracy": 1.0,
            "interval": [0.76, 1.0],
            "n": 12,
            "baseline": front(store)["verified"][0]["baseline"],
        }
    ]
    assert 0 <= front(store)["verified"][0]["baseline"] <= 0.6


def said(*probabilities):
    return Judgement(tuple(Verdict(str(n), p) for n, p in enumerate(probabilities)))


@pytest.mark.parametrize(
    ("empty", "strangers", "baseline"),
    [([0.9, 0.9, 0.1, 0.1], [0.9, 0.1, 0.1, 0.1], 0.5), ([0.1] * 4, [0.9] * 4, 1.0)],
)
def test_the_baseline_is_the_better_of_nobody_and_strangers(empty, strangers, baseline):
    """What does not beat both of them is no knowledge of the person."""
    new = said(0.9, 0.9, 0.9, 0.1)
    others = (said(*strangers), said(*strangers))
    found = Check(4, said(*[0.1] * 4), new, said(*empty), others)
    (entry,) = verified(Checked("one", 4, found), when="2026-11-23T12:00:00Z")
    assert (entry["accuracy"], entry["baseline"], entry["n"]) == (0.75, baseline, 4)
    assert entry["by"] == "persona/judge one"
    assert verified(Checked("one", 4, found, "it is blind"), when="now") is None


def test_a_version_that_foresees_worse_is_not_kept(learned):
    """Profile and evidence stay to the byte; no commit; the ledger says tried."""
    before, head = on_disk(learned), learned.git.head()
    (step,) = run(learned, reader(WORDY), *SECOND)
    assert not step.checked.kept
    assert step.changes == ()
    assert (step.profile.version, step.left) == (1, 0)
    assert (step.checked.check.paired.gained, step.checked.check.paired.lost) == (0, 12)
    assert (on_disk(learned), learned.git.head()) == (before, head)
    assert ledger(learned)[-1] == {
        "version": 1,
        "counted": False,
        "ids": [deed.id for deed in SECOND],
        "tried": True,
        "sum": ANY,
    }
    assert (
        learned.git.status([learned.path, learned.folder / "evidence.jsonl"]) == set()
    )


def test_what_was_tried_is_not_tried_again(learned):
    """The next update finds nothing new, and what comes later does not count it in."""
    list(run(learned, reader(WORDY), *SECOND))
    assert list(run(learned, ScriptedEngine())) == []
    engine = reader("- [p1 i1] communication | Prefers terse answers.\n")
    (step,) = run(learned, engine, wrote(5, "terse is good"))
    assert "tell me more" not in engine.prompts[0]
    assert (step.folded, step.profile.version) == (1, 2)
    (source,) = front(learned)["sources"]
    assert source["interactions"] == 3
    archive = archive_of(learned)
    assert archive.tried() == {deed.id for deed in SECOND}
    assert not archive.uncounted()


def test_retry_takes_up_what_was_tried(learned):
    """Once it is folded in, it is tried no more, and it is counted."""
    list(run(learned, reader(WORDY), *SECOND))
    engine = reader(AGAIN)
    (step,) = run(learned, engine, retry=True)
    assert "tell me more" in engine.prompts[0]
    assert (step.folded, step.profile.version) == (2, 2)
    assert front(learned)["sources"][0]["interactions"] == 4
    assert archive_of(learned).tried() == set()
    assert list(run(learned, ScriptedEngine(), retry=True)) == []


def test_retry_may_be_rejected_again(learned):
    """Then it stays tried."""
    list(run(learned, reader(WORDY), *SECOND))
    (step,) = run(learned, reader(WORDY), retry=True)
    assert not step.checked.kept
    assert archive_of(learned).tried() == {deed.id for deed in SECOND}


def rebuilt(store, engine, *deeds, **more):
    with store.at_work("rebuild", timeout=1):
        return list(
            rebuild(
                store,
                archive_of(store, *deeds),
                open_engine=lambda: (engine, ASKING),
                seed=7,
                now=lambda: NOW,
                **more,
            )
        )


def test_rebuild_reads_what_was_tried(learned):
    """All of it, and afterwards it is folded in."""
    list(run(learned, reader(WORDY), *SECOND))
    engine = reader("- [i1 i2 i3] communication | Prefers terse answers.\n")
    steps = rebuilt(learned, engine)
    assert "tell me more" in engine.prompts[0]
    assert steps[-1].checked.able
    assert front(learned)["sources"][0]["interactions"] == 4
    assert front(learned)["verified"][0]["accuracy"] == 1.0
    assert archive_of(learned).tried() == set()


def test_a_rebuild_that_foresees_worse_changes_nothing(learned):
    """No file, no commit, no line in the ledger."""
    archive_of(learned, *SECOND)
    before, head, lines = on_disk(learned), learned.git.head(), ledger(learned)
    steps = rebuilt(learned, reader("- [i1 i2] communication | Prefers wordy answers."))
    assert not steps[-1].checked.kept
    assert steps[-1].changes == ()
    assert (on_disk(learned), learned.git.head(), ledger(learned)) == (
        before,
        head,
        lines,
    )
    assert len(archive_of(learned).pending()) == 2
    line = "- [i1 i2] communication | Prefers wordy answers."
    steps = rebuilt(learned, reader(line), checking=Checking(gate=False))
    assert [c.kind for c in steps[-1].changes] == ["added", "retired"]
    assert "verified" not in front(learned)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (0, "no choices, edits or ratings are held out: not checked by behaviour"),
        (1, "only 1 choice is held out, and it takes 6 to tell: not checked by beh"),
        (5, "only 5 choices are held out, and it takes 6 to tell: not checked by"),
    ],
)
def test_too_few_choices_are_said_and_the_version_is_kept(store, held, why):
    """Nobody is asked, and no number is given."""
    (step,) = run(store, ScriptedEngine(TERSE), *FIRST, *held_pairs(held))
    assert step.checked.why.startswith(why)
    assert step.checked.kept
    assert not step.checked.able
    assert "verified" not in front(store)


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (first_letter, "the order of the items decided 12 of 12 answers"),
        (own_taste, "strangers' profiles foresee these 12 choices as well"),
    ],
)
def test_a_judge_that_cannot_judge_rejects_nothing(learned, judge, why):
    """It is named, with the reason; the version is kept, and the stale figure goes."""
    engine = ScriptedEngine(WORDY, name="other", chooses=judge)
    (step,) = run(learned, engine, *SECOND)
    assert step.checked.kept
    assert not step.checked.able
    assert step.checked.why == f"other: this model can't judge ({why}); kept unchecked"
    assert front(learned)["version"] == 2
    assert "verified" not in front(learned)


def test_a_model_found_unable_is_left_in_peace(store):
    """In later windows and runs, until there is twice as much to judge by."""
    (step,) = run(store, ScriptedEngine(TERSE, chooses=first_letter), *FIRST, *TWELVE)
    assert step.checked.check.unable
    later = ScriptedEngine(AGAIN, AGAIN, chooses=first_letter)
    (step,) = run(store, later, *SECOND)
    assert later.questions == []
    assert step.checked.check is None
    assert "can't judge (the order of the items decided 12 of 12" in step.checked.why
    (step,) = run(store, later, wrote(5, "a"), wrote(6, "b"), *held_pairs(24))
    assert later.questions
    assert step.checked.asked == 24
    later.done()


def test_a_model_is_asked_again_of_a_profile_that_says_more(store):
    """A profile of one line is no test of a judge."""
    blind = ScriptedEngine(TERSE, chooses=own_taste)
    list(run(store, blind, *FIRST, *TWELVE))
    more = "".join(
        f"- [i1 i2] topics | Speaks of {word}, and of nothing else.\n"
        for word in ("lime", "coal", "fern")
    )
    engine = ScriptedEngine(more, chooses=own_taste)
    (step,) = run(store, engine, *SECOND)
    assert engine.questions
    assert step.checked.check.unable


def test_a_judge_that_is_able_again_is_forgiven(store):
    """What was remembered against it is forgotten."""
    seen = Verdicts(store.state / "verdicts.json")
    blind = Inability(asked=6, length=5, step=-1, why="it was blind")
    store.state.mkdir(exist_ok=True)
    seen.remember("scripted\x1fjudge@1\x1fjudge_pair@1", blind)
    seen.save()
    (step,) = run(store, reader(TERSE), *FIRST, *TWELVE)
    assert step.checked.able
    assert json.loads((store.state / "verdicts.json").read_text())["unable"] == {}


def test_no_verify_keeps_everything(learned):
    """Nobody is asked, nothing is said, and no figure is left that says nothing."""
    engine = ScriptedEngine(WORDY)
    (step,) = run(learned, engine, *SECOND, checking=Checking(gate=False))
    assert (step.checked.kept, step.checked.judge, step.checked.why) == (True, "", "")
    assert step.profile.version == 2
    assert "verified" not in front(learned)


def test_no_questions_is_no_check(learned):
    """The setting at 0 switches it off."""
    (step,) = run(learned, ScriptedEngine(WORDY), *SECOND, checking=Checking(most=0))
    assert (step.checked.kept, step.checked.judge) == (True, "")


def test_questions_are_bounded(store):
    """So many and no more, however many are held out."""
    engine = reader(TERSE)
    (step,) = run(store, engine, *FIRST, *held_pairs(30), checking=Checking(most=10))
    assert step.checked.asked == 10
    assert len(engine.questions) == 2 * 10 * 4


def test_an_engine_that_gives_no_probabilities_is_named_once(learned):
    """A remote one, say: the version is kept, and the next window asks it nothing."""

    class Mute(ScriptedEngine):
        tries = 0

        def choose(self, *args, **more):
            self.tries += 1
            raise ModelError("mute: gives no probabilities", remedy="Ask another.")

    engine = Mute(WORDY, AGAIN, name="mute")
    asking = replace(ASKING, window_tokens=64)
    big = [wrote(n, "more and " * 10) for n in (3, 4, 5, 6)]
    steps = list(run(learned, engine, *big, asking=asking))
    assert len(steps) == 2
    why = "mute: can't be asked (mute: gives no probabilities); kept unchecked"
    assert {step.checked.why for step in steps if step.checked.judge} == {why}
    assert engine.tries == 1
    assert "verified" not in front(learned)


def test_the_engine_is_not_asked_twice(learned):
    """The old version, nobody and the strangers were asked by the run before."""
    engine = reader(AGAIN + "- [i1 i2] food | Likes tea.\n")
    list(run(learned, engine, *SECOND))
    assert len(engine.questions) == 2 * 12
    assert len({before for before, _ in engine.questions}) == 1


def test_a_window_that_changes_nothing_asks_nothing(learned):
    """There is no version to check."""
    engine = reader("- [p1] communication | Prefers terse answers.\n")
    (step,) = run(learned, engine, *SECOND)
    assert engine.questions == []
    assert step.checked.judge == ""
    assert front(learned)["verified"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b"\xff",
        b'{"format": 2, "verdicts": {}, "unable": {}}',
        b'{"format": 1, "verdicts": {"a": [2, false]}, "unable": {}}',
        b'{"format": 1, "verdicts": {"a": [0.5, 1]}, "unable": {}}',
        b'{"format": 1, "verdicts": [], "unable": {}}',
        b'{"format": 1, "verdicts": {}, "unable": {"a": [1]}}',
    ],
)
def test_a_damaged_memory_is_no_memory(learned, content):
    """It is only ever a cache: the same is asked again, and comes out the same."""
    (learned.state / "verdicts.json").write_bytes(content)
    assert len(Verdicts(learned.state / "verdicts.json")) == 0
    engine = reader(AGAIN + "- [i1 i2] food | Likes tea.\n")
    (step,) = run(learned, engine, *SECOND)
    assert len(engine.questions) == 2 * 12 * 5
    assert step.checked.able


def test_the_memory_holds_no_word_and_no_name(learned):
    """Hashes and numbers; it can be read by its owner alone, and is bounded."""
    path = learned.state / "verdicts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert "terse" not in text
    assert not any(deed.id in text for deed in TWELVE)
    memory = Verdicts(path)
    first, second = list(memory)[:2]
    for n in range(MOST - 1):
        memory[f"new {n}"] = memory[first]
    memory.save()
    kept = Verdicts(path)
    assert len(kept) == MOST
    assert first in kept
    assert second not in kept
    assert kept[first] == memory[first]


def test_forget_purges_what_was_remembered(learned):
    """And the figure that was measured with what is gone."""
    (claim,) = learned.load().profile.claims
    (learned.state / "read.bin").write_bytes(b"what a model read")
    forget_here(learned, Chosen(claim=claim.id))
    assert not (learned.state / "verdicts.json").exists()
    assert not (learned.state / "read.bin").exists()
    assert "verified" not in front(learned)


def test_a_dry_run_checks_and_writes_nothing(learned):
    """Not even what the judge said; a rejected window changes nothing in memory."""
    files = {p: p.read_bytes() for p in learned.folder.rglob("*") if p.is_file()}
    asking = replace(ASKING, window_tokens=64)
    archive = Archive(learned.state, held_share=SHARE)
    big = [wrote(n, "more and " * 10) for n in (3, 4, 5, 6)]
    archive.add(big, write=False)
    engine = reader(WORDY, AGAIN)
    from persona_cli.update import update

    steps = list(
        update(
            learned,
            archive,
            open_engine=lambda: (engine, asking),
            seed=7,
            now=lambda: NOW,
            write=False,
        )
    )
    assert [step.checked.kept for step in steps] == [False, True]
    assert [step.profile.version for step in steps] == [1, 2]
    assert "more and" not in engine.prompts[1].partition("i1")[0]
    after = {p: p.read_bytes() for p in learned.folder.rglob("*") if p.is_file()}
    assert after == files


def test_a_persons_edit_survives_a_rejection(learned):
    """What they typed while the model thought is theirs, and is committed as theirs."""

    class Slow(ScriptedEngine):
        def complete(self, *args, **more):
            with learned.path.open("a", encoding="utf-8") as file:
                file.write("\n## food\n- I like tea.\n")
            return super().complete(*args, **more)

    engine = Slow(WORDY, chooses=noisily(likes_terse))
    (step,) = run(learned, engine, *SECOND)
    assert not step.checked.kept
    assert learned.path.read_text().endswith("- I like tea.\n")
    assert learned.git.log(learned.path)[0].subject == "ada: edited by hand"


def test_the_cost_of_an_update_does_not_grow(store):
    """One new window asks one profile's questions, after few windows or many."""
    list(run(store, reader(TERSE), *FIRST, *held_pairs(20), asking=ASKING))
    asked = []
    for n in range(3, 9):
        line = "- [p1 i1] communication | Prefers terse answers.\n"
        line += f"- [i1] topics | Speaks of {'abcdefghi'[n]} word.\n"
        engine = reader(line)
        (step,) = run(store, engine, wrote(n, f"wish {n}"))
        asked.append(len(engine.questions))
        assert step.checked.able
    assert set(asked[1:]) <= {0, 2 * 20}
