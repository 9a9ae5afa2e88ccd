"""Tables for people, laid out by rich.

Cells hold what others wrote, so each is escaped. A table is as wide as it needs where nobody looks; on a terminal it is
made to fit: columns that can be missed go first, then text that may be folded is; names that people copy stay whole.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from jobspec.render.terminal import escape, measure, to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

Tone: TypeAlias = Literal["", "good", "bad", "busy", "idle"]
"""What a cell says, shown as a color where there are any; never by the color alone."""

_COLORS: Final[dict[Tone, str]] = {"": "", "good": "green", "bad": "bold red", "busy": "cyan", "idle": "yellow"}
_GAP: Final = 2
_NARROWEST: Final = 12
"""Columns that a folded text keeps at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the output can show.

    Attributes:
        width: Columns; None where nobody looks, so that nothing need be cut.
        ascii: Whether it can show ASCII only.
        color: Whether it shows colors.
    """

    width: int | None = None
    ascii: bool = False
    color: bool = False

    def fit(self, text: str) -> str:
        """Write text so that the output can show it and does not obey it."""
        shown = escape(text)
        return to_ascii(shown) if self.ascii else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        heading: What stands above it.
        is_number: Whether it is aligned to the right.
        folds: Whether its text may go on in the next line.
        rank: From 1 on it is left out where there is no room, the highest first.
    """

    heading: str
    is_number: bool = False
    folds: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell that says more than text."""

    text: str
    tone: Tone = ""


Row: TypeAlias = "Sequence[str | Cell]"


def render_table(columns: Sequence[Column], rows: Iterable[Row], style: Style) -> str:
    """Lay out a table; each line ends with a newline.

    Args:
        columns: The columns.
        rows: The cells of each row, one a column.
        style: What the output can show.
    """
    cells = [[_fit(cell, style) for cell in row] for row in rows]
    measured = [_measure(column, style, [row[index] for row in cells]) for index, column in enumerate(columns)]
    shown = _choose(measured, style.width)
    return _lay_out([measured[i] for i in shown], [[row[i] for i in shown] for row in cells], style)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A column and the space that it takes.

    Attributes:
        column: The column.
        heading: What stands above it, as the output can show it.
        widest: Columns of the terminal that it would like.
        least: Columns of the terminal that it needs.
    """

    column: Column
    heading: str
    widest: int
    least: int


def _fit(cell: str | Cell, style: Style) -> Cell:
    return Cell(text=style.fit(cell)) if isinstance(cell, str) else Cell(text=style.fit(cell.text), tone=cell.tone)


def _measure(column: Column, style: Style, cells: Iterable[Cell]) -> _Measured:
    heading = style.fit(column.heading)
    widest = max(measure(heading), *(measure(cell.text) for cell in cells), 0)
    return _Measured(
        column=column, heading=heading, widest=widest, least=min(widest, _NARROWEST) if column.folds else widest
    )


def _choose(columns: Sequence[_Measured], room: int | None) -> list[int]:
    """Leave out columns, the least needed first, until the rest fits when all that may be folded is."""
    shown = list(range(len(columns)))
    for index in sorted((i for i in shown if columns[i].column.rank), key=lambda i: -columns[i].column.rank):
        if room is None or sum(columns[i].least + _GAP for i in shown) - _GAP <= room:
            break
        shown.remove(index)
    return shown


def _lay_out(columns: Sequence[_Measured], cells: Iterable[Sequence[Cell]], style: Style) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for measured in columns:
        table.add_column(
            Text(measured.heading),
            justify="right" if measured.column.is_number else "left",
            overflow="fold",
            no_wrap=not measured.column.folds,
            min_width=measured.least,
        )
    for row in cells:
        table.add_row(*(Text(cell.text, style=_COLORS[cell.tone]) for cell in row))
    # What must not be folded rather goes over the edge, where the terminal folds it and copying still works.
    least, widest = (sum(getattr(each, kind) + _GAP for each in columns) for kind in ("least", "widest"))
    return _print(table, max(least, style.width or widest), style)


def _print(table: RenderableType, width: int, style: Style) -> str:
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        color_system="standard" if style.color else None,
        force_terminal=style.color,
        no_color=not style.color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
