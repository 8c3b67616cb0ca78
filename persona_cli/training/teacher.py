"""What a teacher is asked when real behaviour is made into summaries.

Source: "Text as a Universal Interface for Transferable Personalization"
        (AlignXplore+), arXiv 2601.04963, section on synthesized data. Its signal is a
        sequence model fine-tuned to foresee choices; here the teacher itself is asked
        for the probability of each choice, given what came before it.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from persona_cli.engine import Answer, Engine, Message, Sampling
from persona_cli.errors import ModelError
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, Question
from persona_cli.profile import section_name
from persona_cli.templates import load_template
from persona_cli.training.users import SummaryLine
from persona_cli.window import LONGEST_CONTEXT, block, inside, middle_cut

# As the method draws.
SAMPLING = Sampling(temperature=0.6, top_p=0.95, top_k=20)

NOT_PROVIDED = "not provided"

_FENCES = ("past", "later", "item", "asked", "summary", "item_a", "item_b")
_LINE = re.compile(
    r"\s*[-*•]?\s*(?:\[(?P<cites>[^\]\n]{0,400})\])?\s*"
    r"(?:(?P<section>[^|\n]{1,60})\|)?\s*(?P<text>[^|\n]{3,300})"
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An interaction and its number in its user's history, from 1."""

    number: int
    deed: Interaction

    @property
    def question(self) -> Question:
        """The choice that it is; only for those with two items."""
        deed = self.deed
        return Question(f"i{self.number}", deed.query, deed.chosen, deed.rejected)


class Teacher:
    """An engine that writes summaries, and foresees choices.

    answer_tokens: of a summary; a thinking model gets as many again
    """

    def __init__(self, engine: Engine, *, answer_tokens: int) -> None:
        self._engine, self._answer_tokens = engine, answer_tokens
        self._judge = Judge(engine, "pair")
        self.calls = 0

    @property
    def name(self) -> str:
        """For provenance."""
        return self._engine.name

    @property
    def identity(self) -> str:
        """The same identity says the same, asked the same."""
        return f"{self._engine.identity} {self._answer_tokens}"

    def signal(self, past: Sequence[Numbered], choice: Numbered) -> float:
        """Probability of the choice that was made, given what came before, in [0, 1].

        Both orders are asked and averaged. Of a past that does not fit, the older half
        is left out until it does.

        Raises: ModelError
        """
        template, pair = load_template("synth_signal"), load_template("judge_pair")
        question = choice.question
        asked = _asked(question.query)
        items = (_item(question.chosen), _item(question.rejected))
        straight = pair.render(asked=asked, a=items[0], b=items[1])
        turned = pair.render(asked=asked, a=items[1], b=items[0])

        def system(some: Sequence[Numbered]) -> list[Message]:
            return [Message("system", template.render(past=_blocks(some)))]

        def whole(some: Sequence[Numbered]) -> list[Message]:
            return [*system(some), Message("user", straight)]

        fitting = self._fitting(past, whole, reserve=1)
        self.calls += 1
        there, back = self._engine.choose(system(fitting), [straight, turned])
        return (there.p + 1 - back.p) / 2

    def draft(
        self,
        past: Sequence[SummaryLine],
        window: Sequence[Numbered],
        target: Numbered,
        *,
        turned: bool,
        seed: int,
    ) -> Answer:
        """A summary with one target in view.

        turned: the item that was passed over stands first
        Raises: ModelError
        """
        question = target.question
        one, other = _item(question.chosen), _item(question.rejected)
        if turned:
            one, other = other, one

        def whole(some: Sequence[Numbered]) -> list[Message]:
            text = load_template("synth_draft").render(
                past=lines_text(past) or NOT_PROVIDED,
                window=_blocks(some),
                asked=_asked(question.query),
                one=one,
                other=other,
            )
            return [Message("user", text)]

        reserve = 2 * self._answer_tokens
        return self._say(whole(self._fitting(window, whole, reserve=reserve)), seed)

    def merge(self, drafts: Sequence[Answer], *, seed: int) -> Answer:
        """One summary of several, with what was thought before each.

        Raises: ModelError
        """
        shown = "\n\n".join(
            f"<summary>\n{inside(_with_thoughts(one), fences=_FENCES)}\n</summary>"
            for one in drafts
        )
        text = load_template("synth_merge").render(drafts=shown)
        return self._say([Message("user", text)], seed)

    def foresees(
        self, summary: Sequence[SummaryLine], targets: Sequence[Numbered]
    ) -> list[bool]:
        """Which choices are foreseen from a summary.

        Raises: ModelError
        """
        profile = "\n".join(f"- {line.text}" for line in summary)
        self.calls += 1
        found = self._judge.judge(profile, [one.question for one in targets])
        return [verdict.right for verdict in found.verdicts]

    def _say(self, messages: Sequence[Message], seed: int) -> Answer:
        self.calls += 1
        return self._engine.complete(
            messages, max_tokens=self._answer_tokens, sampling=SAMPLING, seed=seed
        )

    def _fitting(
        self,
        window: Sequence[Numbered],
        whole: Callable[[Sequence[Numbered]], Sequence[Message]],
        *,
        reserve: int,
    ) -> Sequence[Numbered]:
        """The window without its older half, again and again until the prompt fits.

        Raises: ModelError when nothing of it fits
        """
        room = self._engine.context - reserve
        left = window
        while left and self._engine.count(whole(left)) > room:
            left = left[(len(left) + 1) // 2 :]
        if window and not left:
            raise ModelError(
                f"{self.name}: one interaction does not fit {self._engine.context}"
                " tokens of context",
                remedy="Take a teacher with a longer context, or lower answer_tokens.",
            )
        return left


def lines_of(text: str, *, known: Collection[int]) -> tuple[SummaryLine, ...]:
    """The lines of a teacher's summary; what is no line is left out.

    known: numbers of the interactions that may be cited
    Shape: no claim twice
    """
    found: dict[str, SummaryLine] = {}
    for raw in text.splitlines():
        match = _LINE.fullmatch(raw.rstrip())
        if match is None or match["section"] is None:
            continue
        numbers = [int(n) for n in re.findall(r"\bi(\d{1,6})\b", match["cites"] or "")]
        said = " ".join(match["text"].split())
        cites = tuple(f"i{n}" for n in sorted(set(numbers) & set(known)))
        section = section_name(match["section"])
        found.setdefault(said.lower(), SummaryLine(section, said, cites, ""))
    return tuple(found.values())


def lines_text(lines: Sequence[SummaryLine]) -> str:
    """Lines as a teacher reads and writes them."""
    return "\n".join(
        inside(f"- [{' '.join(one.cites)}] {one.section} | {one.text}", fences=_FENCES)
        for one in lines
    )


def _with_thoughts(answer: Answer) -> str:
    thoughts = answer.thoughts.strip()
    return f"{thoughts}\n\n{answer.text}" if thoughts else answer.text


def _blocks(window: Sequence[Numbered]) -> str:
    every = (block(one.deed, one.number) for one in window)
    return "\n\n".join(inside(text, fences=_FENCES) for text in every)


def _asked(query: str) -> str:
    shown = inside(middle_cut(query.strip(), LONGEST_CONTEXT), fences=_FENCES)
    return f"<asked>\n{shown}\n</asked>\n\n" if shown else ""


def _item(text: str) -> str:
    return inside(text.strip(), fences=_FENCES)
