"""The command line of load.py: which set, from where, how many, into which file."""

import argparse
import contextlib
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from persona_cli.errors import InputError, PersonaError, UsageError

from . import (
    alignx,
    amazon,
    hicupid,
    mind,
    movielens,
    personamem,
    prefeval,
    psoups,
)
from .draw import is_test
from .public import Ask, PublicSet
from .sample import Sample, Skip, line

SETS = {
    module.SET.name: module.SET
    for module in (
        mind,
        amazon,
        movielens,
        alignx,
        psoups,
        personamem,
        hicupid,
        prefeval,
    )
}


def main(argv: Sequence[str], *, about: str) -> int:
    """Run the command line.

    about: what ``--help`` says first
    Shape: the exit code: 0, or that of a failure with a name, 3 when an input is
           wrong, with two lines that say what and what to try
    """
    parser = _parser(about)
    asked = parser.parse_args(argv)
    if asked.list:
        print("\n\n".join(described(known) for known in SETS.values()))
        return 0
    if asked.set is None:
        parser.error(f"name a set: {', '.join(SETS)}")
    try:
        skipped = _load(SETS[asked.set], asked)
    except PersonaError as error:
        print(f"error: {error}\n  try: {error.remedy}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our stdout has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    for why, count in sorted(skipped.items()):
        print(f"{count} skipped: {why}", file=sys.stderr)
    return 0


def described(known: PublicSet) -> str:
    """All that is known of a set, to be read by people."""
    facts = {
        "from": known.get,
        "terms": known.terms,
        "files": ", ".join(known.files),
        "recipe": known.recipe,
        "parts": ", ".join(known.parts),
        "checked": known.checked,
    }
    return "\n".join(
        [
            f"{known.name}: {known.title}",
            *(
                textwrap.fill(
                    text,
                    width=80,
                    initial_indent=f"  {name + ':':<9}",
                    subsequent_indent=" " * 11,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
                for name, text in facts.items()
                if text
            ),
        ]
    )


def chosen(
    made: Iterable[Sample | Skip],
    skipped: Counter[str],
    *,
    split: str,
    part: str | None,
    limit: int | None,
) -> Iterator[Sample]:
    """Those samples that were asked for; what is skipped is counted."""

    def fitting() -> Iterator[Sample]:
        for sample in made:
            if isinstance(sample, Skip):
                skipped[sample.why] += 1
            elif part is not None and sample.source.rpartition("/")[2] != part:
                continue
            elif split == "all" or is_test(sample.user) == (split == "test"):
                yield sample

    return islice(fitting(), limit)


def write(samples: Iterable[Sample], out: Path) -> int:
    """Write samples to a file, whole or not at all; ``-`` is stdout.

    Shape:  the number written
    Raises: InputError
    """
    if str(out) == "-":
        return _pour(samples, sys.stdout.buffer.write)
    if out.is_dir() or not out.name:
        raise InputError(f"{out}: is a folder", remedy="Name a file with --out.")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("wb") as file:
                count = _pour(samples, file.write)
            part.replace(out)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise InputError(
            f"{out}: {(error.strerror or str(error)).lower()}",
            remedy="See that --out can be written, and that it and the folder for "
            "temporary files (TMPDIR) have room.",
        ) from error
    return count


def _pour(samples: Iterable[Sample], put: Callable[[bytes], object]) -> int:
    count = 0
    for count, sample in enumerate(samples, 1):  # noqa: B007
        put(line(sample))
    return count


def _load(known: PublicSet, asked: argparse.Namespace) -> Counter[str]:
    """Read, choose, write; what was skipped, by its reason."""
    skipped: Counter[str] = Counter()
    ask = Ask(
        shortest=asked.shortest,
        seed=asked.seed,
        longest=asked.longest,
        rejected=getattr(asked, "rejected", "unseen"),
    )

    def some() -> Iterator[Sample]:
        none = True
        made = known.read(asked.folder, ask)
        part = getattr(asked, "part", None)
        for sample in chosen(
            made, skipped, split=asked.split, part=part, limit=asked.limit
        ):
            none = False
            yield sample
        if none:
            reasons = "".join(f"; {n} skipped: {why}" for why, n in skipped.items())
            raise InputError(
                f"{asked.folder}: not one sample of {known.name}{reasons}",
                remedy="Lower --shortest, or ask for another part or split.",
            )

    inside = {asked.folder.resolve()}
    inside |= {path.resolve() for path in asked.folder.glob("*/")}
    if asked.out.resolve().parent in inside and str(asked.out) != "-":
        raise UsageError(
            f"{asked.out}: is in the folder that is read",
            remedy="Write elsewhere: the next run would read it as part of the set.",
        )
    count = write(some(), asked.out)
    print(f"{count} samples of {known.name} in {asked.out}", file=sys.stderr)
    return skipped


def _parser(about: str) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="load.py", description=about, formatter_class=form
    )
    parser.add_argument(
        "--list", action="store_true", help="say what is known of each set, and end"
    )
    commands = parser.add_subparsers(dest="set", metavar="SET")
    for known in SETS.values():
        command = commands.add_parser(
            known.name,
            help=known.title,
            description=described(known),
            formatter_class=form,
        )
        _options(command, known)
    return parser


def _options(command: argparse.ArgumentParser, known: PublicSet) -> None:
    add = command.add_argument
    add(
        "--from",
        dest="folder",
        type=Path,
        required=True,
        metavar="DIR",
        help="the unpacked set, or the folder above its parts",
    )
    add("--out", type=Path, required=True, metavar="FILE", help="- is stdout")
    add("--limit", type=_positive, metavar="N", help="a random N, drawn by the seed")
    add("--seed", type=int, default=0, metavar="S", help="0 when not given")
    add(
        "--split",
        choices=("all", "train", "test"),
        default="all",
        help="test is a fifth of the users, whatever the seed",
    )
    add(
        "--shortest",
        type=_positive,
        default=known.shortest,
        metavar="N",
        help="triples that a history must have (%(default)s)",
    )
    add(
        "--longest",
        type=_positive,
        default=100,
        metavar="N",
        help="triples kept of a history, the latest (%(default)s)",
    )
    if known.parts:
        add("--part", choices=known.parts, help="one part alone")
    if known.ratings:
        add(
            "--rejected",
            choices=("unseen", "disliked"),
            default="unseen",
            help="an item never rated (the method's), or one rated low",
        )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number
