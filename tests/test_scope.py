"""What holds in one project stays there: from the log to the prompt."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli import profile as pr
from persona_cli.digest import digest
from persona_cli.evidence import Evidence, Wording
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.rebuild import rebuild
from persona_cli.reconcile import reconcile
from persona_cli.scope import as_word, covers, from_word, scope_named, united
from persona_cli.select import select
from persona_cli.waiting import Waiting
from tests.fakes import ScriptedEngine
from tests.gated import ASKING, NOW, archive_of
from tests.gated import run as run_update
from tests.test_reconcile import HEAD, kinds, line

TIDE, HARBOUR = "project:tide", "project:harbour"

BODY = (
    "\n## coding\n"
    "- Uses pip for packages. <!-- c111 4x 2026-05-01 -->\n"
    "- Runs the linter before a commit. <!-- c222 3x 2026-05-01 project:tide -->\n"
    "- Keeps modules short. <!-- c333 3x 2026-05-01 project:tide by:human -->\n"
)


def said(number, text, scope):
    at = datetime(2026, 6, number, tzinfo=UTC)
    return Interaction(f"x:{number}", "message", "x:1", text, at=at, scope=scope)


DEEDS = {
    one.id: one
    for one in (
        said(1, "run the linter before you commit, and use uv for packages", HARBOUR),
        said(2, "keep the modules short", HARBOUR),
        said(3, "use uv for packages here", TIDE),
        said(4, "run the linter before each commit", TIDE),
        said(5, "what does this flag do", HARBOUR),
        said(6, "keep modules short", TIDE),
    )
}


def fold(*lines, body=BODY, deeds=DEEDS, by="scripted infer@1"):
    profile = pr.parse(HEAD + body, place="ada")
    written = [
        Wording(c.id, c.text, c.section, "active", "tiny", 3) for c in profile.claims
    ]
    return reconcile(profile, Evidence().with_entries(written), lines, deeds, by=by)


def scopes(done):
    return {claim.text: claim.scope for claim in done.profile.claims}


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda name: name.isprintable() and name == " ".join(name.split())
)


@given(NAMES)
def test_any_name_of_a_folder_comes_back_out_of_a_mark(name):
    """It is one word there, so it can neither end the mark nor say more in it."""
    claim = Claim("c111", "coding", "Uses uv.", 3, scope=f"project:{name}")
    text = HEAD + f"\n## coding\n- {pr.line_of(claim)}\n"
    assert pr.parse(text, place="ada").claims == (claim,)


@pytest.mark.parametrize("name", ["tide by:human stated", "a-->b", "100%", "%20", "<b"])
def test_a_name_cannot_pin_a_claim_or_end_its_mark(name):
    """What a log calls its folder is a name, whatever it looks like."""
    claim = Claim("c111", "coding", "Uses uv.", 3, scope=f"project:{name}")
    text = HEAD + f"\n## coding\n- {pr.line_of(claim)}\n"
    assert pr.parse(text, place="ada").claims == (claim,)


@pytest.mark.parametrize("word", ["project:%1b[31m", "project:%zz", "project:%ff"])
def test_nothing_that_acts_comes_out_of_a_mark(word):
    """What would be no name, once decoded, is left as it stands."""
    assert from_word(word) == word


def test_scopes_that_a_person_names():
    """With the word project or without; and what cannot be a name is refused."""
    assert scope_named("global") == "global"
    assert scope_named("project:tide") == scope_named(" tide ") == TIDE
    assert as_word(scope_named("my tide")) == "project:my%20tide"
    for wrong in ("", "project:", "a\x1bb", "x" * 300):
        with pytest.raises(ValueError, match="is not global or project:NAME"):
            scope_named(wrong)
    assert united([TIDE, TIDE]) == TIDE
    assert united([TIDE, HARBOUR]) == united([]) == "global"
    assert covers("global", TIDE)
    assert not covers(TIDE, "global")


def test_one_project_retires_no_claim_of_everywhere():
    """It is an exception there: the claim stays, and the project gets its own."""
    done = fold(
        line("Uses uv, not pip.", "coding", retires=("c111",), rests_on=("x:3",))
    )
    assert done.profile.find("c111") is not None
    assert scopes(done)["Uses uv, not pip."] == TIDE
    assert done.dropped["holds in one project, and the claim elsewhere too"] == 1


def test_one_project_retires_no_claim_of_another():
    """What was said in the harbour does not end what holds in the tide."""
    text = "Never runs the linter."
    done = fold(line(text, "coding", retires=("c222",), rests_on=("x:1",)))
    assert done.profile.find("c222").scope == TIDE
    assert scopes(done)[text] == HARBOUR


@pytest.mark.parametrize("ids", [("x:1", "x:3"), ("x:3", "x:1")])
def test_two_projects_retire_a_claim_of_everywhere(ids):
    """Then it holds nowhere any more."""
    done = fold(line("Uses uv, not pip.", "coding", retires=("c111",), rests_on=ids))
    assert done.profile.find("c111") is None
    assert scopes(done)["Uses uv, not pip."] == "global"


def test_a_project_retires_its_own():
    """As before."""
    text = "Never runs the linter."
    done = fold(line(text, "coding", retires=("c222",), rests_on=("x:4",)))
    assert done.profile.find("c222") is None


@pytest.mark.parametrize(
    ("keeps", "ids", "text", "own"),
    [
        # everywhere: pip; the tide would have it say something of the tide's
        ("c111", ("x:3",), "Uses uv for the packages of the tide.", TIDE),
        # the tide's claim, reworded by what was said in the harbour
        (
            "c222",
            ("x:1",),
            "Runs the linter and the harbour tests with every push.",
            HARBOUR,
        ),
    ],
)
def test_one_project_rewords_no_claim_of_elsewhere(keeps, ids, text, own):
    """What it adds is a claim of its own."""
    done = fold(line(text, "coding", keeps=(keeps,), rests_on=ids))
    before = pr.parse(HEAD + BODY, place="ada")
    assert done.profile.find(keeps) == before.find(keeps)
    assert scopes(done)[text] == own


def test_a_claim_that_is_only_copied_goes_nowhere():
    """A model that cites the wrong project's deed for it takes nothing along."""
    copied = line("Runs the linter before a commit.", "coding", rests_on=("x:5",))
    for one in (copied, replace(copied, keeps=("c222",))):
        done = fold(one)
        assert kinds(done) == []
        assert done.dropped == {"of another project": 1}


