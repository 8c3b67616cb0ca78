"""Versions of a profile as persona and people make them, for the tests of merging.

Everything here is made up. A version comes from another by deeds: what an update, a
person's editor or ``forget`` would do to profile and evidence.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from persona_cli import profile as pr
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.forgetting import Gone, without
from persona_cli.git.merge import weave
from persona_cli.interaction import mark
from persona_cli.merging import Merged
from persona_cli.merging.sides import Side
from persona_cli.merging.text import Text, text_of
from persona_cli.profile import Claim
from persona_cli.tombstones import tombstones

SAYINGS = (
    "Prefers short answers.",
    "Likes short answers.",
    "Wants type hints in Python.",
    "Dislikes emoji.",
    "Uses uv to install packages.",
    "Uses pip to install packages.",
    "Writes British English.",
    "Reads novels by Le Guin.",
    "Cooks without meat.",
)
SECTIONS = ("communication", "coding", "media")
BEGUN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def first(title: str = "Me") -> Side:
    """The version that ``persona init`` makes."""
    return Side(pr.empty(title), Evidence())


def next_version(side: Side) -> Side:
    """The same, a version on: persona has written."""
    meta = {"version": side.profile.version + 1}
    return Side(pr.rewrite(side.profile, meta=meta), side.evidence)


def link(claim: str, number: int, *, against: bool = False) -> Link:
    """One of many deeds, a day apart."""
    return Link(
        claim,
        f"pairs:{number}",
        "pairs:log",
        BEGUN + timedelta(days=number),
        "against" if against else "for",
        f"words {number}",
    )


def added(
    side: Side,
    text: str,
    deeds: Sequence[int],
    *,
    section: str = "coding",
    by: str = "",
) -> Side:
    """An update that finds a claim; where it stands already, one that bears it out."""
    known = set(side.evidence.wordings()) | {c.id for c in side.profile.claims}
    there = next((c for c in side.profile.claims if c.text == text), None)
    if there is not None:
        return reinforced(side, there.id, deeds)
    claim = Claim(pr.new_id(text, known), section, text, by=by)
    side = Side(pr.rewrite(side.profile, added=[claim]), side.evidence)
    words = Wording(claim.id, text, section, "active", by or "scripted", 1)
    side = Side(side.profile, side.evidence.with_entries([words]))
    return reinforced(side, claim.id, deeds)


def reinforced(side: Side, claim_id: str, deeds: Sequence[int]) -> Side:
    """An update that bears a claim out."""
    claim = side.profile.find(claim_id)
    linked = side.evidence.linked()
    links = [
        link(claim_id, n)
        for n in dict.fromkeys(deeds)
        if (claim_id, f"pairs:{n}", "for") not in linked
    ]
    if claim is None or not links or claim_id.startswith("h"):
        return side
    days = [claim.last] if claim.last else []
    days += [k.at.date() for k in links if k.at]
    grown = replace(claim, count=claim.count + len(links), last=max(days))
    profile = pr.rewrite(side.profile, replaced={claim_id: grown})
    return next_version(Side(profile, side.evidence.with_entries(links)))


def reworded(side: Side, claim_id: str, text: str) -> Side:
    """An update that puts a claim better; a person's words it leaves alone."""
    claim = side.profile.find(claim_id)
    if claim is None or claim.pinned or claim.text == text:
        return side
    profile = pr.rewrite(side.profile, replaced={claim_id: replace(claim, text=text)})
    words = Wording(claim_id, text, claim.section, "active", "scripted", 1)
    return next_version(Side(profile, side.evidence.with_entries([words])))


def retired(side: Side, claim_id: str, deed: int) -> Side:
    """An update that finds a claim to hold no more."""
    claim = side.profile.find(claim_id)
    if claim is None or claim.pinned:
        return side
    entries = [
        link(claim_id, deed, against=True),
        Wording(claim_id, claim.text, claim.section, "retired", "scripted", 1, "newer"),
    ]
    fresh = [
        e
        for e in entries
        if not isinstance(e, Link)
        or (e.claim, e.interaction, e.side) not in side.evidence.linked()
    ]
    profile = pr.rewrite(side.profile, removed=[claim_id])
    return next_version(Side(profile, side.evidence.with_entries(fresh)))


