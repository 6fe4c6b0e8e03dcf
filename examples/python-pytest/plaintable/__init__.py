"""Rows of data as aligned plain-text, Markdown or CSV tables."""

from .columns import Column, infer_columns
from .errors import TableError
from .markdown import markdown
from .render import render
from .summary import summarise
from .csvtext import to_csv

__all__ = ["Column", "TableError", "infer_columns", "markdown", "render", "summarise", "to_csv"]
