"""The seed corpus is of its form, balanced, and says nothing twice."""

import re
from collections import Counter
from itertools import combinations

import pytest

from scripts.data.seed import FOLDER, SIDES, contrasts

ALL = list(contrasts())
BY_DOMAIN = {
    path.stem: [c for c in ALL if c.domain == path.stem]
    for path in FOLDER.glob("*.jsonl")
}


def grams(text):
    """Three-word sequences of a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)} or {tuple(words)}


def alike(one, other):
    """Share of the shorter text's sequences that the other has too."""
    return len(one & other) / max(1, min(len(one), len(other)))


def test_ids_and_claims_are_said_once():
    """Also across domains: a test set must ask for what was never seen."""
    assert len({c.id for c in ALL}) == len(ALL)
    said = Counter(
        text.lower() for c in ALL for side in c.sides.values() for text in side.claims
    )
    assert [text for text, times in said.items() if times > 1] == []


def test_no_claim_is_nearly_another_of_elsewhere():
    """Wordings of one preference may be alike, those of two may not."""
    claims = [
        (c.id, side, grams(text), text)
        for c in ALL
        for side in SIDES
        for text in c.sides[side].claims
    ]
    index = {}
    for number, (_, _, found, _) in enumerate(claims):
        for gram in found:
            index.setdefault(gram, []).append(number)
    pairs = Counter()
    for numbers in index.values():
        if len(numbers) < 60:
            pairs.update(combinations(numbers, 2))
    near = [
        (claims[i][3], claims[j][3])
        for (i, j), shared in pairs.items()
        if claims[i][0] != claims[j][0]
        and shared >= 4
        and alike(claims[i][2], claims[j][2]) > 0.8
    ]
    assert near == []


def test_no_item_or_query_is_used_twice():
    """But within its own situation, where both sides see the same."""
    queries = Counter(s.query for c in ALL for s in c.situations)
    assert [text for text, times in queries.items() if times > 1] == []
    items = Counter(
        text
        for c in ALL
        for s in c.situations
        for side in SIDES
        for text in s.items[side]
    )
    assert [text for text, times in items.items() if times > 1] == []


@pytest.mark.parametrize("domain", sorted(BY_DOMAIN))
def test_length_does_not_give_the_answer_away(domain):
    """Over a domain, the items of one side are not mostly the longer ones."""
    if domain in ("answers-length",):
        pytest.skip("length is what it is about")
    longer = Counter()
    for contrast in BY_DOMAIN[domain]:
        for situation in contrast.situations:
            a, b = (min(map(len, situation.items[side])) for side in SIDES)
            longer["a" if a > b else "b"] += 1
    assert max(longer.values()) <= 0.8 * sum(longer.values()), longer


@pytest.mark.parametrize("domain", sorted(BY_DOMAIN))
def test_a_claim_does_not_name_its_items(domain):
    """A claim is general: it quotes no item, and is no sentence about "the user"."""
    for contrast in BY_DOMAIN[domain]:
        for side in contrast.sides.values():
            for claim in side.claims:
                assert not re.search(
                    r"\bthe user\b|^(?:they|he|she)\b", claim.lower()
                ), claim
                assert claim.endswith("."), claim
                assert len(claim.split()) <= 25, claim


def test_the_corpus_is_large_and_mixed():
    """The bars of its README: preferences, domains, signs, strengths, lengths."""
    sides = [side for c in ALL for side in c.sides.values()]
    assert len(sides) >= 800
    assert len(BY_DOMAIN) >= 40
    signs = Counter(side.sign for side in sides)
    assert signs["dislikes"] >= 0.2 * len(sides)
    strengths = Counter(side.strength for side in sides)
    assert min(strengths.values()) >= 0.25 * len(sides)
    lengths = [
        len(text.split())
        for c in ALL
        for s in c.situations
        for side in SIDES
        for text in s.items[side]
    ]
    assert sum(n >= 40 for n in lengths) >= len(lengths) / 8
    assert max(lengths) <= 260
