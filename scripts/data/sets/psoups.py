"""P-Soups (Personalized Soups), as the authors of AlignX package it for evaluation.

Three files, one a dimension, each with users of two opposite tastes; the form is
AlignX's raw one. The method's results on P-Soups are on these files.

Checked: on the real friendly_unfriendly.json and student_phd.json (600 rows each, 4
pairs a row); concise_detail.json could not be seen, and is taken to be like them. The
archive of the P-Soups authors themselves could not be seen either, and is not read.
"""

from collections.abc import Iterator
from pathlib import Path

from persona_cli.errors import InputError

from .alignx import samples_of
from .public import Ask, PublicSet
from .reading import found
from .sample import Sample, Skip

DIMENSIONS = {
    "concise_detail": "info",
    "friendly_unfriendly": "style",
    "student_phd": "expertise",
}


def read(folder: Path, ask: Ask) -> Iterator[Sample | Skip]:
    """Read those of the three files that are there, raw or prepared.

    Raises: InputError when there is none, or one is broken
    """
    names = [f"{name}{end}" for name in DIMENSIONS for end in (".json", "_upi.jsonl")]
    paths: dict[Path, str] = {}
    for path in found(folder, *names, needed=" or ".join(names)):
        part = DIMENSIONS[path.stem.removesuffix("_upi")]
        if part in paths.values():
            raise InputError(
                f"{path}: a second file of {part}",
                remedy="Leave one of the two in the folder.",
            )
        paths[path] = part
    yield from samples_of(paths, "psoups", ask)


SET = PublicSet(
    name="psoups",
    title="P-Soups, three dimensions of style",
    get="https://github.com/JinaLeejnl/AlignX, folder benchmark/P-Soups",
    terms="no licence file: for measuring, not for passing on",
    files=tuple(f"{name}.json" for name in DIMENSIONS),
    recipe="History: four pairs of a user with one taste. Target: the pair under the "
    "row's own prompt.",
    checked="on two of the three real files; concise_detail.json was not seen",
    shortest=1,
    read=read,
    parts=tuple(DIMENSIONS.values()),
)
