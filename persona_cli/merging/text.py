"""The text of a merged profile: claims as they were settled, the rest as git merges it.

Each of the three texts is first given the same claims, in the same words and, as far
as may be, in the same places. What then differs is what people wrote around them, and
what they put differently: and that is for ``git merge-file``. Its result is believed
when it holds each claim once, on whichever side of a conflict; else the claims are
moved to the ends of their sections; and when that does not do, the whole file is one
conflict, and nothing is lost.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from persona_cli import profile as pr
from persona_cli.errors import InputError
from persona_cli.forgetting import less_headings
from persona_cli.merging import Merged
from persona_cli.merging.front import merged_meta
from persona_cli.merging.sides import Side, Three
from persona_cli.profile import Claim, Profile, Spot

# Given base, ours and theirs: the text, and how many regions of it are in conflict.
Weave = Callable[[str, str, str], tuple[str, int]]

_MINE, _YOURS = "<<<<<<< ", ">>>>>>> "
_BASE, _PARTED = "||||||| ", "======="


@dataclass(frozen=True, slots=True)
class Text:
    """A merged profile file. conflicts: regions that a person has to decide on."""

    text: str
    conflicts: int


@dataclass(frozen=True, slots=True)
class _Way:
    """How the three texts are made alike.

    in_place: claims that stand on all sides stay where they stand
    by_hand:  lines without a mark that a side has only added are treated as claims, so
              that two people may add a line at the same place
    anew:     headings under which no line is left are made anew, at the end: both
              sides may have begun the same sections, and in another order
    """

    in_place: bool
    by_hand: bool
    anew: bool


_WAYS = tuple(
    _Way(in_place, by_hand, anew)
    for in_place, by_hand in ((True, False), (True, True), (False, True))
    for anew in (True, False)
)


def text_of(merged: Merged, weave: Weave) -> Text:
    """The merged file, conflict marks and all."""
    if merged.three is None:
        assert merged.only is not None  # noqa: S101  one of the two, by its docstring
        return Text(pr.render(merged.only.profile), 0)
    best: Text | None = None
    for way in _WAYS:
        found = Text(*weave(*_levelled(merged, merged.three, way)))
        if not _is_sound(found.text, merged, merged.three):
            continue
        if found.conflicts == 0:
            return found
        if best is None or found.conflicts < best.conflicts:
            best = found
    if best is not None:
        return best
    ours, theirs = (pr.render(side.profile) for side in merged.three.both)
    return Text(f"{_MINE}ours\n{ours}{_PARTED}\n{theirs}{_YOURS}theirs\n", 1)


def sides_of(text: str) -> tuple[str, str]:
    """A text with conflict marks as it is when one side is taken everywhere."""
    taken: tuple[list[str], list[str]] = ([], [])
    into: Iterable[int] = (0, 1)
    inside = False
    for line in text.splitlines(keepends=True):
        if line.startswith(_MINE):
            inside, into = True, (0,)
        elif inside and line.startswith(_BASE):
            into = ()
        elif inside and line.rstrip("\r\n") == _PARTED:
            into = (1,)
        elif inside and line.startswith(_YOURS):
            inside, into = False, (0, 1)
        else:
            for one in into:
                taken[one].append(line)
    return "".join(taken[0]), "".join(taken[1])


def _levelled(merged: Merged, three: Three, way: _Way) -> Iterator[str]:
    """Base, ours and theirs, alike but for what is to be merged as text."""
    meta = merged_meta(three)
    added = list(_new_lines(three)) if way.by_hand else []
    sides = (three.base, *three.both)
    stays = _in_place(merged, three) if way.in_place else frozenset()
    newline = _newline(three.ours.profile)
    for number, side in enumerate(sides):
        wanted = _wanted(merged, number, side.marked())
        profile = _with(side, wanted, stays, added, meta, anew=way.anew)
        text = pr.render(profile)
        yield text.replace("\r\n", "\n").replace("\n", newline)


def _wanted(
    merged: Merged, number: int, marked: Mapping[str, Claim]
) -> Mapping[str, Claim]:
    """The claims that one of the three texts is to have; number: 0 is the base."""
    wanted: dict[str, Claim] = {}
    for name in merged.order:
        conflict = merged.conflicts.get(name)
        if conflict is None:
            wanted[name] = merged.claims[name]
            continue
        claim = (marked.get(name), conflict.ours, conflict.theirs)[number]
        there = conflict.ours or conflict.theirs
        if claim is not None and there is not None:
            wanted[name] = replace(claim, section=there.section)
    return wanted


def _in_place(merged: Merged, three: Three) -> frozenset[str]:
    """Claims that stand in the same section of all three texts, and of the result."""
    texts = [side.marked() for side in (three.base, *three.both)]
    wanted = [_wanted(merged, n, marked) for n, marked in enumerate(texts)]
    return frozenset(
        name
        for name in texts[0].keys() & texts[1].keys() & texts[2].keys()
        if len({claims[name].section for claims in (*texts, *wanted) if name in claims})
        == 1
    )


def _with(
    side: Side,
    wanted: Mapping[str, Claim],
    stays: frozenset[str],
    by_hand: Iterable[Claim],
    meta: Mapping[str, Any],
    *,
    anew: bool,
) -> Profile:
    marked = side.marked()
    lines = {claim.id: claim for claim in by_hand}
    there = {spot.claim.id for spot in side.profile.spots}
    going = [
        *(name for name in marked if name not in stays or name not in wanted),
        *(name for name in lines if name in there),
    ]
    bare = pr.rewrite(
        side.profile,
        replaced={
            name: wanted[name]
            for name in stays
            if name in wanted and wanted[name] != marked[name]
        },
        removed=going,
        meta=meta,
    )
    if anew:
        gone = {c.section for c in side.profile.claims if c.id in going}
        bare = less_headings(bare, gone)
    added = [claim for name, claim in wanted.items() if name not in stays]
    return pr.rewrite(bare, added=[*added, *lines.values()])


def _new_lines(three: Three) -> Iterator[Claim]:
    """Lines without a mark that were added by a side which took none out."""
    before = _unmarked(three.base)
    seen: set[str] = set()
    for side in three.both:
        now = _unmarked(side)
        if before.keys() - now.keys():
            continue  # one of them may be another put differently
        for name, spot in now.items():
            if name not in before and name not in seen and spot.end - spot.first == 1:
                seen.add(name)
                yield spot.claim


def _unmarked(side: Side) -> dict[str, Spot]:
    return {s.claim.id: s for s in side.profile.spots if not s.marked}


def _is_sound(text: str, merged: Merged, three: Three) -> bool:
    """Whether each claim is there once, as it was settled, and no line is lost."""
    before, ours, theirs = (
        _unmarked(side).keys() for side in (three.base, *three.both)
    )
    found: set[str] = set()
    for number, part in enumerate(sides_of(text), 1):
        try:
            profile = pr.parse(part, place="merged")
        except InputError:
            return False
        side = Side(profile, three.base.evidence)
        if side.marked() != _wanted(merged, number, {}):
            return False
        found |= _unmarked(side).keys()
    return (ours & theirs) | (ours - before) | (
        theirs - before
    ) <= found and found <= ours | theirs


def _newline(profile: Profile) -> str:
    return "\r\n" if profile.head[0].endswith("\r\n") else "\n"
