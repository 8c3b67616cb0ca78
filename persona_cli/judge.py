"""Which of two items would the person of this profile choose? A model's guess.

Both orders are asked and averaged, so that a liking for the first letter cancels;
only the logits of the two letters are read. A model too small to bind letters is
asked about each item alone instead, Yes or No.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963: a profile is worth what a frozen model,
        given it, foresees.
"""

import hashlib
import math
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Literal

from persona_cli.accuracy import Accuracy
from persona_cli.backward import Scales, claims_of, combine
from persona_cli.engine import Choice, Engine, Message, sigmoid
from persona_cli.errors import ModelError
from persona_cli.inject import claim_line, section_line
from persona_cli.profile import Claim
from persona_cli.templates import load_template
from persona_cli.window import LONGEST_CONTEXT, inside, middle_cut

Form = Literal["pair", "item", "backward"]

# Characters of an item that a judge reads: its beginning and its end. What sets two
# answers apart shows early, and the cost of a check grows with every character.
LONGEST_ITEM = 800

NOTHING_KNOWN = "Nothing is known of this person yet."

# Of how a profile is read backwards: another version gives other verdicts.
_BACKWARD = "backward@2"

_ANOTHER = "Judge with another model, or leave the check out: --no-verify."

_LOCAL = "Judge with a local model, or leave the check out: --no-verify."

_ROUNDING = 1e-3  # by which a log-probability may be above 0

_FENCES = ("profile", "asked", "item")


@dataclass(frozen=True, slots=True)
class Question:
    """A choice that a person made, to be foreseen.

    id:    of the interaction it was made from
    query: what was asked; may be empty
    """

    id: str
    query: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge made of one question.

    p:       probability of the chosen item, the mean of both orders, in [0, 1]
    flipped: the two orders got different answers: the place decided, not the item.
             Never so where each item is asked about alone
    """

    id: str
    p: float
    flipped: bool = False

    @property
    def right(self) -> bool:
        """Whether the chosen item was named. A tie names none."""
        return self.p > 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well one profile foresees some choices.

    Order: of the questions
    """

    verdicts: tuple[Verdict, ...]

    @property
    def accuracy(self) -> Accuracy:
        """Right answers of all, ties counted as wrong."""
        return Accuracy(sum(v.right for v in self.verdicts), len(self.verdicts))

    @property
    def confidence(self) -> float:
        """Mean probability of the chosen item, in [0, 1]; NaN without questions."""
        if not self.verdicts:
            return math.nan
        return math.fsum(v.p for v in self.verdicts) / len(self.verdicts)

    @property
    def even(self) -> float:
        """Share of questions that nothing was said of, in [0, 1]: neither item named.

        So half of it is what guessing there would add to the accuracy.
        """
        return sum(v.p == 0.5 for v in self.verdicts) / max(1, len(self.verdicts))

    @property
    def flips(self) -> float:
        """Share of questions in which the order decided, in [0, 1]."""
        return sum(v.flipped for v in self.verdicts) / max(1, len(self.verdicts))


