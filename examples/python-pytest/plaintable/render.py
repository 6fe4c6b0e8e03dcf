"""Aligned plain text."""

from typing import Any, Mapping, Optional, Sequence

from .columns import Column, infer_columns
from .errors import TableError
from .layout import alignment_of, column_widths, place, text_rows


def render(
    rows: Sequence[Mapping[str, Any]],
    columns: Optional[Sequence[Column]] = None,
    gap: int = 2,
) -> str:
    """The table as text: a heading, a rule, and one line for every row."""
    if gap < 1:
        raise TableError("gap must be at least 1")
    chosen = infer_columns(rows) if columns is None else list(columns)
    if not chosen:
        return ""
    cells = text_rows(rows, chosen)
    widths = column_widths(cells, chosen)
    aligns = [alignment_of(column, rows) for column in chosen]
    joint = " " * gap
    lines = [
        joint.join(place(c.heading, w, a) for c, w, a in zip(chosen, widths, aligns)),
        joint.join("-" * width for width in widths),
    ]
    for row in cells:
        lines.append(joint.join(place(text, w, a) for text, w, a in zip(row, widths, aligns)))
    return "\n".join(line.rstrip() for line in lines)
