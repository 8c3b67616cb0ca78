"""MovieLens: films that a user rated, in time.

Two layouts: ratings.csv and movies.csv with a header (ml-latest-small, ml-25m,
ml-32m), and ratings.dat and movies.dat with ``::`` between the cells (ml-1m, ml-10m).

Checked: columns and terms, against the READMEs of ml-latest-small and ml-1m. That
ml-1m's titles are Latin-1 is known of the set and not verified on the real file: a
line that is not UTF-8 is read as Latin-1.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from persona_cli.errors import InputError

from .groups import by_user
from .public import Ask, PublicSet
from .ratings import Rating, sample_from
from .reading import cells, found, table
from .sample import Sample, Skip

RATINGS = ("userId", "movieId", "rating", "timestamp")
MOVIES = ("movieId", "title", "genres")
NO_GENRES = "(no genres listed)"

Row = tuple[str, list[str]]


def film_text(title: str, genres: str) -> str:
    """What is shown of a film: ``Heat (1995) | Action, Crime, Thriller``."""
    if genres in ("", NO_GENRES):
        return title.strip()
    return f"{title.strip()} | {genres.replace('|', ', ')}"


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read the films and the ratings, in either layout.

    Raises: InputError
    """
    ratings = _one(folder, "ratings")
    movies = _one(ratings.parent, "movies", ratings.suffix)
    texts = {
        film: film_text(title, genres)
        for _, (film, title, genres) in _rows(movies, MOVIES)
        if title.strip()
    }
    catalogue = sorted(texts)
    for user, rows in by_user(_ratings(_rows(ratings, RATINGS)), seed=ask.seed):
        given = [Rating(*row) for row in rows]
        yield sample_from(user, given, texts, catalogue, source="movielens", ask=ask)


def _one(folder: Path, stem: str, suffix: str | None = None) -> Path:
    names = [f"{stem}{end}" for end in ([suffix] if suffix else [".csv", ".dat"])]
    paths = found(folder, *names, needed=" or ".join(names))
    if len(paths) > 1:
        raise InputError(
            f"{folder}: {paths[0].name} and {paths[1].relative_to(folder)}",
            remedy="Give the folder of one edition with --from.",
        )
    return paths[0]


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    if path.suffix == ".csv":
        for place, row in table(path, columns):
            yield place, [row[column] for column in columns]
    else:
        yield from cells(path, "::", len(columns), fallback="latin-1")


def _ratings(rows: Iterable[Row]) -> Iterator[tuple[str, list[str | float]]]:
    for place, (user, film, score, at) in rows:
        try:
            yield user, [film, float(score), int(at)]
        except ValueError as error:
            raise InputError(
                f"{place}: {score!r} is no score, or {at!r} no time",
                remedy="See that the file was downloaded and unpacked whole.",
            ) from error


SET = PublicSet(
    name="movielens",
    title="MovieLens, GroupLens",
    get="https://grouplens.org/datasets/movielens/ (the method used ml-32m)",
    terms="GroupLens: research with acknowledgement, no commercial use without "
    "permission; ml-1m may not be passed on, ml-latest-small on the same terms",
    files=("ratings.csv and movies.csv", "or ratings.dat and movies.dat"),
    recipe="History and target: the films a user rated, by time, the last as the "
    "target; whatever the rating. Rejected: a film that the user never rated. With "
    "--rejected disliked: chosen has 4 stars or more, rejected is a film that the same "
    "user gave 2 or less. At least 17 films a user.",
    checked="columns and terms, against the sets' READMEs; run on a public copy of "
    "ml-latest-small, and on the test ratings of one of ml-1m",
    shortest=16,
    read=read,
    ratings=True,
)
