"""What a small model says of each interaction, one at a time.

Its likeliest statement is one that goes with everything ("Likes to be told what to
do."). So what is said is to tell the interaction apart: a choice from its reverse, and
anything from an interaction that tells nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from persona_cli.backward import backward_messages
from persona_cli.draft import LONGEST_CLAIM
from persona_cli.each import NOTHING, bare_messages, each_messages, read_statement
from persona_cli.engine import Answer, Engine
from persona_cli.errors import ModelError
from persona_cli.inert import all_visible
from persona_cli.interaction import Interaction

# Kinds of interactions that have a reverse.
CHOICES = ("pair", "edit")

# Weights of what a statement is to set its interaction apart from: of a choice's
# reverse, and of an interaction that tells nothing.
REVERSE, BARE = 0.5, 0.5

# Tokens that are taken as they come: the verb. Contrast makes extremes of it ("Always",
# "Insists"), and what follows is then as it would be after those.
OPENING = 1

# A statement is a sentence.
ANSWER_TOKENS = 40

STATEMENT_GRAMMAR = (
    'root ::= text " | " section\n'
    "text ::= [A-Z] [^|\\n\\r<>\\[\\]]{6,140} [.!]\n"
    "section ::= [a-z] [a-z -]{2,20}\n"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of one interaction.

    origin: id of the interaction
    """

    section: str
    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What a model said of a window.

    dropped: reason -> how many answers were no statement
    answers: in its words, one an interaction
    tokens:  written
    """

    statements: tuple[Statement, ...]
    dropped: Counter[str]
    answers: tuple[str, ...]
    tokens: int


def stated(window: Sequence[Interaction], engine: Engine) -> Stated:
    """What the model says of each interaction.

    Order:  of the window
    Raises: ModelError
    """
    answers = [_answer(deed, engine) for deed in window]
    dropped: Counter[str] = Counter()
    found: list[Statement] = []
    for deed, answer in zip(window, answers, strict=True):
        if answer.text.strip() == NOTHING:
            continue
        read = None if answer.cut else read_statement(answer.text)
        if read is None:
            dropped["no statement"] += 1
        elif not all_visible(answer.text) or len(read[1]) > LONGEST_CLAIM:
            dropped["not plain text"] += 1
        else:
            found.append(Statement(*read, deed.id))
    texts = tuple(answer.text for answer in answers)
    tokens = sum(answer.answer_tokens for answer in answers)
    return Stated(tuple(found), dropped, texts, tokens)


def _answer(deed: Interaction, engine: Engine) -> Answer:
    contrast = getattr(engine, "contrast", None)
    if contrast is None:
        raise ModelError(
            f"{engine.name}: cannot say what sets an interaction apart",
            remedy="Use a local model.",
        )
    rivals = [(bare_messages(deed), BARE)]
    if deed.kind in CHOICES:
        reverse = backward_messages(deed.query, deed.rejected, deed.chosen)
        rivals.append((reverse, REVERSE))
    answer: Answer = contrast(
        each_messages(deed),
        rivals,
        max_tokens=ANSWER_TOKENS,
        grammar=STATEMENT_GRAMMAR,
        opening=OPENING,
        until=" |",
    )
    return answer
