"""Rollouts in two stages: what is written first is the past of what is written next.

    first part ──write n──▶ profiles ──read──▶ R1 of each
                               │ one is drawn
    second part ──write n──▶ profiles ──read──▶ R2 of each ──▶ rewards of both groups

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963, section on reinforcement learning.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from persona_cli.draft import LONGEST_CLAIM, read_draft
from persona_cli.each import NOTHING, each_messages, read_statement
from persona_cli.engine import Message
from persona_cli.fold import EARLIER, observed
from persona_cli.infer import MOST_OBSERVATIONS, Asking, window_messages
from persona_cli.interaction import Interaction
from persona_cli.judge import profile_text
from persona_cli.models.catalogue import Manners
from persona_cli.profile import Claim
from persona_cli.summary import sentences
from persona_cli.training.courses import Visit
from persona_cli.training.examples import Form
from persona_cli.training.reading import Reader, Reading
from persona_cli.training.rewards import drawn, streaming
from persona_cli.training.users import Target
from persona_cli.window import MOST_INTERACTIONS, Window

_THOUGHT = re.compile(r"\s*<think>(?P<thought>.*?)</think>(?P<said>.*)\Z", re.DOTALL)

# Marks a claim as one that a judge reads: nothing is known of how often it was seen.
_SEEN = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy wrote.

    prompt, tokens: what it read and wrote, the end included
    text:           None when it was cut, or holds a control token
    logprobs:       of the tokens, nats; None where the engine does not tell
    """

    prompt: list[int]
    tokens: list[int]
    text: str | None
    logprobs: list[float] | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """A profile that was written.

    answers: one, or one an interaction where they are asked about one by one
    claims:  None where an answer is of the wrong form
    p:       what the reader makes of it: probability of the true choice, in [0, 1]; 0
             for the wrong form
    """

    answers: tuple[Answer, ...]
    claims: tuple[Claim, ...] | None
    p: float = 0.0
    reward: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """The rollouts of one prompt: what they are paid is compared among them alone.

    drawn: place of the one that was built upon; None in the last stage
    """

    rollouts: tuple[Rollout, ...]
    drawn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """How rollouts are paid.

    bonus:           whether the first stage is paid for the second; without, each
                     stage is paid by its own choice alone
    future, neutral: see ``rewards.streaming``
    """

    bonus: bool
    future: float
    neutral: float


# Prompts, and how many answers each is to get -> those answers
Write = Callable[[Sequence[Sequence[Message]], int], list[list[Answer]]]


