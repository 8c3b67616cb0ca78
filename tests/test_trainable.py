"""A model is trained on what its owner stands by, and may be checked by the rest."""

from dataclasses import replace

import pytest

from persona_cli.archive import Archive
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.interaction import Interaction, mark
from persona_cli.tombstones import tombstones
from persona_cli.trainable import trainable


def wrote(number: int) -> Interaction:
    return Interaction(f"chat:{number}", "message", "chat", f"wish {number}")


def link(claim: str, number: int) -> Link:
    return Link(claim, f"chat:{number}", "chat", None, "for", "")


def wording(claim: str, status: str) -> Wording:
    return Wording(claim, "", "life", status, "x", 1)


@pytest.fixture
def archive(tmp_path) -> Archive:
    found = Archive(tmp_path, held_share=0)
    found.add(map(wrote, range(6)))
    found.flush()
    return found


def ids(archive: Archive, *entries: Link | Wording) -> list[str]:
    evidence = Evidence().with_entries(entries)
    return [entry.id[-1] for entry in trainable(archive, evidence)]


def test_all_that_is_known_may_be_learned(archive):
    """As long as nothing speaks against it."""
    assert ids(archive, link("c1", 2), wording("c1", "active")) == list("012345")


@pytest.mark.parametrize("status", ["pending", "removed", "forgotten"])
def test_grounds_of_a_suspect_claim_are_not(archive, status):
    """Also where another claim, which is none, rests on them."""
    said = wording("c1", status)
    links = [link("c1", 2), link("c2", 2), link("c2", 3), wording("c2", "active")]
    assert ids(archive, *links, said) == list("01345")
    accepted = replace(said, status="active")
    assert ids(archive, *links, said, accepted) == list("012345")


def test_what_is_forgotten_is_not(archive):
    """By a mark too, as another machine would leave it."""
    assert ids(archive, *tombstones([], [mark("chat:4")], version=1)) == list("01235")


def test_what_is_held_out_is_not(tmp_path):
    """Also where it was once read: a check by it would be worth nothing."""
    pairs = [
        Interaction(f"p:{n}", "pair", "p", f"a {n}", rejected=f"b {n}")
        for n in range(40)
    ]
    archive = Archive(tmp_path, held_share=0.5)
    archive.add(pairs)
    archive.flush()
    held = {entry.id for entry in archive.entries() if entry.held}
    found = {entry.id for entry in trainable(archive, Evidence())}
    assert held
    assert found == {pair.id for pair in pairs} - held
