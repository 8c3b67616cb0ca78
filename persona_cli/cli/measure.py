"""``persona eval NAME``: what held-out choices say of a profile."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_cli import chart
from persona_cli import profile as pr
from persona_cli.accuracy import FEWEST
from persona_cli.cli.progress import Steps
from persona_cli.cli.session import Session, emit, emit_json, tell
from persona_cli.cli.table import interval, percent, table
from persona_cli.engines import Opener, opener
from persona_cli.errors import InputError, PersonaError
from persona_cli.evaluate import (
    Evaluation,
    Past,
    evaluate,
    inferred_from,
    over_versions,
    trivial,
)
from persona_cli.fold import set_aside
from persona_cli.history import versions as commits
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, Judgement, Question
from persona_cli.places import PROFILE, profile_names
from persona_cli.profile import Claim
from persona_cli.questions import NOTHING_FAIR
from persona_cli.questions import questions as held_out_questions
from persona_cli.store import Loaded, Store
from persona_cli.strangers import STRANGERS
from persona_cli.verdicts import FILE as VERDICTS
from persona_cli.verdicts import Verdicts

# Held-out choices that are asked, where nobody says how many: the interval is then
# ten points to either side at most.
QUESTIONS = 100


# Number, commit, claims.
Version = tuple[int, str, Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table.

    kind: ``own``, ``empty``, ``other``, ``strangers`` or ``baseline``
    """

    name: str
    kind: str
    accuracy: float
    interval: tuple[float, float] | None = None
    even: float | None = None
    confidence: float | None = None
    flips: float | None = None


def measure_profile(
    session: Session,
    name: str | None,
    *,
    most: int | None,
    versions: bool,
    plot: Path | None,
    as_json: bool,
    opening: Callable[..., Opener] = opener,
) -> None:
    """Ask the held-out choices of a profile, and print what comes of it.

    opening: how the engine is opened; tests bring their own
    """
    if plot is not None:
        chart.check(plot)
    store = session.store(name)
    loaded = store.load()
    archive = session.archive(store)
    aside = set_aside(loaded.evidence, archive)
    asked = held_out_questions(archive, most=most or QUESTIONS, aside=aside)
    others = _others(session, store.name)
    simple = trivial(
        asked, inferred_from(archive, aside=aside), _elsewhere(session, others)
    )
    past: list[Past] = []
    by = ""
    if unable := _too_few(asked):
        found = Evaluation(unable=unable)
    else:
        with closing(opening(session.settings, tell=tell)) as engines:
            engine, asking = engines.open()
            by = engine.name
            verdicts = Verdicts(store.state / VERDICTS)
            judge = Judge(engine, asking.manners.judge, known=verdicts)
            try:
                found = _evaluate(judge, asked, loaded, others)
            finally:  # also of a run that is broken off
                _save(verdicts)
            if versions and not found.unable:
                # In memory: many versions would push out what the next update needs.
                judge.known = dict(verdicts)
                past = _over_versions(judge, asked, _versions(store, loaded))
    rows = _rows(store.name, found, simple)
    if as_json:
        record = _record(store.name, loaded, by, asked, found, rows)
        emit_json(record | ({"versions": list(map(_of_past, past))} if past else {}))
    else:
        _show(rows, len(asked), found)
    _draw(store.name, past, plot, as_json=as_json)


def _evaluate(
    judge: Judge,
    asked: Sequence[Question],
    loaded: Loaded,
    others: Mapping[str, Loaded],
) -> Evaluation:
    claims = {name: one.profile.claims for name, one in others.items()}
    what = f"asking {len(asked)} held-out choices, by {judge.name}"
    with Steps(what, 2 + len(STRANGERS) + len(others)) as steps:
        return evaluate(judge, asked, loaded.profile.claims, claims, watch=steps.step)


def _over_versions(
    judge: Judge, asked: Sequence[Question], versions: Iterable[Version]
) -> list[Past]:
    found = list(versions)
    past = []
    with Steps("asking of each version", len(found)) as steps:
        for one in over_versions(judge, asked, found):
            past.append(one)
            steps.step()
    return past


def _too_few(asked: Sequence[Question]) -> str:
    """Why a judge need not be asked; empty when it should be."""
    if not asked:
        return f"nothing fair to ask: {NOTHING_FAIR}"
    if len(asked) < FEWEST:
        return (
            f"too few held-out choices to tell: there are {len(asked)}, and it takes"
            f" {FEWEST}"
        )
    return ""


