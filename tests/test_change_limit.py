"""How much one update may take away before a person has to say so."""

import json
from typing import TYPE_CHECKING

import pytest

from persona_cli.change_limit import Removal
from tests.chat_server import ChatServer
from tests.torture.mad import MadEngine, retiring_some, word

if TYPE_CHECKING:
    from tests.conftest import Persona

BUSY = 6


@pytest.mark.parametrize(
    ("gone", "of", "too_large"),
    [
        (0, 0, False),
        (10, 10, False),  # a young profile may change its mind altogether
        (11, 11, True),
        (10, 40, False),
        (11, 40, True),
        (20, 100, False),
        (21, 100, True),
    ],
)
def test_ten_may_go_or_a_fifth(gone, of, too_large):
    """Whichever is more."""
    assert Removal(gone, of).too_large is too_large


def pairs(*numbers: int) -> str:
    """A log: choices, the later numbers on later days."""
    rows = [
        {
            "query": f"q{n}?",
            "chosen": f"{word(n)} please",
            "rejected": f"no {n}",
            "at": f"2026-06-{n + 1:02}T12:00:00Z",
        }
        for n in numbers
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def persona(run_persona):
    """A profile of 30 claims, and a model that would retire 15 of them."""
    run_persona("init", "me")
    many = "".join(
        f"- [i1 i2] part{n % 3} | Enjoys {word(n * 3)} {word(n * 5 + 1)}.\n"
        for n in range(30)
    )
    with ChatServer(MadEngine(many)).running() as server:
        run_persona.environ["PERSONA_MODEL"] = server.url
        run_persona.environ["PERSONA_HELD_OUT"] = "0"
        run_persona("update", "me", "-", stdin=pairs(0, 1))
        server.engine = MadEngine(retiring_some(15))
        yield run_persona


def claims(persona: "Persona") -> list[str]:
    """Ids of what is in force."""
    return [c["id"] for c in json.loads(persona("show", "--json").stdout)["claims"]]


def test_a_change_too_large_is_not_kept(persona):
    """Exit 6; the profile stays, and its interactions are noted as tried."""
    before = claims(persona)
    head = persona.git("rev-parse", "HEAD")
    of = len(before)
    done = persona("update", "me", "-", stdin=pairs(7, 8), code=BUSY)
    assert f"error: me: this update would remove 15 of {of} claims" in done.stderr
    assert "persona update me --retry --yes --dry-run" in done.stderr
    assert claims(persona) == before
    assert persona.git("rev-parse", "HEAD") == head
    (*_, last) = (persona.root / "me/.state/folded.jsonl").read_text().splitlines()
    assert '"tried": true' in last
    assert persona("update", "me", "-", stdin=pairs(7, 8)).stderr.endswith("new\n")


def test_it_is_kept_for_a_person_who_says_so(persona):
    """Seen first in a dry run, and then taken; undo brings all of it back."""
    before = claims(persona)
    persona("update", "me", "-", stdin=pairs(7, 8), code=BUSY)
    persona("update", "me", "--retry", "--dry-run", code=BUSY)
    seen = persona("update", "me", "--retry", "--yes", "--dry-run").stdout
    assert claims(persona) == before
    kept = persona("update", "me", "--retry", "--yes").stdout
    assert kept == seen
    assert len(set(before) - set(claims(persona))) == 15
    persona("undo", "me")
    assert claims(persona) == before


def test_it_is_told_as_json(persona):
    """With both numbers, and no change."""
    of = len(claims(persona))
    told = persona("update", "me", "-", "--json", stdin=pairs(7, 8), code=BUSY).stdout
    record = json.loads(told)
    assert record["too_large"] == {"gone": 15, "of": of}
    assert record["changes"] == []
