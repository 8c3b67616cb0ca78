"""Each rule by which a draft becomes the next profile."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.draft import DraftLine, read_draft
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.interaction import Interaction
from persona_cli.reconcile import reconcile

HEAD = "---\ntype: persona-profile\npersona: 1\nversion: 3\n---\n# Ada\n"
BODY = (
    "\n## communication\n"
    "- Prefers short answers. <!-- c111 4x 2026-05-01 -->\n"
    "- Likes a dry tone. <!-- c222 1x 2026-05-01 -->\n"
    "- I read on a small screen.\n"
    "\n## coding\n"
    "- Uses pip for packages. <!-- c333 3x 2026-05-01 -->\n"
)


def deed(number, day=10, kind="message", chosen="shorter please", **more):
    return Interaction(
        id=f"x:{number}",
        kind=kind,
        source="x:1",
        chosen=chosen,
        at=datetime(2026, 6, day, tzinfo=UTC),
        **more,
    )


DEEDS = {one.id: one for one in (deed(1), deed(2), deed(3, day=12))}


def ada(body=BODY):
    profile = pr.parse(HEAD + body, place="ada")
    written = [
        Wording(c.id, c.text, c.section, "active", "tiny", 3)
        for c in profile.claims
        if not c.pinned
    ]
    return profile, Evidence().with_entries(written)


def fold(*lines, profile=None, evidence=None, deeds=DEEDS, **more):
    if profile is None:
        profile, evidence = ada()
    return reconcile(profile, evidence, lines, deeds, by="scripted infer@1", **more)


def kinds(done):
    return [(change.kind, change.claim.id) for change in done.changes]


def line(text, section="communication", **more):
    return DraftLine(section=section, text=text, **more)


def test_a_line_that_cites_only_a_past_claim_keeps_it():
    """Restated in other words and without evidence, a claim stays as it is."""
    done = fold(line("Wants brief replies.", keeps=("c111",)))
    assert done.changes == ()
    assert pr.render(done.profile) == HEAD + BODY


def test_past_claim_and_interactions_reinforce():
    """The count grows by the new interactions, and the day is that of the newest."""
    done = fold(
        line("Prefers short answers.", keeps=("c111",), rests_on=("x:1", "x:3"))
    )
    assert kinds(done) == [("reinforced", "c111")]
    claim = done.profile.find("c111")
    assert (claim.count, claim.last) == (6, date(2026, 6, 12))
    links = done.evidence.links("c111")
    assert [(k.interaction, k.side, k.quote) for k in links] == [
        ("x:1", "for", "shorter please"),
        ("x:3", "for", "shorter please"),
    ]


def test_an_interaction_counts_once():
    """Folding the same line in again changes nothing."""
    said = line("Prefers short answers.", keeps=("c111",), rests_on=("x:1",))
    once = fold(said)
    again = fold(said, profile=once.profile, evidence=once.evidence)
    assert again.changes == ()
    assert pr.render(again.profile) == pr.render(once.profile)


def test_other_words_with_evidence_revise():
    """The words change, the id and the evidence stay, and the old words are kept."""
    text = "Prefers short answers, with the code first and the reasons after it."
    done = fold(line(text, keeps=("c111",), rests_on=("x:1",)))
    assert kinds(done) == [("revised", "c111")]
    assert done.profile.find("c111").text == text
    assert done.evidence.wordings()["c111"].words == text
    assert done.changes[0].before.text == "Prefers short answers."


def test_only_interactions_add():
    """A new claim gets an id, its support and its quotes."""
    done = fold(line("Wants type hints.", "coding", rests_on=("x:1", "x:2")))
    ((kind, found),) = kinds(done)
    assert kind == "added"
    claim = done.profile.find(found)
    assert (claim.section, claim.count, claim.tentative) == ("coding", 2, False)
    assert len(done.evidence.links(found)) == 2


def test_a_claim_seen_once_is_tentative():
    """One interaction makes a claim that is kept and not yet applied."""
    done = fold(line("Wants type hints.", "coding", rests_on=("x:1",)))
    assert done.changes[0].claim.tentative
    assert " 1x " in pr.render(done.profile)


def test_a_claim_stated_by_the_user_is_not_tentative():
    """What the user said outright holds from the first time."""
    stated = deed(9, kind="stated", chosen="I want type hints")
    done = fold(
        line("Wants type hints.", "coding", rests_on=("x:9",)), deeds={"x:9": stated}
    )
    assert done.changes[0].claim.stated
    assert not done.changes[0].claim.tentative


def test_a_newer_interaction_retires():
    """The old claim goes to the evidence file, and the new one takes its place."""
    done = fold(
        line(
            "Uses uv for packages, no longer pip.",
            "coding",
            retires=("c333",),
            rests_on=("x:3",),
        )
    )
    assert [kind for kind, _ in kinds(done)] == ["retired", "added"]
    assert done.profile.find("c333") is None
    gone = done.evidence.wordings()["c333"]
    assert (gone.status, gone.words) == ("retired", "Uses pip for packages.")
    assert [k.side for k in done.evidence.links("c333")] == ["against"]


def test_an_older_interaction_does_not_retire():
    """A claim is not overturned by what came before it."""
    old = replace(deed(1), at=datetime(2026, 4, 1, tzinfo=UTC))
    done = fold(
        line("Uses uv for packages.", "coding", retires=("c333",), rests_on=("x:1",)),
        deeds={"x:1": old},
    )
    assert done.changes == ()
    assert done.dropped == {"older than the claim it retires": 1}
    assert pr.render(done.profile) == HEAD + BODY


def test_a_claim_turned_into_its_contrary_is_refused():
    """Rewording cannot smuggle in a retirement."""
    done = fold(line("Dislikes short answers.", keeps=("c111",), rests_on=("x:1",)))
    assert done.changes == ()
    assert done.dropped == {"contradicts the claim it cites": 1}


def test_uncited_claims_are_kept():
    """A draft that says nothing loses nothing."""
    done = fold()
    assert pr.render(done.profile) == HEAD + BODY


def test_near_duplicates_merge():
    """A line that says a claim again, without citing it, reinforces it."""
    done = fold(line("Prefers shorter answers.", rests_on=("x:1",)))
    assert kinds(done) == [("reinforced", "c111")]
    assert done.profile.find("c111").text == "Prefers short answers."


def test_two_lines_of_one_draft_merge():
    """A model that repeats itself makes one claim, not two."""
    done = fold(
        line("Wants type hints.", "coding", rests_on=("x:1",)),
        line("Wants type hints!", "coding", rests_on=("x:2",)),
    )
    assert [kind for kind, _ in kinds(done)] == ["added"]
    assert done.changes[0].claim.count == 2


def test_hand_written_lines_are_never_touched():
    """A line without a mark may gain evidence, and keeps every byte."""
    profile, evidence = ada()
    mine = next(c for c in profile.claims if c.pinned)
    said = line("Reads on a tiny screen.", keeps=(mine.id,), rests_on=("x:1",))
    against = line("Reads on a large screen.", retires=(mine.id,), rests_on=("x:3",))
    done = fold(said, against, profile=profile, evidence=evidence)
    assert "- I read on a small screen.\n" in pr.render(done.profile)
    assert done.dropped == {"contradicts what you wrote": 1}
    assert {k.side for k in done.evidence.links(mine.id)} == {"for", "against"}


def test_a_hand_edited_claim_becomes_the_persons():
    """Its words stay as they were typed, its evidence stays with it."""
    _, evidence = ada()
    body = BODY.replace("Likes a dry tone.", "Likes a dry, friendly tone.")
    adopted = adopt(pr.parse(HEAD + body, place="ada"), evidence)
    assert [claim.id for claim in adopted.edited] == ["c222"]
    done = fold(
        line("Likes a cold tone.", keeps=("c222",), rests_on=("x:1",)),
        line("Likes it loud.", retires=("c222",), rests_on=("x:2",)),
        profile=adopted.profile,
        evidence=adopted.evidence,
    )
    claim = done.profile.find("c222")
    assert claim.text == "Likes a dry, friendly tone."
    assert claim.pinned
    assert claim.count == 2


def test_a_claim_a_person_deleted_does_not_come_back():
    """Taking a line out is an answer; the same claim is not proposed again."""
    _, evidence = ada()
    gone = "- Likes a dry tone. <!-- c222 1x 2026-05-01 -->\n"
    adopted = adopt(pr.parse(HEAD + BODY.replace(gone, ""), place="ada"), evidence)
    assert [wording.claim for wording in adopted.removed] == ["c222"]
    done = fold(
        line("Likes a dry tone.", rests_on=("x:1",)),
        profile=adopted.profile,
        evidence=adopted.evidence,
    )
    assert done.changes == ()
    assert done.dropped == {"you removed this claim": 1}


def test_adopting_twice_is_adopting_once():
    """What was taken over is not taken over again."""
    _, evidence = ada()
    body = BODY.replace("Likes a dry tone.", "Likes wit.")
    once = adopt(pr.parse(HEAD + body, place="ada"), evidence)
    again = adopt(once.profile, once.evidence)
    assert (again.edited, again.removed) == ((), ())
    assert again.profile == once.profile


def test_a_refused_change_is_left_out():
    """A person who says no to a new claim is not asked for it again."""
    said = line("Wants type hints.", "coding", rests_on=("x:1",))
    done = fold(said, accept=lambda change: False)
    assert done.changes == ()
    assert pr.render(done.profile) == HEAD + BODY
    again = fold(said, profile=done.profile, evidence=done.evidence)
    assert again.dropped == {"you removed this claim": 1}


@pytest.mark.parametrize(
    ("answer", "dropped"),
    [
        ("Sure! Here is the list:", "not a claim line"),
        ("- [] coding | Wants type hints.", "cites nothing"),
        ("- [p9] coding | Wants type hints.", "cites what does not exist"),
        ("- [i1 i4] coding | Wants type hints.", "cites what does not exist"),
        ("- [!i1] coding | Wants type hints.", "cites what does not exist"),
        ("- [i0] coding | Wants type hints.", "cites what does not exist"),
        ("- [i1] coding | " + "Wants " * 100, "longer than a claim"),
    ],
)
def test_a_line_without_good_citations_is_dropped_and_counted(answer, dropped):
    """Chatter, no citation, and a citation of nothing that is there."""
    draft = read_draft(answer, past=["c111"], window=["x:1", "x:2"])
    assert draft.lines == ()
    assert draft.dropped == {dropped: 1}


def test_the_citation_form_is_read():
    """Past claims, retirements and interactions come out as their ids."""
    draft = read_draft(
        "- [p1 i2, i1] Communication | Prefers  short answers.\n"
        "- [!p2 i2] coding | Uses uv.\n- [i1] half a li",
        past=["c111", "c333"],
        window=["x:1", "x:2"],
        cut=True,
    )
    assert draft.lines == (
        DraftLine(
            "communication",
            "Prefers short answers.",
            keeps=("c111",),
            rests_on=("x:2", "x:1"),
        ),
        DraftLine("coding", "Uses uv.", retires=("c333",), rests_on=("x:2",)),
    )


def test_merging_hands_the_evidence_on():
    """Two claims that a line cites as one become one, with the links of both."""
    body = BODY.replace("Likes a dry tone.", "Prefers shorter answers.")
    profile = pr.parse(HEAD + body, place="ada")
    at = datetime(2026, 5, 1, tzinfo=UTC)
    evidence = Evidence().with_entries(
        [
            *(
                Wording(c.id, c.text, c.section, "active", "tiny", 3)
                for c in profile.claims
                if not c.pinned
            ),
            Link("c222", "x:77", "x:1", at, "for", "too long"),
        ]
    )
    done = fold(
        line("Prefers short answers.", keeps=("c111", "c222"), rests_on=("x:1",)),
        profile=profile,
        evidence=evidence,
    )
    assert kinds(done) == [("reinforced", "c111"), ("retired", "c222")]
    assert done.profile.find("c111").count == 6
    assert {k.interaction for k in done.evidence.links("c111")} == {"x:77", "x:1"}


WORDS = st.sampled_from(
    ["Prefers short answers.", "Dislikes it all.", "Wants $x <b>.", "Uses pip.", "é"]
)
CITES = st.lists(st.sampled_from(["c111", "c222", "c333", "h000", "c999"]), max_size=3)
DRAFTS = st.lists(
    st.builds(
        DraftLine,
        section=st.sampled_from(["communication", "coding", "new"]),
        text=WORDS,
        keeps=CITES.map(tuple),
        retires=CITES.map(tuple),
        rests_on=st.lists(st.sampled_from(sorted(DEEDS)), max_size=3).map(tuple),
    ),
    max_size=8,
)
HAND = st.lists(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>`~"),
        min_size=1,
    ).filter(str.strip),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(DRAFTS, HAND)
def test_whatever_the_engine_says_nothing_is_lost(draft, by_hand):
    """No byte a person wrote, and no claim that the draft leaves uncited."""
    body = BODY + "".join(f"{text}\n" for text in by_hand)
    profile, evidence = ada(body)
    done = fold(*draft, profile=profile, evidence=evidence)
    after = pr.render(done.profile)
    mine = [
        text
        for number, text in enumerate(profile.body)
        if not any(s.marked and s.first <= number < s.end for s in profile.spots)
    ]
    place = 0
    for text in mine:  # all of it, and in the order it stood in
        place = after.index(text, place) + len(text)
    retired = {found for one in draft for found in one.retires}
    cited = retired | {found for one in draft for found in one.keeps}
    for claim in profile.claims:
        now = done.profile.find(claim.id)
        if claim.id not in cited:
            assert now is not None
            assert now.text == claim.text
        elif now is None:
            gone = done.evidence.wordings()[claim.id]
            assert (gone.status, gone.words) == ("retired", claim.text)
    for old, new in zip(evidence.lines, done.evidence.lines, strict=False):
        assert old == new


@pytest.mark.parametrize(
    ("said", "section", "stated", "scope"),
    [
        ("Wants type hints.", "coding", False, "project:tide"),
        ("Asks never to push.", "coding", True, "project:tide"),
        ("Prefers pytest.", "coding", True, "global"),
        ("Prefers pytest.", "coding", False, "project:tide"),
        ("Prefers long answers.", "media", False, "project:tide"),
        ("Wants no greeting.", "communication", False, "global"),
    ],
)
def test_what_was_seen_in_one_project_holds_there(said, section, stated, scope):
    """Unless it is how to answer, or a taste the user spoke of as theirs."""
    deeds = {one.id: one for one in (deed(1, scope="project:tide"),)}
    done = fold(line(said, section, rests_on=("x:1",), stated=stated), deeds=deeds)
    assert done.changes[0].claim.scope == scope


def test_a_claim_of_two_projects_holds_everywhere():
    """What another project bears out too is no custom of the first."""
    deeds = {
        one.id: one
        for one in (
            deed(1, scope="project:tide"),
            deed(2, scope="project:harbour", chosen="add type hints here too"),
        )
    }
    once = fold(line("Wants type hints.", "coding", rests_on=("x:1",)), deeds=deeds)
    again = fold(
        line("Wants type hints.", "coding", rests_on=("x:2",)),
        profile=once.profile,
        evidence=once.evidence,
        deeds=deeds,
    )
    assert once.changes[0].claim.scope == "project:tide"
    assert again.changes[0].claim.scope == "global"
