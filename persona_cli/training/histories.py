"""The histories that real behaviour is taken from: profiles here, or plain logs.

Of a profile only what ``trainable`` lets pass: not what its owner forgot, nor what is
held out, nor what waits for review. A log is guarded as ``update`` guards it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from persona_cli.archive import Archive
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, find_logs, read_log
from persona_cli.places import PROFILE
from persona_cli.settings import Settings
from persona_cli.store import Store
from persona_cli.trainable import trainable

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and what they did.

    name:    of the folder of a profile, or the path of a log
    history: oldest first
    """

    name: str
    history: tuple[Interaction, ...]


def people(
    sources: Sequence[Path], settings: Settings, dropped: Counter[str]
) -> Iterator[Person]:
    """Whoever the sources are of: a profile or a log each, all of a folder's logs one.

    dropped: reason -> interactions that no model is to learn from; grows
    Raises:  InputError for a source that can't be read
    """
    for source in sources:
        if (source / PROFILE).is_file():
            found = _of_profile(source, settings)
        else:
            found = list(_of_logs(source, settings, dropped))
        firsthand = [deed for deed in found if not deed.secondhand]
        if len(firsthand) < len(found):
            dropped["interactions: what another tool remembers"] += len(found) - len(
                firsthand
            )
        known = {deed.id: deed for deed in firsthand}
        history = sorted(known.values(), key=lambda deed: deed.at or _LONG_AGO)
        yield Person(source.name, tuple(history))


def pieces(history: Sequence[Interaction], *, longest: int) -> list[list[Interaction]]:
    """A long history as several, of about one length.

    longest: interactions of a piece, >= 1
    """
    many = -(-len(history) // longest)
    cuts = [round(len(history) * n / many) for n in range(many + 1)] if many else []
    return [list(history[a:b]) for a, b in pairwise(cuts)]


def _of_profile(folder: Path, settings: Settings) -> list[Interaction]:
    store = Store(folder.parent, folder.name)
    archive = Archive(store.state, held_share=settings.held_out)
    entries = list(trainable(archive, store.load().evidence))
    return list(archive.read(entries)) if entries else []


def _of_logs(
    source: Path, settings: Settings, dropped: Counter[str]
) -> Iterator[Interaction]:
    for path in find_logs([str(source)]):
        log = read_log(
            path, tally=Tally(), max_record=settings.max_record, me=settings.me
        )
        for deed in log:
            passed = guard(deed)
            if passed.interaction is None:
                dropped["interactions: not let pass by the guard"] += 1
            else:
                yield passed.interaction