class Writer:
    """What a policy is asked, and what its answers say; by the form of its prompts.

    thinks: an answer is one ``<think>…</think>``, and then what it says
    fits:   whether a prompt may be as long as this one
    """

    def __init__(
        self,
        form: Form,
        *,
        thinks: bool = False,
        fits: Callable[[Sequence[Message]], bool] = lambda _: True,
    ) -> None:
        self.form, self._thinks, self._fits = form, thinks, fits

    def prompts(
        self, past: Sequence[Claim], deeds: Sequence[Interaction]
    ) -> list[list[Message]]:
        """What is asked about some behaviour: one prompt, or one an interaction."""
        if self.form == "each":
            return [each_messages(deed) for deed in deeds]
        window = Window(tuple(deeds[-MOST_INTERACTIONS:]))
        earlier = deeds[: -MOST_INTERACTIONS or None][-EARLIER:]
        counted = [one for one in observed(earlier, window) if not one.hearsay]
        asking = Asking(manners=Manners(prompt=self.form))
        return [window_messages(past, window, counted[:MOST_OBSERVATIONS], asking)]

    def fitting(
        self, past: Sequence[Claim], deeds: Sequence[Interaction]
    ) -> tuple[Interaction, ...]:
        """The behaviour, halved from its old end until the prompt fits.

        One interaction always stays, however long.
        """
        if self.form == "each":
            return tuple(deeds)
        kept = tuple(deeds)
        while len(kept) > 1 and not self._fits(self.prompts(past, kept)[0]):
            kept = kept[(len(kept) + 1) // 2 :]
        return kept

    def claims(
        self,
        past: Sequence[Claim],
        deeds: Sequence[Interaction],
        texts: Iterable[str | None],
    ) -> tuple[Claim, ...] | None:
        """The next claims, by the answers to ``prompts``; None for the wrong form.

        Order: past ones that stand, then new ones, none twice
        """
        said = [None if text is None else self._said(text) for text in texts]
        if any(text is None for text in said):
            return None
        whole = [text for text in said if text is not None]
        match self.form:
            case "each":
                found = _statements(whole)
                return None if found is None else _numbered([*_pairs(past), *found])
            case "summary":
                return _summarized(whole[0])
            case "infer":
                return _inferred(whole[0], past, deeds)

    def _said(self, text: str) -> str | None:
        """An answer without its thoughts; None where they are not as they should be."""
        tags = text.count("<think>"), text.count("</think>")
        if not self._thinks:
            return text.strip() if tags == (0, 0) else None
        found = _THOUGHT.match(text) if tags == (1, 1) else None
        return None if found is None else found["said"].strip() or None


def rolled(
    visits: Sequence[Visit],
    writer: Writer,
    write: Write,
    reader: Reader,
    pay: Pay,
    *,
    rollouts: int,
    dice: random.Random,
) -> list[tuple[Group, Group]]:
    """Both stages of some visits.

    Order: of the visits
    """
    begin: list[tuple[Claim, ...]] = [()] * len(visits)
    firsts = _stage(visits, 0, begin, writer, write, reader, rollouts)
    places = [
        drawn([one.claims is not None for one in group], dice) for group in firsts
    ]
    pasts = [
        () if place is None else (group[place].claims or ())
        for group, place in zip(firsts, places, strict=True)
    ]
    seconds = _stage(visits, 1, pasts, writer, write, reader, rollouts)
    return [
        (Group(_paid(first, second, place, pay), place), Group(_paid_alone(second)))
        for first, second, place in zip(firsts, seconds, places, strict=True)
    ]


def _stage(
    visits: Sequence[Visit],
    stage: int,
    pasts: Sequence[tuple[Claim, ...]],
    writer: Writer,
    write: Write,
    reader: Reader,
    rollouts: int,
) -> list[tuple[Rollout, ...]]:
    """The rollouts of one stage, read but not paid."""
    parts = [
        writer.fitting(past, visit.parts[stage])
        for past, visit in zip(pasts, visits, strict=True)
    ]
    prompts = [
        writer.prompts(past, deeds) for past, deeds in zip(pasts, parts, strict=True)
    ]
    flat = iter(write([one for several in prompts for one in several], rollouts))
    found: list[Rollout] = []
    readings: list[Reading] = []
    for visit, past, deeds, asked in zip(visits, pasts, parts, prompts, strict=True):
        answered = [next(flat) for _ in asked]
        for answers in zip(*answered, strict=True):
            claims = writer.claims(past, deeds, [one.text for one in answers])
            found.append(Rollout(answers, claims))
            if claims is not None:
                readings.append(_reading(claims, visit.targets[stage]))
    told = iter(reader.p(readings))
    read = [one if one.claims is None else replace(one, p=next(told)) for one in found]
    return [
        tuple(read[begin : begin + rollouts]) for begin in range(0, len(read), rollouts)
    ]


def _paid(
    first: Sequence[Rollout], second: Sequence[Rollout], place: int | None, pay: Pay
) -> tuple[Rollout, ...]:
    if not pay.bonus:
        return _paid_alone(first)
    rewards = streaming(
        [one.p for one in first],
        [one.p for one in second],
        place,
        future=pay.future,
        neutral=pay.neutral,
    )
    return tuple(
        replace(one, reward=reward) for one, reward in zip(first, rewards, strict=True)
    )


def _paid_alone(group: Sequence[Rollout]) -> tuple[Rollout, ...]:
    return tuple(replace(one, reward=one.p) for one in group)


def _reading(claims: Sequence[Claim], target: Target) -> Reading:
    profile = profile_text(claims)
    return Reading(profile, target.query, target.chosen, target.rejected)


def _statements(texts: Iterable[str]) -> list[tuple[str, str]] | None:
    """(section, claim) of each answer that makes one; None where one is neither."""
    found = []
    for text in texts:
        if text == NOTHING:
            continue
        statement = read_statement(text)
        if statement is None or len(statement[1]) > LONGEST_CLAIM:
            return None
        found.append(statement)
    return found


def _summarized(text: str) -> tuple[Claim, ...] | None:
    """A plain summary stands in place of the past one."""
    if text == NOTHING:
        return ()
    found = sentences(text)
    if not found or any(len(one) > LONGEST_CLAIM for one in found):
        return None
    return _numbered(("general", one) for one in found)


def _inferred(
    text: str, past: Sequence[Claim], deeds: Sequence[Interaction]
) -> tuple[Claim, ...] | None:
    """Cited lines: what they restate or retire gives way, what they pass over stays."""
    if text == NOTHING:
        return tuple(past)
    window = [deed.id for deed in deeds[-MOST_INTERACTIONS:]]
    draft = read_draft(text, past=[claim.id for claim in past], window=window)
    if not draft.lines:
        return None
    gone = {one for line in draft.lines for one in (*line.keeps, *line.retires)}
    stand = [claim for claim in past if claim.id not in gone]
    new = [(line.section, line.text) for line in draft.lines]
    return _numbered([*_pairs(stand), *new])


def _pairs(claims: Iterable[Claim]) -> list[tuple[str, str]]:
    return [(claim.section, claim.text) for claim in claims]


def _numbered(found: Iterable[tuple[str, str]]) -> tuple[Claim, ...]:
    return tuple(
        Claim(f"c{number:03x}", section, text, count=_SEEN)
        for number, (section, text) in enumerate(dict.fromkeys(found))
    )
