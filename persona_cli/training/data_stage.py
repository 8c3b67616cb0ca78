"""The data stage: from its run file to a data folder."""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from persona_cli.engine import Engine
from persona_cli.errors import InputError
from persona_cli.files import write_whole
from persona_cli.settings import Settings
from persona_cli.training.folder import Simulation, simulate
from persona_cli.training.histories import people
from persona_cli.training.real import Making, synthesize_all
from persona_cli.training.runs import RUN_FILE, Run, method_of
from persona_cli.training.simulate import Shares
from persona_cli.training.synthesis import PARTS, Checks
from persona_cli.training.teacher import Teacher

DONE = "done.json"

OpenTeacher = Callable[[str], Engine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The hyper-parameters of the stage; see scripts/recipes/tiny-data.yaml."""

    simulate: int | None
    sources: list[str]
    shard_users: int
    processes: int | None
    val_share: float
    test_share: float
    predictable: float
    targets: int
    least: int
    again: float
    history: int
    answer_tokens: int


def make_data(
    run: Run,
    *,
    settings: Settings,
    open_teacher: OpenTeacher,
    tell: Callable[[str], None],
) -> Mapping[str, Any]:
    """Fill the folder of a run; what ``data.json`` says of it.

    open_teacher: the engine of a model's spec; called for real behaviour alone
    Raises:       InputError or ModelError
    """
    plan = plan_of(run)
    if plan.simulate is not None:
        asked = Simulation(
            users=plan.simulate,
            shard_users=plan.shard_users,
            processes=plan.processes or os.cpu_count() or 1,
            val_share=plan.val_share,
            test_share=plan.test_share,
        )
        made = simulate(run.data.folder, run.out, asked, seed=run.seed, tell=tell)
    else:
        made = _from_real(run, plan, settings, open_teacher, tell)
    content = json.dumps(dict(made["counts"]), indent=2).encode("ascii")
    write_whole(run.out / DONE, content + b"\n", mode=0o644)
    return made


def plan_of(run: Run) -> Plan:
    """The plan of a run, checked.

    Raises: InputError
    """
    method = {**run.method}
    if "from" in method:  # no name that Python allows
        method["sources"] = method.pop("from")
    plan = method_of(replace(run, method=method), Plan)
    faults = [
        (bool(plan.sources) == (plan.simulate is not None), "either simulate or from"),
        (plan.simulate is not None and plan.simulate < 1, "simulate: 1 or more"),
        (plan.shard_users < 1, "shard_users: 1 or more"),
        (plan.processes is not None and plan.processes < 1, "processes: 1 or more"),
        (
            min(plan.val_share, plan.test_share) < 0
            or plan.val_share + plan.test_share >= 1,
            "val_share and test_share: 0 or more, and less than 1 together",
        ),
        (not 0 <= plan.predictable < 1, "predictable: in [0, 1)"),
        (not 0 <= plan.again <= 1, "again: in [0, 1]"),
        (plan.least < 1, "least: 1 or more"),
        (plan.targets < plan.least, "targets: no less than least"),
        (plan.history < PARTS * plan.least, f"history: {PARTS} times least, or more"),
        (plan.answer_tokens < 16, "answer_tokens: 16 or more"),
    ]
    for wrong, rule in faults:
        if wrong:
            raise InputError(
                f"{run.out / RUN_FILE}: method wants {rule}",
                remedy="Mend it with --set, or take another --recipe.",
            )
    return plan


def _from_real(
    run: Run,
    plan: Plan,
    settings: Settings,
    open_teacher: OpenTeacher,
    tell: Callable[[str], None],
) -> Mapping[str, Any]:
    if run.base is None:
        raise InputError(
            f"{run.out / RUN_FILE}: no teacher", remedy="Name one with --model."
        )
    dropped: Counter[str] = Counter()
    persons = list(people([Path(one) for one in plan.sources], settings, dropped))
    engine = open_teacher(run.base.model)
    try:
        return synthesize_all(
            persons,
            run.out,
            Teacher(engine, answer_tokens=plan.answer_tokens),
            Making(
                checks=Checks(
                    predictable=plan.predictable,
                    targets=plan.targets,
                    least=plan.least,
                    again=plan.again,
                ),
                shares=Shares(val=plan.val_share, test=plan.test_share),
                longest=plan.history,
                shard_users=plan.shard_users,
            ),
            seed=run.seed,
            dropped=dropped,
            tell=tell,
        )
    finally:
        engine.close()
