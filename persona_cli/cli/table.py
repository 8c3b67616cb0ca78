"""Rows under a head: in lines on a terminal, in plain columns when piped."""

from collections.abc import Sequence

from persona_cli.cli.output import drawn
from persona_cli.cli.session import emit


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is text, the others are figures.

    Shape: each row as long as the head
    """
    if drawn():
        from rich import box
        from rich.console import Console
        from rich.table import Table

        grid = Table(box=box.SIMPLE_HEAD)
        for number, name in enumerate(head):
            grid.add_column(
                name,
                justify="right" if number else "left",
                no_wrap=number > 0,
                overflow="fold",
            )
        for row in rows:
            grid.add_row(*row)
        Console(markup=False, highlight=False).print(grid)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1])]
        cells += [text.rjust(width) for text, width in others]
        emit("  ".join(cells).rstrip())


def percent(rate: float | None) -> str:
    """A share as people read it; a dash for none."""
    return "-" if rate is None else f"{100 * rate:.1f}%"


def interval(bounds: tuple[float, float]) -> str:
    """Two shares."""
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}"
