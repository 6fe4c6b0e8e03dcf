"""From values to the text of a cell."""

from datetime import date, datetime
from typing import Any

from .columns import Column


def is_numeric(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number_text(value: Any, column: Column) -> str:
    """A number with the column's precision and grouping."""
    grouping = "," if column.thousands else ""
    if column.precision is not None:
        return f"{value:{grouping}.{column.precision}f}"
    return f"{value:{grouping}}"


def cell_text(value: Any, column: Column) -> str:
    """The text of one cell, on a single line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return " ".join(value.split())
    return number_text(value, column)
