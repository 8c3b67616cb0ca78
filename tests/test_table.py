"""Tables that are drawn: whatever the width, every figure is there whole."""

import os
import pty
import re
import subprocess
import sys

import pytest

HEAD = ("source", "n", "accuracy", "95% interval", "even", "confidence", "flips")
ROWS = (
    ("movielens_small/own-low-rating", "100", "52.0%", "42.3 to 61.5", "94.0%"),
    ("mean over sources", "", "51.5%", "", ""),
)
SCRIPT = f"""
from persona_cli.cli import output
from persona_cli.cli.table import table
output._chosen[:] = ["table"]
table({HEAD!r}, [(*row, "0.505", "0.0%") for row in {ROWS!r}])
"""
FIGURES = ("100", "52.0%", "42.3 to 61.5", "94.0%", "0.505", "0.0%")


def on_terminal(columns: int) -> str:
    """What a terminal of so many columns is shown, without its colours."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    with os.fdopen(ours, "rb") as shown:
        subprocess.run(
            [sys.executable, "-c", SCRIPT], stdout=theirs, env=env, check=True
        )
        os.close(theirs)
        said = b""
        try:
            while block := os.read(shown.fileno(), 4096):
                said += block
        except OSError:  # how Linux says that the other end is closed
            pass
    return re.sub(r"\x1b\[\d*m", "", said.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 100, 160])
def test_no_figure_is_cut_off_on_a_terminal(columns):
    said = on_terminal(columns)
    for name in (*HEAD, *FIGURES):
        assert name in said
    assert max(map(len, said.splitlines())) <= columns


def test_where_there_is_room_a_row_is_a_line():
    (line,) = [one for one in on_terminal(160).splitlines() if "own-low" in one]
    assert line.split() == [
        ROWS[0][0],
        "100",
        "52.0%",
        "42.3",
        "to",
        "61.5",
        *FIGURES[3:],
    ]


def test_the_first_column_is_folded_before_a_row_becomes_a_block():
    said = on_terminal(80)
    assert any(line.split()[:2] == ["source", "n"] for line in said.splitlines())
    assert ROWS[0][0] not in said


def test_where_there_is_none_a_row_is_a_block_and_says_nothing_empty():
    blocks = on_terminal(40).splitlines()
    assert blocks[0] == ROWS[0][0]
    assert blocks[1].split() == ["n", "100"]
    mean = blocks[blocks.index("mean over sources") + 1 :]
    assert [line.split()[0] for line in mean] == ["accuracy", "confidence", "flips"]


def test_a_pipe_has_room_for_everything():
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    ).stdout
    assert all(name in said for name in (ROWS[0][0], *HEAD, *FIGURES))
