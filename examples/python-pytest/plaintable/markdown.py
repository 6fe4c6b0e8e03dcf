"""Markdown tables."""

from typing import Any, Mapping, Optional, Sequence

from .columns import Column, infer_columns
from .layout import alignment_of, text_rows

RULES = {"left": "---", "right": "---:", "centre": ":---:"}


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def markdown(rows: Sequence[Mapping[str, Any]], columns: Optional[Sequence[Column]] = None) -> str:
    """The table in Markdown, alignment included."""
    chosen = infer_columns(rows) if columns is None else list(columns)
    if not chosen:
        return ""
    lines = [
        [escape(column.heading) for column in chosen],
        [RULES[alignment_of(column, rows)] for column in chosen],
    ]
    lines += [[escape(text) for text in row] for row in text_rows(rows, chosen)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
