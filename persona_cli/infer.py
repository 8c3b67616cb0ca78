"""Past claims and a window of behaviour, to proposed claims: the streaming step.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963: past summary and new behaviour to the
        next summary; here each line says what it rests on, so it can be checked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from persona_cli.digest import Observation
from persona_cli.draft import (
    MOST_LINES,
    Draft,
    DraftLine,
    citation_grammar,
    read_draft,
)
from persona_cli.engine import Answer, Engine, Message, OnText
from persona_cli.errors import ModelError
from persona_cli.grounds import borne_out
from persona_cli.interaction import Interaction
from persona_cli.models.catalogue import UNKNOWN, Manners
from persona_cli.profile import Claim
from persona_cli.provenance import Voices
from persona_cli.similar import contradicts
from persona_cli.summary import align
from persona_cli.templates import load_template
from persona_cli.weighing import weighed
from persona_cli.window import MOST_INTERACTIONS, Window, block, cut_window, inside

# Observations a model reads at once: the strongest; more would drown the window.
MOST_OBSERVATIONS = 12

# Claims written from observations when a model cannot. What is left out here comes
# back with the next window, as long as it is borne out.
MOST_COUNTED = 24

# A claim is overturned by an observation with a fifth of its support or more: a change
# of mind needs few words, and one impatient evening is none.
_OVERTURNS = 5

# Room kept for the observations, which are counted after the window is cut.
OBSERVED_SHARE = 0.125

# What stands before its end is in the next prompt too, as long as no claim changes.
# The end stands there once: nothing inside can look like it.
_LASTS = "</past>\n"

# Characters a token may have, on the average: beyond it an engine did not keep to what
# it was asked for, and what it says is not read to the end.
_LONGEST_TOKEN = 32

# Tokens below which a window is not worth a call.
SMALLEST_ROOM = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How an engine is asked in this run.

    manners:       of its model
    candidates:    drafts asked for at once, of which one is taken; at least 1
    answer_tokens: longest answer; a thinking model gets as many again for thoughts
    window_tokens: longest window; None is what fits
    on_text, on_thought: called with each piece as it comes
    """

    manners: Manners = UNKNOWN
    candidates: int = 1
    answer_tokens: int = 1024
    window_tokens: int | None = None
    on_text: OnText | None = None
    on_thought: OnText | None = None

    @property
    def reserve(self) -> int:
        """Tokens of the context that are the answer's."""
        return self.answer_tokens * (2 if self.manners.thinking else 1)


@dataclass(frozen=True, slots=True)
class Inferred:
    """What an engine made of a window.

    by:     who wrote the lines: engine and prompt, or ``digest``
    answer: what the engine said
    tokens: read and written for it, and for those drawn along with it
    """

    draft: Draft
    by: str
    answer: Answer
    tokens: int


def next_window(
    pending: Sequence[Interaction],
    past: Sequence[Claim],
    engine: Engine,
    asking: Asking,
) -> Window:
    """The interactions that fit one call, in the model's own tokens.

    pending: oldest first
    Raises:  ModelError when the past claims alone leave no room
    """
    if asking.manners.prompt == "each":  # one at a time: they need no room together
        return Window(tuple(pending[:MOST_INTERACTIONS]))
    bare = engine.count(window_messages(past, Window(()), (), asking))
    room = int((engine.context - bare - asking.reserve) * (1 - OBSERVED_SHARE))
    if room < SMALLEST_ROOM:
        raise ModelError(
            f"{engine.name}: the profile leaves {max(room, 0)} of {engine.context}"
            " tokens for what is new",
            remedy="Take a model with a longer context, or retire claims:"
            " persona edit.",
        )
    empty = engine.count([Message("user", "")])

    @cache  # whether it is too long, and what it costs, is one question to the model
    def count(text: str) -> int:
        return engine.count([Message("user", text)]) - empty

    room = min(room, asking.window_tokens or room)
    return cut_window(pending, room=room, count=count)


