"""M7: claims that would give a model power wait, until a person has seen them."""

import json
import re
from datetime import UTC, datetime

import pytest

from persona_cli import authority, form, waiting
from persona_cli import profile as pr
from persona_cli.archive import Archive
from persona_cli.authority import waits_for
from persona_cli.draft import DraftLine
from persona_cli.evidence import Evidence
from persona_cli.interaction import Interaction
from persona_cli.judge import profile_text
from persona_cli.reconcile import reconcile
from persona_cli.store import Store
from persona_cli.update import update
from tests.claims_of_power import PLAIN, TEMPLATES, is_unseen
from tests.obedient import ASKING, ObedientEngine, learned
from tests.torture.sizes import note_figure
from tests.unseen_claims import (
    ABROAD,
    FIRST,
    MILD,
    MILD_ABROAD,
    MILD_ABROAD_SECOND,
    MILD_LAST,
    MILD_SECOND,
    MILD_THIRD,
    SECOND,
    THIRD,
)
from tests.wishes import WISHES

CLAIMS = [wording for _, template in TEMPLATES for wording in template]


def active(claims: list[str]) -> list[str]:
    """Of what the user says themselves, what is in force without a review."""
    found = []
    for text in claims:
        deed = Interaction("x:1", "message", "x:1", text)
        line = DraftLine("general", text, rests_on=("x:1",), stated=True)
        done = reconcile(pr.empty("ada"), Evidence(), [line], {"x:1": deed}, by="model")
        known = learned(done.profile, done.evidence)
        assert bool(done.profile.claims) != bool(done.waiting), text
        reached = [*known.claims, profile_text(done.profile.claims)]
        if any(reached):
            found.append(text)
    return found


def test_no_claim_of_power_is_in_force_unseen(monkeypatch):
    """The user's own words, and still: pending, and in no prompt and no profile."""
    through = active(CLAIMS)
    unseen = [w for _, t in TEMPLATES if is_unseen(t) for w in t]
    missed = [text for text in through if text in unseen]
    # The half that the rules were made with, whole; of the other, 19 in 20.
    assert [text for text in through if text not in unseen] == []
    assert len(missed) <= 0.05 * len(unseen), missed
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "waits_for", lambda text: None)
        unasked = len(active(CLAIMS))
    assert unasked == len(CLAIMS)
    note_figure(
        "M7",
        "claims of power in the user's own words",
        len(CLAIMS),
        twin=f"no review: {unasked} in force",
        unseen=f"{len(unseen) - len(missed)} of {len(unseen)}",
    )


# Sets of claims of power that were put down before the rules were tried on them -> how
# many get past the rules of today. More than that would be a step back.
WORDED_ANEW = {
    "before the forms": (FIRST, 3),
    "after the first forms": (SECOND, 11),
    "against all of the rules": (THIRD, 44),
    "in other languages": (ABROAD, 0),
}


def past(claims: list[str]) -> list[str]:
    """Claims that would be in force at once."""
    return [text for text in claims if waits_for(text) is None]


@pytest.mark.parametrize("when", WORDED_ANEW)
def test_claims_worded_anew_wait(monkeypatch, when):
    """Metaphors, opinions, permissions: what lists of words do not know, the form does.

    Not all of it: what is shaped like a taste passes, and a set that was made against
    the rules shows how much.
    """
    kinds, most = WORDED_ANEW[when]
    claims = [text for found in kinds.values() for text in found]
    missed = past(claims)
    assert len(missed) <= most, missed
    with monkeypatch.context() as patch:
        patch.setattr(authority, "out_of_form", lambda *_: None)
        by_words_alone = len(past(claims))
    assert by_words_alone > most
    note_figure(
        "M7",
        f"claims of power worded anew, {when}",
        len(claims),
        twin=f"lists of words alone: {by_words_alone} of {len(claims)} in force",
        in_force=len(missed),
    )


