"""From answers to figures: how well the choices of each source were foreseen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persona_cli.baselines import Popularity, TfIdf, liked, longer, share
from persona_cli.gate import MOST_FLIPS, cannot_judge
from persona_cli.judge import Judgement, Verdict
from persona_cli.suite.read import Read, borrowed
from persona_cli.suite.users import Key, User, by_source


@dataclass(frozen=True, slots=True)
class Figures:
    """How well the choices of one source were foreseen.

    own:       from each user's own profile
    baselines: name -> accuracy, in [0, 1]; ``other`` lacks where there was one user
    doubt:     why ``own`` does not show that profiles are read; empty when it does
    """

    own: Judgement
    baselines: Mapping[str, float]
    doubt: str


def trivial(asked: Sequence[User], everybody: Sequence[User]) -> dict[str, float]:
    """The baselines of one source that need no model: name -> accuracy.

    everybody: the users of the source, whose histories say what is popular and which
               words are rare, whether or not they are asked
    """
    popularity = Popularity(deed for user in everybody for deed in user.history)
    likeness = TfIdf(" ".join(liked(user.history)) for user in everybody)
    return {
        "longer": share([longer(user.target) for user in asked]),
        "popular": share(
            [popularity.point(user.target, without=user.history) for user in asked]
        ),
        "tf-idf": share(
            [
                likeness.point(user.target, likeness.taste(liked(user.history)))
                for user in asked
            ]
        ),
    }


def figures(
    asked: Sequence[User], everybody: Sequence[User], reads: Mapping[Key, Read]
) -> dict[str, Figures]:
    """The figures of each source.

    Raises: KeyError for a user who was not read, which is a mistake of ours
    """
    lent = borrowed(reads.values())
    sources = by_source(everybody)
    return {
        source: _of_source(users, sources[source], reads, lent)
        for source, users in by_source(asked).items()
    }


def mean(found: Mapping[str, Figures]) -> float:
    """The mean accuracy over the sources, each counting the same."""
    return share([one.own.accuracy.rate for one in found.values()])


def record(found: Mapping[str, Figures]) -> dict[str, object]:
    """The figures as JSON."""
    return {
        "sources": {
            source: {
                "n": one.own.accuracy.asked,
                "accuracy": one.own.accuracy.rate,
                "interval": list(one.own.accuracy.interval),
                "even": one.own.even,
                "confidence": one.own.confidence,
                "flips": one.own.flips,
                "baselines": dict(one.baselines),
            }
            for source, one in found.items()
        },
        "mean": mean(found) if found else None,
    }


def _of_source(
    users: Sequence[User],
    everybody: Sequence[User],
    reads: Mapping[Key, Read],
    lent: Mapping[Key, Verdict],
) -> Figures:
    own = Judgement(tuple(reads[user.key].own for user in users))
    empty = Judgement(tuple(reads[user.key].empty for user in users))
    baselines = trivial(users, everybody) | {"empty": empty.accuracy.rate}
    if not all(user.key in lent for user in users):
        return Figures(own, baselines, "there is no other user to compare with")
    other = Judgement(tuple(lent[user.key] for user in users))
    baselines["other"] = other.accuracy.rate
    return Figures(own, baselines, _doubt(own, other))


def _doubt(own: Judgement, other: Judgement) -> str:
    if not (unable := cannot_judge(own, [other])):
        return ""
    if own.flips > MOST_FLIPS:
        return unable
    return f"another user's profile foresees these {len(own.verdicts)} choices as well"
