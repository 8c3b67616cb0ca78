"""The figures of ``scripts/bench/claims.py``: what counts as true, found, better."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from persona_cli.evidence import Evidence, Link
from persona_cli.profile import Claim
from persona_cli.training.users import Deed, SimulatedUser, Truth

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench" / "claims.py"


@pytest.fixture(scope="module")
def bench():
    """The script's names."""
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


def deed(number: int, *shows: str) -> Deed:
    """An interaction, and the truths that it bears out."""
    return Deed(f"i{number}", "pair", None, "q", "a", "b", None, shows)


def truth(name: str, until: int | None = None) -> Truth:
    """A preference of somebody."""
    return Truth(name, "taste", f"Likes {name}.", "likes", "strong", 0, until)


def claim(number: int, *, count: int = 2, by: str = "tiny") -> Claim:
    """A claim of a profile."""
    return Claim(f"c{number}", "taste", f"Says {number}.", count=count, by=by)


USER = SimulatedUser(
    id="u1",
    split="test",
    truth=(truth("tea"), truth("once"), truth("rain"), truth("gone", until=2)),
    interactions=(
        deed(1, "tea"),
        deed(2, "tea", "gone"),
        deed(3, "gone"),
        deed(4, "once"),
        deed(5, "rain"),
        deed(6, "rain"),
        deed(7),
    ),
    windows=(),
    targets=(),
)


def row(bench, claims: dict[Claim, tuple[int, ...]]):
    """A row of the bench: these claims, and the interactions that they cite."""
    links = [
        Link(one.id, f"i{n}", "log", None, "for", "")
        for one, cites in claims.items()
        for n in cites
    ]
    found = tuple(bench.claims_of(USER, [*claims], Evidence(entries=tuple(links))))
    return bench.Row(USER, found, (), bench.shown(USER))


def test_a_claim_is_of_what_most_of_its_citations_show(bench):
    """Half is not most; a claim about nothing is of no truth."""
    told = row(bench, {claim(1): (1, 2, 7), claim(2): (1, 5), claim(3): (7,)})
    assert [one.truth for one in told.claims] == ["tea", None, None]


def test_what_was_seen_once_or_is_over_need_not_be_found(bench):
    """Of four truths, two are asked for: tea and rain."""
    precision, recall = bench.counted(
        [row(bench, {claim(1): (1, 2), claim(2): (4,), claim(3): (7,)})],
        lambda _: True,
    )
    assert (precision.right, precision.asked) == (2, 3)
    assert (recall.right, recall.asked) == (1, 2)


def test_tentative_claims_are_not_handed_out(bench, capsys):
    """Each kind is counted by itself."""
    bench.print_claims(
        [row(bench, {claim(1): (1, 2), claim(2, count=1, by="digest"): (5, 6)})]
    )
    every, _, counting, handed, *_ = capsys.readouterr().out.splitlines()
    assert "precision 100.0%" in every
    assert "n = 2  recall 100.0%" in every
    assert "n = 1  recall 50.0%" in counting
    assert "n = 1  recall 50.0%" in handed


def test_choices_are_compared_with_those_of_the_same_user(bench, tmp_path, capsys):
    """One gained, one lost, one even before; other users are passed over."""
    path = tmp_path / "before.jsonl"
    lines = [{"user": "u1", "p": [0.2, 0.8, 0.5]}, {"user": "u2", "p": [0.9]}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = [bench.Foreseen(p, None, 0.5, 0.5) for p in (0.9, 0.1, 0.5)]
    alone = replace(USER, id="u3")
    rows = [bench.Row(user, (), tuple(told), {}) for user in (USER, alone)]
    bench.print_beside(rows, path)
    said = capsys.readouterr().out
    assert "33.3%" in said
    assert "n = 3" in said
    assert "1 gained, 1 lost" in said
    assert "1 of its misses even, 1 of these" in said
