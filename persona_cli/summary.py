"""Plain summaries, aligned: for models that write what a person likes without citing.

A model trained as in the paper writes sentences. Each is laid beside the past
claims, the interactions and the observations, and takes its citations from those
whose words it shares most; then it is a draft like any other. A sentence that
resembles nothing is dropped: a claim that cannot be traced is not kept.
"""

import re
from collections import Counter
from collections.abc import Sequence

from persona_cli.digest import Observation
from persona_cli.draft import LONGEST_CLAIM, Draft, DraftLine
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim
from persona_cli.similar import NEAR, relevance, similarity, words

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_LEAD = re.compile(r"^(?:[-*+]|[0-9]+[.)])\s+|\*\*|^#+\s.*$")

# Interactions one sentence is traced to, at most: the ones most like it.
MOST_TRACES = 5

# How alike an observation must be to lend a sentence its interactions.
_ALIKE = 0.34


def align(
    answer: str,
    past: Sequence[Claim],
    interactions: Sequence[Interaction],
    observations: Sequence[Observation],
) -> Draft:
    """Read a plain summary as a draft.

    Order: of the sentences
    """
    lines: list[DraftLine] = []
    dropped: Counter[str] = Counter()
    deeds = [f"{deed.query} {deed.chosen}" for deed in interactions]
    for sentence in sentences(answer):
        if len(sentence) > LONGEST_CLAIM or not words(sentence):
            dropped["longer than a claim"] += len(sentence) > LONGEST_CLAIM
            continue
        near = max(past, key=lambda c: similarity(c.text, sentence), default=None)
        keeps = (near.id,) if near and similarity(near.text, sentence) >= NEAR else ()
        rests_on = _traces(sentence, interactions, deeds, observations)
        if not keeps and not rests_on:
            dropped["cites nothing"] += 1
            continue
        section = near.section if keeps and near else _section(sentence, observations)
        lines.append(
            DraftLine(section=section, text=sentence, keeps=keeps, rests_on=rests_on)
        )
    return Draft(tuple(lines), +dropped)


def sentences(text: str) -> list[str]:
    """The sentences of a summary, without list marks and headings."""
    lines = (_LEAD.sub("", line.strip()) for line in text.split("\n"))
    parts = (part for line in lines for part in _SENTENCE.split(line))
    return [" ".join(part.split()) for part in parts if part.strip()]


def _traces(
    sentence: str,
    interactions: Sequence[Interaction],
    deeds: Sequence[str],
    observations: Sequence[Observation],
) -> tuple[str, ...]:
    here = {deed.id for deed in interactions}
    alike = [
        found
        for one in observations
        if max(similarity(one.claim, sentence), similarity(one.fact, sentence))
        >= _ALIKE
        for found in one.ids
        if found in here
    ]
    scores = relevance(sentence, deeds)
    shared = len(set(words(sentence)))
    ranked = sorted(
        (
            (score, deed)
            for score, deed, text in zip(scores, interactions, deeds, strict=True)
            # One shared word is a coincidence.
            if len(set(words(sentence)) & set(words(text))) >= min(2, shared)
        ),
        key=lambda pair: -pair[0],
    )
    traced = [deed.id for _, deed in ranked[:MOST_TRACES]]
    return tuple(dict.fromkeys([*alike, *traced]))


def _section(sentence: str, observations: Sequence[Observation]) -> str:
    best = max(
        observations, key=lambda one: similarity(one.claim, sentence), default=None
    )
    if best is not None and similarity(best.claim, sentence) >= _ALIKE:
        return best.section
    return "general"
