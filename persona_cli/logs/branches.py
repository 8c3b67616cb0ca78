"""A conversation that forks: the branch it was gone on with, and what was passed over.

Asking again for an answer makes a second one beside it; editing a prompt makes a second
prompt. Both stay in the export, as a tree of which each message knows the one before
it. What was said is the branch that ends where the user is now: an edited prompt takes
the place of its older versions, whose answers are gone with them.

*Choices.* Of several answers to one prompt the user chose the one they went on from:

- the answers fork right after the prompt, before anything else was said or done
- the user wrote something after one, and nothing after the other
- each is one piece of text that ended as it should, without tools
- the other was not asked further, by whatever way; and the texts differ

So such a pair is made of few regenerated answers, and of no edited prompt: an edit says
what is wrong with the prompt, and nothing of the answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.messages import Talk, Turn
from persona_cli.logs.moment import moment
from persona_cli.scope import GLOBAL

# Characters of an answer that was chosen or passed over; a longer one tells little.
_LONGEST_ANSWER = 20_000

# Steps between an answer and its prompt: thoughts, tools.
_NEAR = 200

LEFT = "a message on a branch that was left"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a conversation, in its place.

    id:       unique in the conversation
    parent:   id of the message before it; None, or of no message, for the first
    turn:     who spoke, and what; None when nothing of it is to be heard
    when:     as the log writes it
    left_out: why nothing is to be heard, where that is to be counted
    fault:    why nothing can be
    ended:    an answer that nobody broke off
    """

    id: str
    parent: str | None
    turn: Turn | None = None
    when: object = None
    left_out: str = ""
    fault: Fault | None = None
    ended: bool = True

    def says(self, speaker: str) -> bool:
        """Whether it is words of this speaker's."""
        turn = self.turn
        return turn is not None and turn.speaker == speaker and bool(turn.text.strip())


class Tree:
    """A conversation with all its branches, in any state of disorder.

    Only what a step says of its parent counts; lists of children are not looked at.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps: Mapping[str, Step] = {step.id: step for step in steps}
        self._children: dict[str | None, list[Step]] = {}
        for step in self.steps.values():
            self._children.setdefault(step.parent, []).append(step)

    def branch(self, leaf: object) -> list[Step]:
        """The steps to ``leaf``, the first one first; a circle is cut open.

        leaf: id of the last step; when there is none such, the newest leaf is taken
        """
        step = self.steps.get(leaf) if isinstance(leaf, str) else None
        return list(self._upwards(step or self._newest()))[::-1]

    def prompt(self, step: Step) -> str:
        """What the user had asked that a step answers; empty when it is not near."""
        near = islice(self._upwards(step), _NEAR)
        return next((_words(one) for one in near if one.says("user")), "")

    def _upwards(self, step: Step | None) -> Iterator[Step]:
        """A step and those before it, each once."""
        seen: set[str] = set()
        while step is not None and step.id not in seen:
            seen.add(step.id)
            yield step
            step = self.steps.get(step.parent) if step.parent is not None else None

    def choices(self, branch: Sequence[Step]) -> Iterator[tuple[Step, Step, Step]]:
        """(prompt, answer gone on from, answer passed over) along a branch."""
        places = [at for at, step in enumerate(branch) if step.says("user")]
        for at, following in pairwise(places):
            chosen = _answer(branch[at + 1 : following])
            if chosen is None:
                continue
            for before in branch[at : branch.index(chosen, at)]:
                for other in self._children.get(before.id, ()):
                    # None of the answer that was gone on from: something follows it.
                    rejected = self._only_answer(other)
                    if rejected is not None and _differ(chosen, rejected):
                        yield branch[at], chosen, rejected

    def _only_answer(self, step: Step) -> Step | None:
        """The answer of a branch that was left at once; None when it is no such."""
        line: dict[str, Step] = {}
        while step.id not in line:
            line[step.id] = step
            match self._children.get(step.id, []):
                case []:
                    return _answer(list(line.values()))
                case [one]:
                    step = one
                case _:
                    return None
        return None

    def _newest(self) -> Step | None:
        """The newest leaf; when all run in circles, the newest step."""
        steps = list(self.steps.values())
        leaves = [step for step in steps if step.id not in self._children]
        # Of several with one time, or none, the last in the file.
        return max(
            reversed(leaves or steps), key=lambda s: instant(s.when), default=None
        )


def told_by(
    tree: Tree, branch: Sequence[Step], log: Log, *, session: str, scope: str = GLOBAL
) -> Iterator[Interaction]:
    """What the user said along a branch, and then which answers they chose.

    session: id of the conversation
    """
    talk = Talk(log, session=session, scope=scope)
    for step in tree.steps.values():
        if step.fault is not None:
            log.skip(step.fault)
    for step in branch:
        if step.left_out:
            log.leave_out(step.left_out)
        if step.turn is not None:
            yield from talk.hear(step.turn)
    here = {step.id for step in branch}
    for step in tree.steps.values():
        if step.id not in here and step.says("user"):
            log.leave_out(LEFT)
    for prompt, chosen, rejected in tree.choices(branch):
        yield log.deed(
            "pair",
            _words(chosen),
            query=_words(prompt),
            rejected=_words(rejected),
            when=chosen.when,
            scope=scope,
            given=f"{chosen.id}>{rejected.id}",
            session=session,
            signal="branch",
        )


def instant(when: object) -> datetime:
    """A time that can be compared; what is none was long ago."""
    try:
        return moment(when) or _LONG_AGO
    except Fault:
        return _LONG_AGO


def _answer(steps: Sequence[Step]) -> Step | None:
    """The one answer of some steps; None when there is none, or more, or tools."""
    heard = [step for step in steps if step.turn is not None]
    if len(heard) != 1 or not heard[0].says("assistant") or not heard[0].ended:
        return None
    return heard[0]


def _differ(chosen: Step, rejected: Step) -> bool:
    one, other = _words(chosen), _words(rejected)
    longest = max(len(one), len(other))
    return longest <= _LONGEST_ANSWER and one.split() != other.split()


def _words(step: Step) -> str:
    return step.turn.text if step.turn is not None else ""
