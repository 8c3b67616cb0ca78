"""Two versions become one, claim by claim: the rules, and what holds of all of them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.adopt import adopt
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.interaction import mark
from persona_cli.merging import Merged, merge
from persona_cli.merging.sides import Side, renamed, side_of
from persona_cli.merging.text import sides_of
from persona_cli.tombstones import forgotten_in
from tests.merge_cases import (
    added,
    by_hand,
    first,
    forgotten,
    histories,
    link,
    next_version,
    reinforced,
    retired,
    reworded,
    written,
)

MANY = settings(max_examples=25, deadline=None)


def same(one: Side, two: Side) -> bool:
    """Whether two versions are the same bytes."""
    return (pr.render(one.profile), ev.render(one.evidence)) == (
        pr.render(two.profile),
        ev.render(two.evidence),
    )


def result(merged: Merged) -> Side:
    """What is on disk after a merge without conflicts."""
    text = written(merged)
    assert text.conflicts == 0
    return Side(pr.parse(text.text, place="merged"), merged.evidence)


def adopted(merged: Merged, text: str) -> Side:
    """What persona makes of the merged files when it reads them."""
    return side_of(pr.parse(text, place="merged"), merged.evidence)


def last_words(merged: Merged) -> dict[str, tuple[str, str]]:
    """What became of each claim, by its id."""
    last = merged.evidence.wordings().values()
    return {one.claim: (one.words, one.status) for one in last if one.claim}


def marks_of(side: Side, claim: str) -> set[str]:
    """What a claim rests on, as ``forget`` names it."""
    return {mark(link.interaction) for link in side.evidence.links(claim)}


def keys(evidence: ev.Evidence) -> set[tuple[str, str, str]]:
    """Every link, without its quote."""
    return evidence.linked()


@MANY
@given(histories(1))
def test_what_one_side_alone_did_is_taken_as_it_is(versions):
    """To the byte, whichever side it was; and a merge with itself is nothing."""
    base, side = versions
    assert same(result(merge(base, base, side)), side)
    assert same(result(merge(base, side, base)), side)
    assert same(result(merge(base, side, side)), side)


@MANY
@given(histories())
def test_no_side_is_the_first(versions):
    """The same claims, conflicts and lines of evidence, whichever is called ours."""
    base, ours, theirs = versions
    one, two = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.claims == two.claims
    assert {(c.id, c.ours, c.theirs) for c in one.conflicts.values()} == {
        (c.id, c.theirs, c.ours) for c in two.conflicts.values()
    }
    assert set(one.evidence.lines) == set(two.evidence.lines)
    assert len(one.evidence.lines) == len(two.evidence.lines)
    if not one.conflicts:
        assert last_words(one) == last_words(two)


@MANY
@given(histories())
def test_nothing_is_lost(versions):
    """Each link is there, each claim stands or is said to be gone, each line too."""
    base, ours, theirs = versions
    merged = merge(base, ours, theirs)
    text = written(merged)
    gone = forgotten_in(merged.evidence)
    there = {*merged.claims, *merged.conflicts}
    settled = {} if text.conflicts else adopted(merged, text.text).evidence.wordings()
    settled = settled or merged.evidence.wordings()
    for side in (side_of(s.profile, s.evidence) for s in (ours, theirs)):
        for entry in side.evidence.entries:
            if isinstance(entry, Link):
                is_gone = entry.claim in gone.claims
                is_gone |= bool(marks_of(side, entry.claim) & gone.marks)
                kept = (entry.claim, entry.interaction, entry.side)
                assert is_gone or kept in keys(merged.evidence)
        for claim_id in side.marked():
            last = settled.get(claim_id)
            said = last is not None and last.status != "active"
            fell = marks_of(side, claim_id) & gone.marks
            assert claim_id in there or said or fell
    for part in sides_of(text.text):
        profile = pr.parse(part, place="merged")
        assert {s.claim.id for s in profile.spots if s.marked} >= {*merged.claims}
    for line in ("- By hand.", "Free text.", "- Two."):
        counts = [pr.render(s.profile).count(line) for s in (ours, theirs)]
        assert text.text.count(line) >= max(counts)


@MANY
@given(histories())
def test_profile_and_evidence_agree(versions):
    """Persona takes nothing in a merged profile for an edit by hand."""
    merged = merge(*versions)
    text = written(merged)
    if text.conflicts or merged.three is None:
        return
    profile = pr.parse(text.text, place="merged")
    adopted = adopt(profile, merged.evidence)
    assert (adopted.edited, adopted.removed) == ((), ())
    for claim in profile.claims:
        links = [k for k in merged.evidence.links(claim.id) if k.side == "for"]
        if claim.id.startswith("c"):
            assert claim.count == len(links)


TEXT = "Prefers short answers."


@pytest.fixture
def base() -> Side:
    """A version with one claim, that two deeds bear out."""
    return added(first(), TEXT, [1, 2], section="communication")


@pytest.fixture
def claim_id(base) -> str:
    """Of that claim."""
    return base.profile.claims[0].id


def texts(merged: Merged) -> dict[str, int]:
    """Words -> support, of all that stands."""
    return {claim.text: claim.count for claim in merged.claims.values()}


def test_what_both_have_read_counts_once(base, claim_id):
    """Support is counted from the links, and not added up."""
    ours = reinforced(base, claim_id, [3, 4, 5])
    theirs = reinforced(base, claim_id, [5, 6])
    assert texts(merge(base, ours, theirs)) == {TEXT: 6}


def test_without_evidence_what_each_has_counted_since_is_added(base, claim_id):
    """A side whose evidence could not be found speaks by its marks alone."""
    ours = reinforced(base, claim_id, [3, 4, 5])
    theirs = Side(reinforced(base, claim_id, [6]).profile, Evidence())
    assert texts(merge(base, ours, theirs)) == {TEXT: 6}


def test_of_two_models_the_one_with_the_newer_evidence_has_the_word(base, claim_id):
    """And the other's wording stays in the evidence."""
    ours = reworded(reinforced(base, claim_id, [9]), claim_id, "Wants it short.")
    theirs = reworded(reinforced(base, claim_id, [8]), claim_id, "Likes it short.")
    merged = merge(base, ours, theirs)
    assert texts(merged) == {"Wants it short.": 4}
    said = {e.words for e in merged.evidence.entries if isinstance(e, Wording)}
    assert {"Wants it short.", "Likes it short."} <= said


