"""Numbers about columns."""

from typing import Any, Mapping, Sequence

from .cells import is_numeric
from .columns import Column


def summarise(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> dict:
    """Sum, smallest and largest value of every column that holds numbers."""
    found = {}
    for column in columns:
        values = [row[column.key] for row in rows if is_numeric(row.get(column.key))]
        if values:
            found[column.key] = {"sum": sum(values), "min": min(values), "max": max(values)}
    return found
