from datetime import date, datetime

import pytest

from plaintable import Column
from plaintable.cells import cell_text, is_numeric

PLAIN = Column("x")


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        ("two\n lines", PLAIN, "two lines"),
        (True, PLAIN, "yes"),
        (12, PLAIN, "12"),
        (1234567, Column("x", thousands=True), "1,234,567"),
        (3, Column("x", precision=2), "3.00"),
        (1234.5, Column("x", precision=1, thousands=True), "1,234.5"),
        (date(2024, 2, 29), PLAIN, "2024-02-29"),
        (datetime(2024, 2, 29, 7, 5), PLAIN, "2024-02-29 07:05"),
    ],
)
def test_cell_text(value, column, expected):
    assert cell_text(value, column) == expected


def test_booleans_are_not_numbers():
    assert not is_numeric(True)
    assert is_numeric(0)
