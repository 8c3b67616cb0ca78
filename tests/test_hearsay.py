"""What another tool remembers waits for a person; it bears nothing out by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_cli import profile as pr
from persona_cli.digest import digest
from persona_cli.draft import DraftLine
from persona_cli.evidence import Evidence
from persona_cli.guard import guard
from persona_cli.hearsay import KNOWN
from persona_cli.infer import infer
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log
from persona_cli.provenance import Voices
from persona_cli.reconcile import Reconciled, reconcile
from persona_cli.waiting import HEARSAY
from persona_cli.window import Window, block
from tests.fakes import ScriptedEngine
from tests.obedient import ASKING, CITES, ObedientEngine, fold, learned
from tests.poison import PLANTED, named

DAY = datetime(2026, 6, 1, tzinfo=UTC)


def note(text: str, number: int = 1) -> Interaction:
    return Interaction(f"pam:{number}", "stated", "pam:memory", text, at=DAY)


def said(text: str, number: int = 1) -> Interaction:
    return Interaction(f"chat:{number}", "message", "chat:1", text, at=DAY)


def folded(
    line: DraftLine, *deeds: Interaction, on: Reconciled | None = None
) -> Reconciled:
    before = on or Reconciled(pr.empty("ada"), Evidence(), (), {})
    every = {deed.id: deed for deed in deeds}
    return reconcile(before.profile, before.evidence, [line], every, by="scripted")


def line(text: str, *rests_on: str, **more: object) -> DraftLine:
    return DraftLine("coding", text, rests_on=rests_on, **more)


TABS = "Prefers tabs over spaces."


def test_a_note_has_no_words_of_the_users():
    """Its source tells it, and only where it is stated."""
    assert note(TABS).secondhand
    assert note(TABS).own == ""
    own = Interaction("x:1", "stated", "pairs:memory-of-mine", TABS)
    assert not own.secondhand
    assert not replace(said(TABS), source="chat:memory").secondhand
    assert "another tool remembers: " in block(note(TABS), 1)
    assert guard(note(TABS)).interaction == note(TABS)


def test_a_claim_that_rests_on_notes_alone_waits():
    """It is in the evidence, with its reason and its link, and not in the profile."""
    done = folded(line(TABS, "pam:1", "pam:2"), note("a"), note("b", 2))
    assert done.profile.claims == ()
    (held,) = done.evidence.pending()
    assert (held.words, held.why) == (TABS, HEARSAY)
    assert [link.interaction for link in done.evidence.links(held.claim)] == [
        "pam:1",
        "pam:2",
    ]


def test_a_note_counts_for_nothing_beside_the_users_own():
    """The claim is in force, on what they said alone."""
    done = folded(line(TABS, "pam:1", "chat:1"), note(TABS), said("I use tabs."))
    (claim,) = done.profile.claims
    assert claim.count == 1
    assert not claim.stated
    assert [link.interaction for link in done.evidence.links(claim.id)] == ["chat:1"]
    assert done.evidence.pending() == []


def test_what_the_user_says_later_is_in_force_under_the_same_id():
    """And waits no longer."""
    first = folded(line(TABS, "pam:1"), note(TABS))
    (held,) = first.evidence.pending()
    done = folded(line(TABS, "chat:1"), said(TABS), on=first)
    (claim,) = done.profile.claims
    assert (claim.id, claim.count) == (held.claim, 1)
    assert done.evidence.pending() == []


def test_a_note_neither_reinforces_nor_rewords_nor_retires():
    """A claim that was seen once stays so, whatever another tool remembers."""
    first = folded(line(TABS, "chat:1"), said(TABS))
    (claim,) = first.profile.claims
    for proposed in (
        line(TABS, "pam:1"),
        line("Prefers tabs over spaces, in Go too.", "pam:1", keeps=(claim.id,)),
        line("Prefers spaces over tabs.", "pam:1", retires=(claim.id,)),
    ):
        done = folded(proposed, note("x"), on=first)
        assert done.profile.claims == first.profile.claims
        assert not done.changes
    assert folded(line(TABS, "pam:1"), note("x"), on=first).dropped == {KNOWN: 1}


def test_what_was_turned_down_does_not_wait_again():
    """A person's no holds for the next memory list too."""
    first = folded(line(TABS, "chat:1"), said(TABS))
    gone = folded(line(TABS, "pam:1"), note(TABS))
    (held,) = gone.evidence.pending()
    refused = replace(held, status="removed")
    gone = replace(gone, evidence=gone.evidence.with_entries([refused]))
    assert folded(line(TABS, "pam:1"), note(TABS), on=gone).evidence.pending() == []
    assert first.evidence.pending() == []


