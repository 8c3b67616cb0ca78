"""Whether a claim repeats what somebody else said.

Beside the user's words a model sees what the assistant said before them, and the
answers they chose among; and those may hold what a web page, a mail or a tool slipped
in. A model that obeys it writes it down as a preference. So each line of a draft is
laid beside who said what, and what only others said is dropped.

Only the words decide, not how harmless they look, and not which interaction a line
cites: whoever wrote the instruction may have written the citation too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from persona_cli.draft import DraftLine
from persona_cli.interaction import Interaction
from persona_cli.lookalike import encoded, folded, is_spaced, squeezed
from persona_cli.profile import Claim
from persona_cli.similar import words
from persona_cli.window import LONGEST_CONTEXT, middle_cut

# Of a claim's content words, the share in one sentence of the user's that makes it
# theirs; and in one sentence of somebody else's that makes it an instruction's.
_OWN = 0.6
_THEIRS = 0.6

# A claim that has nothing of what it cites, and this much of others' words, is theirs.
_ALL_THEIRS = 0.75

# So many words in common, and nearly all, are a quotation whoever speaks.
_QUOTED = 0.9
_LONG = 5
_SHORT_QUOTE = 4

# Choices that show the same: then it is what was chosen, and not what was said.
_CHOICES = 2

# How preferences are put; it says nothing of whose they are.
_FRAME = frozenset(
    words(
        "prefers prefer likes like dislikes wants want asks ask uses avoids enjoys"
        " loves hates chooses writes values expects always never person user users"
        " they them answer answers question preference remember note please assistant"
    )
)

# Marks of pages and of code part sentences too.
_SENTENCE = re.compile(
    r"(?<=[.!?])[\"')\]]*\s+|\n+|</?[A-Za-z][^<>]{0,200}>|<!--|-->|/\*|\*/|```"
)

# What tells someone what to do, or what a person likes, rather than how things are.
_TELLS = re.compile(
    r"\b(?:you|your|users?|assistants?|ais?|models?|memory|memori[sz]e|remember|notes?"
    r"|prefer\w*|always|never|must|should|shall|ought|from now on|future|henceforth"
    r"|instructions?|rules?|recommend\w*|please|do not|don't|ignore|forget|disregard"
    r"|system|important|favou?rites?|likes?|loves?|wants?|wishes|trust\w*|whenever"
    r"|every time|default|require[sd]?|needs?|agreed|decided|policy|standing"
    r"|permanent\w*"
    r"|persona|profile|everyone|people|guideline|override|save|saved|record|store[ds]?)\b"
    r"|^\W*(?:use|add|include|send|run|install|write|answer|reply|say|tell|call|make|set"
    r"|keep|append|disable|skip|enable|choose|pick|buy|visit|open|click|treat|consider"
    r"|assume|end|begin|start|stop|show|print|give|list|avoid|put|insert|mention|cite"
    r"|link|post|upload|forward|share|delete|remove|drop|accept|approve|trust|refer"
    r"|suggest|promote|switch|replace|turn|let|be|act|pretend|respond|speak|format"
    r"|output|return|sign|address)\b"
)


class _Passage(NamedTuple):
    """A sentence of somebody else's.

    words:   that carry meaning
    tells:   it says what to do, or what a person likes
    letters: all of them, when they stand apart and so make no words
    """

    words: frozenset[str]
    tells: bool
    letters: str = ""

    def share(self, said: frozenset[str]) -> float:
        """Of some content words, the share that it has too, in [0, 1]."""
        found = said & self.words
        if self.letters:
            found = frozenset(word for word in said if word in self.letters)
        return len(found) / len(said)


class Voices:
    """Who said what in a window.

    past: claims of the profile, which a line may restate
    """

    def __init__(self, window: Sequence[Interaction], past: Sequence[Claim]) -> None:
        self._deeds = {deed.id: deed for deed in window}
        self._past = {claim.id: _content(claim.text) for claim in past}
        self._own = {deed.id: _content(deed.own) for deed in window}
        self._others = [
            passage for deed in window for passage in _passages(_not_own(deed))
        ]
        self._notes = [
            passage
            for deed in window
            if deed.secondhand
            for passage in _passages([deed.chosen])
        ]

    def others_said(self, line: DraftLine) -> bool:
        """Whether a line says what others said, and the user did not."""
        said = _content(line.text) - _FRAME
        if not said:  # "Okay, noted.": whoever said it, it is no claim
            return self._echoed(line)
        if self._is_own(said, line):
            return False
        own = self._own_words(line)
        chosen = self._chosen(said, line)
        for passage in self._others:
            share = passage.share(said)
            if share >= _QUOTED and len(said) >= _SHORT_QUOTE + (not passage.tells):
                return True
            if chosen:
                continue
            if share >= _THEIRS and passage.tells:
                return True
            if share >= _ALL_THEIRS and not said & own and self._typed(line):
                return True
        return False

    def remembered(self, line: DraftLine) -> bool:
        """Whether a line says what another tool remembers, and the user did not.

        The words decide here too: a note that a line does not cite is in it all the
        same when most of its words are.
        """
        said = _content(line.text) - _FRAME
        if not self._notes or not said or self._is_own(said, line):
            return False
        return not self._chosen(said, line) and any(
            note.share(said) >= _THEIRS for note in self._notes
        )

    def _is_own(self, said: frozenset[str], line: DraftLine) -> bool:
        own = self._own_words(line)
        return len(said & own) >= _OWN * len(said)

    def _own_words(self, line: DraftLine) -> frozenset[str]:
        """Of the user's deeds that a line cites, and of the claims it restates."""
        own: set[str] = set()
        for claim_id in line.keeps:
            own |= self._past.get(claim_id, frozenset())
        for found in line.rests_on:
            own |= self._own.get(found, frozenset())
        return frozenset(own)

    def _echoed(self, line: DraftLine) -> bool:
        """Whether a line without content is somebody's, letter by letter."""
        letters = squeezed(line.text)
        own = any(letters in squeezed(deed.own) for deed in self._deeds.values())
        return not own and any(
            letters in squeezed(text)
            for deed in self._deeds.values()
            for text in _not_own(deed)
        )

    def _chosen(self, said: frozenset[str], line: DraftLine) -> bool:
        """Whether the choices that a line cites show it, and not one of them alone.

        A choice that only a rule saw in a chat shows nothing by its words: the answers
        may both repeat what a tool had read.
        """
        shown = 0
        for found in line.rests_on:
            deed = self._deeds.get(found)
            if deed is not None and deed.kind == "pair" and not deed.signal:
                took, passed = _content(deed.chosen), _content(deed.rejected)
                shown += len(said & (took ^ passed)) >= _OWN * len(said)
        return shown >= _CHOICES

    def _typed(self, line: DraftLine) -> bool:
        """Whether a line cites no item that the user chose or rated outright."""
        deeds = [self._deeds[i] for i in line.rests_on if i in self._deeds]
        return all(deed.signal or deed.kind not in ("pair", "rating") for deed in deeds)


def _not_own(deed: Interaction) -> Iterator[str]:
    """The texts of an interaction that somebody else wrote, or may have written."""
    yield deed.query
    # As the model saw it: a cut makes one sentence of two halves.
    yield middle_cut(deed.query.strip(), LONGEST_CONTEXT)
    yield deed.rejected
    if deed.kind in ("pair", "rating"):
        yield deed.chosen


def _passages(texts: Iterable[str]) -> Iterator[_Passage]:
    for text in texts:
        hidden = [said for _, said in encoded(text) if said]
        for part in (text, *hidden):
            before: _Passage | None = None
            for sentence in _SENTENCE.split(part):
                looks = folded(sentence)
                found = frozenset(words(looks))
                if is_spaced(sentence):
                    yield _Passage(found, tells=True, letters=squeezed(sentence))
                elif found:
                    here = _Passage(found, _TELLS.search(looks) is not None)
                    yield here
                    if before is not None:  # a claim may be made of two sentences
                        yield _Passage(
                            before.words | here.words, before.tells or here.tells
                        )
                    before = here


def _content(text: str) -> frozenset[str]:
    return frozenset(words(folded(text)))
