"""Rows under a head: in lines on a terminal, in plain columns when piped."""

import sys
from collections.abc import Sequence

from persona_cli.cli.output import drawn
from persona_cli.cli.session import emit

# Characters between two columns of a drawn table, and the fewest of its first.
_GAP = 3
_NARROWEST = 12


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is text, the others are figures.

    Shape: each row as long as the head
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    if drawn():
        _draw(head, rows, widths)
        return
    for row in (head, *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1])]
        cells += [text.rjust(width) for text, width in others]
        emit("  ".join(cells).rstrip())


def _draw(
    head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """Lines where there is room, else a block a row; no figure is ever cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    # A pipe is as wide as need be; rich takes it for 80 columns.
    wide = sum(widths) + len(widths) * _GAP + 1
    piped = not sys.stdout.isatty()
    console = Console(markup=False, highlight=False, width=wide if piped else None)
    first = min(widths[0], _NARROWEST)
    if wide - widths[0] + first > console.width:
        longest = max(map(len, head))
        for row in rows:
            console.print(row[0], soft_wrap=True)
            for name, value in zip(head[1:], row[1:], strict=True):
                if value:
                    console.print(f"  {name:<{longest}}  {value}")
        return
    grid = Table(box=box.SIMPLE_HEAD)
    for number, name in enumerate(head):
        grid.add_column(
            name,
            justify="right" if number else "left",
            no_wrap=number > 0,
            min_width=widths[number] if number else first,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def percent(rate: float | None) -> str:
    """A share as people read it; a dash for none."""
    return "-" if rate is None else f"{100 * rate:.1f}%"


def interval(bounds: tuple[float, float]) -> str:
    """Two shares."""
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}"
