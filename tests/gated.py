"""An update that is checked by behaviour, in this process, or as a program to kill.

python -m tests.gated ROOT DRAFTS JUDGE
    folds in what the archive of ``ada`` holds, with a model that answers and judges as
    a pure function of what it is asked; JUDGE is one of JUDGES
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from persona_cli.archive import Archive
from persona_cli.engine import Answer, Message
from persona_cli.fold import Checking
from persona_cli.infer import Asking
from persona_cli.interaction import Interaction
from persona_cli.models.catalogue import Manners
from persona_cli.store import Store
from persona_cli.update import Updated, update
from tests.fakes import ScriptedEngine
from tests.terse import SHARE, likes_terse, noisily, own_taste

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKING = Asking(answer_tokens=200, manners=Manners(grammar=True))


def archive_of(store: Store, *deeds: Interaction) -> Archive:
    """The archive of a profile, with these interactions on disk."""
    archive = Archive(store.state, held_share=SHARE)
    archive.add(deeds)
    archive.flush()
    return Archive(store.state, held_share=SHARE)


def run(
    store: Store,
    engine: ScriptedEngine,
    *deeds: Interaction,
    asking: Asking = ASKING,
    **more: Any,
) -> Iterator[Updated]:
    """An update as the command line makes it."""
    archive = archive_of(store, *deeds)
    with store.at_work("update", timeout=1):
        yield from update(
            store,
            archive,
            open_engine=lambda: (engine, asking),
            seed=7,
            now=lambda: NOW,
            **more,
        )


def slow_to_see(before: str, question: str) -> float:
    """A judge that goes by its own taste until a profile says enough."""
    seen = len(before) > 800
    return likes_terse(before, question) if seen else own_taste(before, question)


JUDGES = {
    "reads": noisily(likes_terse),
    "slow": noisily(slow_to_see),
    "blind": own_taste,  # all drafts are as good: the shorter is taken, or the first
}


class Wavering(ScriptedEngine):
    """Learns the person in the first window, gets them wrong in every second one.

    Of several drafts one is right. What it says hangs on its seed, and on what the
    prompt says of the past and of what was counted.
    """

    def __init__(self, judge: str) -> None:
        super().__init__(chooses=JUDGES[judge], context=1600)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int = 0,
        **more: Any,
    ) -> Answer:
        """Answer by rule."""
        prompt = messages[-1].content
        past = prompt.rpartition("<past>")[2].partition("</past>")[0]
        taste = "wordy" if "terse" in past and seed % 2 else "terse"
        cites = "!p1 i1 i2" if "Prefers" in past and taste not in past else "i1 i2"
        line = f"- [{cites}] communication | Prefers {taste} answers.\n"
        counted = crc32(prompt.rpartition("<observed>")[2].encode()) % 97
        line += f"- [i1 i2] topics | Speaks of {'no' * (9 - seed % 5)}{counted}.\n"
        self._lines.append(line)
        return super().complete(messages, max_tokens=max_tokens, seed=seed, **more)


def main(root: Path, candidates: int, judge: str) -> None:
    """Update ``ada``, and say what became of each window."""
    asking = Asking(
        answer_tokens=200, window_tokens=120, candidates=candidates, manners=Manners()
    )
    store = Store(root, "ada")
    for step in run(store, Wavering(judge), asking=asking, checking=Checking(most=40)):
        print("kept" if step.checked.kept else "rejected", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
