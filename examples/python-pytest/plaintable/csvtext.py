"""Comma-separated values."""

import csv
import io
from typing import Any, Mapping, Optional, Sequence

from .columns import Column, infer_columns
from .layout import text_rows


def to_csv(
    rows: Sequence[Mapping[str, Any]],
    columns: Optional[Sequence[Column]] = None,
    separator: str = ",",
) -> str:
    """The table as CSV with a heading line and Unix line ends."""
    chosen = infer_columns(rows) if columns is None else list(columns)
    target = io.StringIO()
    writer = csv.writer(target, delimiter=separator, lineterminator="\n")
    writer.writerow([column.heading for column in chosen])
    writer.writerows(text_rows(rows, chosen))
    return target.getvalue()