def infer(
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    engine: Engine,
    asking: Asking,
    *,
    seed: int,
) -> tuple[Inferred, ...]:
    """Ask a model for the next claims, and keep what can be believed.

    past:         ``p1`` is the first
    window:       ``i1`` is its first interaction
    observations: what counting shows; given to the model, and spoken for it when
                  its answers hold nothing usable: never an empty hand, and never
                  an invention
    seed:         of the first draft; each further one has the next
    Shape:        at least one, at most ``asking.candidates``, no two alike
    Order:        as drawn
    Raises:       ModelError when the model cannot be asked at all
    """
    by = f"{engine.name} {load_template(asking.manners.prompt).label}"
    shows = [one for one in observations if not one.hearsay]
    if asking.manners.prompt == "each":
        return (_weighed(past, window, observations, engine, asking, by),)
    shown = _fitting(past, window, shows[:MOST_OBSERVATIONS], engine, asking)

    def ask(asking: Asking, seed: int) -> list[tuple[Answer, Draft]]:
        answers = _ask(past, window, shown, engine, asking, seed=seed)
        read = (_read(one, past, window, observations, asking) for one in answers)
        return list(zip(answers, read, strict=True))

    found = ask(asking, seed)
    tokens = _tokens([answer for answer, _ in found])
    if not any(draft.lines for _, draft in found) and asking.manners.check == "none":
        # Once more, with other dice: a strong model that rambled may not again.
        hotter = replace(asking, candidates=1, manners=_lively(asking.manners))
        found = ask(hotter, seed + asking.candidates)
        tokens += _tokens([answer for answer, _ in found])
    noted = [one for one in observations if one.hearsay]
    counted = tuple(_counted([*shows[:MOST_COUNTED], *noted], past))
    distinct: list[Inferred] = []
    seen: list[tuple[DraftLine, ...]] = [()]
    for answer, draft in found:
        if draft.lines not in seen:
            seen.append(draft.lines)
            believed = counted if asking.manners.check == "grounded" else ()
            lines = (*believed, *draft.lines)
            distinct.append(Inferred(Draft(lines, draft.dropped), by, answer, tokens))
    if distinct:
        return tuple(distinct)
    answer, draft = found[0]
    return (Inferred(Draft(counted, draft.dropped), "digest", answer, tokens),)


def _weighed(
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    engine: Engine,
    asking: Asking,
    by: str,
) -> Inferred:
    """What a small model says of each interaction, as far as interactions bear it out.

    Counting speaks beside it, for what none of them shows alone.
    """
    told = weighed(past, window.interactions, engine)
    voices = Voices(window.interactions, past)
    own = [line for line in told.draft.lines if not voices.others_said(line)]
    dropped = Counter(told.draft.dropped)
    if len(own) < len(told.draft.lines):
        dropped["repeats what others wrote"] += len(told.draft.lines) - len(own)
    shows = [one for one in observations if not one.hearsay][:MOST_COUNTED]
    noted = [one for one in observations if one.hearsay]
    counted = _counted([*shows, *noted], past)
    if asking.on_text is not None:
        asking.on_text(told.text)
    answer = Answer(told.text, answer_tokens=told.tokens)
    return Inferred(Draft((*counted, *own), dropped), by, answer, told.tokens)


def _ask(
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    engine: Engine,
    asking: Asking,
    *,
    seed: int,
) -> list[Answer]:
    held = asking.manners.grammar and asking.manners.prompt == "infer"
    size = len(window.interactions)
    manners = asking.manners
    if asking.candidates > 1 and manners.sampling.temperature == 0:
        manners = _lively(manners)  # greedy ones would all be the same
    answers = engine.draft(
        window_messages(past, window, observations, asking),
        asking.candidates,
        max_tokens=asking.answer_tokens,
        sampling=manners.sampling,
        seed=seed,
        grammar=citation_grammar(past=len(past), window=size) if held else None,
        on_text=asking.on_text,
        on_thought=asking.on_thought,
    )
    _see_that_all_came(answers, asking.candidates, engine)
    longest = _LONGEST_TOKEN * asking.answer_tokens
    return [_shortened(answer, longest) for answer in answers]


def _see_that_all_came(answers: Sequence[Answer], wanted: int, engine: Engine) -> None:
    if len(answers) != wanted:
        raise ModelError(
            f"{engine.name}: gave {len(answers)} drafts, and was asked for {wanted}",
            remedy="Use another model.",
        )


def _shortened(answer: Answer, longest: int) -> Answer:
    """An answer of which no more is read than a model could have been asked for."""
    if len(answer.text) <= longest:
        return answer
    return replace(answer, text=answer.text[:longest], cut=True)