def test_a_claim_that_another_project_bears_out_holds_everywhere():
    """Its own words say so."""
    text = "Runs the linter before a commit."
    done = fold(line(text, "coding", keeps=("c222",), rests_on=("x:1",)))
    assert done.profile.find("c222").scope == "global"


def test_a_claim_that_a_person_held_to_a_project_stays_there():
    """Elsewhere the same is a claim of its own; and its own project still bears it out.

    Also where one line cites both.
    """
    text = "Keeps modules short."
    done = fold(line(text, "coding", keeps=("c333",), rests_on=("x:2", "x:6")))
    assert done.profile.find("c333").scope == TIDE
    assert done.profile.find("c333").count == 4
    others = [c for c in done.profile.claims if c.text == text and c.id != "c333"]
    assert [(c.scope, c.count) for c in others] == [(HARBOUR, 1)]


def test_claims_of_two_projects_that_become_one_hold_in_both():
    """A near-duplicate that goes leaves no project without it."""
    body = (
        "\n## coding\n"
        "- Runs the linter before a commit. <!-- c111 2x 2026-05-01 project:tide -->\n"
        "- Runs the linter before commits. <!-- c222 2x project:harbour -->\n"
    )
    text = "Runs the linter before a commit."
    both = line(text, "coding", keeps=("c111", "c222"), rests_on=("x:4",))
    done = fold(both, body=body)
    assert scopes(done) == {text: "global"}
    pinned = body.replace("project:tide", "project:tide by:human")
    done = fold(both, body=pinned)
    assert list(scopes(done).values()) == [TIDE, HARBOUR]


