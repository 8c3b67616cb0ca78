"""How well a profile foresees the choices that were kept from its inference.

Beside it stand the controls without which the figure says nothing: no profile, other
people's profiles, and what needs no model at all.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from persona_cli.archive import Archive
from persona_cli.baselines import Popularity, TfIdf, liked, longer, share
from persona_cli.gate import cannot_judge
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, Judgement, Question, profile_text
from persona_cli.profile import Claim
from persona_cli.strangers import STRANGERS


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well some profiles foresee the same choices.

    own:       from the profile that is meant; None when its judge was not asked, or
               cannot judge
    empty, others, strangers: from none, from those under the same root by name, from
               invented people's
    unable:    why there are no such figures; empty when there are
    """

    own: Judgement | None = None
    empty: Judgement | None = None
    others: Mapping[str, Judgement] | None = None
    strangers: tuple[Judgement, ...] = ()
    unable: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """A version of a profile, and how well it foresees the choices.

    number: of the version; that of the last one for what is not committed yet
    commit: empty for what is not committed yet
    """

    number: int
    commit: str
    judgement: Judgement


def evaluate(
    judge: Judge,
    questions: Sequence[Question],
    claims: Iterable[Claim],
    others: Mapping[str, Iterable[Claim]],
    *,
    watch: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Ask a judge, unless it turns out that it cannot judge.

    questions: at least two
    others:    claims of other profiles, by name
    watch:     called when a profile was read: this one, the empty one, the strangers'
               and those of the others
    Raises:    ModelError
    """

    def foreseen_from(text: str) -> Judgement:
        found = judge.judge(text, questions)
        watch()
        return found

    if not (text := profile_text(claims)):
        return Evaluation(unable="the profile has no claim that is applied yet")
    own = foreseen_from(text)
    strangers = tuple(foreseen_from(one) for one in STRANGERS)
    if unable := cannot_judge(own, strangers):
        return Evaluation(unable=f"this model can't judge: {unable}")
    texts = {name: profile_text(found) for name, found in others.items()}
    return Evaluation(
        own,
        foreseen_from(""),
        {name: foreseen_from(said) for name, said in texts.items() if said},
        strangers,
    )


def over_versions(
    judge: Judge,
    questions: Sequence[Question],
    versions: Iterable[tuple[int, str, Iterable[Claim]]],
) -> Iterator[Past]:
    """How well each version foresees the choices; equal texts are judged once.

    versions: number, commit, claims
    Order:    as given
    Raises:   ModelError
    """
    for number, commit, claims in versions:
        yield Past(number, commit, judge.judge(profile_text(claims), questions))


def trivial(
    questions: Sequence[Question],
    history: Sequence[Interaction],
    elsewhere: Iterable[Interaction],
) -> dict[str, float]:
    """What needs no model: name -> accuracy, in [0, 1].

    history:   what the profile may have been inferred from
    elsewhere: what other people did; where they know none of the items, nothing is
               popular, and the figure is left out
    Shape:     empty without questions
    """
    if not questions:
        return {}
    chosen = liked(history)
    likeness = TfIdf(chosen)
    taste = likeness.taste(chosen)
    found = {
        "longer": share([longer(question) for question in questions]),
        "tf-idf": share([likeness.point(question, taste) for question in questions]),
    }
    popularity = Popularity(elsewhere)
    if any(popularity.known(question) for question in questions):
        found["popular"] = share([popularity.point(one) for one in questions])
    return found


def inferred_from(
    archive: Archive, *, aside: Collection[str] = ()
) -> list[Interaction]:
    """The interactions that inference may read."""
    entries = archive.readable(aside=aside)
    return list(archive.read(entries)) if entries else []