def _lively(manners: Manners) -> Manners:
    """The same, drawn as the method draws."""
    sampling = replace(manners.sampling, temperature=0.6, top_p=0.95)
    return replace(manners, sampling=sampling)


def _tokens(answers: Sequence[Answer]) -> int:
    """Tokens read and written; the prompt that they share is read once."""
    written = sum(answer.answer_tokens for answer in answers)
    return answers[0].prompt_tokens + written


def _read(
    answer: Answer,
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    asking: Asking,
) -> Draft:
    if asking.manners.prompt == "summary":
        draft = align(answer.text, past, window.interactions, observations)
        draft = replace(draft, lines=draft.lines[:MOST_LINES])
    else:
        draft = read_draft(
            answer.text,
            past=[claim.id for claim in past],
            window=[interaction.id for interaction in window.interactions],
            cut=answer.cut,
        )
    dropped = Counter(draft.dropped)
    deeds = {deed.id: deed for deed in window.interactions}
    checked = asking.manners.check == "grounded" and asking.manners.prompt == "infer"
    voices = Voices(window.interactions, past)
    lines: list[DraftLine] = []
    for line in draft.lines:
        if checked and not borne_out(line, deeds, observations):
            dropped["not borne out by what it cites"] += 1
        elif voices.others_said(line):
            dropped["repeats what others wrote"] += 1
        else:
            hearsay = voices.remembered(line)
            lines.append(replace(line, hearsay=True) if hearsay else line)
    return Draft(tuple(lines), dropped)


def window_messages(
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    asking: Asking,
) -> list[Message]:
    """The prompt of one streaming step; what is trained is asked in the same words."""
    numbers = {deed.id: n for n, deed in enumerate(window.interactions, 1)}
    blocks = [block(deed, n) for n, deed in enumerate(window.interactions, 1)]
    values = {"window": "\n\n".join(blocks)}
    if asking.manners.prompt == "summary":
        said = "\n".join(inside(claim.text) for claim in past)
        values["past"] = said or "not provided"
    else:
        values["past"] = (
            "\n".join(
                f"p{n} {inside(f'{claim.section} | {claim.text}')}"
                for n, claim in enumerate(past, 1)
            )
            or "none yet"
        )
        values["observed"] = (
            "\n".join(_fact(one, numbers) for one in observations) or "- nothing"
        )
    text = load_template(asking.manners.prompt).render(**values)
    return [Message("user", text, lasting=text.index(_LASTS) + len(_LASTS))]


def _fitting(
    past: Sequence[Claim],
    window: Window,
    observations: Sequence[Observation],
    engine: Engine,
    asking: Asking,
) -> tuple[Observation, ...]:
    """As many observations as still fit beside the window."""
    room = engine.context - asking.reserve
    shown = tuple(observations)
    while shown and engine.count(window_messages(past, window, shown, asking)) > room:
        shown = shown[: len(shown) // 2]
    return shown


def _fact(observation: Observation, numbers: Mapping[str, int]) -> str:
    """An observation with the numbers of the interactions that show it."""
    cited = [f"i{numbers[i]}" for i in observation.ids if i in numbers]
    return f"- {inside(observation.fact)} [{' '.join(cited)}]"


def _counted(
    observations: Sequence[Observation], past: Sequence[Claim]
) -> list[DraftLine]:
    """Observations as lines of a draft; each retires what it overturns."""
    lines: list[DraftLine] = []
    for one in observations:
        against = [
            claim
            for claim in past
            if claim.by == "digest" and contradicts(claim.text, one.claim)
        ]
        if all(len(one.ids) * _OVERTURNS >= claim.count for claim in against):
            retires = tuple(claim.id for claim in against)
            lines.append(replace(_line_from(one), retires=retires))
    return lines


def _line_from(observation: Observation) -> DraftLine:
    return DraftLine(
        section=observation.section,
        text=observation.claim,
        rests_on=observation.ids,
        against=observation.against,
        by="digest",
        stated=observation.stated,
        # A sentence or two speak for themselves; of many interactions the count does.
        fact=observation.fact if len(observation.ids) > 2 else "",
        quotes=observation.quotes,
    )