def test_a_persons_words_go_before_newer_ones_of_a_model(base, claim_id):
    """Whichever side they are on."""
    ours = by_hand(base, TEXT, "Brief, please.")
    theirs = reworded(reinforced(base, claim_id, [9]), claim_id, "Likes it short.")
    for merged in (merge(base, ours, theirs), merge(base, theirs, ours)):
        (claim,) = merged.claims.values()
        assert (claim.text, claim.pinned, claim.count) == ("Brief, please.", True, 3)


@pytest.mark.parametrize(("against", "stays"), [(4, True), (9, False)])
def test_retired_here_and_borne_out_there(base, claim_id, against, stays):
    """What is newer decides."""
    ours, theirs = reinforced(base, claim_id, [6]), retired(base, claim_id, against)
    merged = merge(base, ours, theirs)
    assert texts(merged) == ({TEXT: 3} if stays else {})
    last = merged.evidence.wordings()[claim_id]
    assert last.status == ("active" if stays else "retired")
    result(merged)


def test_no_model_retires_what_a_person_put(base, claim_id):
    """Edited here, retired there: it stays."""
    ours = by_hand(base, TEXT, "Brief, please.")
    assert texts(merge(base, ours, retired(base, claim_id, 9))) == {"Brief, please.": 2}


def test_a_persons_no_is_kept(base, claim_id):
    """Deleted here, borne out there: it is gone, and not proposed again."""
    ours = by_hand(base, f"- {pr.line_of(base.profile.claims[0])}\n", "")
    merged = merge(base, ours, reinforced(base, claim_id, [9]))
    assert texts(merged) == {}
    assert merged.evidence.wordings()[claim_id].status == "removed"


