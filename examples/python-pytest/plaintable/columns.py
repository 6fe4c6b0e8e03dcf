"""What a column is and how its cells are written."""

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from .errors import TableError

ALIGNMENTS = ("left", "right", "centre")


@dataclass(frozen=True)
class Column:
    """One column: where its values come from and how they look."""

    key: str
    title: Optional[str] = None
    align: Optional[str] = None
    precision: Optional[int] = None
    thousands: bool = False

    def __post_init__(self) -> None:
        if self.align is not None and self.align not in ALIGNMENTS:
            raise TableError(f"unknown alignment {self.align!r} of column {self.key!r}")
        if self.precision is not None and self.precision < 0:
            raise TableError(f"negative precision of column {self.key!r}")

    @property
    def heading(self) -> str:
        return self.key if self.title is None else self.title


def infer_columns(rows: Sequence[Mapping[str, Any]]) -> list:
    """One plain column for every key, in the order of first appearance."""
    keys = []
    for row in rows:
        for key in row:
            if key not in keys:
                keys.append(key)
    return [Column(key) for key in keys]