def _save(verdicts: Verdicts) -> None:
    """Remember what was said; whoever may only read gets their figures all the same."""
    try:
        verdicts.save()
    except InputError as error:
        tell(f"note: {error}")


def _others(session: Session, name: str) -> dict[str, Loaded]:
    """The other profiles under the root that can be read."""
    found = {}
    for other in profile_names(session.root):
        if other != name:
            try:
                found[other] = session.store(other).load()
            except PersonaError as error:
                tell(f"note: {error}; left out")
    return found


def _elsewhere(session: Session, others: Mapping[str, Loaded]) -> Iterator[Interaction]:
    """What the people of the other profiles did, as far as this machine knows."""
    for name, loaded in others.items():
        archive = session.archive(session.store(name))
        yield from inferred_from(archive, aside=set_aside(loaded.evidence, archive))


def _versions(store: Store, loaded: Loaded) -> Iterator[Version]:
    """The versions in git, oldest first; then the file, when it differs from them."""
    content = None
    for one in reversed(list(commits(store))):
        if one.version >= 0:  # others are a person's slip, and cannot be read
            content = store.at(one.commit)[0]
            claims = pr.parse(content.decode(), place=PROFILE).claims
            yield one.version, one.commit, claims
    if content != loaded.disk[PROFILE]:
        yield loaded.profile.version, "", loaded.profile.claims


def _rows(name: str, found: Evaluation, simple: Mapping[str, float]) -> list[_Row]:
    rows = []
    if found.own is not None and found.empty is not None:
        rows += [_row(name, "own", found.own), _row("(empty)", "empty", found.empty)]
        rows += [_row(n, "other", one) for n, one in (found.others or {}).items()]
        many = found.strangers
        rows.append(
            _Row(
                "(strangers)",
                "strangers",
                sum(one.accuracy.rate for one in many) / len(many),
                None,  # their answers to one question are not two observations
                sum(one.even for one in many) / len(many),
                sum(one.confidence for one in many) / len(many),
                sum(one.flips for one in many) / len(many),
            )
        )
    return rows + [_Row(f"({n})", "baseline", rate) for n, rate in simple.items()]


def _row(name: str, kind: str, found: Judgement) -> _Row:
    accuracy = found.accuracy
    return _Row(
        name,
        kind,
        accuracy.rate,
        accuracy.interval,
        found.even,
        found.confidence,
        found.flips,
    )


def _show(rows: Sequence[_Row], n: int, found: Evaluation) -> None:
    if rows:
        table(
            [
                *("foreseen from", "accuracy", "95% interval"),
                *("even", "confidence", "flips", "n"),
            ],
            [
                [
                    row.name,
                    percent(row.accuracy),
                    interval(row.interval) if row.interval else "-",
                    percent(row.even),
                    "-" if row.confidence is None else f"{row.confidence:.3f}",
                    percent(row.flips),
                    str(n),
                ]
                for row in rows
            ],
        )
    if found.unable:
        emit(found.unable)


def _record(
    name: str,
    loaded: Loaded,
    by: str,
    asked: Sequence[Question],
    found: Evaluation,
    rows: Sequence[_Row],
) -> dict[str, Any]:
    return {
        "profile": name,
        "version": loaded.profile.version,
        "by": by,
        "n": len(asked),
        "unable": found.unable,
        "rows": [
            {
                "name": row.name,
                "kind": row.kind,
                "accuracy": row.accuracy,
                "interval": list(row.interval) if row.interval else None,
                "even": row.even,
                "confidence": row.confidence,
                "flips": row.flips,
            }
            for row in rows
        ],
    }


def _of_past(past: Past) -> dict[str, Any]:
    accuracy = past.judgement.accuracy
    return {
        "version": past.number,
        "commit": past.commit or None,
        "accuracy": accuracy.rate,
        "interval": list(accuracy.interval),
        "even": past.judgement.even,
        "confidence": past.judgement.confidence,
        "flips": past.judgement.flips,
        "n": accuracy.asked,
    }


def _draw(name: str, past: Sequence[Past], plot: Path | None, *, as_json: bool) -> None:
    points = [
        chart.Point(
            f"v{one.number}" if one.commit else "now",
            one.judgement.accuracy.rate,
            one.judgement.accuracy.interval,
        )
        for one in past
    ]
    if not points:
        if plot is not None:
            tell(f"{plot}: not drawn, since there is no accuracy to draw")
        return
    if not as_json:
        emit("")
        for line in chart.draw(points, width=shutil.get_terminal_size().columns):
            emit(line)
    if plot is not None:
        chart.save(points, plot, title=name)
        tell(f"drawn: {plot}")
