"""A profile in the files of other tools: what is to be written, and then writing it.

What is to become of every file is known before the first is written: where one is not
as it should be, none is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from persona_cli.errors import BusyError, ChangeError, InputError
from persona_cli.files import remove
from persona_cli.inject import shown
from persona_cli.profile import Claim
from persona_cli.targets import place
from persona_cli.targets.block import Block, find, framed, with_block, without_block
from persona_cli.targets.rendering import ExportRequest, Rendered, ended, render
from persona_cli.targets.target import Limit, Target

State = Literal["written", "up to date", "removed", "stale", "nothing"]

_AS_WRITTEN = "it is not as persona wrote it"

# Lines of an edited block that are named, of each kind; and how much of each.
_NAMED, _LONG = 3, 80


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to become of one file.

    before, after: its bytes; None where there is no file
    rendered:      what of the profile is in it
    state:         what has happened once the plan is carried out; ``nothing`` is that
                   no claim is to stand there, and none does
    why:           of a file that is ``stale``, in a few words
    """

    target: Target
    path: Path
    before: bytes | None
    after: bytes | None
    rendered: Rendered
    state: State
    why: str = ""


def plan(
    claims: Sequence[Claim],
    target: Target,
    request: ExportRequest,
    path: Path,
    *,
    force: bool = False,
) -> Plan:
    """What an export would make of a file.

    path:   of the file itself, not of a link to it: see ``place.reached``
    force:  what someone else wrote where persona writes may go
    Raises: InputError for a file that is no text, has a broken block, or no room;
            ChangeError for a block that was edited, unless forced; UsageError
    """
    before = place.read(path)
    content = place.decoded(before or b"", path)
    if target.comment is None:
        return _plan_whole(claims, target, request, path, before, force=force)
    comment = target.comment
    there = find(content, comment, place=str(path))
    rest = without_block(content, there) if there else content
    if not content:
        rest = content = target.head

    def file_of(text: str) -> str:
        block = framed(text, request.name, comment)
        if there is None and content == target.head:
            return f"{content}{block}\n"
        return with_block(content, block, there)

    def size(text: str, limit: Limit) -> int:
        whole = limit.of == "file"
        return limit.size(
            file_of(text) if whole else framed(text, request.name, comment)
        )

    made = render(claims, target, request, size)
    text = made.texts[0]
    if not text and "size" in made.reasons.values():
        raise _no_room(target, path)
    if there and not force:
        _require_own(there, request.name, path, now=text)
    after = file_of(text) if text else rest
    if text and target.check:
        try:
            target.check(after, rest)
        except ValueError as error:
            raise InputError(
                f"{path}: {error}; nothing was changed",
                remedy="Mend it there, or name another file with --out.",
            ) from error
    return _planned(target, path, before, after, made)


def plan_removal(target: Target, name: str, path: Path, *, force: bool = False) -> Plan:
    """What is left of a file without what persona wrote there.

    A file that holds nothing else goes.

    Raises: as ``plan``
    """
    before = place.read(path)
    content = place.decoded(before or b"", path)
    nothing = Rendered()
    if target.comment is None:
        if content and not force and not _is_own(target, content):
            raise _not_own(_AS_WRITTEN, path, 1)
        return _planned(target, path, before, "", nothing)
    there = find(content, target.comment, place=str(path))
    if there is None:
        return _planned(target, path, before, content, nothing)
    if not force:
        _require_own(there, name, path, now=None)
    rest = without_block(content, there)
    return _planned(target, path, before, rest, nothing)


def checked(
    claims: Sequence[Claim], target: Target, request: ExportRequest, path: Path
) -> Plan:
    """Whether a file is up to date: then the plan is to do nothing, else ``stale``.

    Raises: InputError for a file that is no text, has a broken block, or no room
    """
    why = ""
    try:
        found = plan(claims, target, request, path)
    except ChangeError as error:
        why = f"line {str(error).removeprefix(f'{path}:').partition(';')[0]}"
        found = plan(claims, target, request, path, force=True)
    if found.after == found.before and not why:
        return found
    missing = found.before is None
    return Plan(
        target=target,
        path=path,
        before=found.before,
        after=found.before,
        rendered=found.rendered,
        state="stale",
        why=why or ("it is not there" if missing else "the profile says otherwise"),
    )


def carry_out(plan: Plan) -> None:
    """Write what was planned; a file that is as it should be is not touched.

    Raises: BusyError when the file is another by now; InputError
    """
    if plan.after == plan.before:
        return
    if place.read(plan.path) != plan.before:
        raise BusyError(
            f"{plan.path}: changed meanwhile; nothing was written there",
            remedy="Run it again.",
        )
    if plan.after is None:
        remove(plan.path)
    else:
        place.write(plan.path, plan.after, new=plan.before is None)


def _plan_whole(
    claims: Sequence[Claim],
    target: Target,
    request: ExportRequest,
    path: Path,
    before: bytes | None,
    *,
    force: bool,
) -> Plan:
    """The same for a file that can hold no marks, and so is written whole."""
    content = place.decoded(before or b"", path)
    made = render(claims, target, request, lambda text, limit: limit.size(text))
    after = ended(made.texts[0])
    own = not content.strip() or content == after or _is_own(target, content)
    if not own and not force:
        raise _not_own(_AS_WRITTEN, path, 1)
    return _planned(target, path, before, after, made)


def _planned(
    target: Target, path: Path, before: bytes | None, text: str, made: Rendered
) -> Plan:
    if text == target.head and not made.kept:
        text = ""  # what came with the block goes with it
    after = place.encoded(text) if text or before == b"" else None
    state: State = "written" if made.kept or target.whole else "removed"
    if after == before:
        state = "up to date" if made.kept else "nothing"
    return Plan(
        target=target,
        path=path,
        before=before,
        after=after,
        rendered=made,
        state=state,
    )


def _require_own(there: Block, name: str, path: Path, *, now: str | None) -> None:
    """See that a block is as persona wrote it.

    now: what is to stand there, which tells what was changed
    """
    if there.name != name:
        whose = f"it is the block of {shown(there.name)}, and not of {name}"
        raise _not_own(whose, path, there.line)
    if not there.edited or there.text == now:
        return
    said = ["the block was edited by hand"]
    if now:
        old, new = there.text.split("\n"), now.split("\n")
        said += _named("with", [line for line in old if line not in new])
        said += _named("without", [line for line in new if line not in old])
    raise _not_own("; ".join(said), path, there.line)


def _named(what: str, lines: Sequence[str]) -> list[str]:
    found = [shown(line)[:_LONG] for line in lines if line.strip()]
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return [f"{what} {', '.join(found[:_NAMED])}{more}"] if found else []


def _not_own(why: str, path: Path, line: int) -> ChangeError:
    return ChangeError(
        f"{path}:{line}: {why}; nothing was changed",
        remedy="Move what is to stay into the profile (persona edit), then overwrite it"
        " with --force.",
    )


def _no_room(target: Target, path: Path) -> InputError:
    limit = target.limit
    most = f"{limit.most:,} {limit.unit}" if limit else ""
    return InputError(
        f"{path}: has no room for a single claim: {target.name} takes {most}"
        "; nothing was changed",
        remedy="Shorten the file, or name another one with --out.",
    )


def _is_own(target: Target, content: str) -> bool:
    return target.whole is not None and target.whole(content)
