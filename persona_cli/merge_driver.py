"""One file of a git merge, as ``persona merge-driver`` is asked to merge it.

git calls it for each file that both sides have changed, and knows nothing of the files
beside. So each call merges the whole version, profile and evidence, and hands back its
own half: both calls come to the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.errors import InputError, UsageError
from persona_cli.files import read_whole, write_whole
from persona_cli.git.merge import Asked, beside, weave
from persona_cli.git.place import find_place
from persona_cli.merging import Merged, merge
from persona_cli.merging.sides import Side
from persona_cli.merging.text import text_of
from persona_cli.places import EVIDENCE, PROFILE, decoded

_LABELS = ("ours", "base", "theirs")


@dataclass(frozen=True, slots=True)
class Driven:
    """What the call came to. conflicts: regions that a person has to decide on."""

    conflicts: int
    says: str


def drive(
    files: tuple[Path, Path, Path],
    name: str,
    *,
    marks: int,
    here: Path,
    environ: Mapping[str, str],
) -> Driven:
    """Merge one file, and leave the result where git wants it.

    files:   of base, ours and theirs; ours is where the result goes
    name:    of the file, from the top of the repository
    marks:   characters of a conflict mark
    here:    where git has called us: the top
    environ: with which it has
    Raises:  InputError when a side is no profile, or no evidence: then nothing is
             written; UsageError for another file
    """
    path = PurePosixPath(name)
    if path.name not in (PROFILE, EVIDENCE):
        raise UsageError(
            f"{name}: neither a {PROFILE} nor an {EVIDENCE}",
            remedy="Take merge=persona off it, in .gitattributes.",
        )
    blobs = tuple(read_whole(file) or b"" for file in files)
    of_profile = path.name == PROFILE
    sibling = str(path.with_name(EVIDENCE if of_profile else PROFILE))
    found = _beside(Asked(name, (blobs[0], blobs[1], blobs[2])), sibling, here, environ)
    pairs = zip(blobs, found, strict=True)
    base, ours, theirs = (
        _side(one, other, name) if of_profile else _side(other, one, name)
        for one, other in pairs
    )
    if ours is None or theirs is None:
        raise InputError(
            f"{name}: cannot tell which versions of {sibling} belong to it",
            remedy=f"Merge the lines by hand, then: persona verify {path.parent.name}.",
        )
    merged = merge(base, ours, theirs)
    if not of_profile:
        write_whole(files[1], ev.render(merged.evidence).encode())
        return Driven(0, f"{name}: {len(merged.evidence.entries)} lines, united")

    def woven(one: str, two: str, three: str) -> tuple[str, int]:
        done = weave(one, two, three, labels=_LABELS, marks=marks)
        return done.text, done.conflicts

    text = text_of(merged, woven)
    write_whole(files[1], text.text.encode())
    return Driven(text.conflicts, _told(name, merged, text.conflicts))


def _beside(
    asked: Asked, sibling: str, here: Path, environ: Mapping[str, str]
) -> list[bytes | None]:
    place = find_place(here)
    if place is None:
        return [None, None, None]
    return beside(place, asked, sibling, environ=environ)


def _side(profile: bytes | None, evidence: bytes | None, name: str) -> Side | None:
    """One of the three versions; None where there is no profile.

    Raises: InputError
    """
    if not profile:
        return None
    path = Path(name)
    return Side(
        pr.parse(decoded(profile, path), place=name),
        ev.parse(decoded(evidence, path), place=name),
    )


def _told(name: str, merged: Merged, conflicts: int) -> str:
    said = f"{name}: merged by claim, {len(merged.claims)} stand"
    if conflicts:
        said += f"; {conflicts} to decide on, between <<<<<<< and >>>>>>>"
    for one, two in merged.contrary:
        said += f"; {one.id} and {two.id} cannot both hold"
    return said
