"""``persona eval --suite``: profiles for many people, and what they foresee."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from persona_cli import __version__
from persona_cli.cli.progress import Steps
from persona_cli.cli.session import emit, emit_json, tell
from persona_cli.cli.table import interval, percent, table
from persona_cli.engine import Engine
from persona_cli.engines import Opener, opener
from persona_cli.infer import Asking
from persona_cli.interaction import fingerprint
from persona_cli.judge import Judge
from persona_cli.models.spec import resolve_model
from persona_cli.settings import Settings
from persona_cli.suite import (
    Figures,
    Folder,
    Kept,
    Plan,
    User,
    Written,
    at_work,
    by_source,
    figures,
    lenders,
    limited,
    mean,
    raw_history,
    read_profiles,
    read_users,
    record,
    write_profile,
    write_profiles,
)
from persona_cli.templates import load_template

BASELINES = ("longer", "popular", "tf-idf", "empty", "other")

# How an engine is opened; tests bring their own.
Opening = Callable[..., Opener]

# Requests to a server at a time, where nobody says how many.
JOBS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run over a suite was asked for.

    plan:      how profiles are written
    direct:    the raw history is read, and no profile is written
    tentative: claims seen once are read too
    reader:    spec of the model that reads; None is the one that writes
    limit:     users of each source; None is all
    out:       the folder that keeps what is found
    jobs:      requests to a server at a time; None is ``JOBS``
    """

    plan: Plan
    direct: bool = False
    tentative: bool = True
    reader: str | None = None
    limit: int | None = None
    out: Path | None = None
    jobs: int | None = None


def run_suite(
    paths: Sequence[Path],
    run: Run,
    settings: Settings,
    *,
    as_json: bool,
    opening: Opening = opener,
) -> None:
    """Evaluate on files of a suite, and print the figures."""
    everybody = read_users(paths)
    asked = limited(everybody, run.limit, seed=run.plan.seed)
    if not asked:
        tell(f"no user in {', '.join(map(str, paths))}: nothing to ask")
        if as_json:
            emit_json(record({}))
        return
    reading = settings
    if run.reader is not None and run.reader != settings.model:
        # Adapters were made for the model that writes.
        reading = replace(settings, model=run.reader, lora=())
    with at_work(run.out) if run.out else nullcontext():
        kept = _found(asked, run, settings, reading, opening)
    found = figures(asked, everybody, kept.reads)
    if as_json:
        emit_json(record(found))
    else:
        _show(found)
    say = tell if as_json else emit
    for source, users in by_source(asked).items():
        silent = sum(not kept.profiles[user.key].text.strip() for user in users)
        if silent:
            say(f"{source}: {silent} of {len(users)} profiles say nothing")
        if doubt := found[source].doubt:
            say(f"{source}: {doubt}: this does not show that the profile is read")


def _found(
    asked: Sequence[User],
    run: Run,
    settings: Settings,
    reading: Settings,
    opening: Opening,
) -> Kept:
    """Write what is to be read, and read it."""
    if run.direct or reading == settings:
        with closing(opening(reading, tell=tell)) as engines:
            engine, asking = engines.open()
            kept = _write(asked, run, engine, asking, _jobs(run, reading))
            _read(asked, run, kept, engine, asking, _jobs(run, reading))
        return kept
    # One after the other: two models may not fit into memory together.
    with closing(opening(settings, tell=tell)) as engines:
        kept = _write(asked, run, *engines.open(), _jobs(run, settings))
    with closing(opening(reading, tell=tell)) as engines:
        _read(asked, run, kept, *engines.open(), _jobs(run, reading))
    return kept


def _write(
    asked: Sequence[User], run: Run, engine: Engine, asking: Asking, jobs: int
) -> Kept:
    kept = Kept()
    if run.out is not None:
        kept = Folder(run.out, asked, _writing(run, engine, asking))

    def write(user: User) -> Written:
        if run.direct:
            return raw_history(user, engine)
        return write_profile(user, engine, asking, run.plan, tentative=run.tentative)

    done = sum(user.key in kept.profiles for user in asked)
    if run.direct:
        _through(write_profiles(asked, kept, write), lambda: None)
        return kept
    with Steps(f"writing, by {engine.name}", len(asked), done=done) as steps:
        _through(write_profiles(asked, kept, write, jobs=jobs), steps.step)
    return kept


def _read(
    asked: Sequence[User],
    run: Run,
    kept: Kept,
    engine: Engine,
    asking: Asking,
    jobs: int,
) -> None:
    judge = Judge(engine, asking.manners.judge)
    pairs = lenders(asked, seed=run.plan.seed)
    if isinstance(kept, Folder):
        kept.read_by(
            {
                "reader": judge.name,
                "identity": judge.identity.split("\x1f"),
                "users": fingerprint(*(part for u in asked for part in u.key)),
                "seed": run.plan.seed,
            }
        )
    done = sum(user.key in kept.reads for user in asked)
    with Steps(f"reading, by {engine.name}", len(asked), done=done) as steps:
        _through(read_profiles(asked, kept, judge, pairs, jobs=jobs), steps.step)


def _writing(run: Run, engine: Engine, asking: Asking) -> dict[str, Any]:
    """All that profiles depend on, besides the users."""
    said: dict[str, Any] = {
        "persona": __version__,
        "mode": "direct" if run.direct else run.plan.mode,
        "model": engine.name,
        "build": engine.identity,
        "context": engine.context,
    }
    if run.direct:
        return said
    return said | {
        "window": run.plan.window if run.plan.mode == "stream" else None,
        "seed": run.plan.seed,
        "tentative": run.tentative,
        "prompt": load_template(asking.manners.prompt).label,
        "check": asking.manners.check,
        "sampling": asdict(asking.manners.sampling),
        "answer_tokens": asking.answer_tokens,
        "window_tokens": asking.window_tokens,
    }


def _jobs(run: Run, settings: Settings) -> int:
    if resolve_model(settings.model).url is not None:
        return run.jobs or JOBS
    if run.jobs is not None and run.jobs > 1:
        tell("a model in this process answers one at a time; --jobs is for servers")
    return 1


def _through(results: Iterator[Any], step: Callable[[], None]) -> None:
    for _ in results:
        step()


def _show(found: dict[str, Figures]) -> None:
    head = ["source", "n", "accuracy", "95% interval", "even", "confidence", "flips"]
    rows = []
    for source, one in found.items():
        accuracy = one.own.accuracy
        rows.append(
            [
                source,
                str(accuracy.asked),
                percent(accuracy.rate),
                interval(accuracy.interval),
                percent(one.own.even),
                f"{one.own.confidence:.3f}",
                percent(one.own.flips),
                *(percent(one.baselines.get(name)) for name in BASELINES),
            ]
        )
    blank = [""] * (len(head) + len(BASELINES) - 3)
    rows.append(["mean over sources", "", percent(mean(found)), *blank])
    table([*head, *BASELINES], rows)
    tell(
        "even: nothing was said of it, which counts as wrong. flips: the order of the"
        " two items decided. empty, other: the same choices foreseen from no profile,"
        " and from another user's. longer, popular, tf-idf: a tie counts half"
    )