def test_deleted_here_and_edited_there_is_a_conflict(base, claim_id):
    """Git's marks say so, and hold nothing else."""
    ours = by_hand(base, f"- {pr.line_of(base.profile.claims[0])}\n", "")
    theirs = by_hand(base, TEXT, "Brief, please.")
    text = written(merge(base, ours, theirs))
    assert text.conflicts == 1
    start = text.text.index("<<<<<<<")
    line = "- Brief, please. <!-- cd56 2x 2026-11-03 by:human -->"
    inside = f"<<<<<<< ours\n=======\n{line}\n>>>>>>> theirs\n"
    assert text.text[start:] == inside


def test_two_people_who_put_it_differently_are_a_conflict(base, claim_id):
    """Of one claim; each side's line is there, whole, with the support of both."""
    ours = by_hand(reinforced(base, claim_id, [5]), TEXT, "Brief, please.")
    theirs = by_hand(reinforced(base, claim_id, [6]), TEXT, "One sentence.")
    for one, two in ((ours, theirs), (theirs, ours)):
        merged = merge(base, one, two)
        assert list(merged.conflicts) == [claim_id]
        text = written(merged)
        assert text.conflicts == 1
        (mine,), (yours,) = (
            pr.parse(part, place="part").claims for part in sides_of(text.text)
        )
        assert {mine.text, yours.text} == {"Brief, please.", "One sentence."}
        assert mine.count == yours.count == 4


def test_one_link_with_two_quotes_is_one_link(base, claim_id):
    """Two models quote the same deed differently: one line stays, whoever is ours."""
    ours = reinforced(base, claim_id, [5])
    last = ours.evidence.entries[-1]
    other = replace(last, quote="other words")
    theirs = Side(ours.profile, base.evidence.with_entries([other]))
    for one, two in ((ours, theirs), (theirs, ours)):
        merged = merge(base, one, two)
        assert texts(merged) == {TEXT: 3}
        assert len(merged.evidence.links(claim_id)) == 3
        assert other in merged.evidence.entries


def test_an_accepted_claim_is_new_and_no_quarrel(base):
    """It waits there still: a person has seen it here."""
    waiting = Wording("c999", "Runs tests.", "coding", "pending", "tiny", 1, "it runs")
    base = Side(base.profile, base.evidence.with_entries([waiting, link("c999", 4)]))
    claim = pr.Claim("c999", "coding", "Runs tests.", 1, by="human")
    yes = replace(waiting, status="active", by="human", version=2)
    ours = next_version(
        Side(pr.rewrite(base.profile, added=[claim]), base.evidence.with_entries([yes]))
    )
    more = Side(base.profile, base.evidence.with_entries([link("c999", 7)]))
    assert texts(merge(base, ours, more))["Runs tests."] == 2
    no = Side(
        base.profile,
        base.evidence.with_entries([replace(waiting, status="removed", by="human")]),
    )
    assert merge(base, more, no).evidence.wordings()["c999"].status == "removed"


def test_the_same_said_on_both_sides_is_one_claim():
    """The better borne out of two new claims inherits; the other says to whom."""
    ours = added(first(), "Prefers short answers.", [1, 2])
    theirs = added(first(), "Likes short answers.", [2, 3, 4])
    merged = merge(first(), ours, theirs)
    assert texts(merged) == {"Likes short answers.": 4}
    gone = merged.evidence.wordings()[ours.profile.claims[0].id]
    assert gone.status == "retired"
    assert gone.why.startswith("the same as ")
    result(merged)


def test_two_claims_that_came_by_one_id_are_told_apart():
    """An id is three digits of a hash; no claim takes the other's evidence."""
    ours = added(first(), "Dislikes emoji.", [1, 2])
    theirs = added(first(), "Cooks without meat.", [3, 4, 5])
    same_id = ours.profile.claims[0].id
    theirs = renamed(theirs, theirs.profile.claims[0].id, same_id)
    for one, two in ((ours, theirs), (theirs, ours)):
        merged = merge(first(), one, two)
        assert texts(merged) == {"Dislikes emoji.": 2, "Cooks without meat.": 3}
        assert merged.claims[same_id].text == "Cooks without meat."
        result(merged)


