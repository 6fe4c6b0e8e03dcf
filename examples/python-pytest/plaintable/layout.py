"""Widths and alignment of columns."""

from typing import Any, Mapping, Sequence

from .cells import cell_text, is_numeric
from .columns import Column


def alignment_of(column: Column, rows: Sequence[Mapping[str, Any]]) -> str:
    """The column's own alignment; else right where every value is a number."""
    if column.align is not None:
        return column.align
    values = [row[column.key] for row in rows if column.key in row]
    return "right" if values and all(is_numeric(value) for value in values) else "left"


def text_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list:
    """Every cell as text; a key that a row does not have gives an empty cell."""
    return [
        [cell_text(row[column.key], column) if column.key in row else "" for column in columns]
        for row in rows
    ]


def column_widths(cells: Sequence[Sequence[str]], columns: Sequence[Column]) -> list:
    """The longest text of every column, its heading included."""
    widths = [len(column.heading) for column in columns]
    for row in cells:
        for index, text in enumerate(row):
            widths[index] = max(widths[index], len(text))
    return widths


def place(text: str, width: int, align: str) -> str:
    """Text filled up with blanks to a width."""
    if align == "right":
        return text.rjust(width)
    if align == "centre":
        return text.center(width)
    return text.ljust(width)
