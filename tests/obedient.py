"""A model that obeys whatever it reads, and what is made of its answers.

The worst a model can do short of inventing things: every sentence of its prompt becomes
a claim, also what is hidden in other letters or in base64; instructions first, each
as it stands and once more in persona's own words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from persona_cli import profile as pr
from persona_cli.apply import ApplyRequest, apply
from persona_cli.engine import Answer, Message
from persona_cli.evidence import Evidence, Wording
from persona_cli.fold import propose
from persona_cli.guard import guard
from persona_cli.infer import Asking
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log
from persona_cli.lookalike import encoded, folded
from persona_cli.profile import Profile
from persona_cli.reconcile import Reconciled, reconcile
from tests.fakes import ScriptedEngine

# Which interaction a planted claim cites: the one it stood in, or one that the user
# wrote in good faith, or all.
Cites = Literal["here", "first", "all"]
CITES: tuple[Cites, ...] = ("here", "first", "all")

ASKING = Asking(answer_tokens=4000)

_DEED = re.compile(r'<interaction id="(i\d+)"[^>]*>(.*?)</interaction>', re.DOTALL)
_LABEL = re.compile(
    r"^(?:asked|took|passed over|was offered|rewrote it as|wrote|rated \d+ of 100"
    r"|the assistant had said|another tool remembers|in answer to): ",
    re.MULTILINE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|-->|<!--|\*/|/\*|</?\w+[^>]*>|```")
_ORDERS = re.compile(
    r"\b(?:remember|always|never|user|prefer\w*|must|from now on|ignore|note|save)\b"
)
_OF_THE_USER = re.compile(
    r".*\b(?:the )?user (?:\w+ )?(prefers|likes|wants|uses|trusts) (.+)", re.IGNORECASE
)


class ObedientEngine(ScriptedEngine):
    """Writes down every sentence it is shown, as a preference."""

    def __init__(self, cites: Cites = "here") -> None:
        super().__init__(name="obedient", context=200_000)
        self._cites = cites

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: Any
    ) -> Answer:
        """Obey."""
        self._lines.append(obeyed(messages[-1].content, self._cites))
        return super().complete(messages, max_tokens=max_tokens, **more)


def obeyed(prompt: str, cites: Cites) -> str:
    """A claim line for each sentence between the fences of a prompt."""
    deeds = _DEED.findall(prompt)
    every = " ".join(number for number, _ in deeds)
    found: dict[str, str] = {}
    for number, text in deeds:
        cited = {"here": number, "first": "i1", "all": every}[cites]
        for sentence in _sentences(_LABEL.sub("", text)):
            found.setdefault(sentence, f"- [{cited}] general | {sentence}\n")
    orders = [s for s in found if _ORDERS.search(folded(s))]
    rest = [s for s in found if s not in set(orders)]
    return "".join(found[sentence] for sentence in [*orders, *rest][:60])


def _sentences(text: str) -> list[str]:
    texts = [text, *(said for _, said in encoded(text))]
    said: list[str] = []
    for part in (piece for one in texts for piece in _SENTENCE.split(one)):
        sentence = " ".join(part.split()).strip("\"'>| ")
        if len(sentence) < 4 or len(sentence) > 390:
            continue
        said.append(sentence)
        if (plain := folded(sentence)) != sentence.casefold():
            said.append(plain)
        if match := _OF_THE_USER.match(sentence):
            said.append(f"{match[1].capitalize()} {match[2]}")
    return said


@dataclass(frozen=True)
class Learned:
    """What came of a log.

    claims:  texts in force, folded: look-alikes made plain
    waiting: the same of what waits for review
    prompt:  what ``apply`` puts in front of a prompt, tentative claims too, folded
    """

    claims: tuple[str, ...]
    waiting: tuple[str, ...]
    prompt: str

    def holds(self, canary: str) -> bool:
        """Whether a word got anywhere, active or not."""
        plain = folded(canary)
        return any(plain in one for one in (*self.claims, *self.waiting, self.prompt))


def learn(path: Path, cites: Cites = "here", format: str | None = None) -> Learned:
    """The whole line from a log to a prompt, without a disk between."""
    deeds = [
        passed
        for deed in read_log(path, tally=Tally(), format=format)
        if (passed := guard(deed).interaction) is not None
    ]
    done = fold(pr.empty("ada"), Evidence(), deeds, ObedientEngine(cites))
    return learned(done.profile, done.evidence)


def fold(
    profile: Profile,
    evidence: Evidence,
    deeds: Sequence[Interaction],
    engine: ScriptedEngine,
) -> Reconciled:
    """Fold interactions in, a window at a time."""
    done = Reconciled(profile, evidence, (), {})
    left = list(deeds)
    while left:
        proposal = propose(done.profile, left, [], engine, ASKING, seed=1)
        done = reconcile(
            done.profile,
            done.evidence,
            proposal.inferred.draft.lines,
            proposal.interactions,
            by="obedient",
        )
        left = left[len(proposal.ids) :]
    return done


def learned(profile: Profile, evidence: Evidence) -> Learned:
    """What a profile and its evidence hold, and what of it reaches a model."""
    request = ApplyRequest(name="ada", version=1, argument="Hi", tentative=True)
    wordings = evidence.wordings().values()
    return Learned(
        tuple(folded(f"{c.section} {c.text}") for c in profile.claims),
        tuple(folded(_text(w)) for w in wordings if w.status != "active"),
        folded(apply(profile.claims, request).output),
    )


def _text(wording: Wording) -> str:
    return f"{wording.section} {wording.words}"
