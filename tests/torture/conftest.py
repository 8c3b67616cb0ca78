"""Where the tests of faults put their folders."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# A killed process loses nothing that it has written, on a disk or in memory: only a
# power cut tells the two apart, and test_power_cut.py brings its own disk. So these,
# which commit thousands of times, need not wait until a disk has it.
IN_MEMORY = frozenset(
    {"test_at_once", "test_bit_rot", "test_failpoints", "test_forgetting"}
    | {"test_mad_models", "test_random_kills", "test_same_again", "test_syscalls"}
)
MEMORY = Path("/dev/shm")

# Bytes that must be free in it; a container often has 64 MB of it.
ROOM = 1 << 30


@pytest.fixture
def tmp_path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the test's own, in memory where that is as good."""
    wants = request.module.__name__.rpartition(".")[2] in IN_MEMORY
    if not (wants and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="persona-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