def test_what_is_forgotten_takes_what_the_other_side_learned_of_it(base, claim_id):
    """A claim, or an interaction: nothing of it is left in either file."""
    theirs = reinforced(base, claim_id, [7, 8])
    merged = merge(base, forgotten(base, claim=claim_id), theirs)
    assert texts(merged) == {}
    assert not merged.evidence.links(claim_id)
    assert TEXT not in written(merged).text + ev.render(merged.evidence)
    merged = merge(base, forgotten(base, deed=7), theirs)
    assert texts(merged) == {TEXT: 3}
    assert "pairs:7" not in ev.render(merged.evidence)


def test_what_cannot_both_hold_is_said_and_kept():
    """Nobody's claim goes by a guess."""
    ours = added(first(), "Uses pip to install packages.", [1, 2])
    theirs = added(first(), "Never uses pip to install packages.", [3, 4])
    merged = merge(first(), ours, theirs)
    assert len(merged.claims) == 2
    ((one, two),) = merged.contrary
    assert {one.text, two.text} == texts(merged).keys()


def test_free_text_of_both_is_there_and_stays_where_it_was(base, claim_id):
    """Paragraphs, a person's lines at the same place, and the order of sections."""
    base = by_hand(base, "# Me\n", "# Me\n\nAbout me.\n")
    base = by_hand(base, "- Pr", "Why:\n\n- Pr")
    ours = by_hand(reinforced(base, claim_id, [5]), "About me.", "About me, in short.")
    theirs = by_hand(base, "Why:", "Why so:")
    for side, line in ((ours, "- Mine."), (theirs, "- Yours.")):
        text = f"{pr.render(side.profile)}{line}\n"
        side = Side(pr.parse(text, place="edited"), side.evidence)
        ours, theirs = (side, theirs) if line == "- Mine." else (ours, side)
    body = "".join(result(merge(base, ours, theirs)).profile.body)
    assert body.startswith("# Me\n\nAbout me, in short.\n\n## communication\nWhy so:\n")
    assert body.index("Why so:") < body.index(TEXT) < body.index("- Mine.")
    assert "\n- Mine.\n" in body
    assert "\n- Yours.\n" in body


def test_front_matter_is_merged_key_by_key(base, claim_id):
    """Unknown keys as text; counts of sources added; no judge has seen the result."""

    def learned(side: Side, deeds: list[int], read: int) -> Side:
        side = reinforced(side, claim_id, deeds)
        sources = [{"id": "s1", "resource": "pairs", "interactions": read}]
        meta = {"sources": sources, "verified": [{"n": 9}], "mood": "kept"}
        return Side(pr.rewrite(side.profile, meta=meta), side.evidence)

    base = learned(base, [], 10)
    ours, theirs = learned(base, [5], 14), learned(base, [6, 7], 11)
    ours = by_hand(ours, "title: Me\n", "title: Me\nmine: kept\n")
    theirs = by_hand(theirs, "mood: kept", "mood: better")
    meta = result(merge(base, ours, theirs)).profile.meta
    assert meta["sources"][0]["interactions"] == 15
    assert (meta["mine"], meta["mood"]) == ("kept", "better")
    assert "verified" not in meta
    assert meta["version"] == max(s.profile.version for s in (ours, theirs)) + 1


def test_a_key_that_both_have_set_is_a_conflict(base, claim_id):
    """The marks are in the front matter; whichever side is taken, it is a profile."""
    ours = by_hand(reinforced(base, claim_id, [5]), "title: Me", "title: Ada")
    theirs = by_hand(reinforced(base, claim_id, [6]), "title: Me", "title: Bob")
    text = written(merge(base, ours, theirs))
    assert text.conflicts == 1
    titles = [pr.parse(part, place="part").title for part in sides_of(text.text)]
    assert titles == ["Ada", "Bob"]
    assert text.text.count(TEXT) == 1


def test_windows_line_ends_stay(base, claim_id):
    """Ours has them, theirs has not: nothing is in conflict for that."""
    ours = by_hand(reinforced(base, claim_id, [5]), "\n", "\r\n")
    text = written(merge(base, ours, reinforced(base, claim_id, [6])))
    assert text.conflicts == 0
    assert text.text.count("\n") == text.text.count("\r\n")
