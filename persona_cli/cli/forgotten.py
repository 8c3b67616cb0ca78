"""What ``forget`` says: what would go, what went, and what it could not reach."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from persona_cli.cli.session import emit, tell

if TYPE_CHECKING:
    from persona_cli.forget import Forgotten, Plan
    from persona_cli.git.moves import Moves
    from persona_cli.oblivion import Erased, WholePlan
    from persona_cli.store import Store

_ELSEWHERE = (
    "not reached, if there are any: clones and backups of the repository; prompts and"
    " files made from the profile before (AGENTS.md and the like); models and adapters"
    " trained on it; suite folders; the logs themselves"
)


def say(store: "Store", plan: "Plan", done: "Forgotten | None") -> None:
    """Print what goes; a plan that is not done says ``would be``."""
    mark = "" if done is not None else "would be "
    for one in plan.result.removed:
        emit(f"{mark}forgotten   {one.id:<5}  {one.section}: {one.text}")
    for one in plan.result.weakened:
        left = f"({one.count}x left)"
        emit(f"{mark}weakened    {one.id:<5}  {one.section}: {one.text}  {left}")
    said = (
        f"{plan.result.links} lines of evidence, and"
        f" {len(plan.archived)} interactions of the archive"
    )
    if done is not None:
        tell(f"{store.name} v{done.version}: gone are {said}")
    elif plan.empty:
        tell(f"{store.name}: the profile holds none of it any more")
    else:
        tell(f"{store.name}: gone would be {said}; nothing was changed")
    if plan.shared:
        tell(f"{plan.shared} interactions stay: other claims rest on them too")
    for number in plan.said_by_hand:
        tell(f"{store.path}:{number}: says it too, in your own words; they stay")


def foretold(plan: "WholePlan") -> Iterator[str]:
    """What rewriting means, said before it is done."""
    names = ", ".join(move.ref for move in plan.moves.moves)
    if names:
        yield f"{plan.commits} commits get new ids, on {names}"
    if plan.signed:
        yield f"{plan.signed} of them are signed, and will not be any more"
    yield (
        "whatever no branch names is pruned too, and what git could have brought back:"
        " amended commits, dropped stashes"
    )
    yield from _kept(plan.moves)


def unreached(done: "Erased") -> Iterator[str]:
    """What still has it, and what to do about it."""
    yield from _kept(done.moves)
    for path in done.left:
        yield f"still says it: {path}"
    for remote in done.moves.remotes:
        yield f"the remote {remote.name} has the old history until you push: "
        for command in _pushes(done.moves, remote.name):
            yield f"  {command}"
    yield _ELSEWHERE


def _kept(moves: "Moves") -> Iterator[str]:
    if moves.kept:
        ours = all(ref.startswith(("refs/heads/", "refs/tags/")) for ref in moves.kept)
        remedy = "--all-branches takes them too" if ours else "delete them yourself"
        yield f"still hold it: {', '.join(moves.kept)}; {remedy}"
    for path in moves.borrows:
        yield f"still holds it: {path}, from where this repository borrows"


def _pushes(moves: "Moves", name: str) -> list[str]:
    """A command for each branch that moved; none overwrites what others pushed."""
    seen = next(one.branches for one in moves.remotes if one.name == name)
    branches = [
        move.ref.removeprefix("refs/heads/")
        for move in moves.moves
        if move.ref.startswith("refs/heads/")
    ]
    return [
        f"git push --force-with-lease={branch}:{seen[branch]} {name} {branch}"
        if branch in seen
        else f"git push --force {name} {branch}"
        for branch in branches
    ]


def record(store: "Store", plan: "Plan", done: "Forgotten | None") -> dict[str, Any]:
    """The present, for ``--json``."""
    from persona_cli.cli.lines import claim_record

    return {
        "profile": store.name,
        "version": done.version if done else plan.loaded.profile.version,
        "forgotten": [claim_record(one) for one in plan.result.removed],
        "weakened": [claim_record(one) for one in plan.result.weakened],
        "links": plan.result.links,
        "interactions": len(plan.archived),
        "commit": done.commit if done else None,
    }


def past_record(plan: "WholePlan", done: "Erased | None") -> dict[str, Any]:
    """The past, for ``--json``."""
    moves = done.moves if done else plan.moves
    return {
        "commits": done.commits if done else plan.commits,
        "signed": plan.signed,
        "moved": {move.ref: move.new for move in moves.moves},
        "kept": list(moves.kept),
        "remotes": {one.name: _pushes(moves, one.name) for one in moves.remotes},
        "left": list(done.left) if done else [],
    }