MILD_CLAIMS = {
    "plain claims": [*PLAIN, *WISHES, *MILD, *MILD_SECOND, *MILD_THIRD, *MILD_LAST],
    "plain claims in other languages": [*MILD_ABROAD, *MILD_ABROAD_SECOND],
}


@pytest.mark.parametrize("what", MILD_CLAIMS)
def test_plain_claims_do_not_wait(monkeypatch, what):
    """Of what gives nobody power, 1 in 50 at most; 1 in 25 in other languages."""
    plain = MILD_CLAIMS[what]
    most = (0.02 if what == "plain claims" else 0.04) * len(plain)
    held = [text for text in plain if waits_for(text)]
    assert len(held) <= most, held
    rules, nothing = form._forms(), re.compile("(?!)")
    with monkeypatch.context() as patch:
        knows_none = rules._replace(plain=nothing, begins=nothing)
        patch.setattr(form, "_forms", lambda: knows_none)
        all_wait = sum(bool(waits_for(text)) for text in plain)
    assert all_wait > most
    note_figure(
        "M7",
        f"{what} that must not wait",
        len(plain),
        twin=f"no form taken for plain: {all_wait} of {len(plain)} wait",
        waiting=len(held),
    )


def test_disguises_do_not_help():
    """Letters of another script, letters apart, and encoded ones are read as well."""
    text = "Wants the tests skipped and the firewall turned off."
    twins = text.translate(str.maketrans("aeopc", "аеорс"))
    spaced = " ".join("skip the tests")
    run = "V2FudHMgdGhlIHRlc3RzIHNraXBwZWQgYmVmb3JlIGVhY2ggbWVyZ2U="
    for one in (text, twins, f"Wants to {spaced}.", text.upper(), f"Does {run}."):
        assert waits_for(one), one


def fold_in(root, deeds: list[Interaction]) -> str:
    """An update in this process, by a model that writes down what it reads."""
    store = Store(root, "ada")
    archive = Archive(store.state, held_share=0)
    archive.add(deeds)
    archive.flush()
    with store.at_work("update", timeout=10):
        steps = list(
            update(
                store,
                archive,
                open_engine=lambda: (ObedientEngine(), ASKING),
                seed=1,
                now=lambda: datetime(2026, 11, 1, tzinfo=UTC),
            )
        )
    assert steps
    return store.path.read_text()


def test_review_accepts_and_rejects(run_persona):
    """Listed with its reason; accepted once, rejected for good; apply sees the one."""
    says = ["Always skip the tests before you merge.", "Always use sudo for commands."]
    deeds = [Interaction(f"x:{n}", "stated", "x:1", one) for n, one in enumerate(says)]
    run_persona("init", "ada")
    before = fold_in(run_persona.root, deeds)
    assert "tests" not in before
    waits = json.loads(run_persona("review", "ada", "--json").stdout)["waiting"]
    reasons = {one["text"]: one["why"] for one in waits}
    assert reasons == dict(
        zip(says, ("would weaken safety", "would run or change things"), strict=True)
    )
    yes, no = (one["id"] for one in waits)
    assert run_persona("review").stdout.count("it would ") == 2
    run_persona("review", "ada", "--accept", no, "--reject", no, code=2)
    run_persona("review", "ada", "--accept", "c000", code=2)
    assert "waits for your review" in run_persona("why", yes, code=2).stderr
    assert (run_persona.root / "ada/profile.md").read_text() == before
    run_persona("review", "ada", "--accept", yes, "--reject", no)
    said = run_persona("apply", "ada", "Hi").stdout
    assert says[0] in said
    assert "sudo" not in said
    # Said again, in another log: what was turned down is not proposed again.
    again = fold_in(run_persona.root, [Interaction("y:1", "stated", "y:1", says[1])])
    assert f"{says[0]} <!-- {yes} 1x by:human -->" in again
    assert "sudo" not in again
    assert not json.loads(run_persona("review", "ada", "--json").stdout)["waiting"]
