"""What a small model says of each interaction, and how far that bears it out.

Several statements are made of each, each telling it apart from something else: a choice
from its reverse, and anything from an interaction that tells nothing. The judge then
says what the interaction bears out of them, and the best is kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from persona_cli.backward import MATTERS, NEUTRAL, Weight, backward_messages
from persona_cli.draft import LONGEST_CLAIM
from persona_cli.each import (
    NOTHING,
    bare_messages,
    each_messages,
    read_statement,
    statement,
)
from persona_cli.engine import Answer, Engine, Message
from persona_cli.errors import ModelError
from persona_cli.inert import all_visible
from persona_cli.interaction import Interaction

# Nats of evidence by which a choice bears a claim out. A true claim has them after a
# third of the choices that show it, and its contrary after one in thirty; see the log
# of experiments.
BEARS_OUT = 1.0

# A statement is a sentence.
ANSWER_TOKENS = 40

Weighing = Callable[[Sequence[Message], Sequence[str]], Sequence[float]]

# What a statement is to set its interaction apart from, and how much: the reverse of a
# choice, and an interaction that tells nothing. Each pair of weights makes a statement,
# and of these the one is kept that its interaction bears out best.
WAYS = ((1.0, 0.0), (0.5, 0.5))

# Interactions that have a reverse.
CHOICES = ("pair", "edit")

STATEMENT_GRAMMAR = (
    'root ::= text " | " section\n'
    "text ::= [A-Z] [^|\\n\\r<>\\[\\]]{6,140} [.!]\n"
    "section ::= [a-z] [a-z -]{2,20}\n"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of one interaction.

    origin:   id of the interaction
    evidence: what that says for it, nats
    """

    section: str
    text: str
    origin: str
    evidence: float


@dataclass(frozen=True, slots=True)
class Stated:
    """What a model said of a window.

    statements: those that are borne out, best first
    dropped:    reason -> how many were not taken
    texts:      in its words, one an interaction
    tokens:     written
    """

    statements: tuple[Statement, ...]
    dropped: Counter[str]
    texts: tuple[str, ...]
    tokens: int


class Scales:
    """What claims weigh after an interaction, and what they weigh anyway.

    Raises: ModelError for an engine that cannot tell
    """

    def __init__(self, engine: Engine) -> None:
        weigh = getattr(engine, "weigh", None)
        if weigh is None:
            raise ModelError(
                f"{engine.name}: cannot tell how probable an answer is",
                remedy="Use a local model.",
            )
        self._weigh: Weighing = weigh
        self._anyway: dict[str, float] = {}

    def evidence(self, deed: Interaction, claims: Sequence[str]) -> list[float]:
        """What a choice says for each claim, nats.

        Of what somebody wrote: ``BEARS_OUT`` for what it makes likelier than anyway.
        """
        if not claims:
            return []
        self.learn(claims)
        anyway = [self._anyway[claim] for claim in claims]
        there = self._weigh(each_messages(deed), claims)
        if deed.kind not in CHOICES:
            told = zip(there, anyway, strict=True)
            return [BEARS_OUT * (one - usual >= MATTERS) for one, usual in told]
        back = self._weigh(
            backward_messages(deed.query, deed.rejected, deed.chosen), claims
        )
        three = zip(there, back, anyway, strict=True)
        return [Weight(*one).evidence() for one in three]

    def learn(self, claims: Sequence[str]) -> None:
        """See what claims weigh anyway, those that are new: many at once cost less."""
        new = [claim for claim in dict.fromkeys(claims) if claim not in self._anyway]
        if not new:
            return
        rows = [self._weigh(backward_messages(*choice), new) for choice in NEUTRAL]
        for claim, *told in zip(new, *rows, strict=True):
            self._anyway[claim] = fmean(told)


def stated(window: Sequence[Interaction], engine: Engine, scales: Scales) -> Stated:
    """What the model says of each interaction, and is borne out by it.

    Raises: ModelError
    """
    dropped: Counter[str] = Counter()
    answers = [[*_answers(deed, engine)] for deed in window]
    # All that is written before all that is weighed: each has its own adapter.
    found = [_read(some, dropped) for some in answers]
    scales.learn([text for some in found for text in some])
    said: list[Statement] = []
    texts: list[str] = []
    for deed, some in zip(window, found, strict=True):
        told = [
            Statement(section, text, deed.id, nats)
            for (text, section), nats in zip(
                some.items(), scales.evidence(deed, [*some]), strict=True
            )
        ]
        if not told:
            continue
        best = max(told, key=lambda one: one.evidence)
        texts.append(statement(best.section, best.text))
        if best.evidence >= BEARS_OUT:
            said.append(best)
        else:
            dropped["not borne out by the interaction"] += 1
    # A sort that keeps the order of what is equal: the same each time.
    said.sort(key=lambda one: -one.evidence)
    tokens = sum(answer.answer_tokens for some in answers for answer in some)
    return Stated(tuple(said), dropped, tuple(texts), tokens)


def _read(answers: Sequence[Answer], dropped: Counter[str]) -> dict[str, str]:
    """Claim -> section, of the answers that make one."""
    found: dict[str, str] = {}
    for answer in answers:
        if answer.text.strip() == NOTHING:
            continue
        read = None if answer.cut else read_statement(answer.text)
        if read is None:
            dropped["no statement"] += 1
        elif not all_visible(answer.text) or len(read[1]) > LONGEST_CLAIM:
            dropped["not plain text"] += 1
        else:
            section, text = read
            found.setdefault(text, section)
    return found


def _answers(deed: Interaction, engine: Engine) -> Iterator[Answer]:
    """What the model makes of an interaction, in some ways."""
    messages = each_messages(deed)
    contrast = getattr(engine, "contrast", None)
    if contrast is None:
        yield engine.complete(
            messages, max_tokens=ANSWER_TOKENS, grammar=STATEMENT_GRAMMAR
        )
        return
    bare = bare_messages(deed)
    if deed.kind in CHOICES:
        reverse = backward_messages(deed.query, deed.rejected, deed.chosen)
        ways = [[(reverse, one), (bare, other)] for one, other in WAYS]
    else:
        ways = [[(bare, other)] for _, other in WAYS]
    for rivals in ways:
        yield contrast(
            messages,
            [(chat, weight) for chat, weight in rivals if weight],
            max_tokens=ANSWER_TOKENS,
            grammar=STATEMENT_GRAMMAR,
            until=" |",
        )