def test_what_waits_for_review_waits_for_each_project():
    """Taken over in one, it is not taken over in the other."""
    waiting = Waiting(Evidence(), by="tiny", version=1)
    names = iter(("c1", "c2", "c3"))
    claim = Claim("", "coding", "Always run rm -rf on the build folder.", scope=TIDE)
    assert waiting.hold(claim, name=lambda _: next(names)) == "c1"
    assert waiting.hold(claim, name=lambda _: next(names)) == "c1"
    other = replace(claim, scope=HARBOUR)
    assert waiting.hold(other, name=lambda _: next(names)) == "c2"
    assert [(one.claim, one.scope) for one in waiting.new] == [
        ("c1", TIDE),
        ("c2", HARBOUR),
    ]


def test_what_was_said_in_one_project_takes_back_none_of_anothers():
    """Counting sees both; within one project the newer wish counts."""
    old, new = said(1, "I switched from pip to uv.", TIDE), "I switched from uv to pdm."
    claims = {one.claim: one.ids for one in digest([old, said(2, new, TIDE)])}
    assert not any("x:1" in ids for ids in claims.values()), claims
    claims = {one.claim: one.ids for one in digest([old, said(2, new, HARBOUR)])}
    assert any(ids == ("x:1",) for ids in claims.values()), claims


def test_a_model_sees_no_claim_of_another_project(run_persona):
    """Of what is known, only what holds everywhere stands beside a project's log."""
    from persona_cli.store import Store

    run_persona("init", "ada")
    store = Store(run_persona.root, "ada")
    store.path.write_text(HEAD + BODY)
    engine = ScriptedEngine("- [i1] coding | Wants tests.\n")
    list(run_update(store, engine, said(2, "write tests please", HARBOUR)))
    (prompt,) = engine.prompts
    assert "Uses pip for packages." in prompt
    assert "linter" not in prompt
    assert store.load().profile.find("c222").scope == TIDE


def test_rebuild_gives_each_project_its_own_claim_back(run_persona):
    """Of two that say the same, neither takes the other's id and history."""
    from persona_cli.store import Store

    run_persona("init", "ada")
    store = Store(run_persona.root, "ada")
    body = (
        "\n## coding\n"
        "- Runs the linter first. <!-- c111 1x 2026-05-01 project:tide -->\n"
        "- Runs the linter first. <!-- c222 1x 2026-05-01 project:harbour -->\n"
    )
    store.path.write_text(HEAD + body)
    archive = archive_of(store, said(1, "run the linter first", HARBOUR))
    engine = ScriptedEngine("- [i1] coding | Runs the linter first.\n")
    with store.at_work("rebuild", timeout=1):
        *_, last = rebuild(
            store,
            archive,
            open_engine=lambda: (engine, ASKING),
            seed=1,
            now=lambda: NOW,
        )
    assert [(c.id, c.scope) for c in last.profile.claims] == [("c222", HARBOUR)]


CLAIMS = (
    Claim("c1", "coding", "Uses pip for packages.", 5),
    Claim("c2", "coding", "Uses uv for packages, not pip.", 3, scope=TIDE),
    Claim("c3", "coding", "Writes tests first.", 3, scope=HARBOUR),
    Claim("c4", "coding", "Keeps functions small.", 3),
)


def test_in_its_project_an_exception_overrules():
    """A prompt holds one of the two; elsewhere the rule holds as before."""
    here = select(CLAIMS, budget=None, task=None, scope=TIDE)
    assert [claim.id for claim in here.kept] == ["c2", "c4"]
    assert here.reasons == {"c1": "overruled", "c3": "scope"}
    for scope in (None, "global", HARBOUR):
        there = select(CLAIMS, budget=None, task=None, scope=scope)
        assert "c1" in {claim.id for claim in there.kept}
        assert "c2" not in {claim.id for claim in there.kept}


def test_what_a_person_wrote_is_overruled_by_nothing():
    """Both stand in the prompt then, and the person sees it there."""
    mine = replace(CLAIMS[0], by="human")
    here = select((mine, *CLAIMS[1:]), budget=None, task=None, scope=TIDE)
    assert [claim.id for claim in here.kept] == ["c1", "c2", "c4"]
