"""R4: the power goes, after a version was acknowledged and in the middle of one."""

import itertools
import os
import random
import select
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from persona_cli.errors import PersonaError
from tests.torture import power
from tests.torture.cases import BROKEN, PLAIN, checked, end_group
from tests.torture.counting import Counted, counted, counting
from tests.torture.sizes import note_figure, size

# One disk sees so many cuts, and goes on: each is of a copy.
IN_A_ROW = 25


@pytest.fixture
def disks() -> Iterator[Path]:
    """A folder for images, in memory where there is such a one."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


class Disk:
    """One disk, a profile on it, and a program that counts up in it.

    words: the program
    """

    def __init__(self, folder: Path, words: Sequence[str | Path]) -> None:
        folder.mkdir()
        self.folder, self.words = folder, words
        self.image = power.made(folder / "disk.img")

    def cuts(self, shares: Sequence[float]) -> list[str]:
        """Cut the power so often; what was wrong with what was left, each time.

        shares: how far into the update that follows an acknowledgement, about; 0 cuts
                at the acknowledgement
        """
        with power.mounted(self.image, self.folder / "disk") as disk:
            case = counted(disk / "repo")
            power.flushed(disk)  # what is its owner's is safe from the beginning
            begun = time.monotonic()
            child = counting(self.words, case.folder, 10_000)
            assert child.stdout is not None
            ear = _Ear(child.stdout.fileno())
            try:
                ear.listen(wait=True)
                took = time.monotonic() - begun
                found = []
                for share in shares:
                    time.sleep(share * took)
                    with power.stopped(child.pid):
                        power.cut(self.image, self.folder / "copy.img")
                        found.append(self._left(case, ear.listen(wait=False)))
                    ear.listen(wait=True)
                return found
            finally:
                end_group(child)
                child.communicate()

    def _left(self, case: Counted, acked: int) -> str:
        copy = self.folder / "copy.img"
        with power.mounted(copy, self.folder / "copy") as disk:
            try:
                replace(case, folder=disk / "repo/ada").check([acked])
            except (AssertionError, PersonaError) as error:
                return str(error)
        return ""


class _Ear:
    """Hears what a program says, number by number.

    reached: the last that it heard whole
    """

    def __init__(self, file: int) -> None:
        self._file, self._begun, self.reached = file, b"", 0

    def listen(self, *, wait: bool) -> int:
        """Hear all that was said by now; with ``wait``, until something is."""
        before = self.reached
        while self._has_more(60 if wait and self.reached == before else 0):
            content = os.read(self._file, 1 << 16)
            assert content, "it ended"
            *whole, self._begun = (self._begun + content).split(b"\n")
            self.reached = max([self.reached, *map(int, whole)])
        return self.reached

    def _has_more(self, seconds: float) -> bool:
        return bool(select.select([self._file], [], [], seconds)[0])


def shares(row: int, cuts: int) -> list[float]:
    """Each third at an acknowledgement, the others in the middle of something."""
    draw = random.Random(row)
    return [0.0 if n % 3 == 0 else draw.random() for n in range(cuts)]


def test_power_cut(tmp_path, disks):
    """R4: what was acknowledged is there, and nothing is half there or damaged."""
    if reason := power.why_not(disks):
        pytest.skip(f"R4: {reason}")
    rows = range(size(6, 20))
    numbers = itertools.count()

    def cuts(
        row: int, words: Sequence[str | Path] = PLAIN, times: int = IN_A_ROW
    ) -> list[str]:
        disk = Disk(disks / f"{next(numbers)}", words)
        found = disk.cuts(shares(row, times))
        shutil.rmtree(disk.folder)
        return found

    found = [wrong for row in checked(cuts, rows) for wrong in row]
    assert [wrong for wrong in found if wrong] == []

    twins = []
    for guard in ("git-fsync", "fsync"):
        without = cuts(99, [*BROKEN, guard], 12)
        assert any(without), f"without {guard} it would do as well"
        twins.append(f"no {guard}: {sum(map(bool, without))} of 12 lost")
    note_figure(
        "R4",
        "power cut: a third at an acknowledgement, the rest mid-run",
        len(found),
        twin=", ".join(twins),
    )