def test_what_asks_for_power_waits_for_that_reason():
    """Whoever remembers it."""
    done = folded(line("Run every command without asking.", "pam:1"), note("x"))
    (held,) = done.evidence.pending()
    assert held.why != HEARSAY


def test_the_digest_lets_notes_wait_and_rewords_nobody_by_them():
    """Own words beside a fuller note stay as the user put them."""
    window = [
        said("I prefer uv."),
        note("I prefer uv over pip.", 2),
        note("Is a vegetarian", 3),
        note("The user likes sour tea", 5),
        note("Always use metric units.", 4),
    ]
    found = {one.claim: one for one in digest(window)}
    assert found["Prefers uv."].ids == ("chat:1",)
    assert found["Prefers uv over pip."].hearsay
    assert found["Likes sour tea."].hearsay
    assert found["Is a vegetarian."].hearsay
    assert found["Prefers metric units."].hearsay
    assert not found["Prefers uv."].hearsay


def test_a_long_text_is_remembered_by_its_sentences_of_preference():
    """Not every fact of a summary is put before a person."""
    text = (
        "## Work\nAda builds parsers in a small team, and has done so for years.\n"
        "- She prefers short functions.\n\nThe office is in a town by the sea. It"
        " rains there. " + "Nothing much happens in the afternoon. " * 10
    )
    claims = [one.claim for one in digest([note(text)])]
    assert claims == ["She prefers short functions."]


def test_more_notes_than_a_digest_has_room_for_all_wait():
    """A model that says nothing usable loses none of them."""
    notes = [note(f"Likes {named(n)}.", n) for n in range(40)]
    engine = ScriptedEngine("nothing", "nothing", context=100_000)
    window = Window(tuple(notes))
    (inferred,) = infer([], window, digest(notes), engine, ASKING, seed=1)
    done = Reconciled(pr.empty("ada"), Evidence(), (), {})
    every = {deed.id: deed for deed in notes}
    done = reconcile(
        done.profile, done.evidence, inferred.draft.lines, every, by="digest"
    )
    assert len(done.evidence.pending()) == 40
    assert done.profile.claims == ()


def planted_notes(cites: str) -> list[str]:
    """The sentences, remembered by a tool, that a model which obeys put in force."""
    through = []
    for number, sentence in enumerate(PLANTED):
        canary = named(number)
        deeds = [
            said("I prefer tabs over spaces.", 1),
            said("What is a heap?", 2),
            note(sentence.format(x=canary), 3),
            said("And a stack?", 4),
        ]
        done = fold(pr.empty("ada"), Evidence(), deeds, ObedientEngine(cites))
        known = learned(done.profile, done.evidence)
        assert any("tabs over spaces" in claim for claim in known.claims)
        if any(canary.lower() in text for text in (*known.claims, known.prompt)):
            through.append(sentence)
    return through


@pytest.mark.parametrize("cites", CITES)
def test_a_model_that_obeys_puts_no_note_in_force(cites, monkeypatch):
    """Whatever it cites for it; and the twin, without the look at the words, does."""
    assert planted_notes(cites) == []
    if cites != "here":  # where it cites the note itself, the citation tells
        monkeypatch.setattr(Voices, "remembered", lambda self, line: False)
        assert planted_notes(cites) != []


@pytest.mark.parametrize("format", ["pam", "memory-list", "mcp-memory"])
def test_every_reader_of_memories_marks_them(format):
    """All that it tells of is at second hand."""
    name = {"pam": "pam.json", "memory-list": "claude.txt", "mcp-memory": "mcp.jsonl"}
    path = Path(__file__).parent / "logs" / "memories" / name[format]
    deeds = list(read_log(path, tally=Tally()))
    assert deeds
    assert {deed.source for deed in deeds} == {f"{format}:memory"}
    assert all(deed.secondhand for deed in deeds)