def by_hand(side: Side, old: str, new: str) -> Side:
    """A person's editor: one text for another, anywhere in the file."""
    text = pr.render(side.profile)
    return Side(pr.parse(text.replace(old, new), place="edited"), side.evidence)


def forgotten(side: Side, *, claim: str = "", deed: int | None = None) -> Side:
    """``persona forget``, of a claim or of an interaction."""
    marks = frozenset() if deed is None else frozenset({mark(f"pairs:{deed}")})
    gone = Gone(claims=frozenset({claim} if claim else ()), marks=marks)
    done = without(side.profile, side.evidence, gone)
    stones = tombstones(done.lost, marks, version=side.profile.version + 1)
    return next_version(Side(done.profile, done.evidence.with_entries(stones)))


def written(merged: Merged) -> Text:
    """The merged file, by the real ``git merge-file``."""

    def woven(base: str, ours: str, theirs: str) -> tuple[str, int]:
        done = weave(base, ours, theirs, labels=("ours", "base", "theirs"))
        return done.text, done.conflicts

    return text_of(merged, woven)


def ids(side: Side) -> list[str]:
    """Of the claims with a mark, in the order of the file."""
    return list(side.marked())


_DEEDS = st.lists(st.integers(0, 30), min_size=1, max_size=3)
_SAYING = st.sampled_from(SAYINGS)
_WHICH = st.integers(0, 5)

_STEPS = st.one_of(
    st.tuples(st.just("add"), _SAYING, _DEEDS, st.sampled_from(SECTIONS)),
    st.tuples(st.just("reinforce"), _WHICH, _DEEDS),
    st.tuples(st.just("reword"), _WHICH, _SAYING),
    st.tuples(st.just("retire"), _WHICH, st.integers(0, 30)),
    st.tuples(st.just("edit"), _WHICH, st.sampled_from(("I say ", "Always "))),
    st.tuples(st.just("delete"), _WHICH),
    st.tuples(st.just("move"), _WHICH, st.sampled_from(SECTIONS)),
    st.tuples(
        st.just("write"), st.sampled_from(("- By hand.", "Free text.", "- Two."))
    ),
    st.tuples(st.just("forget"), _WHICH),
    st.tuples(st.just("forget deed"), st.integers(0, 30)),
)


@st.composite
def histories(draw, sides: int = 2) -> tuple[Side, ...]:
    """A version, and versions that come from it."""
    base = first()
    for step in draw(st.lists(_STEPS, max_size=6)):
        base = done(base, step)
    found = [base]
    for _ in range(sides):
        side = base
        for step in draw(st.lists(_STEPS, max_size=5)):
            side = done(side, step)
        found.append(side)
    return tuple(found)


def done(side: Side, step: tuple) -> Side:
    """One deed more; none where there is nothing to do it to."""
    verb, *more = step
    if verb == "add":
        return added(side, more[0], more[1], section=more[2])
    if verb == "write":
        text = pr.render(side.profile)
        return Side(pr.parse(f"{text}\n{more[0]}\n", place="edited"), side.evidence)
    if verb == "forget deed":
        return forgotten(side, deed=more[0])
    if not ids(side):
        return side
    claim_id = ids(side)[more[0] % len(ids(side))]
    claim = side.marked()[claim_id]
    line = f"- {pr.line_of(claim)}\n"
    if verb == "reinforce":
        return reinforced(side, claim_id, more[1])
    if verb == "reword":
        return reworded(side, claim_id, more[1])
    if verb == "retire":
        return retired(side, claim_id, more[1])
    if verb == "edit":
        return by_hand(side, line, line.replace("- ", f"- {more[1]}", 1))
    if verb == "delete":
        return by_hand(side, line, "")
    if verb == "move":
        moved = by_hand(side, line, "")
        profile = pr.rewrite(moved.profile, added=[replace(claim, section=more[1])])
        return Side(profile, side.evidence)
    assert verb == "forget"
    return forgotten(side, claim=claim_id)