class Judge:
    """A model that is asked to foresee choices, and remembers what it said.

    form:  ``pair``, ``item`` or ``backward``, see ``Manners.judge``
    known: answers by what was asked, of whom, about whom; grows with use. A question
           that was asked before is not asked again
    """

    def __init__(
        self,
        engine: Engine,
        form: Form,
        *,
        known: MutableMapping[str, Verdict] | None = None,
    ) -> None:
        self._engine, self.form = engine, form
        self.known: MutableMapping[str, Verdict] = {} if known is None else known
        self._scales: Scales | None = None

    @property
    def name(self) -> str:
        """For provenance."""
        return self._engine.name

    @property
    def identity(self) -> str:
        """The same identity gives the same answers to the same questions."""
        if self.form == "backward":
            parts = [load_template("each").label, _BACKWARD]
        else:
            parts = [load_template(name).label for name in ("judge", self._template)]
        return "\x1f".join((self._engine.identity, *parts))

    def judge(self, profile: str, questions: Sequence[Question]) -> Judgement:
        """Foresee choices from a profile.

        profile: text, as ``profile_text`` makes it; empty is a person nobody knows
        Shape:   one verdict a question, the same whatever else is asked with it
        Raises:  ModelError
        """
        keys = [self._key(profile, question) for question in questions]
        new = {
            key: question
            for key, question in zip(keys, questions, strict=True)
            if key not in self.known
        }
        if new:
            found = self._ask(profile, list(new.values()))
            self.known.update(zip(new, found, strict=True))
        return Judgement(
            tuple(
                Verdict(question.id, self.known[key].p, self.known[key].flipped)
                for key, question in zip(keys, questions, strict=True)
            )
        )

    @property
    def _template(self) -> str:
        return f"judge_{self.form}"

    def _key(self, profile: str, question: Question) -> str:
        parts = (self.identity, profile, *_shown(question))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]

    def _ask(self, profile: str, questions: Sequence[Question]) -> list[Verdict]:
        if self.form == "backward":
            return self._backward(profile, questions)
        said = inside(profile.strip(), fences=_FENCES) or NOTHING_KNOWN
        prefix = [Message("system", load_template("judge").render(profile=said))]
        asked = [text for question in questions for text in self._texts(question)]
        if self.form == "pair":
            choices = self._engine.choose(prefix, asked)
        else:
            choices = self._engine.choose(prefix, asked, answers=("Yes", "No"))
        if len(choices) != len(asked) or not all(map(_is_told, choices)):
            raise ModelError(
                f"{self.name}: what it tells are no probabilities",
                remedy=_ANOTHER,
            )
        two = zip(choices[::2], choices[1::2], strict=True)
        verdict = _of_pair if self.form == "pair" else _of_items
        return [
            verdict(question.id, first, second)
            for question, (first, second) in zip(questions, two, strict=True)
        ]

    def _backward(self, profile: str, questions: Sequence[Question]) -> list[Verdict]:
        """Which choice foretells the profile; see ``backward``."""
        claims = claims_of(profile)
        if not claims:
            return [Verdict(question.id, 0.5) for question in questions]
        if self._scales is None:
            self._scales = Scales(self._engine, remedy=_LOCAL)
        self._scales.learn(claims)
        verdicts: list[Verdict] = []
        for one in questions:
            told = self._scales.weights(one.query, one.chosen, one.rejected, claims)
            verdicts.append(Verdict(one.id, combine(told)))
        return verdicts

    def _texts(self, question: Question) -> tuple[str, str]:
        """Two prompts: the chosen item first, and then the other."""
        query, chosen, rejected = _shown(question)
        asked = f"<asked>\n{query}\n</asked>\n\n" if query else ""
        template = load_template(self._template)
        if self.form == "item":
            one, two = (
                template.render(asked=asked, item=item) for item in (chosen, rejected)
            )
        else:
            one = template.render(asked=asked, a=chosen, b=rejected)
            two = template.render(asked=asked, a=rejected, b=chosen)
        return one, two


def profile_text(claims: Iterable[Claim]) -> str:
    """What a judge reads of a profile: what ``apply`` hands out, in every project.

    Tentative claims are left out: nobody acts on them yet.
    """
    usable = [claim for claim in claims if not claim.tentative]
    lines: list[str] = []
    for section in dict.fromkeys(claim.section for claim in usable):
        lines.append(section_line(section))
        lines += [claim_line(claim) for claim in usable if claim.section == section]
    return "\n".join(lines)


def _shown(question: Question) -> tuple[str, str, str]:
    """Query, chosen and rejected item as the judge sees them."""
    return (
        inside(middle_cut(question.query.strip(), LONGEST_CONTEXT), fences=_FENCES),
        inside(middle_cut(question.chosen.strip(), LONGEST_ITEM), fences=_FENCES),
        inside(middle_cut(question.rejected.strip(), LONGEST_ITEM), fences=_FENCES),
    )


def _is_told(choice: Choice) -> bool:
    return all(
        math.isfinite(logprob) and logprob <= _ROUNDING
        for logprob in (choice.first, choice.second)
    )


def _of_pair(id: str, straight: Choice, swapped: Choice) -> Verdict:
    """Of both orders: the chosen item was A first, and B then."""
    there, back = straight.p, 1 - swapped.p
    return Verdict(id, (there + back) / 2, flipped=(there > 0.5) != (back > 0.5))


def _of_items(id: str, chosen: Choice, rejected: Choice) -> Verdict:
    """Of two items alone: how much more the one calls for a Yes than the other."""
    more = (chosen.first - chosen.second) - (rejected.first - rejected.second)
    return Verdict(id, sigmoid(more))
